"""A padding token that is none of a text's own, so that a model reads the end of a text.

transformers' classifiers read the score at the last token that is not padding. With the usual
patch, pad = EOS, that is the token *before* EOS: texts with and without it score alike, and servers
that read the last token give another score. So a model that pads with EOS gets a token of its own:

    ids      [5, 9, 2]  [7, 2]       EOS = 2
    pad = 2  5 9|2|     7|2 2|       read at 9, and at 7
    pad = 3  5 9 2|     7 2|3|       read at the EOS of each
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

PAD = "<|pad|>"
"""The token that is added where a vocabulary has none."""


def make_pad_distinct(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> str:
    """Sees to a padding token that is neither EOS nor BOS, in the tokenizer and in the model.

    A token of the vocabulary that is named for it is taken; else one is added, with an embedding
    of zeros, which no score depends on.

    Args:
        model: Changed in place.
        tokenizer: Changed in place.

    Returns:
        What was done, as a sentence; empty where nothing was.
    """
    own = {tokenizer.eos_token_id, tokenizer.bos_token_id}
    said = ""
    if tokenizer.pad_token_id is None or tokenizer.pad_token_id in own:
        was = "no padding token" if tokenizer.pad_token_id is None else "padding with EOS"
        named = _named_pad(tokenizer, own)
        if named is None:
            tokenizer.add_special_tokens({"pad_token": PAD})
            said = f"The tokenizer had {was}: {PAD} was added."
        else:
            tokenizer.pad_token = named
            said = f"The tokenizer had {was}: it pads with {named} now."
    pad = int(tokenizer.pad_token_id)
    _make_room(model, pad)
    model.config.get_text_config().pad_token_id = pad
    model.config.pad_token_id = pad
    return said


def _named_pad(tokenizer: PreTrainedTokenizerBase, own: set[int | None]) -> str | None:
    """A special token of the vocabulary whose name says that it pads; None if there is none."""
    for id, token in sorted(tokenizer.added_tokens_decoder.items()):
        if id not in own and token.special and "pad" in str(token).lower():
            return str(token)
    return None


def _make_room(model: PreTrainedModel, id: int) -> None:
    """Gives a token a row among the embeddings, of zeros, if there is none."""
    import torch

    held = model.get_input_embeddings()
    rows = held.weight.shape[0]
    if id < rows:
        return
    model.resize_token_embeddings(id + 1, mean_resizing=False)
    with torch.no_grad():
        model.get_input_embeddings().weight[rows:] = 0

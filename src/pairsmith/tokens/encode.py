"""Texts to token ids, and where the reply begins, as TRL's DPOTrainer does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from pairsmith.tokens.edges import is_plain
from pairsmith.tokens.ragged import Ragged, common_prefix, from_lists

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from pairsmith.tokens.render import RowTexts
    from pairsmith.tokens.texts import TextEncoder


class Encoded(NamedTuple):
    """A batch of rows as token ids; each field has a list of ids a row.

    Attributes:
        prompt: What is not trained on, the common prefix of the prompt
            and both whole texts.
        left_out: The end of the prompt alone that the whole texts do not have; mostly empty.
        chosen, rejected: What is trained on: each whole text without `prompt`.
        whole_chosen, whole_rejected: Prompt and reply together.
    """

    prompt: Ragged
    left_out: Ragged
    chosen: Ragged
    rejected: Ragged
    whole_chosen: Ragged
    whole_rejected: Ragged


def encode(texts: RowTexts, encoder: TextEncoder) -> Encoded:
    """Tokenizes a batch of texts and finds the boundary.

    The boundary is the shorter of the prefixes that the prompt's ids have in common with those
    of either whole text.

    Args:
        texts: The batch.
        encoder: What makes ids of them.
    """
    prompt, chosen, rejected = (
        encoder.encode(side) for side in (texts.prompt, texts.chosen, texts.rejected)
    )
    shared = np.minimum(common_prefix(prompt, chosen), common_prefix(prompt, rejected))
    return Encoded(
        prompt=prompt.first(shared),
        left_out=prompt.after(shared),
        chosen=chosen.after(shared),
        rejected=rejected.after(shared),
        whole_chosen=chosen,
        whole_rejected=rejected,
    )


def encode_texts(texts: list[str], tokenizer: PreTrainedTokenizerBase, special: bool) -> Ragged:
    """The ids of texts, in one call that uses all cores."""
    if not texts:
        return from_lists([])
    if is_plain(tokenizer):
        tokenizer("a", add_special_tokens=special, verbose=False)  # which does away with limits
        inner: Any = tokenizer.backend_tokenizer
        fast = inner.encode_batch_fast(texts, add_special_tokens=special)
        return from_lists([encoded.ids for encoded in fast])
    encoded = tokenizer(
        texts,
        add_special_tokens=special,
        return_attention_mask=False,
        return_token_type_ids=False,
        verbose=False,
    )
    return from_lists(encoded["input_ids"])

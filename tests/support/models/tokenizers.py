"""Small tokenizers of every make: what they add around a text, what they pad with, how they cut."""

import itertools

from support.tiny import ADDED, TEMPLATE, llama_tokenizer

PADS = ("own", "eos", "none")
"""What a tokenizer pads with: a token of its own; EOS, as Llama 2 is commonly patched; nothing."""
MAKES = tuple(map("-".join, itertools.product(("bytes", "pieces"), ADDED, PADS)))
"""How it cuts, what it adds, and what it pads with."""
PLAIN = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
"""A chat template with no special token in it."""


def write_tokenizer(folder, texts, make="bytes-bos-own", chat=TEMPLATE):
    """Trains and saves a tokenizer; returns it.

    Args:
        folder: Where.
        texts: What it learns from.
        make: One of `MAKES`.
        chat: Its chat template; None for none.
    """
    cuts, added, pad = make.split("-")
    made = llama_tokenizer(texts, added) if cuts == "bytes" else piece_tokenizer(texts, added)
    if pad == "own":
        made.add_special_tokens({"pad_token": "<pad>"})
    else:
        made.pad_token = made.eos_token if pad == "eos" else None
    made.chat_template = chat
    made.save_pretrained(folder)
    return made


def piece_tokenizer(texts, added="bos", vocabulary=600):
    """A tokenizer of pieces of words, as BERT's: lower case, what is unknown is one token."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    inner = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    inner.normalizer = normalizers.BertNormalizer(lowercase=True)
    inner.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    inner.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocabulary, special_tokens=["[UNK]", "<s>", "</s>"], show_progress=False
    )
    inner.train_from_iterator(texts, trainer)
    inner.post_processor = TemplateProcessing(
        single=ADDED[added].format("$A"),
        pair=ADDED[added].format("$A $B"),
        special_tokens=[(name, inner.token_to_id(name)) for name in ("<s>", "</s>")],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=inner, unk_token="[UNK]", bos_token="<s>", eos_token="</s>"
    )

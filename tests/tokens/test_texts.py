"""Words tokenized once give the ids of whole texts, whatever the tokenizer and the text."""

import random
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

pytest.importorskip("transformers")

import tokenizers as tk
from tokenizers import models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from pairsmith.tokens.edges import find_edges
from pairsmith.tokens.texts import TextEncoder
from support.models.tokenizers import write_tokenizer
from support.slow import slow

SPACE = "▁"
LEARNT = [
    "Is the bus late? No, it is on time.", "It's the tea that we'll drink, isn't it?",
    "In 1999 there were 12345 plants (of 7 kinds) here.", "a_b/c.d e-f: g; [h] {i} <j> \"k\"",
    "the the the is is it it  two  spaces\n\nand\tlines\n", "DON'T SHOUT, Straße, naïve, 東京 は",
] * 3  # fmt: skip
PIECES = [
    "a", "b", "T", "S", "'s", "'t", "'LL", "12", "1234", "7", ",", ".", "?", "?!", "(", ")", '"',
    "'", "_", "/", "-", "é", "ß", "İ", "東", "は", "🌱", "e\u0301", "the", "late", " ", " ", " ",
    " ", "  ", "   ", "\n", "\n\n", "\r\n", "\t", "\u00a0", "\u3000", "\u200b", SPACE, "\u0301",
    "\x00", "<s>", "</s>", "[MASK]", "<end>", "Wort", "bus", "Bus", "[INST]", "``", "''",
]  # fmt: skip
CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
LLAMA3 = (
    CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
GPT4O = (
    rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}*{LOWER}+{CONTRACTIONS}?"
    rf"|[^\r\n\p{{L}}\p{{N}}]?{UPPER}+{LOWER}*{CONTRACTIONS}?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
GPT4 = LLAMA3.replace("?\\p{L}+", "?+\\p{L}+").replace("]+[", "]++[")
MASK = tk.AddedToken("[MASK]", lstrip=True, special=True)
END = tk.AddedToken("<end>", rstrip=True, special=True)
WORD = tk.AddedToken("Wort", single_word=True, lstrip=True, normalized=False)
SEEN = tk.AddedToken("Bus", normalized=True)
ADDED = {"alone": (), "added": (MASK, END, WORD), "normalized": (MASK, SEEN)}


def split(source, behavior="isolated", invert=False):
    return pre_tokenizers.Split(tk.Regex(source), behavior, invert)


def by_bytes(prefix=False, regex=True):
    return pre_tokenizers.ByteLevel(add_prefix_space=prefix, use_regex=regex)


def merges():
    return models.BPE(unk_token="[UNK]", fuse_unk=True)


def swap(*before):
    return normalizers.Sequence([*before, normalizers.Replace(" ", SPACE)])


def metaspace(scheme="always", cuts=True):
    return pre_tokenizers.Metaspace(SPACE, prepend_scheme=scheme, split=cuts)


def joined(*parts):
    return pre_tokenizers.Sequence(list(parts))


Make = tuple[Callable[[], Any], Any, Any]
KNOWN: dict[str, Make] = {
    "gpt2": (merges, None, by_bytes()),
    "roberta": (merges, None, by_bytes(prefix=True)),
    "llama3": (merges, None, joined(split(LLAMA3), by_bytes(regex=False))),
    "gpt4": (merges, None, joined(split(GPT4, "removed", True), by_bytes(regex=False))),
    "gpt4o": (merges, None, joined(split(GPT4O), by_bytes(regex=False))),
    "qwen": (merges, normalizers.NFC(), joined(split(LLAMA3.replace("{1,3}", "")), by_bytes())),
    "smollm": (merges, None, joined(pre_tokenizers.Digits(individual_digits=True), by_bytes())),
    "falcon": (
        merges, None,
        joined(
            pre_tokenizers.Punctuation("contiguous"), by_bytes(prefix=True),
            pre_tokenizers.Digits(), split("[0-9][0-9][0-9]"),
        ),
    ),
    "bert": (
        lambda: models.WordPiece(unk_token="[UNK]"), normalizers.BertNormalizer(),
        pre_tokenizers.BertPreTokenizer(),
    ),
    "words": (lambda: models.WordLevel(unk_token="[UNK]"), None, pre_tokenizers.Whitespace()),
    "t5": (models.Unigram, normalizers.NFKC(), joined(
        pre_tokenizers.WhitespaceSplit(), metaspace(),
    )),
    "albert": (
        models.Unigram,
        normalizers.Sequence([
            normalizers.Replace("``", '"'), normalizers.NFKD(), normalizers.StripAccents(),
            normalizers.Lowercase(), normalizers.Replace(tk.Regex(" {2,}"), " "),
        ]),
        metaspace(),
    ),
    "first": (merges, None, metaspace("first")),
    "llama2": (merges, swap(normalizers.Prepend(SPACE)), None),
    "llama2-first": (merges, None, metaspace("first", cuts=False)),
    "mistral": (merges, None, metaspace("always", cuts=False)),
    "gemma": (merges, swap(), pre_tokenizers.Split(" ", "merged_with_previous")),
}  # fmt: skip
UNKNOWN: dict[str, Make] = {
    "strip": (merges, normalizers.Strip(), by_bytes()),
    "looks-back": (merges, None, joined(split(r"(?<=a) \p{L}+|\s+"), by_bytes(regex=False))),
    "across": (merges, None, joined(split(r"\p{L}+ \p{L}+|\s+"), by_bytes(regex=False))),
    "makes-spaces": (merges, normalizers.Replace("_", " "), by_bytes()),
    "whole": (merges, None, None),
    "unigram": (models.Unigram, None, metaspace(cuts=False)),
    "previous": (merges, None, pre_tokenizers.Split(" ", "merged_with_previous")),
}


def learn(make: Make, added=()) -> PreTrainedTokenizerFast:
    """A small tokenizer of a make, which puts `<s>` in front of a text and `</s>` behind."""
    model, normalizer, pre_tokenizer = make
    inner = tk.Tokenizer(model())
    names = ["[UNK]", "<s>", "</s>"]
    if normalizer is not None:
        inner.normalizer = normalizer
    if pre_tokenizer is not None:
        inner.pre_tokenizer = pre_tokenizer
    kinds: dict[str, Any] = {
        "BPE": lambda **options: trainers.BpeTrainer(initial_alphabet=[SPACE], **options),
        "WordPiece": trainers.WordPieceTrainer,
        "WordLevel": trainers.WordLevelTrainer,
        "Unigram": lambda **options: trainers.UnigramTrainer(unk_token="[UNK]", **options),
    }
    trained = kinds[type(inner.model).__name__](
        vocab_size=400, special_tokens=names, show_progress=False
    )
    # Llama 2 and Gemma have no tokens across spaces; their trainer saw words
    spaced = make in (KNOWN["gemma"], KNOWN["llama2"]) or not getattr(pre_tokenizer, "split", True)
    texts = [word for text in LEARNT for word in text.split()] if spaced else LEARNT
    inner.train_from_iterator(texts, trained)
    inner.add_tokens(list(added))
    inner.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[(name, names.index(name)) for name in names[1:]]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=inner, unk_token="[UNK]", bos_token="<s>", eos_token="</s>"
    )


def odd_texts(count, seed=0):
    draw = random.Random(seed)
    drawn = ["".join(draw.choices(PIECES, k=draw.randrange(30))) for _ in range(count)]
    return ["", "", "", "", " ", "a", " a", "a ", "a b", "  a  b  ", *LEARNT, *drawn]


def assert_same(tokenizer, texts):
    for special in (True, False):
        encoder = TextEncoder(tokenizer, special)
        assert_encoded(encoder, texts[: len(texts) // 2])
        assert_encoded(encoder, texts)  # of words that are new, and of known ones


def assert_encoded(encoder, texts):
    found = encoder.encode(pa.array(["left out", *texts]).slice(1))
    wanted = encoder.tokenizer(texts, add_special_tokens=encoder.special)["input_ids"]
    rows = enumerate(zip(texts, wanted, strict=True))
    differing = [(text, found.row(row), ids) for row, (text, ids) in rows if found.row(row) != ids]
    assert not differing[:2]


@pytest.mark.parametrize("added", ADDED)
@pytest.mark.parametrize("name", KNOWN)
def test_the_ids_are_those_of_whole_texts(name, added):
    tokenizer = learn(KNOWN[name], ADDED[added])
    # a space is put before what is looked for in normalized text, too
    assert (find_edges(tokenizer) is None) == ((name, added) == ("llama2", "normalized"))
    assert_same(tokenizer, odd_texts(100))


@pytest.mark.parametrize("name", UNKNOWN)
def test_texts_stay_whole_where_edges_are_not_known(name):
    tokenizer = learn(UNKNOWN[name])
    assert find_edges(tokenizer) is None
    assert_same(tokenizer, odd_texts(50))


@pytest.mark.parametrize("content", ["two words", "ends ", " begins"])
def test_an_added_token_that_spans_an_edge(content):
    tokenizer = learn(KNOWN["gpt2"], [content])
    assert find_edges(tokenizer) is None


def test_a_token_of_the_vocabulary_that_spans_an_edge():
    inner = learn(KNOWN["gemma"]).backend_tokenizer
    vocabulary = inner.get_vocab(with_added_tokens=False)
    model = models.BPE(vocab={**vocabulary, f"a{SPACE}": 9000}, merges=[("a", SPACE)])
    inner.model = model
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=inner)
    assert find_edges(tokenizer) is None
    assert_same(tokenizer, ["a a a", "la la"])


def test_words_are_forgotten_when_there_are_too_many(monkeypatch):
    monkeypatch.setattr("pairsmith.tokens.texts.MAX_IDS", 20)
    assert_same(learn(KNOWN["gpt2"]), odd_texts(50))


def test_limits_that_a_tokenizer_comes_with_are_not_kept():
    tokenizer = learn(KNOWN["gpt2"])
    tokenizer.backend_tokenizer.enable_truncation(3)
    encoder = TextEncoder(tokenizer, special=True)
    assert len(encoder.encode(pa.array(["the bus is on time"])).row(0)) > 3


@slow
@pytest.mark.parametrize("make", ["bytes-bos-own", "bytes-eos-own", "pieces-both-own"])
def test_every_row_of_the_real_file(real_rows, make, tmp_path):
    texts = [row[side] for row in real_rows for side in ("chosen", "rejected")]
    tokenizer = write_tokenizer(tmp_path, texts[:200], make)
    assert_encoded(TextEncoder(tokenizer, special=True), texts)


@slow
@pytest.mark.parametrize("name", ["llama2", "llama3", "t5"])
def test_every_row_of_the_real_file_in_other_pieces(real_rows, name):
    texts = [row[side] for row in real_rows for side in ("chosen", "rejected")]
    assert_encoded(TextEncoder(learn(KNOWN[name]), special=False), texts)


@slow
@pytest.mark.parametrize("name", KNOWN)
def test_odder_texts(name):
    assert_same(learn(KNOWN[name], ADDED["added"]), odd_texts(500, seed=1))

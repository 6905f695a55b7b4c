"""Tokens and shingles: as they are told, in any script, however they are computed."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairsmith.auditing.similarity.shingles import (
    CHOSEN,
    PROMPT,
    REJECTED,
    WHOLE,
    Tokens,
    characters,
    join,
    shingle,
    tokenise,
)
from pairsmith.auditing.similarity.sketches import sketch_rows
from pairsmith.dataset.reader import Dataset
from support import near as reference

FRAGMENTS = [
    "word", "Word", "WORD", "É", "e\u0301", "ß", "İ", "42", "٤٢", "שלום", "مرحبا", "مَرحبا",
    "नमस्ते",
    "日本語", "ひらがな", "カタカナ", "한국어", "สวัสดี", "ລາວ", "ខ្មែរ", "မြန်မာ", "𠀀",
    "😀", "'", "-", "_", ".", " ", "  ", "\n", "\u00a0", "\u3000", "、", "«", "\u200b", "\u0301",
]  # fmt: skip

texts = st.lists(st.lists(st.sampled_from(FRAGMENTS), max_size=12).map("".join), max_size=6)


@given(texts)
def test_tokens_are_those_by_the_book(held):
    made = tokenise(pa.array(held, pa.string()))
    said = [reference.tokens(text) for text in held]
    assert np.diff(made.offsets).tolist() == [len(tokens) for tokens in said]
    flat = [token for tokens in said for token in tokens]
    by_token = dict(zip(flat, made.hashes.tolist(), strict=True))
    assert [by_token[token] for token in flat] == made.hashes.tolist()
    assert len(set(by_token.values())) == len(by_token)


@given(texts)
def test_shingles_are_those_by_the_book(held):
    which, hashes = join(tokenise(pa.array(held, pa.string())))
    found = [set(hashes[which == row].tolist()) for row in range(len(held))]
    said = [reference.shingles(text) for text in held]
    assert [len(own) for own in found] == [len(own) for own in said]
    for left in range(len(held)):
        for right in range(left):
            assert len(found[left] & found[right]) == len(said[left] & said[right])


def test_a_part_of_an_array_is_taken_as_it_lies():
    held = pa.array(["one two", "three", "four five six", "日本"])
    part = tokenise(held.slice(1, 2))
    assert part.offsets.tolist() == [0, 1, 4]
    assert part.hashes.tolist() == tokenise(held).hashes[2:6].tolist()


@pytest.mark.parametrize("count", range(8))
def test_a_short_text_is_one_shingle(count):
    hashes = np.arange(1, count + 1, dtype=np.uint64)
    which, found = join(Tokens(np.array([0, count]), hashes))
    assert len(which) == len(found) == max(count - 4, bool(count))


def test_short_texts_of_the_same_beginning_differ():
    which, found = join(tokenise(pa.array(["a", "a b", "a b c", "a b c d", "a b c d e", "b a"])))
    assert which.tolist() == [4, 0, 1, 2, 3, 5]
    assert len(set(found.tolist())) == 6


def test_nothing_beyond_the_last_letter():
    kinds = characters().kinds
    assert kinds[ord("a")] == kinds[ord("ß")] == kinds[ord("ש")] == 1
    assert kinds[ord("日")] == kinds[ord("ก")] == 2
    assert kinds[ord(" ")] == kinds[ord("、")] == kinds[-1] == 0
    assert np.diff(tokenise(pa.array(["\U0010ffff\U000e0100"])).offsets).tolist() == [0]


@pytest.mark.parametrize("template", [None, "llama2"])
def test_parts_of_rows(tmp_path, template):
    rows = [
        (["one two three", "four five", "six seven eight nine"], "one two three four five", "x"),
        ("你好世界你好", "שלום עולם", "مرحبا بالعالم كيف حالك اليوم يا صديقي"),
        ("same words in all three", "same words in all three", "Same, words in all three!"),
        ("???", "!!!", "..."),
    ]
    out = reference.build(tmp_path, template, train=rows)
    [batch] = Dataset(out).batches()
    made = shingle(batch.chosen, batch.rejected)
    parts = made.elements & np.uint64(WHOLE)
    for row, (prompt, *replies) in enumerate(rows):
        own = parts[made.offsets[row] : made.offsets[row + 1]]
        turns = [prompt] if isinstance(prompt, str) else prompt
        expected = [reference.shingles(*turns), *map(reference.shingles, replies)]
        bits = (PROMPT, CHOSEN, REJECTED)
        assert [int((own & np.uint64(bit) != 0).sum()) for bit in bits] == [*map(len, expected)]
        assert len(own) == len(set.union(*expected))
    assert made.offsets[-1] == made.offsets[-2]  # no words, no shingles


@pytest.mark.parametrize("part", [WHOLE, PROMPT, CHOSEN, REJECTED])
def test_jaccard_is_exact(sample_messages, tmp_path, part):
    data = Dataset(sample_messages)
    rows = [
        (chosen[offset:last], chosen[last], rejected)
        for batch in data.batches()
        for chosen in [batch.chosen.stripped.texts().to_pylist()]
        for offset, last, rejected in zip(
            batch.chosen.offsets[:-1],
            batch.chosen.last,
            batch.rejected.replies.texts().to_pylist(),
            strict=True,
        )
    ]
    sets = sketch_rows(data, np.ones(len(rows), bool), False, tmp_path).sets
    left, right = (pairs.ravel() for pairs in np.indices((len(rows), len(rows))))
    of = {
        WHOLE: reference.whole,
        PROMPT: lambda row: reference.shingles(*row[0]),
        CHOSEN: lambda row: reference.shingles(row[1]),
        REJECTED: lambda row: reference.shingles(row[2]),
    }[part]
    said = [of(row) for row in rows]
    expected = [reference.jaccard(said[a], said[b]) for a, b in zip(left, right, strict=True)]
    assert sets.jaccard(left, right, (part, part)).tolist() == expected

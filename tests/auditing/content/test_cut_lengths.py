"""Replies that are cut at one length: found, and not where lengths are as they come."""

import random

import pyarrow as pa
import pytest

from pairsmith.auditing.content.cut_lengths import Cut, CutLengths, is_cut, keep_different


def write(number, words):
    """A reply of so many words of its own."""
    drawn = random.Random(number)
    return " ".join("".join(drawn.choices("abcdefgh", k=drawn.randint(2, 9))) for _ in range(words))


LONG = [write(number, 30 + number % 170) for number in range(600)]
"""Replies that all break off, of many lengths."""


def look(replies, side="chosen"):
    """The lengths at which replies are cut."""
    counts = CutLengths()
    for start in range(0, len(replies), 100):
        counts.add(side, pa.array(replies[start : start + 100]))
    return keep_different(counts.find(), [(side, pa.array(replies))])


def test_replies_cut_in_characters_are_found():
    cut = [text[:400] for text in LONG]
    (found,) = look(cut)
    assert found == Cut("chosen", "characters", 400)
    flags = is_cut(pa.array(cut), found)
    # what ends in a space there would have lost it on its way
    assert flags.tolist() == [len(text) > 399 and text[399] != " " for text in LONG]


def test_replies_cut_in_words_are_found():
    assert look([" ".join(text.split()[:64]) for text in LONG], "rejected") == [
        Cut("rejected", "words", 64)
    ]


@pytest.mark.parametrize(
    "replies",
    [LONG, [f"{text[:399]}." for text in LONG], [text[:90] for text in LONG], [LONG[0][:400]] * 600,
     LONG[:10] + [text[:400] for text in LONG[:15]], [""] * 600],
    ids=["as they come", "whole", "short", "boilerplate", "few", "empty"],
)  # fmt: skip
def test_lengths_that_are_not_those_of_a_cut_are_left_alone(replies):
    assert look(replies) == []

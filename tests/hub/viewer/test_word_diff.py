"""Differences between two texts: nothing is lost, nothing is marked that both have."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from pairsmith.hub.viewer import word_diff
from pairsmith.hub.viewer.word_diff import common_words, mark_differences, pieces

TEXTS = st.text(alphabet="ab <&>.\n'é" + "\u2028", max_size=60) | st.text(max_size=60)
WORDS = st.lists(st.sampled_from("abc"), max_size=8)


@given(TEXTS, TEXTS)
def test_without_the_tags_the_texts_are_there_escaped(left, right):
    ours, theirs = mark_differences(left, right)
    assert re.sub(r"</?ins>", "", ours) == escape(left)
    assert re.sub(r"</?del>", "", theirs) == escape(right)


@given(TEXTS)
def test_texts_that_are_the_same_are_not_marked(text):
    assert mark_differences(text, text) == (escape(text), escape(text))


@given(TEXTS, TEXTS)
def test_what_is_not_marked_is_the_same_on_both_sides(left, right):
    common = ["".join(piece.text for piece in side if piece.common) for side in pieces(left, right)]
    assert common[0] == common[1]


@given(TEXTS, TEXTS)
def test_texts_that_differ_are_marked(left, right):
    ours, theirs = mark_differences(left, right)
    assert (left == right) == ("<ins>" not in ours and "<del>" not in theirs)


@given(WORDS, WORDS)
def test_the_common_words_are_a_longest_common_subsequence(one, other):
    pairs = list(common_words(one, other))[::-1]
    assert all(one[at] == other[there] for at, there in pairs)
    assert pairs == sorted(pairs)
    assert len({at for at, _ in pairs}) == len({there for _, there in pairs}) == len(pairs)
    assert len(pairs) == longest(one, other)


def longest(one, other) -> int:
    """The length of a longest common subsequence, by the textbook."""
    if not one or not other:
        return 0
    if one[-1] == other[-1]:
        return 1 + longest(one[:-1], other[:-1])
    return max(longest(one[:-1], other), longest(one, other[:-1]))


def test_words_are_marked_where_they_differ():
    ours, theirs = mark_differences("the cat sat on the mat", "the dog sat on a mat today")
    assert ours == "the<ins> cat</ins> sat on<ins> the</ins> mat"
    assert theirs == "the<del> dog</del> sat on<del> a</del> mat<del> today</del>"


def test_texts_with_little_in_common_are_marked_as_a_whole():
    ours, theirs = mark_differences(
        "Yes, you can do that", "No. It is what nobody should ever, in my view"
    )
    assert ours == "<ins>Yes, you can do that</ins>"
    assert theirs == "<del>No. It is what nobody should ever, in my view</del>"


def test_long_texts_are_marked_between_their_common_beginning_and_end():
    middle = "c d " * word_diff.MAX_WORDS
    ours, theirs = mark_differences(f"begin {middle}end", "begin b end")
    assert ours == f"begin<ins> {middle[:-1]}</ins> end"
    assert theirs == "begin<del> b</del> end"

"""Where two texts differ, word by word, as markup.

The words that both have are a longest common subsequence, found with the bits of whole numbers
(Hyyrö, "Bit-parallel LCS-length computation revisited", 2004): its time depends on how long the
texts are and not on what is in them, so that no text makes a page slow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from markupsafe import Markup, escape

WORD = re.compile(r"\s*\w+|\s*[^\w\s]|\s+")
MAX_WORDS = 2_000  # words between the common beginning and end that are compared
ALIKE = 0.25  # with a smaller share of common words, what is common there is chance


class Piece(NamedTuple):
    """A piece of a text, and whether the other text has it too."""

    text: str
    common: bool


def mark_differences(left: str, right: str) -> tuple[Markup, Markup]:
    """Two texts, escaped, with what only the first has in `<ins>`, only the second in `<del>`.

    Without these tags they are the texts again. Beyond a common beginning and end of any length,
    texts that are very long, or have little in common, are marked as a whole.
    """
    ours, theirs = pieces(left, right)
    return _markup(ours, "ins"), _markup(theirs, "del")


def pieces(left: str, right: str) -> tuple[list[Piece], list[Piece]]:
    """Two texts in pieces, each of words that both have, or that one has."""
    one, other = WORD.findall(left), WORD.findall(right)
    begin = _alike(one, other)
    end = _alike(one[begin:][::-1], other[begin:][::-1])
    inner = slice(begin, len(one) - end), slice(begin, len(other) - end)
    flags = _common(one[inner[0]], other[inner[1]])
    return _joined(one, begin, end, flags[0]), _joined(other, begin, end, flags[1])


def _alike(one: Sequence[str], other: Sequence[str]) -> int:
    """How many words two lists begin with in common."""
    for count, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return count
    return min(len(one), len(other))


def _common(one: Sequence[str], other: Sequence[str]) -> tuple[list[bool], list[bool]]:
    """For each word whether it is one that both have, in the same order."""
    ours, theirs = [False] * len(one), [False] * len(other)
    if max(len(one), len(other)) > MAX_WORDS:
        return ours, theirs
    pairs = list(common_words(one, other))
    if 2 * len(pairs) >= ALIKE * (len(one) + len(other)):
        for at, there in pairs:
            ours[at] = theirs[there] = True
    return ours, theirs


def common_words(one: Sequence[str], other: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The places of a longest common subsequence, in both, from its end to its beginning."""
    places: dict[str, int] = {}
    for at, word in enumerate(one):
        places[word] = places.get(word, 0) | 1 << at
    full = (1 << len(one)) - 1
    line, lines = full, [full]
    for word in other:
        hits = line & places.get(word, 0)
        line = (line + hits | line - hits) & full
        lines.append(line)
    at, there = len(one), len(other)
    # a bit is 0 where one more word of `one` makes the subsequence longer
    while at and there:
        if lines[there] >> (at - 1) & 1:
            at -= 1
        elif not lines[there - 1] >> (at - 1) & 1:
            there -= 1
        else:
            at, there = at - 1, there - 1
            yield at, there


def _joined(words: Sequence[str], begin: int, end: int, flags: Sequence[bool]) -> list[Piece]:
    common = [*[True] * begin, *flags, *[True] * end]
    runs = groupby(zip(words, common, strict=True), key=lambda pair: pair[1])
    return [Piece("".join(word for word, _ in run), flag) for flag, run in runs]


def _markup(pieces: Sequence[Piece], tag: str) -> Markup:
    opening, closing = Markup(f"<{tag}>"), Markup(f"</{tag}>")  # noqa: S704 - one of two constants
    return Markup("").join(
        escape(piece.text) if piece.common else opening + escape(piece.text) + closing
        for piece in pieces
    )

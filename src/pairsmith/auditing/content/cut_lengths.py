"""Replies that were all cut at one length: a peak among the lengths of those that break off.

Replies that end in the middle of a sentence have lengths as other replies do. Where many of them
have one length in characters, or in words, and few have the lengths beside it, something cut them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.text.spans import Index, Mask, to_numpy

BREAKS_OFF = r"[\pL\pN,;:(\x{2013}\x{2014}-]"
"""The last character of a reply that breaks off."""
SHORTEST = {"characters": 100, "words": 20}
"""Of shorter replies many have one length by chance: names, numbers, letters of a choice."""
LEAST = 20
"""Replies of one length that break off, at least, and with different ends."""
TIMES = 5
"""How many times as many they must be as those of any length beside it, and of them on average."""
NEAR = (-3, -2, 1, 2)
"""The lengths beside it; one less is that of replies whose last character was a space."""
BESIDE = 10
"""How many lengths on either side the average is of."""
TAIL = 40
"""Characters at its end by which a reply is told from others: boilerplate is not cut."""


class Cut(NamedTuple):
    """A length at which replies are cut.

    Attributes:
        side: `chosen` or `rejected`.
        unit: `characters` or `words`.
        length: How many of these.
    """

    side: str
    unit: str
    length: int


class CutLengths:
    """Counts the lengths of replies that break off, batch by batch."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str, str], Counter[int]] = {}

    def add(self, side: str, replies: pa.StringArray) -> None:
        """Counts n replies of a side, none null."""
        broken = replies.filter(_breaks_off(replies))
        for unit in SHORTEST:
            lengths, counts = np.unique(_measure(broken, unit), return_counts=True)
            counted = self.counts.setdefault((side, unit), Counter())
            counted.update(dict(zip(lengths.tolist(), counts.tolist(), strict=True)))

    def find(self) -> list[Cut]:
        """The lengths that stand out, in order; whether their replies differ is not known yet."""
        return [
            Cut(side, unit, length)
            for (side, unit), counts in self.counts.items()
            for length, count in sorted(counts.items())
            if length >= SHORTEST[unit] and count >= max(LEAST, TIMES * _expect(counts, length))
        ]


def keep_different(cuts: Iterable[Cut], replies: Iterable[tuple[str, pa.StringArray]]) -> list[Cut]:
    """Leaves out lengths that are those of a few replies, said again and again.

    Args:
        cuts: The lengths.
        replies: All replies again, in batches, each with its side.
    """
    tails: dict[Cut, set[str]] = {cut: set() for cut in cuts}
    for side, texts in replies:
        for cut, seen in tails.items():
            if cut.side == side and len(seen) < LEAST:
                same = texts.filter(pa.array(is_cut(texts, cut)))
                seen.update(pc.utf8_slice_codeunits(same, -TAIL, None).to_pylist())
    return [cut for cut, seen in tails.items() if len(seen) >= LEAST]


def is_cut(replies: pa.StringArray, cut: Cut) -> Mask:
    """Flags the replies, of the cut's side and none null, that break off at its length."""
    flags = to_numpy(_breaks_off(replies))
    flags[flags] = _measure(replies.filter(pa.array(flags)), cut.unit) == cut.length
    return flags


def _breaks_off(replies: pa.StringArray) -> pa.BooleanArray:
    return pc.match_substring_regex(pc.utf8_slice_codeunits(replies, -1, None), BREAKS_OFF)


def _measure(texts: pa.StringArray, unit: str) -> Index:
    by_words = unit == "words"
    counts = pc.count_substring_regex(texts, r"\S+") if by_words else pc.utf8_length(texts)
    measured: Index = counts.to_numpy(zero_copy_only=False).astype(np.intp)
    return measured


def _expect(counts: Counter[int], length: int) -> float:
    """How many replies break off at a length, by those beside it."""
    beside = [counts[length + step] for step in range(-BESIDE, BESIDE + 1) if step]
    return max(sum(beside) / len(beside), *(counts[length + step] for step in NEAR))

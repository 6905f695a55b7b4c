"""Texts as the words that topics are found by.

A word is a run of letters, marks and digits, in lower case, compatibility forms made plain. Where a
script is written without spaces between words, each two neighbouring characters stand for one.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

import numpy as np

from pairsmith.auditing.similarity.shingles import ALONE, JOINED, characters
from pairsmith.text.spans import Mask

LONGEST = 4_000
"""So many characters of a text are read: what it is about is said by then."""
LONGEST_WORD = 32
"""A longer run of letters is no word."""

_SAID_ALWAYS = """
a about after again all also am an and any are aren't as at be because been before being but by can
can't could couldn't did didn't do does doesn't doing don't for from get getting go going got had
has have having he her here hers him his how i i'd i'll i'm i've if in into is isn't it it's its itself
just let like make me more most much my myself no nor not now of off on once one only or other our
out over own please really same she should so some such tell than that that's the their them then
there these they they're this those through to too trying tried try under until up upon us very want
was wasn't way we were what what's when where which while who whom why will with won't would
wouldn't you you'd you'll you're you've your yours yourself
"""
FUNCTION_WORDS = frozenset(_SAID_ALWAYS.split())
"""English words that say nothing of what a text is about. Those of other languages are told by how
many texts hold them."""

_ASCII = re.compile(r"[0-9a-z]+(?:'[0-9a-z]+)*")


def split(text: str) -> list[str]:
    """The words of a text, in order, repeated ones too.

    >>> split("How do I water the GARDEN?")
    ['water', 'garden']
    >>> split("庭の花")
    ['庭の', 'の花']
    """
    if text.isascii():
        return [word for word in _ASCII.findall(text[:LONGEST].lower()) if _is_told(word)]
    plain = unicodedata.normalize("NFKC", text[:LONGEST]).lower().replace("’", "'")
    found: list[str] = []
    for match in _pattern().finditer(plain):
        word = match[0]
        if match[1]:
            found.extend(word[at : at + 2] for at in range(max(1, len(word) - 1)))
        elif _is_told(word):
            found.append(word)
    return found


def _is_told(word: str) -> bool:
    return 1 < len(word) <= LONGEST_WORD and word not in FUNCTION_WORDS


@cache
def _pattern() -> re.Pattern[str]:
    """Words; the group holds a run of characters that stand without spaces."""
    letters, alone = (_class(characters().kinds == kind) for kind in (JOINED, ALONE))
    return re.compile(rf"([{alone}]+)|[{letters}]+(?:'[{letters}]+)*")


def _class(flags: Mask) -> str:
    """Code points as ranges of a regular expression's class."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    ends = zip(edges[::2].tolist(), (edges[1::2] - 1).tolist(), strict=True)
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ends)

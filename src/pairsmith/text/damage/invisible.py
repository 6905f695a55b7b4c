"""Characters that cannot be seen, turn the direction of text, or stand for what is lost."""

from __future__ import annotations

import re

from pairsmith.text.damage.edits import Damaged, Edit

_LOST = "\ufffd"
_ZERO_WIDTH = re.compile("[\u00ad\u180e\u200b\u200c\u200d\u2060\ufeff]")
_JOINERS = "\u200c\u200d"
_BIDIRECTIONAL = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_OVERRIDES = "\u202d\u202e"
_POP = "\u202c"
"""What ends an override."""
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_NO_SPACES = range(0x0E00, 0x1880)
"""Scripts whose words are parted by characters of no width: Thai, Lao, Myanmar, Khmer."""


def read_replacements(text: str) -> list[Edit]:
    """Replacement characters; what they stand for is lost."""
    what = Damaged(_LOST, None, "bytes that could not be decoded")
    return [Edit(*one.span(), what, False) for one in re.finditer(_LOST, text)]


def read_zero_widths(text: str) -> list[Edit]:
    """Characters without a width, but for those that scripts and emoji need."""
    return [
        Edit(*one.span(), Damaged(one[0], "", "a character without a width"), True)
        for one in _ZERO_WIDTH.finditer(text)
        if not _is_needed(text, one.start())
    ]


def _is_needed(text: str, at: int) -> bool:
    before, after = text[max(at - 1, 0) : at], text[at + 1 : at + 2]
    beside = [ord(char) for char in (before, after) if char]
    if text[at] in _JOINERS:  # Arabic, Indic scripts, emoji of several
        return bool(beside) and max(beside) > 0x590 and not 0x2000 <= max(beside) < 0x2070
    return text[at] == "\u200b" and any(code in _NO_SPACES for code in beside)


def read_directions(text: str) -> list[Edit]:
    """Marks that turn the direction of text; where some runs to the left, overrides alone."""
    sought = set(_OVERRIDES)
    if not _RIGHT_TO_LEFT.search(text):
        sought.update(_BIDIRECTIONAL.findall(text))
    elif sought.intersection(text):
        sought.add(_POP)
    return [
        Edit(*one.span(), Damaged(one[0], "", "a mark of direction"), True)
        for one in _BIDIRECTIONAL.finditer(text)
        if one[0] in sought
    ]

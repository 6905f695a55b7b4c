"""Writing systems: the share of a dataset's letters in each script."""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pairsmith.text.spans import SCANNED, Bytes, offsets_and_run

SCRIPTS = {
    "LATIN": "Latin",
    "CYRILLIC": "Cyrillic",
    "GREEK": "Greek",
    "ARABIC": "Arabic",
    "HEBREW": "Hebrew",
    "DEVANAGARI": "Devanagari",
    "CJK": "Han",
    "IDEOGRAPHIC": "Han",
    "HIRAGANA": "Kana",
    "KATAKANA": "Kana",
    "KATAKANA-HIRAGANA": "Kana",
    "HANGUL": "Hangul",
    "THAI": "Thai",
}
"""Scripts by the first word of their letters' Unicode names."""

OTHER = "other"
"""Stands for all scripts that `SCRIPTS` does not name."""
WIDTHS = ("FULLWIDTH ", "HALFWIDTH ", "MODIFIER LETTER ")
"""Prefixes of Unicode names, ignored before that word."""

ASCII_LETTER = np.array([byte < 128 and chr(byte).isalpha() for byte in range(256)])
LEADS = ((0xC2, 0xE0, 2), (0xE0, 0xF0, 3), (0xF0, 0xF5, 4))
"""Ranges of lead bytes (first, end) and the bytes of their characters in UTF-8 (RFC 3629)."""


class Letters:
    """Counts the letters of each script: code points of the general category L.

    Attributes:
        ascii: The number of ASCII letters.
        beyond: The number of occurrences of each other code point, letter or not.
    """

    def __init__(self) -> None:
        self.ascii = 0
        self.beyond: dict[int, int] = {}

    def add(self, texts: pa.StringArray) -> None:
        """Counts the letters of n texts, none null."""
        offsets, run = offsets_and_run(texts)
        data = run.data[: offsets[-1]]
        for start in range(0, len(data), SCANNED):
            self.ascii += int(ASCII_LETTER[data[start : start + SCANNED]].sum())
        for code, count in zip(*_count_beyond(data), strict=True):
            self.beyond[int(code)] = self.beyond.get(int(code), 0) + int(count)

    def shares(self) -> dict[str, float]:
        """The share of each script among all letters, the largest first; empty without letters."""
        counts = {"Latin": self.ascii}
        for code, count in self.beyond.items():
            script = script_of(code)
            if script is not None:
                counts[script] = counts.get(script, 0) + count
        whole = sum(counts.values())
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        return {script: count / whole for script, count in ranked if count}


@cache
def script_of(code: int) -> str | None:
    """The script of a code point; None if it is no letter.

    >>> script_of(ord("a")), script_of(ord("字")), script_of(ord("1"))
    ('Latin', 'Han', None)
    """
    character = chr(code)
    if not unicodedata.category(character).startswith("L"):
        return None
    name = unicodedata.name(character, "")
    for width in WIDTHS:
        name = name.removeprefix(width)
    return SCRIPTS.get(name.split(" ")[0], OTHER)


def _count_beyond(data: Bytes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The distinct code points above 127 in UTF-8 data, and the occurrences of each."""
    high = np.flatnonzero(data >= 0xC0)
    leads, codes = data[high], []
    for low, end, size in LEADS:
        places = high[(leads >= low) & (leads < end)]
        code = data[places].astype(np.int64) & (0x7F >> size)
        for offset in range(1, size):
            code = code << 6 | (data[places + offset] & 0x3F)
        codes.append(code)
    found, counts = np.unique(np.concatenate(codes), return_counts=True)
    return found, counts.astype(np.int64)

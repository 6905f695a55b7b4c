"""Text that anybody may have written, made fit to be shown: nothing in it steers the reader."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

STEERING = ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")
"""Categories of characters that are not drawn, or turn others round."""

JOINERS = "\u200c\u200d"
"""Two of them that scripts and pictures need."""

_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_]*")


def legible(text: str) -> str:
    """The text with characters that would steer a page drawn as pictures or escapes."""
    if text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    steers = unicodedata.category(character) in STEERING
    if not steers or character in "\n\t" or character in JOINERS:
        return character
    code = ord(character)
    return chr(0x2400 + code) if code < 0x20 else f"\\u{code:04x}"


def shorten(text: str, longest: int) -> str:
    """The text, or so many characters of it and how many are left out."""
    if len(text) <= longest:
        return text
    return f"{text[:longest].rstrip()} … ({len(text) - longest:,} more characters)"


def number(value: Any) -> str:
    """A value of `numbers` in words: digits in groups, four figures that count."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return _signed(f"{value:,}")
    if isinstance(value, float):
        return _signed(f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}")
    return str(value)


def _signed(digits: str) -> str:
    return digits.replace("-", "−")


def words(name: str) -> str:
    """A name of the code's as words; any other text as it is."""
    return name.replace("_", " ") if _NAME.fullmatch(name) else name

"""Text that anybody may have written, made safe to show: nothing in it steers the reader.

The one place for it: what goes to a terminal and what goes into a report both pass here.
"""

from __future__ import annotations

import json
import re
import unicodedata

STEERING = ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")
"""Categories of characters that are not drawn, or change the direction of others."""

JOINERS = "\u200c\u200d"
"""Two of them that scripts and emoji need."""


def sanitize(text: str) -> str:
    r"""Replaces characters that would steer a terminal or a page by pictures or escapes.

    Line ends, tabs and joiners stay. A control character becomes its picture, as `␀` or `␛`;
    any other becomes an escape, as `\u202e`.
    """
    if text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    steers = unicodedata.category(character) in STEERING
    if not steers or character in "\n\t" or character in JOINERS:
        return character
    code = ord(character)
    return chr(0x2400 + code) if code < 0x20 else f"\\u{code:04x}"


def escape_json(text: str) -> str:
    r"""JSON text with everything beyond ASCII as escapes: it means the same, and steers nothing.

    >>> escape_json('{"name": "crème"}')
    '{"name": "cr\\u00e8me"}'
    """
    return re.sub(r"[^\n -~]", lambda found: json.dumps(found[0])[1:-1], text)


def shorten(text: str, longest: int) -> str:
    """The text, or its first `longest` characters and how many more there are."""
    if len(text) <= longest:
        return text
    return f"{text[:longest].rstrip()} … ({len(text) - longest:,} more characters)"

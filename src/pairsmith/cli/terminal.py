"""A terminal that shows what it is given, and is steered by none of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def console() -> Console:
    """A console for stdout that prints what it is given: no markup, no emoji codes."""
    from rich.console import Console

    return Console(markup=False, emoji=False, highlight=False, soft_wrap=False)


def plain(text: str) -> str:
    """The text with characters that would steer a terminal drawn as pictures or escapes."""
    return "".join(c if c in "\n\t" or c.isprintable() else _picture(c) for c in text)


def _picture(character: str) -> str:
    code = ord(character)
    return chr(0x2400 + code) if code < 0x20 else f"\\u{code:04x}"


def say(message: str, hint: str = "") -> None:
    """Says on stderr what is wrong and what to do."""
    print(plain(f"pairsmith: {message}"), file=sys.stderr)
    if hint:
        print(plain(f"  {hint}"), file=sys.stderr)

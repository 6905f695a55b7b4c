"""A terminal that shows what it is given, and is steered by none of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

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


@contextmanager
def interruptible(out: str) -> Iterator[None]:
    """Ends a build that is stopped by Ctrl-C with what it leaves, in words."""
    try:
        yield
    except KeyboardInterrupt:
        from pairsmith.dataset.checkpoint import count_shards

        kept = f"{count_shards(out)} finished shards are kept; an earlier build is as it was."
        say(f"interrupted; {kept}", "The same command goes on.")
        raise typer.Exit(130) from None

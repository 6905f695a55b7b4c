"""The terminal: a console without markup, faults on stderr, an interruption in words."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from pairsmith.cli.manner import is_quiet, is_verbose
from pairsmith.text.sanitize import sanitize, shorten

if TYPE_CHECKING:
    from rich.console import Console

    from pairsmith.progress import Progress, Watch

MAX_CAUSES, MAX_CHARS = 5, 400
LONG_WORD = re.compile(r"\S{500,}")
"""What nobody typed by hand: a message does not repeat all of it."""


def shows_progress() -> bool:
    """Whether progress is to be shown on stderr: where that is a terminal, and not with -q."""
    return sys.stderr.isatty() and not is_quiet()


def console() -> Console:
    """A console for stdout that prints what it is given: no markup, no emoji codes."""
    from rich.console import Console

    return Console(markup=False, emoji=False, highlight=False, soft_wrap=False)


def say(message: str, hint: str = "") -> None:
    """Prints a fault and its hint to stderr."""
    short = LONG_WORD.sub(lambda word: shorten(word[0], MAX_CHARS), message)
    print(sanitize(f"pairsmith: {short}"), file=sys.stderr)
    if hint:
        print(sanitize(f"  {hint}"), file=sys.stderr)


def explain(error: BaseException) -> None:
    """Prints what is behind a fault to stderr, one line a cause, where more is to be said."""
    cause = error.__cause__ or error.__context__
    for _ in range(MAX_CAUSES if is_verbose() else 0):
        if cause is None:
            return
        said = str(cause).partition("\n")[0][:MAX_CHARS]
        print(sanitize(f"  behind it: {type(cause).__name__}: {said}"), file=sys.stderr)
        cause = cause.__cause__ or cause.__context__


@contextmanager
def stoppable(message: str = "interrupted.", hint: str | Callable[[], str] = "") -> Iterator[None]:
    """Ends a command that is stopped by Ctrl-C with a sentence.

    Args:
        message: The sentence.
        hint: What can be done then; or what tells it, once it has stopped.
    """
    try:
        yield
    except KeyboardInterrupt:
        say(message, hint if isinstance(hint, str) else hint())
        raise typer.Exit(130) from None


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


@contextmanager
def watched() -> Iterator[Watch | None]:
    """A progress callback that shows the current step on stderr; None if that is no terminal."""
    if not shows_progress():
        yield None
        return
    from rich.console import Console

    with Console(stderr=True, markup=False).status("check") as line:

        def watch(step: Progress) -> None:
            line.update(sanitize(f"{step.path}, {step.done + 1} of {step.total}"))

        yield watch

"""Options that every command has: how much it says."""

from __future__ import annotations

import functools
import inspect
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from pairsmith.cli import manner, terminal
from pairsmith.cli.arranging import COMMON

Command: TypeAlias = Callable[..., Any]
Quiet: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--quiet", "-q", help="Say nothing but what was asked for, and faults.",
        rich_help_panel=COMMON,
    ),
]  # fmt: skip
Verbose: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--verbose", "-v", help="Say how long it took, and what is behind a fault.",
        rich_help_panel=COMMON,
    ),
]  # fmt: skip
ASKED = ("as_json", "dry_run")
"""Parameters that ask for something on stdout, which stays where the rest is not said."""


def with_common(command: Command, prints: bool = False) -> Command:
    """Gives a command the options `--quiet` and `--verbose`.

    Args:
        command: The command.
        prints: Whether what it prints is what it is for, so that it is printed with `--quiet` too.
    """

    @functools.wraps(command)
    def run(quiet: bool = False, verbose: bool = False, **given: Any) -> None:
        manner.speak(quiet, verbose)
        silent = manner.is_quiet() and not prints and not any(map(given.get, ASKED))
        with _timed(), _silence() if silent else nullcontext():
            command(**given)

    own = inspect.signature(command, eval_str=True)
    added = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=annotation
        )
        for name, annotation in (("quiet", Quiet), ("verbose", Verbose))
    ]
    kept = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own.parameters.values()]
    run.__signature__ = inspect.Signature([*kept, *added])  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in [*kept, *added]}
    return run


def with_printing(command: Command) -> Command:
    """The same for a command that is for what it prints."""
    return with_common(command, prints=True)


@contextmanager
def _silence() -> Iterator[None]:
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
        yield


@contextmanager
def _timed() -> Iterator[None]:
    """Says at the end how long it took, where more is to be said."""
    began = time.monotonic()
    try:
        yield
    finally:
        if manner.is_verbose():
            terminal.say(f"{time.monotonic() - began:.1f} s.")

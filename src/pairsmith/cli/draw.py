"""What the commands show on a terminal: progress on stderr, results on stdout.

Texts of a dataset may hold anything, so they are drawn without markup, and characters that
would steer a terminal are drawn as their pictures.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from pairsmith.kernel.recipe import Recipe
    from pairsmith.pipeline import Progress as Step
    from pairsmith.pipeline import Watch
    from pairsmith.store.manifest import Manifest


def console() -> Console:
    """A console for stdout that prints what it is given: no markup, no emoji codes."""
    from rich.console import Console

    return Console(markup=False, emoji=False, highlight=False, soft_wrap=False)


@contextmanager
def progress() -> Iterator[Watch]:
    """A bar with rows a second and the time left, on stderr if that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[rows]:,} rows, {task.fields[rate]:,.0f}/s,"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    task = bar.add_task("reading", total=None, rows=0, rate=0.0)

    def watch(step: Step) -> None:
        rate = step.rows / (bar.tasks[0].elapsed or 1.0)
        total = step.total or None
        bar.update(task, description=step.path, completed=step.done, total=total)
        bar.update(task, rows=step.rows, rate=rate)

    with bar:
        yield watch


def built(manifest: Manifest, out: Path) -> None:
    """The ledger as a table, its sum as a line, and what to do next."""
    from rich import box
    from rich.table import Table

    from pairsmith.store.manifest import sentence

    screen = console()
    if manifest.reused:
        screen.print(f"{out} already holds this build; nothing was done.", soft_wrap=True)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("subset", "split"):
        table.add_column(name)
    for name in ("read", "kept"):
        table.add_column(name, justify="right")
    table.add_column("quarantined")
    for entry in manifest.ledger:
        refused = ", ".join(f"{reason} {n}" for reason, n in entry.quarantined.items())
        table.add_row(entry.subset, entry.split, str(entry.read), str(entry.kept), refused)
    screen.print(table)
    for line in [
        sentence(manifest.totals),
        *_noted(manifest),
        _form(manifest.recipe),
        f"  check it:  pairsmith check {out}",
        f"  look:      pairsmith show {out}",
        f'  load it:   datasets.load_dataset("{out}")',
    ]:
        screen.print(line, soft_wrap=True)


def _form(recipe: Recipe) -> str:
    if recipe.form == "text":
        return f"Rows are text in the {recipe.template} format."
    why = "" if recipe.template else "No template was given: "
    return f"{why}rows are lists of {{role, content}} messages."


def _noted(manifest: Manifest) -> list[str]:
    notes = manifest.totals.noted
    return ["noted " + ", ".join(f"{name} {n}" for name, n in notes.items())] if notes else []


def plain(text: str) -> str:
    """The text with characters that would steer a terminal drawn as pictures or escapes."""
    return "".join(c if c in "\n\t" or c.isprintable() else _picture(c) for c in text)


def _picture(character: str) -> str:
    code = ord(character)
    return chr(0x2400 + code) if code < 0x20 else f"\\u{code:04x}"

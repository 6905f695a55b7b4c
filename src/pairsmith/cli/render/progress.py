"""Progress of long work, on stderr, if that is a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pairsmith.cli.terminal import shows_progress
from pairsmith.text.sanitize import sanitize

if TYPE_CHECKING:
    from pairsmith.progress import Progress as Step
    from pairsmith.progress import Watch


@contextmanager
def progress() -> Iterator[Watch | None]:
    """A bar with rows a second and the time left, on stderr if that is a terminal."""
    if not shows_progress():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[rows]:,} rows, {task.fields[rate]:,.0f}/s,"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    task = bar.add_task("reading", total=None, rows=0, rate=0.0)

    def watch(step: Step) -> None:
        rate = step.rows / (bar.tasks[0].elapsed or 1.0)
        total = step.total or None
        bar.update(task, description=sanitize(step.path), completed=step.done, total=total)
        bar.update(task, rows=step.rows, rate=rate)

    with bar:
        yield watch

"""Two builds of one source drawn: how many rows differ, and some of them side by side."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import typer

from pairsmith.cli.render.headings import draw_heading
from pairsmith.cli.render.rows import as_text, side_by_side
from pairsmith.cli.terminal import console
from pairsmith.dataset.quarantine import Refused
from pairsmith.text.sanitize import sanitize

if TYPE_CHECKING:
    from pairsmith.dataset.differences import Change, Differences
    from pairsmith.dataset.picking import Row

BECAME = {
    "refused": "refused here, kept there",
    "kept": "kept here, refused there",
    "other reason": "refused in both, for different reasons",
    "changed": "kept in both, changed",
    "only here": "only here",
    "only there": "only there",
}
"""What the kinds of changes are called."""

TOLD = ("id", "prompt", "chosen", "rejected", "tools", "text", "messages", "transcript")
"""Columns that are drawn as text; of others the values stand below."""


def draw_differences(made: Differences, here: str, there: str) -> None:
    """Draws the counts, then rows.

    Args:
        made: How the builds differ.
        here: What the build that is looked at is called.
        there: What the other is called.
    """
    from rich import box
    from rich.table import Table

    screen = console()
    for line in (f"here   {here}", f"there  {there}", *made.remarks):
        screen.print(sanitize(line), soft_wrap=True)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("became", "why"):
        table.add_column(name)
    table.add_column("rows", justify="right", no_wrap=True)
    for kind, why, count in made.in_order():
        table.add_row(BECAME[kind], sanitize(why), f"{count:,}")
    table.add_row("the same in both", "", f"{made.same:,}")
    screen.print(table)
    for change in made.rows:
        words = f"{change.id}  {BECAME[change.kind]}: {change.why}"
        draw_heading(screen, words)
        for name, row in (("here", change.here), ("there", change.there)):
            if isinstance(row, Refused):
                screen.print(sanitize(f"{name}: {row.reason}: {row.detail}"), soft_wrap=True)
        texts = _told(change.here, change), _told(change.there, change)
        marked = isinstance(change.here, dict) and isinstance(change.there, dict)
        screen.print(side_by_side(screen, *texts, ("here", "there"), marked))
        screen.print()


def print_json(made: Differences) -> None:
    """Prints the counts as a line of JSON, then each row as one."""
    counts = [dict(zip(("kind", "why", "rows"), one, strict=True)) for one in made.in_order()]
    head = {"same": made.same, "changes": counts, "remarks": made.remarks}
    for held in (head, *(change.as_json() for change in made.rows)):
        typer.echo(json.dumps(held, default=str))


def _told(row: Row | None, change: Change) -> str:
    """What one build holds of a row."""
    if row is None:
        return "no such row"
    if isinstance(row, Refused):
        return "quarantined"
    if "prompt" in row:
        sides = (f"{side}:\n{as_text(row[side])}" for side in ("chosen", "rejected"))
        text = "\n\n".join([as_text(row["prompt"]), *sides])
    else:
        text = as_text(row["text"] if "text" in row else row["messages"])
    beside = _beside(row, change)
    return f"{text}\n\n{beside}" if beside else text


def _beside(row: dict[str, Any], change: Change) -> str:
    """The columns that are no text and differ between the builds, as JSON."""
    other = change.there if row is change.here else change.here
    if not isinstance(other, dict):
        return ""
    names = [name for name in row if name not in TOLD and row[name] != other.get(name)]
    held = {name: row[name] for name in names}
    return json.dumps(held, ensure_ascii=False, default=str) if held else ""

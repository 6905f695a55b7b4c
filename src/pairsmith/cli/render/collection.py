"""Prints what was collected, and how good it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from pairsmith.cli.terminal import console
from pairsmith.text.sanitize import escape_json, sanitize

if TYPE_CHECKING:
    from pairsmith.collecting.collect import Collected
    from pairsmith.collecting.quality.telling import Table


def greet(link: str) -> None:
    """Prints the link to the pages."""
    typer.echo(f"Open {link}\nThe link works once. Ctrl-C ends, and writes what was collected.")


def tell(made: Collected) -> None:
    """Prints what was collected, and the next command."""
    for line in _lines(made):
        typer.echo(sanitize(line))


def _lines(made: Collected) -> list[str]:
    manifest, folder = made.manifest, made.folder
    read = sum(entry.read for entry in manifest.ledger)
    if not read:
        return ["Nothing was collected so far.", f"Go on: pairsmith collect {folder}"]
    unkept = ", ".join(f"{why} {count:,}" for why, count in manifest.unkept.items())
    kept = f"{folder}: read {read:,} = kept {manifest.kept:,}{f', {unkept}' if unkept else ''}"
    if made.annotation is None:
        return [kept, f"Build it: pairsmith build {folder} OUT"]
    annotation = made.annotation.folder
    labels = ", ".join(f"{name} {count:,}" for name, count in made.annotation.labels.items())
    return [
        kept,
        f"{annotation}: {labels}",
        f"Act on it: pairsmith build SOURCE OUT --apply {annotation}",
        "SOURCE is what that build was made of.",
    ]


def show_quality(folder: Path, as_json: bool) -> None:
    """Prints the figures of a collection."""
    from pairsmith.collecting.quality.measure import collection_quality
    from pairsmith.collecting.quality.telling import tables

    found = collection_quality(folder)
    if as_json:
        typer.echo(escape_json(found.to_json()), nl=False)
        return
    told = tables(found)
    if not told:
        typer.echo(f"Nothing was judged yet. Go on: pairsmith collect {sanitize(str(folder))}")
    for table in told:
        _draw(table)


def _draw(table: Table) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as Drawn

    screen = console()
    screen.print(f"{sanitize(table.title)}:", markup=False, highlight=False)
    drawn = Drawn(box=SIMPLE_HEAD, show_header=bool(table.head), pad_edge=False)
    for place, name in enumerate(table.head or ("", "")):
        drawn.add_column(name, no_wrap=not place)
    for row in table.rows:
        drawn.add_row(*map(sanitize, row))
    screen.print(drawn, markup=False)
    for remark in table.remarks:
        screen.print(sanitize(remark), markup=False, highlight=False, soft_wrap=True)

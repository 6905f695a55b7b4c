"""Prints what was collected, and how good it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from pairsmith.cli.terminal import console
from pairsmith.collecting.collection import PROJECT_FILE
from pairsmith.collecting.opinions import DISAGREE
from pairsmith.collecting.project import Mode
from pairsmith.text.sanitize import escape_json, sanitize

if TYPE_CHECKING:
    from pairsmith.collecting.collect import Collected
    from pairsmith.collecting.quality.telling import Table
    from pairsmith.dataset.annotation import Annotation


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
    return [kept, *(_said_of(made, made.annotation) if made.annotation else _built(made))]


def _built(made: Collected) -> list[str]:
    """What to do with a source; where all of it is held out, how some of it can be trained on."""
    build = f"Build it: pairsmith build {made.folder} OUT"
    if not made.held_out:
        return [build]
    pairs = "The one pair is" if made.held_out == 1 else f"All {made.held_out:,} pairs are"
    return [
        build,
        f"{pairs} held out as test, by the first question of the conversation: nothing is left to"
        " train on.",
        f"Go on with other questions: pairsmith collect {made.folder}",
        f"Or hold nothing out: write test: 0 into {made.folder / PROJECT_FILE}, and then"
        f" pairsmith collect {made.folder} --export",
    ]


def _said_of(made: Collected, annotation: Annotation) -> list[str]:
    """What people say of the rows of a build, and what can be done about it."""
    labels = ", ".join(f"{name} {count:,}" for name, count in annotation.labels.items())
    said = f"{annotation.folder}: {labels}"
    if made.mode == Mode.REVIEW:  # tags decide nothing about a row
        look = f"Look: pairsmith show {made.build} --annotation {annotation.folder.name}"
        return [said, look, f"Build it: pairsmith build {made.folder} OUT"]
    if DISAGREE not in annotation.labels:
        return [said, "No label was found wrong: there is nothing to act on."]
    return [
        said,
        f"Act on it: pairsmith build SOURCE OUT --apply {annotation.folder}",
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

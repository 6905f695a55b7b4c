"""Prints the result of a build: the ledger, its totals, and the next commands."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

import typer

from pairsmith.cli.terminal import console
from pairsmith.text.sanitize import sanitize

if TYPE_CHECKING:
    from rich.table import Table

    from pairsmith.dataset.manifest import Manifest
    from pairsmith.schema.recipe import Recipe


NARROW = 72
"""Columns below which a table is hard to read: each split has a sentence in its place."""

MOST_FIELDS = 12
"""At most this many fields are named on the screen; the manifest has all."""

ROUND = "round"
"""The field of samples and collections that says which round a row is of."""


def draw(manifest: Manifest, out: str, as_json: bool) -> None:
    """Prints the manifest of a build, as a table or as JSON."""
    if as_json:
        typer.echo(json.dumps(manifest.to_dict()))
    else:
        draw_ledger(manifest, out)


def draw_ledger(manifest: Manifest, out: str) -> None:
    """Prints the ledger as a table, then its totals and suggestions for what to do next."""
    from pairsmith.dataset.manifest import sentence

    screen = console()
    if manifest.reused:
        screen.print(sanitize(f"{out} already holds this build; nothing was done."), soft_wrap=True)
    if screen.width < NARROW:
        for entry in manifest.ledger:
            screen.print(sanitize(f"{entry.subset}/{entry.split}: {sentence(entry)}"))
    else:
        screen.print(_table(manifest))
    for line in [
        sentence(manifest.totals),
        *_noted(manifest),
        *_shape(manifest.recipe),
        *_fields(manifest),
        _form(manifest.recipe),
        *manifest.remarks,
        *_next(manifest, out),
    ]:
        screen.print(sanitize(line), soft_wrap=True)


def _table(manifest: Manifest) -> Table:
    """The ledger, a row for each split."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("subset", "split"):
        table.add_column(name, overflow="fold")  # a name that is cut may be any of several
    several = any(entry.source_rows != entry.read for entry in manifest.ledger)
    for name in (*(["rows", "comparisons"] if several else ["read"]), "kept"):
        table.add_column(name, justify="right")
    table.add_column("quarantined")
    for entry in manifest.ledger:
        refused = ", ".join(f"{reason} {n}" for reason, n in entry.quarantined.items())
        rows = [str(entry.source_rows)] if several else []
        counts = [*rows, str(entry.read), str(entry.kept)]
        table.add_row(entry.subset, entry.split, *counts, refused)
    return table


def _next(manifest: Manifest, out: str) -> list[str]:
    """Suggested commands, one per line."""
    place = shlex.quote(out)
    if not manifest.totals.kept:
        why = f"  see why:   pairsmith show {place} --reason any"
        return ["Nothing was kept.", *([why] if manifest.totals.read else [])]
    lines = [f"  check it:  pairsmith check {place}", f"  look:      pairsmith show {place}"]
    # for a remote folder, load_dataset needs the files of each split
    return lines if "://" in out else [*lines, f'  load it:   datasets.load_dataset("{out}")']


def _shape(recipe: Recipe) -> list[str]:
    """Lines on how rows were read, unless they are those of HH-RLHF."""
    files: dict[str, list[str]] = {}
    for path, held in json.loads(recipe.shapes).items():
        files.setdefault(held["from"], []).append(path)
    said = [
        f"Rows of {paths[0]}{f' and {len(paths) - 1:,} more' if len(paths) > 1 else ''} were read "
        f"in the shape {name}."
        for name, paths in files.items()
    ]
    return [*_first_shape(recipe), *said]


def _first_shape(recipe: Recipe) -> list[str]:
    """Lines on how the rows of the first source were read."""
    if recipe.shape == "hh" and not recipe.reading_fields:
        return []
    if not recipe.reading_fields:
        return [f"Rows were read in the shape {recipe.shape}."]
    from pairsmith.sources.rows.detected import Detected

    detected = Detected.from_dict(recipe.reading_fields)
    kinds = (
        f"  {role} holds {' '.join(filter(None, kind))} text"
        for role, kind in detected.kinds.items()
    )
    return [detected.sentence(), *kinds]


def _fields(manifest: Manifest) -> list[str]:
    """Lines on what became of the fields of the source."""
    from pairsmith.sources.field_uses import Use, count_names

    counts, lines = manifest.totals.fields, []
    for use, words in ((Use.CARRIED, "Fields carried"), (Use.LEFT_OUT, "Fields left out")):
        if found := count_names(counts, use):
            told = [f"{path} {rows}" for path, rows in found.most_common(MOST_FIELDS)]
            more = len(found) - MOST_FIELDS
            lines.append(
                f"{words}: {', '.join(told)}" + (f", and {more} more." if more > 0 else ".")
            )
        if use == Use.LEFT_OUT and ROUND in found:
            lines.append(f"  --carry {ROUND} keeps the round of every row as a column.")
    return lines


def _form(recipe: Recipe) -> str:
    """A sentence on the form of the rows: text or messages."""
    if recipe.form == "text":
        return f"Rows are text in the {recipe.chat_format} format."
    why = "Rows" if recipe.template else "Without a template, rows"
    if recipe.full:
        return f"{why} are lists of messages with reasoning and tools."
    return f"{why} are lists of {{role, content}} messages."


def _noted(manifest: Manifest) -> list[str]:
    """A line with the counts of notes; none without notes."""
    notes = manifest.totals.noted
    return ["noted " + ", ".join(f"{name} {n}" for name, n in notes.items())] if notes else []

"""pairsmith show: rows as a person reads them, side by side."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from pairsmith.cli.options import with_options
from pairsmith.schema.options import Option

ANY = "any"


@dataclass(frozen=True)
class RowOptions:
    """Which rows to show."""

    reason: Annotated[
        str | None, Option("Quarantined rows of this reason, or `any`.", "REASON")
    ] = None
    note: Annotated[str | None, Option("Kept rows with this note.", "NOTE")] = None
    annotation: Annotated[
        str | None, Option("Rows that this annotation says something of.", "NAME[:LABEL]")
    ] = None
    id: Annotated[
        Sequence[str], Option("The row with this id. Repeatable.", "ID", given="list")
    ] = ()
    subset: Annotated[str | None, Option("Rows of this subset.", "NAME")] = None


@with_options(RowOptions)
def show(
    out: Annotated[str, typer.Argument(metavar="OUT", help="The folder of a build, or its URL.")],
    count: Annotated[
        int | None, typer.Option("--count", "-n", metavar="N", min=1, help="At most N rows; 3.")
    ] = None,
    raw: Annotated[
        bool,
        typer.Option("--raw", help="With --reason: the rows' own lines, to mend, all of them."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the rows as JSON lines.")] = False,
    **options: Any,
) -> None:
    """Show rows: chosen beside rejected, the words that differ marked.

    With --reason, quarantined rows: why each was refused and where it stands in the source.
    With --annotation or --id, rows of either sort, and what is said of them.
    """
    from pairsmith.cli.render import rows as sides
    from pairsmith.dataset import folder, picking
    from pairsmith.dataset.manifest import read_manifest
    from pairsmith.dataset.rows import kept_rows, refused_rows
    from pairsmith.sources.reader import reader_of

    asked = RowOptions(**options)
    _check(asked, raw)
    place = folder.output(out)
    built = read_manifest(place)
    wanted = None if asked.reason == ANY else asked.reason
    kept = kept_rows(place, built, asked.subset, asked.note)
    refused = refused_rows(place, built, asked.subset, wanted)
    if asked.annotation or asked.id:
        picked = picking.pick(place, asked.annotation, asked.id, count or 3, asked.subset)
    else:
        found = kept if asked.reason is None else refused
        picked = picking.first(found, count or (None if raw else 3))
    if raw:
        sys.stdout.buffer.writelines(picked.raw_lines(reader_of(built.recipe).row.is_grouped))
    elif as_json:
        for row in picked.as_json():
            typer.echo(json.dumps(row, default=str))
    else:
        sides.draw_rows(picked.rows, picked.said)
    if not picked.rows:
        typer.echo(f"{place} has no such rows.", err=True)


def _check(asked: RowOptions, raw: bool) -> None:
    from pairsmith.errors import RecipeError
    from pairsmith.schema.reasons import Note, Reason

    reasons, notes = [*Reason, ANY], [*Note, *Reason]
    if asked.reason is not None and asked.reason not in reasons:
        raise RecipeError(
            f"There is no reason {asked.reason!r}.", f"Reasons: {', '.join(reasons)}."
        )
    if asked.note is not None and asked.note not in notes:
        raise RecipeError(f"There is no note {asked.note!r}.", f"Notes: {', '.join(notes)}.")
    if (asked.note or asked.reason) and (asked.annotation or asked.id):
        raise RecipeError("--annotation and --id name the rows.", "Leave --note and --reason out.")
    if asked.note and asked.reason:
        said = "A row is kept with a note or refused for a reason, not both."
        raise RecipeError(said, "Give --note or --reason.")
    if raw and asked.reason is None:
        raise RecipeError("--raw prints quarantined rows.", "Add --reason malformed, or another.")

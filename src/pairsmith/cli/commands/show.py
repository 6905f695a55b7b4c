"""pairsmith show: rows as a person reads them, side by side."""

from __future__ import annotations

import json
import sys
from itertools import islice
from typing import Annotated

import typer

ANY = "any"


def show(
    out: Annotated[str, typer.Argument(metavar="OUT", help="The folder of a build, or its URL.")],
    reason: Annotated[
        str | None, typer.Option(help="Quarantined rows of this reason, or `any`.")
    ] = None,
    note: Annotated[str | None, typer.Option(help="Kept rows with this note.")] = None,
    annotation: Annotated[
        str | None,
        typer.Option(metavar="NAME[:LABEL]", help="Rows that this annotation says something of."),
    ] = None,
    id: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="The row with this id. Repeatable.")
    ] = None,
    subset: Annotated[str | None, typer.Option(help="Rows of this subset.")] = None,
    count: Annotated[
        int | None, typer.Option("-n", metavar="N", min=1, help="At most N rows; by default 3.")
    ] = None,
    raw: Annotated[
        bool,
        typer.Option("--raw", help="With --reason: the rows' own lines, to mend, all of them."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the rows as JSON lines.")] = False,
) -> None:
    """Show rows: chosen beside rejected, the words that differ marked.

    With --reason, quarantined rows: why each was refused and where it stands in the source.
    With --annotation or --id, rows of either sort, and what is said of them.
    """
    from pairsmith.cli.render import rows as sides
    from pairsmith.dataset import folder, picking
    from pairsmith.dataset.manifest import read_manifest
    from pairsmith.dataset.rows import kept_rows, refused_rows

    _check(reason, note, raw, bool(annotation or id))
    place = folder.output(out)
    built = read_manifest(place)
    limit = count or (None if raw else 3)
    if annotation or id:
        picked = picking.pick(place, annotation, id or (), count or 3, subset)
        _lines(picked.as_json()) if as_json else sides.draw_picked(picked.rows, picked.said)
        shown = len(picked.rows)
    elif reason is None:
        kept = list(islice(kept_rows(place, built, subset, note), limit))
        _lines(kept) if as_json else sides.draw_kept(kept)
        shown = len(kept)
    else:
        wanted = None if reason == ANY else reason
        refused = list(islice(refused_rows(place, built, subset, wanted), limit))
        if raw:
            sys.stdout.buffer.writelines(row.data + b"\n" for row in refused)
        else:
            _lines([r._asdict() for r in refused]) if as_json else sides.draw_refused(refused)
        shown = len(refused)
    if not shown:
        typer.echo(f"{place} has no such rows.", err=True)


def _check(reason: str | None, note: str | None, raw: bool, named: bool) -> None:
    from pairsmith.errors import RecipeError
    from pairsmith.schema.reasons import Note, Reason

    if reason is not None and reason not in [*Reason, ANY]:
        raise RecipeError(f"There is no reason {reason!r}.", f"Reasons: {', '.join(Reason)}, any.")
    if note is not None and note not in [*Note, *Reason]:
        raise RecipeError(f"There is no note {note!r}.", f"Notes: {', '.join([*Note, *Reason])}.")
    if (note or reason) and named:
        raise RecipeError("--annotation and --id name the rows.", "Leave --note and --reason out.")
    if note and reason:
        raise RecipeError(
            "A row is kept with a note or refused for a reason, not both.",
            "Give --note or --reason.",
        )
    if raw and reason is None:
        raise RecipeError("--raw prints quarantined rows.", "Add --reason malformed, or another.")


def _lines(rows: list[dict[str, object]]) -> None:
    for row in rows:
        typer.echo(json.dumps(row, default=str))

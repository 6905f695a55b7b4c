"""pairsmith show: rows as a person reads them, side by side."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pairsmith.cli.options import with_options
from pairsmith.cli.row_options import ANY, SHOWN, RowOptions, check, naming_of

if TYPE_CHECKING:
    from pairsmith.dataset.manifest import Manifest
    from pairsmith.dataset.picking import Cut, Picked
    from pairsmith.io.remote import StoragePath


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
    With --annotation, --finding, --conversation or --id, rows of either sort, and what is said.
    """
    from pairsmith.cli.render import rows as sides
    from pairsmith.dataset import folder
    from pairsmith.dataset.manifest import read_manifest
    from pairsmith.dataset.picking import Cut
    from pairsmith.sources.reader import reader_of

    asked = RowOptions(**options)
    check(asked, count, raw)
    place = folder.output(out)
    built = read_manifest(place)
    most = asked.random or count or (None if raw or asked.id else SHOWN)
    seed = None if asked.random is None else asked.seed or 0
    picked = _pick(place, built, asked, Cut(most, asked.from_ or 1, seed))
    if raw:
        sys.stdout.buffer.writelines(picked.raw_lines(reader_of(built.recipe).row.is_grouped))
    elif as_json:
        for row in picked.as_json():
            typer.echo(json.dumps(row, default=str))
    else:
        sides.draw_rows(picked.rows, picked.said)
    if not picked.rows:
        typer.echo(f"{place} has no such rows.", err=True)


def _pick(out: StoragePath, built: Manifest, asked: RowOptions, cut: Cut) -> Picked:
    """The rows that the options ask for."""
    from pairsmith.dataset import picking
    from pairsmith.dataset.searching import parse_search

    search = None if asked.search is None else parse_search(asked.search)
    where = picking.Where(asked.subset, asked.split, search)
    naming = naming_of(out, built, asked)
    if asked.id:
        return picking.pick_ids(out, built, cut.of(asked.id), naming)
    if naming is not None:
        return picking.pick_named(out, built, naming, where, cut)
    if asked.reason is not None:
        wanted = None if asked.reason == ANY else asked.reason
        return picking.pick_refused(out, built, where, cut, wanted)
    return picking.pick_kept(out, built, where, cut, asked.note)

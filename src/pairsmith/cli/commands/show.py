"""pairsmith show: rows as a person reads them, side by side."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pairsmith.cli.manner import is_quiet
from pairsmith.cli.options import with_options
from pairsmith.cli.showing.checks import check
from pairsmith.cli.showing.options import SHOWN, RowOptions
from pairsmith.cli.showing.picks import pick_rows, where_of

if TYPE_CHECKING:
    from pairsmith.dataset.manifest import Manifest
    from pairsmith.dataset.picking import Cut
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
    cut = Cut(most, asked.from_ or 1, seed)
    is_default = most is not None and not (asked.random or count)
    if asked.diff is not None:
        _show_differences(place, built, asked, cut, as_json)
        return
    # one more than is shown tells whether there are more
    found = pick_rows(place, built, asked, cut._replace(most=SHOWN + 1) if is_default else cut)
    picked = found._replace(rows=found.rows[:SHOWN]) if is_default else found
    if raw:
        grouped = {e.path: reader_of(built.recipe, e.path).row.is_grouped for e in built.inputs}
        sys.stdout.buffer.writelines(picked.raw_lines(lambda path: grouped.get(path, False)))
    elif as_json:
        for row in picked.as_json():
            typer.echo(json.dumps(row, default=str))
    else:
        sides.draw_rows(picked.rows, picked.said)
    if len(found.rows) > len(picked.rows) and not as_json and not is_quiet():
        typer.echo(
            f"There are more: -n 10 shows ten, --from {cut.first + SHOWN} goes on.", err=True
        )
    if not picked.rows:
        typer.echo(f"{place} has no such rows.", err=True)


def _show_differences(
    out: StoragePath, built: Manifest, asked: RowOptions, cut: Cut, as_json: bool
) -> None:
    """Prints how another build of the source differs, and some of the rows."""
    from pairsmith.cli.render import differences
    from pairsmith.dataset import folder
    from pairsmith.dataset.differences import Build, compare_builds
    from pairsmith.dataset.manifest import read_manifest

    other = folder.output(str(asked.diff))
    builds = Build(out, built), Build(other, read_manifest(other))
    made = compare_builds(*builds, where_of(asked), cut)
    if as_json:
        differences.print_json(made)
    else:
        differences.draw_differences(made, str(out), str(other))

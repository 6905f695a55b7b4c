"""The rows that options of `pairsmith show` mean: where they are, and who names them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pairsmith.cli.showing.options import ANY, RowOptions, flag_of
from pairsmith.errors import OutputError

if TYPE_CHECKING:
    from pairsmith.dataset.manifest import Manifest
    from pairsmith.dataset.picking import Cut, Naming, Picked, Where
    from pairsmith.io.remote import StoragePath


def where_of(asked: RowOptions) -> Where:
    """Where the rows are, and what they hold.

    Args:
        asked: The options.

    Raises:
        RecipeError: There is nothing to search for, or too much.
    """
    from pairsmith.dataset.picking import Where
    from pairsmith.dataset.searching import parse_search

    search = None if asked.search is None else parse_search(asked.search)
    return Where(asked.subset, asked.split, search)


def naming_of(out: StoragePath, built: Manifest, asked: RowOptions) -> Naming | None:
    """Who names rows, if somebody does.

    Args:
        out: The folder of the build.
        built: Its manifest.
        asked: The options.

    Raises:
        PairsmithError: There is no such annotation, finding or row.
    """
    if not asked.namings:
        return None
    if asked.annotation is not None:
        from pairsmith.dataset.annotations import parse_reference, read_annotation
        from pairsmith.dataset.picking import Statements

        name, label = parse_reference(asked.annotation)
        return Statements(read_annotation(str(out), name), label)
    if not isinstance(out, Path):
        raise OutputError(
            f"{out} is a URL.", f"{flag_of(asked.namings[0])} reads a build on a disk."
        )
    if asked.finding is not None:
        from pairsmith.auditing.findings import read_findings

        return read_findings(str(out), asked.finding)
    from pairsmith.dataset.picking import pick_ids
    from pairsmith.dataset.related import find_related

    id = str(asked.conversation)
    pick_ids(out, built, [id])  # which names the nearest to one that is none
    return find_related(out, id)


def pick_rows(out: StoragePath, built: Manifest, asked: RowOptions, cut: Cut) -> Picked:
    """The rows that the options ask for.

    Args:
        out: The folder of the build.
        built: Its manifest.
        asked: The options.
        cut: How many of the rows that are found.

    Raises:
        PairsmithError: There is no such annotation, finding, row, subset or split.
    """
    from pairsmith.dataset import picking

    where = where_of(asked)
    naming = naming_of(out, built, asked)
    if asked.id:
        return picking.pick_ids(out, built, cut.of(asked.id), naming)
    if naming is not None:
        return picking.pick_named(out, built, naming, where, cut)
    if asked.reason is not None:
        wanted = None if asked.reason == ANY else asked.reason
        return picking.pick_refused(out, built, where, cut, wanted)
    return picking.pick_kept(out, built, where, cut, asked.note)

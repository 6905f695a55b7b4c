"""Every subset and split of a commit with its files; the viewer shows one at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pairsmith.hub.repos.card import Config
from pairsmith.hub.viewer.annotations import annotations_among
from pairsmith.hub.viewer.connection import opened_table
from pairsmith.hub.viewer.formats import of_one_format
from pairsmith.hub.viewer.plan import MAX_PATHS
from pairsmith.hub.viewer.sources import Source, UnreadableError
from pairsmith.hub.viewer.subsets import MAX_ENTRIES, PatternsError, choose, files_of, subsets


class Part(NamedTuple):
    """A split: its subset, its name and its files, in order."""

    subset: str
    split: str
    paths: Sequence[str]


class Listing(NamedTuple):
    """The splits of a commit. `fault` is why some are missing, in a sentence; '' where none is."""

    parts: Sequence[Part] = ()
    fault: str = ""


def make_listing(configs: Sequence[Config], paths: Sequence[str]) -> Listing:
    """Lists what there is at a commit. It takes as long as its card has it take.

    Args:
        configs: What its card lists.
        paths: The paths of its files with rows, and of its annotations' manifests, in order; one
            more than `MAX_PATHS` where there are more.
    """
    fault = "" if len(paths) <= MAX_PATHS else f"It has more than {MAX_PATHS:,} Parquet files."
    paths = paths[:MAX_PATHS]
    _, apart = annotations_among(paths)
    rows = [path for path in paths if path not in apart]
    found = subsets(configs, rows)
    parts: list[Part] = []
    listed = 0
    for named in found[:MAX_ENTRIES]:
        subset, _ = choose(found, named.name, "", rows)
        for split in subset.splits:
            try:
                files = of_one_format(files_of(split, rows))
            except PatternsError as error:
                return Listing(parts, str(error))
            listed += len(files)
            if listed > MAX_PATHS:
                return Listing(parts, f"Its splits have more than {MAX_PATHS:,} files together.")
            if files:
                parts.append(Part(subset.name, split.name, files))
    return Listing(parts, fault)


def read_columns(sources: Sequence[Source]) -> list[list[tuple[str, str]]]:
    """The columns of each of these files: names, and types as DuckDB writes them.

    None of one that cannot be read, and no more than the viewer shows.
    """
    return [_columns(source) for source in sources]


def _columns(source: Source) -> list[tuple[str, str]]:
    try:
        with opened_table([source]) as table:
            return [(column.name, column.type) for column in table.columns]
    except UnreadableError:
        return []

"""The ids of a build's rows, kept and quarantined, in little memory.

An id is `subset/split/number`, and numbers follow each other but for blank lines of the source. So
the ids of a split are held as runs of numbers. Kept rows 1, 2, 4 and the quarantined row 3 are
one run, 1 to 4; where lines 5 and 6 are blank and row 7 is kept, there are two: 1–4 and 7–7.

Where several files make a split, the number of the file stands before that of the row, as in
`pairs/train/2-17`; where a row may hold several comparisons, that of the comparison stands behind,
as in `pairs/train/17/1`. Runs are of the rows of one file, and go over the comparisons of a row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.dataset.manifest import LedgerEntry, Manifest
from pairsmith.dataset.quarantine import quarantine_path
from pairsmith.dataset.rows import kept_ids, refused_in
from pairsmith.errors import OutputError
from pairsmith.io.remote import StoragePath
from pairsmith.text.spans import Index, to_numpy

NUMBER = "[1-9][0-9]{0,17}"
"""The number in an id; with no more digits than this, it fits into 64 bits."""

FILE = "(?:0|[1-9][0-9]{0,8})-"
ROW, COMPARISON = "[1-9][0-9]{0,11}", "[1-9][0-9]{0,5}"
SPREAD = 1 << 20
"""A row with comparisons and the number of one are one number of 64 bits, this many to a row."""

ID = (
    f"^(?P<place>[a-z0-9][a-z0-9_-]*/[a-z0-9_]+)/(?P<file>{FILE})?"
    f"(?:(?P<number>{NUMBER})|(?P<row>{ROW})/(?P<comparison>{COMPARISON}))$"
)
"""An id; a group that is not there is empty."""

BATCH = 10_000
"""Quarantined rows that are read together."""


def numbers_of(ids: pa.StringArray, place: str) -> dict[str, Index]:
    """The numbers in ids of one split, by what else stands in the ids.

    Args:
        ids: n ids.
        place: The subset and the split, as `harmless-base/train`.

    Returns:
        n numbers in all, above 0, in the order of the ids. Those of `place/17` are called `place`,
        those of a file `place/2-`, and of comparisons the same with a slash behind.

    Raises:
        ValueError: An id is of another place, or has no number.
    """
    numbers, places = _taken_apart(ids)
    strange = [name for name in numbers if not _is_of(name, place)]
    if strange or sum(map(len, places.values())) < len(ids):
        raise ValueError(f"an id is not {place} and a number")
    return numbers


def _is_of(name: str, place: str) -> bool:
    return name == place or name.startswith(f"{place}/")


def _taken_apart(ids: pa.StringArray) -> tuple[dict[str, Index], dict[str, Index]]:
    """By what else stands in ids, their numbers, and where they stand; of no id, nothing."""
    parts = pc.extract_regex(ids, ID)
    if parts.null_count == len(ids):
        return {}, {}
    place, file, number, row, comparison = (
        pc.fill_null(pc.struct_field(parts, name), "")
        for name in ("place", "file", "number", "row", "comparison")
    )
    inside = pc.if_else(pc.equal(file, ""), "", pc.binary_join_element_wise("", file, "/"))
    behind = pc.if_else(pc.equal(row, ""), "", "/")
    names = pc.binary_join_element_wise(place, inside, behind, "")
    said = _numbers(number) + _numbers(row) * SPREAD + _numbers(comparison)
    numbers, places = {}, {}
    for name in pc.unique(names).to_pylist():
        if name:
            places[name] = np.flatnonzero(to_numpy(pc.equal(names, name)))
            numbers[name] = said[places[name]]
    return numbers, places


def _numbers(texts: pa.StringArray) -> Index:
    """The numbers that texts are, 0 for an empty one."""
    held = pc.cast(pc.if_else(pc.equal(texts, ""), "0", texts), pa.int64())
    return np.asarray(held.to_numpy(zero_copy_only=False), np.int64)


class _Runs(NamedTuple):
    """Runs of numbers, in order, none of which goes on from another.

    Attributes:
        first, last: k numbers each: where the runs begin and end.
        before: For each run, how many numbers there are in all that came before it.
    """

    first: Index
    last: Index
    before: Index


class RowIds:
    """The ids of all rows of a build, each of which has a place among them.

    Args:
        runs: The runs, by what else stands in ids; see `numbers_of`.
        count: How many ids there are.
    """

    def __init__(self, runs: Mapping[str, _Runs], count: int) -> None:
        self.runs, self.count = runs, count

    def find(self, ids: pa.StringArray) -> Index:
        """The place of each id, from 0 to `count`; −1 for what is none.

        Args:
            ids: n texts, none of them null.
        """
        places = np.full(len(ids), -1, np.int64)
        numbers, mine = _taken_apart(ids)
        for name in numbers.keys() & self.runs.keys():
            places[mine[name]] = _find(self.runs[name], numbers[name])
        return places

    def names(self) -> dict[str, Index]:
        """What stands before numbers in ids, as `numbers_of` has it, with the ends of its runs."""
        return {name: np.stack([runs.first, runs.last]) for name, runs in self.runs.items()}


def _find(runs: _Runs, numbers: Index) -> Index:
    run = np.searchsorted(runs.first, numbers, side="right") - 1
    held = run >= 0
    held[held] = numbers[held] <= runs.last[run[held]]
    found = runs.before[run] + numbers - runs.first[run]
    return np.where(held, found, -1)


def read_row_ids(out: StoragePath, built: Manifest) -> RowIds:
    """The ids of a build's rows.

    Args:
        out: Its folder.
        built: Its manifest.

    Raises:
        OutputError: A shard or a quarantine file cannot be read, or holds rows of another place.
    """
    runs, count = dict[str, _Runs](), 0
    for entry in built.ledger:
        parts = defaultdict[str, list[Index]](list)
        for name, numbers in _numbers_in(out, built, entry):
            parts[name].append(_runs_in(numbers))
        for name, found in parts.items():
            first, last = _joined(np.concatenate(found, axis=1))
            sizes = last - first + 1
            runs[name] = _Runs(first, last, count + np.cumsum(sizes) - sizes)
            count += int(sizes.sum())
    return RowIds(runs, count)


def _numbers_in(
    out: StoragePath, built: Manifest, entry: LedgerEntry
) -> Iterator[tuple[str, Index]]:
    """The numbers of a split's rows, kept ones first, in batches that are not empty."""
    try:
        for ids in _ids(out, built, entry):
            yield from numbers_of(ids, f"{entry.subset}/{entry.split}").items()
    except ValueError as error:
        raise OutputError(
            f"{out} is not as it was built: {error}.", "Run pairsmith check."
        ) from None


def _ids(out: StoragePath, built: Manifest, entry: LedgerEntry) -> Iterator[pa.StringArray]:
    yield from kept_ids(out, built, entry)
    path = quarantine_path(entry.subset, entry.split)
    refused = (row.id for row in refused_in(out, path)) if entry.quarantined else iter(())
    while held := list(islice(refused, BATCH)):
        yield pa.array(held, pa.string())


def _runs_in(numbers: Index) -> Index:
    """The runs in ascending numbers, as two rows: where each begins, and where it ends."""
    ends = np.flatnonzero(np.diff(numbers) != 1)
    return np.stack([numbers[np.append(0, ends + 1)], numbers[np.append(ends, -1)]])


def _joined(runs: Index) -> Index:
    """Runs in any order, put in order, with those that go on from each other made one."""
    first, last = runs[:, np.argsort(runs[0], kind="stable")]
    begins = np.append(True, first[1:] != last[:-1] + 1)[: len(first)]
    ends = np.append(begins[1:], True)[: len(first)]
    return np.stack([first[begins], last[ends]])

"""The ids of a build's rows, kept and quarantined, in little memory.

An id is `subset/split/number`, and numbers follow each other but for blank lines of the source. So
the ids of a split are held as runs of numbers. Kept rows 1, 2, 4 and the quarantined row 3 are
one run, 1 to 4; where lines 5 and 6 are blank and row 7 is kept, there are two: 1–4 and 7–7.
"""

from __future__ import annotations

import re
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

ID = f"^(?P<place>[a-z0-9][a-z0-9_-]*/[a-z]+)/(?P<number>{NUMBER})$"

BATCH = 10_000
"""Quarantined rows that are read together."""


def numbers_of(ids: pa.StringArray, place: str) -> Index:
    """The numbers in ids of one split.

    Args:
        ids: n ids.
        place: The subset and the split, as `harmless-base/train`.

    Returns:
        n numbers, from 1.

    Raises:
        ValueError: An id is of another place, or has no number.
    """
    fits = pc.match_substring_regex(ids, f"^{re.escape(place)}/{NUMBER}$")
    if not pc.all(fits, min_count=0).as_py():
        raise ValueError(f"an id is not {place} and a number")
    numbers = pc.cast(pc.utf8_slice_codeunits(ids, len(place) + 1), pa.int64())
    return np.asarray(numbers.to_numpy(), np.int64)


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
        runs: The runs of each split, by `subset/split`.
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
        parts = pc.extract_regex(ids, ID)
        names, numbers = (pc.struct_field(parts, part) for part in ("place", "number"))
        for name in pc.unique(names).drop_null().to_pylist():
            if name in self.runs:
                mine = np.flatnonzero(to_numpy(pc.fill_null(pc.equal(names, name), False)))
                said = pc.cast(numbers.take(pa.array(mine)), pa.int64()).to_numpy()
                places[mine] = _find(self.runs[name], said)
        return places


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
    runs, count = {}, 0
    for entry in built.ledger:
        parts = [np.empty((2, 0), np.int64), *map(_runs_in, _numbers(out, built, entry))]
        first, last = _joined(np.concatenate(parts, axis=1))
        sizes = last - first + 1
        if len(sizes):
            place = f"{entry.subset}/{entry.split}"
            runs[place] = _Runs(first, last, count + np.cumsum(sizes) - sizes)
            count += int(sizes.sum())
    return RowIds(runs, count)


def _numbers(out: StoragePath, built: Manifest, entry: LedgerEntry) -> Iterator[Index]:
    """The numbers of a split's rows, kept ones first, in batches that are not empty."""
    try:
        for ids in _ids(out, built, entry):
            if len(ids):
                yield numbers_of(ids, f"{entry.subset}/{entry.split}")
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

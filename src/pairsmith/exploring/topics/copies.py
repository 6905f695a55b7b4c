"""Rows whose texts are almost the same, in groups, so that they can be counted once.

Each text of a row is a set of runs of five words, as for near duplicates in an audit. Candidates
come from MinHash sketches of all of a row's texts and are compared exactly, text by text: a row
that shares a long description with another, and says something else, is no copy of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.auditing.content.words import LONGEST
from pairsmith.auditing.similarity.candidates import (
    EFFORT,
    EFFORT_PER_ROW,
    Clusters,
    Compare,
    Search,
)
from pairsmith.auditing.similarity.shingles import (
    BLOCK_ROWS,
    WHOLE,
    Hashes,
    Shingles,
    gather,
    join,
    tokenise,
)
from pairsmith.auditing.similarity.sketches import Sets, bands_of
from pairsmith.statistics.bootstrap import Floats
from pairsmith.text.spans import Index

ALIKE = 0.6
"""Texts are almost the same if they share this part of their runs of five words (Jaccard)."""
BANDS, SLOTS = 20, 4
"""Of a sketch: of rows just as alike, 6 in 100 are missed, of those that share 0.7, 4 in 1,000."""


def find_copies(columns: Sequence[pa.StringArray]) -> Index:
    """Groups rows whose texts are almost the same, directly or through others.

    Args:
        columns: One or two texts of each of m rows, none null; the first `LONGEST` characters of
            each count.

    Returns:
        m numbers: the least place of each row's group.
    """
    count = len(columns[0])
    found = np.arange(count)
    with TemporaryDirectory() as folder:
        sets, keys = _sketch(columns, Path(folder) / "sets")
        some = np.flatnonzero(np.diff(sets.offsets))
        if len(some) < 2:
            return found
        own = Sets(sets.path, sets.offsets[np.append(some, count)])
        goal = Clusters(len(some))
        effort = EFFORT + EFFORT_PER_ROW * len(some)
        Search(_comparer(own, len(columns)), ALIKE, effort).run(keys[some], goal)
    _, firsts, labels = np.unique(goal.labels, return_index=True, return_inverse=True)
    found[some] = some[firsts][labels]
    return found


def _sketch(columns: Sequence[pa.StringArray], path: Path) -> tuple[Sets, Hashes]:
    """The sets of all rows, in a file, and their band keys."""
    keys, sizes = [np.empty((0, BANDS), np.uint64)], [np.empty(0, np.int64)]
    with path.open("wb") as file:
        for first in range(0, len(columns[0]), BLOCK_ROWS):
            made = _shingle([column.slice(first, BLOCK_ROWS) for column in columns])
            file.write(made.elements.data)
            sizes.append(np.diff(made.offsets))
            keys.append(bands_of(made, BANDS, SLOTS))
    offsets = np.append(0, np.cumsum(np.concatenate(sizes)))
    return Sets(path, offsets), np.concatenate(keys)


def _shingle(columns: Sequence[pa.StringArray]) -> Shingles:
    """The sets of at most `BLOCK_ROWS` rows: the text of column i has the bit 2 ** i."""
    rows, hashes, parts = [], [], []
    for number, column in enumerate(columns):
        of, held = join(tokenise(pc.utf8_slice_codeunits(column, 0, LONGEST)))
        rows.append(of)
        hashes.append(held)
        parts.append(np.full(len(of), 1 << number))
    return gather(
        np.concatenate(rows), np.concatenate(hashes), np.concatenate(parts), len(columns[0])
    )


def _comparer(sets: Sets, columns: int) -> Compare:
    """How alike two rows are: as those of their texts that are least so."""

    def compare(left: Index, right: Index) -> Floats:
        if columns == 1:
            return sets.jaccard(left, right, (WHOLE, WHOLE))
        least = np.ones(len(left))
        for part in (1 << number for number in range(columns)):
            alike = sets.jaccard(left, right, (part, part))
            absent = (sets.sizes(left, part) == 0) & (sets.sizes(right, part) == 0)
            least = np.minimum(least, np.where(absent, 1.0, alike))
        return least

    return compare

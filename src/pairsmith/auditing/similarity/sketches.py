"""MinHash sketches of all rows in memory, as band keys, and their sets of shingles on disk.

A sketch agrees with another in a slot with the chance of the Jaccard similarity of their sets
(Broder, 1997); rensa makes them, by a variant of Fast Similarity Sketching (Dahlgaard, Knudsen and
Thorup, 2017). Of b bands of r slots each, at least one agrees with the chance 1 - (1 - s^r)^b
(Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, chapter 3).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairsmith.auditing.similarity.shingles import (
    BLOCK_ROWS,
    HASH_BITS,
    PART_BITS,
    PROMPT,
    WHOLE,
    Hashes,
    Shingles,
    mix,
    shingle,
)
from pairsmith.dataset.reader import Batch, Dataset, of_rows
from pairsmith.engines.threads import overlap
from pairsmith.text.spans import Index, Mask

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

BANDS, ROWS = 16, 5
"""The bands of a sketch, and the slots of each."""

SEED = 20_240_413
"""Of the sketches: the same rows have the same at every call."""

TOGETHER = 1 << 18
"""Elements that a thread compares at once, about: 2 MB, several times."""


def miss(similarity: float, bands: int = BANDS, rows: int = ROWS) -> float:
    """The chance that two sets of this Jaccard similarity agree in no band."""
    return float((1 - similarity**rows) ** bands)


class Sketch(NamedTuple):
    """What is kept of n rows.

    Attributes:
        shingles: Their sets.
        whole: n × `BANDS` band keys of all that a row says.
        prompt: The same of the prompts; no rows where they were not asked for.
        prompt_sizes: The shingles of each prompt; none where they were not asked for.
    """

    shingles: Shingles
    whole: Hashes
    prompt: Hashes
    prompt_sizes: Index


@dataclass(frozen=True)
class Sets:
    """Sets of shingles in a file, one behind another.

    Attributes:
        path: The file: elements as `Shingles` has them.
        offsets: n + 1 numbers.
    """

    path: Path
    offsets: Index

    def pick(self, rows: Index, part: int) -> csr_matrix:
        """The sets of some rows, as rows of a sparse matrix, a column a shingle.

        Args:
            rows: k numbers of rows, any number of times.
            part: Bits of the texts whose shingles count, such as `PROMPT`.
        """
        from scipy.sparse import csr_matrix

        elements, ends = self._read(rows)
        if part != WHOLE:
            own = (elements & np.uint64(part)) != 0
            ends, elements = np.append(0, np.cumsum(own))[ends], elements[own]
        columns = elements.view(np.int64) >> PART_BITS
        ones = np.ones(len(columns), np.int8)
        made = csr_matrix((ones, columns, ends), shape=(len(rows), 1 << HASH_BITS))
        made.has_canonical_format = True  # ascending, none twice: compared by one merge
        return made

    def _read(self, rows: Index) -> tuple[Hashes, Index]:
        sizes = np.diff(self.offsets)[rows]
        ends = np.append(0, np.cumsum(sizes))
        if not ends[-1]:
            return np.empty(0, np.uint64), ends
        places = np.arange(ends[-1]) + np.repeat(self.offsets[rows] - ends[:-1], sizes)
        return np.memmap(self.path, np.uint64, "r")[places], ends

    def jaccard(self, left: Index, right: Index, parts: tuple[int, int]) -> NDArray[np.float64]:
        """The exact Jaccard similarity of pairs of rows; 0 where neither has a shingle.

        Args:
            left: k numbers of rows.
            right: The same.
            parts: Which texts of the left one are compared with which of the right one.
        """
        sizes = np.diff(self.offsets)
        work = np.cumsum(sizes[left] + sizes[right])
        cuts = np.searchsorted(work, np.arange(TOGETHER, work[-1:].sum(), TOGETHER))

        def compare(some: Index) -> NDArray[np.float64]:
            a, b = self.pick(left[some], parts[0]), self.pick(right[some], parts[1])
            common = np.diff(a.multiply(b).indptr)
            union = np.diff(a.indptr) + np.diff(b.indptr) - common
            found: NDArray[np.float64] = common / np.maximum(union, 1)
            return found

        runs = (some for some in np.split(np.arange(len(left)), cuts) if len(some))
        return np.concatenate([np.empty(0), *overlap(runs, compare, os.cpu_count() or 1)])


@dataclass(frozen=True)
class Sketches:
    """Sketches of the rows that were asked for.

    Attributes:
        sets: Their sets.
        whole, prompt, prompt_sizes: Their band keys, and more; see `Sketch`.
    """

    sets: Sets
    whole: Hashes
    prompt: Hashes
    prompt_sizes: Index


def sketch_rows(data: Dataset, wanted: Mask, prompts: bool, folder: Path) -> Sketches:
    """Sketches kept rows of a dataset.

    Args:
        data: The dataset.
        wanted: A flag for each kept row: which are sketched, and numbered anew in this order; at
            least one.
        prompts: Whether prompts get sketches of their own.
        folder: Where the sets go.
    """
    path, made = folder / "sets", []
    blocks = _blocks(data.batches(), wanted)
    with path.open("wb") as file:
        for block in overlap(blocks, lambda block: _sketch(*block, prompts), os.cpu_count() or 1):
            file.write(block.shingles.elements.data)
            sizes = np.diff(block.shingles.offsets)  # the sets themselves stay on the disk
            made.append((sizes, block.whole, block.prompt, block.prompt_sizes))
    sizes, *rest = (np.concatenate(columns) for columns in zip(*made, strict=True))
    return Sketches(Sets(path, np.append(0, np.cumsum(sizes))), *rest)


def _blocks(batches: Iterator[Batch], wanted: Mask) -> Iterator[tuple[Batch, Index]]:
    for batch in batches:
        rows = np.flatnonzero(wanted[batch.first :][: len(batch.ids)])
        for first in range(0, len(rows), BLOCK_ROWS):
            yield batch, rows[first : first + BLOCK_ROWS]


def _sketch(batch: Batch, rows: Index, prompts: bool) -> Sketch:
    made = shingle(of_rows(batch.chosen, rows), of_rows(batch.rejected, rows))
    whole = bands_of(made)
    if not prompts:
        return Sketch(made, whole, whole[:0], made.offsets[:0])
    own = (made.elements & np.uint64(PROMPT)) != 0
    offsets = np.append(0, np.cumsum(own))[made.offsets]
    prompt = bands_of(Shingles(offsets, made.elements[own]))
    return Sketch(made, whole, prompt, np.diff(offsets))


def bands_of(shingles: Shingles) -> Hashes:
    """The band keys of n sets, n × `BANDS`; what they are for an empty set means nothing."""
    from rensa import RMinHash

    hashes = mix(shingles.elements >> np.uint64(PART_BITS))
    offsets = shingles.offsets.astype(np.uint64)
    size = BANDS * ROWS
    made = RMinHash.digest_matrix_from_flat_token_hashes(hashes, offsets, num_perm=size, seed=SEED)
    slots = np.array(made.to_rows(), np.uint64).reshape(len(offsets) - 1, BANDS, ROWS)
    keys = np.full(slots.shape[:2], SEED, np.uint64)
    for slot in range(ROWS):
        keys = mix(keys ^ slots[:, :, slot])
    return keys

"""MinHash sketches of all rows in memory, as band keys, and their sets of shingles on disk.

Two sketches agree in a slot with a probability equal to the Jaccard similarity s of their sets
(Broder, 1997); rensa computes them, by a variant of Fast Similarity Sketching (Dahlgaard, Knudsen
and Thorup, 2017). Of b bands of r slots each, at least one agrees with the probability
1 - (1 - s^r)^b (Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, chapter 3).
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
"""The bands of a sketch, and the slots of each band."""

SEED = 20_240_413
"""The seed of the hash functions: equal rows get equal sketches at every call."""

BLOCK_ELEMENTS = 1 << 18
"""About how many elements a thread compares at a time: 2 MB, in several copies."""


def miss(similarity: float, bands: int = BANDS, rows: int = ROWS) -> float:
    """The probability that two sets of this Jaccard similarity agree in no band, and are missed.

    >>> round(miss(0.8), 5)  # (1 - 0.8 ** 5) ** 16
    0.00174
    """
    return float((1 - similarity**rows) ** bands)


class Sketch(NamedTuple):
    """The sketches of a block of n rows.

    Attributes:
        shingles: Their n sets of shingles.
        whole: Band keys of prompt and both replies together, shape (n, `BANDS`).
        prompt: Band keys of the prompts alone, of the same shape; shape (0, `BANDS`) if prompts
            are not sketched.
        prompt_sizes: The number of shingles of each prompt, shape (n,); empty if prompts are not
            sketched.
    """

    shingles: Shingles
    whole: Hashes
    prompt: Hashes
    prompt_sizes: Index


@dataclass(frozen=True)
class Sets:
    """The sets of shingles of n rows, concatenated in a file.

    Attributes:
        path: The file: elements as in `Shingles`, uint64.
        offsets: n + 1 numbers, counted in elements.
    """

    path: Path
    offsets: Index

    def pick(self, rows: Index, part: int) -> csr_matrix:
        """Reads the sets of k rows as a sparse matrix, a row of 0 and 1 per set.

        Args:
            rows: k row numbers, in any order, repeated or not.
            part: Bits of the texts whose shingles count, such as `PROMPT`.

        Returns:
            A matrix of shape (k, 2 ** `HASH_BITS`), a column per shingle hash.
        """
        from scipy.sparse import csr_matrix

        elements, ends = self._read(rows)
        if part != WHOLE:
            own = (elements & np.uint64(part)) != 0
            ends, elements = np.append(0, np.cumsum(own))[ends], elements[own]
        columns = elements.view(np.int64) >> PART_BITS
        ones = np.ones(len(columns), np.int8)
        matrix = csr_matrix((ones, columns, ends), shape=(len(rows), 1 << HASH_BITS))
        matrix.has_canonical_format = True  # columns ascend without repetition: merged in one pass
        return matrix

    def _read(self, rows: Index) -> tuple[Hashes, Index]:
        sizes = np.diff(self.offsets)[rows]
        ends = np.append(0, np.cumsum(sizes))
        if not ends[-1]:
            return np.empty(0, np.uint64), ends
        places = np.arange(ends[-1]) + np.repeat(self.offsets[rows] - ends[:-1], sizes)
        return np.memmap(self.path, np.uint64, "r")[places], ends

    def sizes(self, rows: Index, part: int) -> Index:
        """How many shingles each of k rows has in texts of these bits."""
        elements, ends = self._read(rows)
        own = (elements & np.uint64(part)) != 0
        return np.diff(np.append(0, np.cumsum(own))[ends]).astype(np.int64)

    def jaccard(self, left: Index, right: Index, parts: tuple[int, int]) -> NDArray[np.float64]:
        """Computes the exact Jaccard similarity of k pairs of rows.

        Args:
            left: k row numbers.
            right: k row numbers.
            parts: Bits of the texts of the left row, and of those of the right row, that are
                compared.

        Returns:
            k numbers from 0 to 1; 0 where neither row has a shingle.
        """
        sizes = np.diff(self.offsets)
        work = np.cumsum(sizes[left] + sizes[right])
        cuts = np.searchsorted(work, np.arange(BLOCK_ELEMENTS, work[-1:].sum(), BLOCK_ELEMENTS))

        def compare(some: Index) -> NDArray[np.float64]:
            a, b = self.pick(left[some], parts[0]), self.pick(right[some], parts[1])
            common = np.diff(a.multiply(b).indptr)
            union = np.diff(a.indptr) + np.diff(b.indptr) - common
            scores: NDArray[np.float64] = common / np.maximum(union, 1)
            return scores

        runs = (some for some in np.split(np.arange(len(left)), cuts) if len(some))
        return np.concatenate([np.empty(0), *overlap(runs, compare, os.cpu_count() or 1)])


@dataclass(frozen=True)
class Sketches:
    """The sketches of all selected rows, numbered in order.

    Attributes:
        sets: Their sets of shingles.
        whole, prompt, prompt_sizes: As in `Sketch`.
    """

    sets: Sets
    whole: Hashes
    prompt: Hashes
    prompt_sizes: Index


def sketch_rows(data: Dataset, selected: Mask, prompts: bool, folder: Path) -> Sketches:
    """Sketches selected kept rows of a dataset, on as many threads as there are processors.

    Args:
        data: The dataset.
        selected: A flag per kept row, at least one set: the rows to sketch, numbered anew from 0 in
            this order.
        prompts: Whether prompts get sketches of their own.
        folder: An existing folder; the sets are written to a file in it.
    """
    path, made = folder / "sets", []
    blocks = _blocks(data.batches(), selected)
    with path.open("wb") as file:
        for block in overlap(blocks, lambda block: _sketch(*block, prompts), os.cpu_count() or 1):
            file.write(block.shingles.elements.data)
            sizes = np.diff(block.shingles.offsets)  # the sets themselves stay on disk
            made.append((sizes, block.whole, block.prompt, block.prompt_sizes))
    sizes, *rest = (np.concatenate(columns) for columns in zip(*made, strict=True))
    return Sketches(Sets(path, np.append(0, np.cumsum(sizes))), *rest)


def _blocks(batches: Iterator[Batch], selected: Mask) -> Iterator[tuple[Batch, Index]]:
    """At most `BLOCK_ROWS` selected rows at a time, by their numbers within the batch."""
    for batch in batches:
        rows = np.flatnonzero(selected[batch.first :][: len(batch.ids)])
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


def bands_of(shingles: Shingles, bands: int = BANDS, rows: int = ROWS) -> Hashes:
    """Computes band keys of n sets, shape (n, bands); those of an empty set are meaningless."""
    from rensa import RMinHash

    hashes = mix(shingles.elements >> np.uint64(PART_BITS))
    offsets = shingles.offsets.astype(np.uint64)
    size = bands * rows
    made = RMinHash.digest_matrix_from_flat_token_hashes(hashes, offsets, num_perm=size, seed=SEED)
    slots = np.array(made.to_rows(), np.uint64).reshape(len(offsets) - 1, bands, rows)
    keys = np.full(slots.shape[:2], SEED, np.uint64)
    for slot in range(rows):
        keys = mix(keys ^ slots[:, :, slot])
    return keys

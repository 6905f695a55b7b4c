"""Rows of token ids in batches of like length: by a budget of tokens, so that little is padding.

A batch is a rectangle of its number of rows by its longest row. Rows are sorted by length before
they are cut into batches, the longest first: what does not fit a device fails at once. Which rows
share a batch depends on lengths and budget alone.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairsmith.tokens.ragged import Ragged, positions

Rows = NDArray[np.int64]
NEAR, WORTH = 0.9, 8
"""A row shorter than this share of the longest begins a batch, if what there is makes one of
this part of the budget."""


class Work(NamedTuple):
    """How much a model was given to read.

    Attributes:
        tokens: The tokens of the rows.
        places: The places of the rectangles that they were put in; those without a token are
            padding.
    """

    tokens: int = 0
    places: int = 0

    @property
    def padding(self) -> float:
        """The share of places that are padding, from 0 to 1; 0 where nothing was read."""
        return 1 - self.tokens / self.places if self.places else 0.0

    def plus(self, other: Work) -> Work:
        """Both together."""
        return Work(self.tokens + other.tokens, self.places + other.places)


def plan_batches(lengths: NDArray[np.int64], budget: int) -> list[Rows]:
    """Cuts rows into batches.

    Args:
        lengths: The number of tokens of each of n rows.
        budget: At most this many places in a batch; a longer row is a batch by itself.

    Returns:
        The numbers of the rows of each batch, all n of them once.
    """
    order = np.argsort(-lengths, kind="stable")
    batches, start, longest = list[Rows](), 0, 0
    for end, length in enumerate([*lengths[order].tolist(), 0]):
        places = (end - start) * longest
        full = places + longest > budget or end == len(order)
        if end > start and (full or (places * WORTH > budget and length < NEAR * longest)):
            batches.append(order[start:end])
            start = end
        if start == end:
            longest = max(1, length)
    return batches


def work_of(lengths: NDArray[np.int64], batches: list[Rows]) -> Work:
    """How much there is to read in these batches of rows of these lengths."""
    places = sum(len(rows) * int(lengths[rows].max()) for rows in batches)
    return Work(int(lengths.sum()), places)


def fill(rows: Ragged, numbers: Rows, pad: int) -> NDArray[np.int64]:
    """Rows of ids as a rectangle, padded on the right.

    Args:
        rows: The rows.
        numbers: Which of them; at least one.
        pad: What stands where a row has no token.

    Returns:
        Ids, shape (len(numbers), the longest of them).
    """
    starts, lengths = rows.starts[numbers], rows.lengths[numbers]
    places = np.arange(max(1, int(lengths.max())))
    inside = places < lengths[:, None]
    held = np.full(inside.shape, pad, np.int64)
    held[inside] = rows.ids[(starts[:, None] + places)[inside]]
    return held


def join(first: Ragged, second: Ragged) -> Ragged:
    """Each row of the first with that of the second behind it."""
    lengths = first.lengths + second.lengths
    ends = np.cumsum(lengths)
    ids = np.empty(int(lengths.sum()), np.int32)
    for part, offsets in ((first, ends - lengths), (second, ends - second.lengths)):
        row, place = positions(part)
        ids[place + (offsets - part.starts)[row]] = part.ids[place]
    return Ragged(ids, ends - lengths, ends)

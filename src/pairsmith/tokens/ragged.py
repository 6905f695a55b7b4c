"""Lists of token ids as columns: one flat array of ids, and where each row's begin and end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

NO_ID = -1
"""Fills places where a row has no token."""


class Ragged(NamedTuple):
    """A list of token ids a row; slices of it share the ids.

    Attributes:
        ids: The ids of all rows, int32, shape (tokens,).
        starts, ends: Where those of each row begin and end in `ids`, int64, shape (rows,).
    """

    ids: NDArray[np.int32]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """The number of tokens of each row."""
        return self.ends - self.starts

    def row(self, number: int) -> list[int]:
        """The ids of one row."""
        ids: list[int] = self.ids[self.starts[number] : self.ends[number]].tolist()
        return ids

    def take(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> Ragged:
        """The rows where the mask is true, or those of the numbers."""
        return Ragged(self.ids, self.starts[rows], self.ends[rows])

    def first(self, tokens: NDArray[np.int64]) -> Ragged:
        """The first tokens of each row, at most the given number, shape (rows,)."""
        return Ragged(self.ids, self.starts, np.minimum(self.ends, self.starts + tokens))

    def after(self, tokens: NDArray[np.int64]) -> Ragged:
        """Each row without its first tokens, as many as given, shape (rows,)."""
        return Ragged(self.ids, np.minimum(self.ends, self.starts + tokens), self.ends)

    def joined(self, counts: NDArray[np.int64]) -> Ragged:
        """Rows joined to longer ones, each of as many as told, at least one."""
        lengths = self.lengths
        ends = np.cumsum(lengths)
        places = np.arange(ends[-1]) + np.repeat(self.starts - (ends - lengths), lengths)
        bounds = np.append(0, ends[np.cumsum(counts) - 1])
        return Ragged(self.ids[places], bounds[:-1], bounds[1:])


def concatenate(first: Ragged, second: Ragged) -> Ragged:
    """The rows of both."""
    more = len(first.ids)
    return Ragged(
        np.concatenate([first.ids, second.ids]),
        np.concatenate([first.starts, second.starts + more]),
        np.concatenate([first.ends, second.ends + more]),
    )


def from_lists(lists: Sequence[Sequence[int]]) -> Ragged:
    """Lists of ids as columns."""
    held = pa.array(lists, pa.list_(pa.int32()))
    offsets = held.offsets.to_numpy().astype(np.int64)
    return Ragged(held.values.to_numpy(), offsets[:-1], offsets[1:])


def positions(rows: Ragged) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For every token of the rows: its row, and its place in `ids`; both shape (tokens,)."""
    lengths = rows.lengths
    row = np.repeat(np.arange(len(lengths)), lengths)
    before = np.cumsum(lengths) - lengths
    return row, np.arange(len(row)) + np.repeat(rows.starts - before, lengths)


def common_prefix(left: Ragged, right: Ragged) -> NDArray[np.int64]:
    """The length of the common prefix of each two rows in tokens, shape (rows,)."""
    shared = np.minimum(left.lengths, right.lengths)
    row, place = positions(left.first(shared))
    differ = left.ids[place] != right.ids[place + np.repeat(right.starts - left.starts, shared)]
    row, place = row[differ], place[differ]
    first = np.flatnonzero(np.diff(row, prepend=-1))  # rows ascend
    shared[row[first]] = place[first] - left.starts[row[first]]
    return shared


def same_tokens(left: Ragged, right: Ragged) -> NDArray[np.bool_]:
    """Whether each two rows have the same tokens, shape (rows,)."""
    same = np.equal(left.lengths, right.lengths)
    same[same] = common_prefix(left.take(same), right.take(same)) == left.lengths[same]
    return same


def first_tokens(rows: Ragged, width: int) -> NDArray[np.int32]:
    """The first tokens of each row, `NO_ID` where it is shorter, shape (rows, width)."""
    return _at(rows, rows.starts[:, None] + np.arange(width))


def last_tokens(rows: Ragged, width: int) -> NDArray[np.int32]:
    """The last tokens of each row, the last one first, as `first_tokens`."""
    return _at(rows, rows.ends[:, None] - 1 - np.arange(width))


def _at(rows: Ragged, places: NDArray[np.int64]) -> NDArray[np.int32]:
    inside = (places >= rows.starts[:, None]) & (places < rows.ends[:, None])
    ids = np.append(rows.ids, np.int32(NO_ID))
    return ids[np.where(inside, places, len(rows.ids))]

r"""Transcripts to turns, columnar: split on the markers, flatten, combine the offsets.

A transcript's text column is split on ``\n\nHuman:`` and each segment on ``\n\nAssistant:``.
A piece that opens its segment was spoken by the human, every other by the assistant, and the
first piece of a row stands before any marker. That is exact without a sentinel character: the
two markers cannot overlap, since neither's end is a beginning of the other.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

HUMAN = "\n\nHuman:"
ASSISTANT = "\n\nAssistant:"
JOINT = "\n\n"
"""Between the contents of neighbouring turns that `merge` makes one: a paragraph's end."""

Mask = NDArray[np.bool_]
Index = NDArray[np.int64]


class Turns(NamedTuple):
    """The turns of n rows, m in all, flattened in order.

    Attributes:
        offsets: n + 1 numbers; the turns of row i are `offsets[i]` to `offsets[i + 1]`.
        user: m flags, true where the human spoke, else the assistant.
        content: m texts, surrounding white space stripped, never null.
        stray: n flags, true where text stands before the first marker.
    """

    offsets: Index
    user: Mask
    content: pa.StringArray
    stray: Mask

    @property
    def counts(self) -> Index:
        """Turns in each row."""
        return np.diff(self.offsets)

    @property
    def rows(self) -> Index:
        """The row of each turn."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    @property
    def positions(self) -> Index:
        """The place of each turn in its row, from 0."""
        return np.arange(len(self.user)) - np.repeat(self.offsets[:-1], self.counts)

    @property
    def last(self) -> Index:
        """The last turn of each row; a row without turns gets a turn that is not its own."""
        return np.clip(self.offsets[1:] - 1, 0, None)

    @property
    def before_last(self) -> Mask:
        """True at every turn but the last of each row."""
        mask = np.ones(len(self.user), bool)
        mask[self.last[self.counts > 0]] = False
        return mask

    @property
    def last_content(self) -> pa.StringArray:
        """The content of each row's last turn; empty for a row without turns."""
        places = pa.array(self.last, mask=self.counts == 0)
        return pc.fill_null(self.content.take(places), "")

    def any(self, mask: Mask) -> Mask:
        """True at the rows in which `mask`, a flag for each turn, holds somewhere."""
        found = np.zeros(len(self.counts), bool)
        found[self.rows[mask]] = True
        return found


def parse(text: pa.StringArray) -> Turns:
    """Splits transcripts into turns.

    Args:
        text: n transcripts; null counts as empty.

    Returns:
        The turns of every row, whatever it holds; a row without a marker has none.
    """
    segments = pc.split_pattern(pc.fill_null(text, ""), HUMAN)
    pieces = pc.split_pattern(segments.flatten(), ASSISTANT)
    content = pc.utf8_trim_whitespace(pieces.flatten())
    opens_segment = pieces.offsets.to_numpy()
    opens_row = opens_segment[segments.offsets.to_numpy()].astype(np.int64)

    user = np.zeros(len(content), bool)
    user[opens_segment[:-1]] = True
    turn = np.ones(len(content), bool)
    turn[opens_row[:-1]] = False
    return Turns(
        offsets=opens_row - np.arange(len(opens_row)),
        user=user[turn],
        content=content.filter(pa.array(turn)),
        stray=not_blank(content.take(pa.array(opens_row[:-1]))),
    )


def merge(turns: Turns, rows: Mask) -> Turns:
    """Makes neighbouring turns of one speaker one turn, in the rows asked for.

    Args:
        turns: The turns of n rows.
        rows: n flags.
    """
    joins = np.zeros(len(turns.user), bool)
    joins[1:] = turns.user[1:] == turns.user[:-1]
    joins &= (turns.positions > 0) & rows[turns.rows]
    groups = np.append(np.flatnonzero(~joins), len(joins))
    content = pc.binary_join(list_array(groups, turns.content), JOINT)
    return Turns(
        offsets=np.searchsorted(groups, turns.offsets),
        user=turns.user[~joins],
        content=pc.utf8_trim_whitespace(content),
        stray=turns.stray,
    )


def select(turns: Turns, mask: Mask) -> Turns:
    """The turns at which `mask`, a flag for each turn, holds; the rows stay as many."""
    kept = np.concatenate([[0], np.cumsum(mask)])
    return Turns(
        offsets=kept[turns.offsets],
        user=turns.user[mask],
        content=turns.content.filter(pa.array(mask)),
        stray=turns.stray,
    )


def not_blank(content: pa.StringArray) -> Mask:
    """True where a stripped content holds anything."""
    return to_numpy(pc.greater(pc.binary_length(content), 0))


def list_array(offsets: Index, values: pa.Array, null: Mask | None = None) -> pa.ListArray:
    """A list array over `values`, null at the rows where `null` holds."""
    mask = None if null is None else pa.array(null)
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values, mask=mask)


def to_numpy(flags: pa.BooleanArray) -> Mask:
    """A Boolean array without nulls as a numpy array."""
    return np.asarray(flags.to_numpy(zero_copy_only=False), bool)

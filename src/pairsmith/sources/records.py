"""Rows as a file has them, before any of them is read: what cutting a file gives.

`Records` are slices of a block of text. Formats whose rows are columns already yield
`formats.table.TableRows`. Where blocks are cut depends on the content alone, never on how it
arrived.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from pairsmith.errors import DamagedInputError
from pairsmith.sources.json_faults import load_object

BLOCK_ROWS = 5_000
BLOCK_BYTES = 32 << 20
"""A block has at most this many rows, and, if it has more than one, bytes."""

RECORD_BYTES = 128 << 20
"""A record that goes on for longer than this is no row: the file is taken as damaged."""

Index = NDArray[np.int64]


class Rows(Protocol):
    """n rows of a file: each knows its number, its line and its own bytes."""

    @property
    def numbers(self) -> Index:
        """Each row's number in the file, from 1: n of them, ascending."""

    @property
    def lines(self) -> Index:
        """The line that each row begins in, from 1; its number where a file has no lines."""

    def raw(self, row: int) -> bytes:
        """One row as quarantine holds it, JSON: as the file has it, or made of its columns."""

    def load(self, row: int) -> dict[str, Any] | str:
        """One row as of JSON, or a sentence on why it cannot be read."""

    def part(self, start: int, size: int) -> Self:
        """The `size` rows from `start` on."""

    def take(self, which: Index) -> Self:
        """Some rows, by their places in ascending order."""


class Records(NamedTuple):
    """The rows of a block.

    Attributes:
        data: The block, or a view of it where it lies among others; between two rows it holds
            nothing but white space.
        starts, ends: Each row's place in the block, without surrounding white space.
        numbers: Each row's number in the file, from 1: its line, or its place in the array.
        lines: The line that each row begins in, from 1.
    """

    data: bytes | memoryview
    starts: Index
    ends: Index
    numbers: Index
    lines: Index

    @property
    def rows(self) -> int:
        """How many there are."""
        return len(self.starts)

    def raw(self, row: int) -> bytes:
        """One row's bytes as the file has them."""
        return bytes(self.data[self.starts[row] : self.ends[row]])

    def load(self, row: int) -> dict[str, Any] | str:
        """One row as an object, or a sentence on why it is none."""
        return load_object(self.raw(row))

    def part(self, start: int, size: int) -> Records:
        """The `size` rows from `start` on."""
        places = (column[start : start + size] for column in self[1:])
        return Records(self.data, *places)

    def take(self, which: Index) -> Records:
        """Some rows, by their places in ascending order; their bytes are copied."""
        held = [self.raw(row) for row in which.tolist()]
        sizes = np.array([len(raw) for raw in held], np.int64)
        ends = np.cumsum(sizes + 1) - 1  # a newline stands between two
        data = b"\n".join(held)
        return Records(data, ends - sizes, ends, self.numbers[which], self.lines[which])


def after(error: DamagedInputError, count: int, what: str) -> DamagedInputError:
    """The fault, and how much of the file came whole before it."""
    said = f"1 whole {what} comes" if count == 1 else f"{count:,} whole {what}s come"
    return DamagedInputError(f"{error.message} {said} before that.", error.hint)

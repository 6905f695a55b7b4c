"""Bytes to records: the rows of a file as slices of a block, not yet read as JSON.

Where blocks are cut depends on the content alone, never on how it arrived. Lines are cut here,
the elements of a JSON array in `arrays`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairsmith.errors import DamagedInputError

BLOCK_ROWS = 5_000
BLOCK_BYTES = 32 << 20
RECORD_BYTES = 128 << 20
"""A record that goes on for longer than this is no row: the file is taken as damaged."""

NEWLINE, RETURN, OPEN, CLOSE, BLANK = ord("\n"), ord("\r"), ord("{"), ord("}"), b" \t\r\n"

Index = NDArray[np.int64]


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

    def part(self, start: int, size: int) -> Records:
        """So many rows from `start` on."""
        places = (column[start : start + size] for column in self[1:])
        return Records(self.data, *places)


def after(error: DamagedInputError, count: int, what: str) -> DamagedInputError:
    """The fault, and how much of the file came whole before it."""
    said = f"1 whole {what} comes" if count == 1 else f"{count:,} whole {what}s come"
    return DamagedInputError(f"{error.message} {said} before that.", error.hint)


def read_lines(
    chunks: Iterator[bytes], name: str, rows: int | None = None, line: int = 1
) -> Iterator[Records]:
    """Cuts lines into blocks; blank lines are no rows.

    Arguments and faults as `read_records`; `line` is the number of the first line.
    """
    rows = rows or BLOCK_ROWS
    held: list[bytes] = []
    size, breaks = 0, np.empty(0, np.int64)
    fault: DamagedInputError | None = None
    try:
        for chunk in chunks:
            found = np.flatnonzero(np.frombuffer(chunk, np.uint8) == NEWLINE)
            breaks = np.append(breaks, found + size)
            held.append(chunk)
            size += len(chunk)
            if _full(breaks, size, rows):
                data, start = b"".join(held), 0
                while (count := _full(breaks - start, size - start, rows)) > 0:
                    yield _cut(data, start, breaks[:count], line)
                    line += count
                    start, breaks = int(breaks[count - 1]) + 1, breaks[count:]
                held, size, breaks = [data[start:]], size - start, breaks - start
            unended = size - (int(breaks[-1]) + 1 if len(breaks) else 0)
            if unended > RECORD_BYTES:
                raise _endless(name, line + len(breaks))
    except DamagedInputError as error:
        fault = error
    else:
        if size and (len(breaks) == 0 or breaks[-1] != size - 1):
            breaks = np.append(breaks, size)
    data, start = b"".join(held), 0
    while len(breaks):
        count = _full(breaks - start, size - start, rows) or len(breaks)
        yield _cut(data, start, breaks[:count], line)
        line += count
        start, breaks = int(breaks[count - 1]) + 1, breaks[count:]
    if fault:
        raise after(fault, line - 1, "line")


def _full(breaks: Index, size: int, rows: int) -> int:
    """How many lines make a block, or 0 where there are not yet enough."""
    if len(breaks) >= rows or (len(breaks) and size > BLOCK_BYTES):
        within = int(np.searchsorted(breaks, BLOCK_BYTES, side="right"))
        return min(max(within, 1), rows, len(breaks))
    return 0


def _cut(data: bytes, start: int, breaks: Index, line: int) -> Records:
    """The lines from `start` that end at these breaks, trimmed, the blank ones left out."""
    held = np.frombuffer(data, np.uint8)
    starts = np.concatenate([[start], breaks[:-1] + 1])
    ends = breaks - ((breaks > starts) & (held[breaks - 1] == RETURN))
    lines = np.arange(line, line + len(breaks))
    full = ends > starts
    starts, ends, lines = starts[full], ends[full], lines[full]
    ragged = (held[starts] != OPEN) | (held[ends - 1] != CLOSE)
    for row in np.flatnonzero(ragged).tolist():
        text = data[starts[row] : ends[row]]
        starts[row] += len(text) - len(text.lstrip(BLANK))
        ends[row] = starts[row] + len(text.strip(BLANK))
    full = ends > starts
    block = memoryview(data)[start : breaks[-1]]
    return Records(block, starts[full] - start, ends[full] - start, lines[full], lines[full])


def _endless(name: str, line: int) -> DamagedInputError:
    return DamagedInputError(
        f"{name}: line {line:,} is longer than {RECORD_BYTES:,} bytes.",
        "No conversation is so long: look at the file there.",
    )

"""JSON lines to records: cut at line ends, not yet read as JSON."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pairsmith.errors import DamagedInputError
from pairsmith.sources import records
from pairsmith.sources.columnar.parse import CLOSE, OPEN
from pairsmith.sources.records import Index, Records, after

NEWLINE, RETURN, BLANK = ord("\n"), ord("\r"), b" \t\r\n"


def read_lines(
    chunks: Iterator[bytes], name: str, rows: int | None = None, line: int = 1
) -> Iterator[Records]:
    """Cuts lines into blocks; blank lines are no rows.

    Arguments and faults as `read_records`; `line` is the number of the first line.
    """
    rows = rows or records.BLOCK_ROWS
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
            if unended > records.RECORD_BYTES:
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
    if len(breaks) >= rows or (len(breaks) and size > records.BLOCK_BYTES):
        within = int(np.searchsorted(breaks, records.BLOCK_BYTES, side="right"))
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
        f"{name}: line {line:,} is longer than {records.RECORD_BYTES:,} bytes.",
        "No conversation is so long: look at the file there.",
    )

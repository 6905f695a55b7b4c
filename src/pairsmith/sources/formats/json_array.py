"""One JSON array to records: its elements, found by brackets and strings alone.

Whether an element is JSON is for `parse` to say, as with a line; so one bad element costs
itself. Only an array whose brackets never close is damaged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

import numpy as np

from pairsmith.errors import DamagedInputError
from pairsmith.sources import records
from pairsmith.sources.formats.jsonl import BLANK
from pairsmith.sources.records import Records, after

# a string, a bracket or a comma; a quotation mark alone opens a string that goes on
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[\[\]{},"]', re.DOTALL)
_STEP = {b"[": 1, b"{": 1, b"]": -1, b"}": -1}

MEND = "Mend the file there, or fetch it again."

Element: TypeAlias = tuple[bytes, int]
"""An element's bytes, stripped, and the line that it begins in."""


def read_elements(
    chunks: Iterator[bytes], name: str, at_once: int | None = None
) -> Iterator[Records]:
    """Cuts an array's elements into blocks; arguments and faults as `read_records`."""
    at_once = at_once or records.BLOCK_ROWS
    rows: list[Element] = []
    number, size = 0, 0
    try:
        for row in elements(chunks, name):
            rows.append(row)
            size += len(row[0])
            if len(rows) == at_once or size > records.BLOCK_BYTES:
                yield _pack(rows, number)
                number, size, rows = number + len(rows), 0, []
    except DamagedInputError as error:
        if rows:
            yield _pack(rows, number)
        raise after(error, number + len(rows), "element") from None
    if rows:
        yield _pack(rows, number)


def elements(chunks: Iterator[bytes], name: str) -> Iterator[Element]:
    """An array's elements, as they come; faults as `read_elements`."""
    held = _Held(chunks, name)
    held.more()
    held.take(held.data.index(b"[") + 1)
    mark, first = b",", True
    while mark == b",":
        end = held.find_end()
        mark = held.data[end : end + 1]
        if mark not in (b",", b"]"):
            raise held.breaks_off()
        piece = held.data[held.at : end]
        body = piece.lstrip(BLANK)
        line = held.line + piece.count(b"\n", 0, len(piece) - len(body))
        held.take(end + 1)
        if body or mark == b"," or not first:  # [] has no elements, [,] two, both of them bad
            yield body.rstrip(BLANK), line
        first = False
    while not held.take(len(held.data)).strip(BLANK):
        if not held.more():
            return
    raise DamagedInputError(
        f"{name}: something follows the JSON array, in line {held.line:,}.", MEND
    )


class _Held:
    """The part of a text that has been read and not yet taken."""

    def __init__(self, chunks: Iterator[bytes], name: str) -> None:
        self.chunks, self.name = chunks, name
        self.data = b""
        self.at = 0  # what lies before was taken
        self.line = 1  # the line that `at` stands in

    def more(self) -> bool:
        """Reads on, by as much again as is held, so that a long element takes linear time.

        Returns:
            Whether there was anything.
        """
        parts = [self.data[self.at :]]
        if len(parts[0]) > records.RECORD_BYTES:
            raise DamagedInputError(
                f"{self.name}: the element of line {self.line:,} is longer than "
                f"{records.RECORD_BYTES:,} bytes, or its brackets do not close.",
                MEND,
            )
        read = 0
        for chunk in self.chunks:
            parts.append(chunk)
            read += len(chunk)
            if read > 0 and read >= len(parts[0]):  # an empty chunk ends nothing
                break
        self.data, self.at = b"".join(parts), 0
        return read > 0

    def take(self, end: int) -> bytes:
        """Hands out what lies before `end`."""
        taken = self.data[self.at : end]
        self.at = end
        self.line += taken.count(b"\n")
        return taken

    def find_end(self) -> int:
        """Where the next comma or bracket outside the element at `at` stands.

        Raises:
            DamagedInputError: There is none.
        """
        scan, depth = self.at, 0
        while True:
            match = _TOKEN.search(self.data, scan)
            if match is None or match[0] == b'"':
                scan = (match.start() if match else len(self.data)) - self.at
                if not self.more():
                    raise self.breaks_off()
                continue
            if depth == 0 and match[0] in (b",", b"]", b"}"):
                return match.start()
            depth += _STEP.get(match[0], 0)
            scan = match.end()

    def breaks_off(self) -> DamagedInputError:
        """The fault of an array whose brackets do not close."""
        line = self.line + self.data.count(b"\n", self.at)
        return DamagedInputError(f"{self.name}: the JSON array breaks off in line {line:,}.", MEND)


def _pack(rows: list[Element], number: int) -> Records:
    sizes = np.array([len(raw) for raw, _ in rows])
    starts = np.concatenate([[0], np.cumsum(sizes + 1)[:-1]])
    return Records(
        data=b"\n".join(raw for raw, _ in rows),
        starts=starts,
        ends=starts + sizes,
        numbers=np.arange(number + 1, number + len(rows) + 1),
        lines=np.array([line for _, line in rows]),
    )

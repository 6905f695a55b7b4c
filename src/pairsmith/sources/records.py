"""Bytes to records: the rows of a file as slices of a block, not yet read as JSON.

A file is JSON lines or one JSON array. Blocks are cut at a number of rows or bytes, so that
they depend on the file alone, never on how it arrived.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairsmith.errors import DamagedInputError

BLOCK_ROWS = 10_000
BLOCK_BYTES = 32 << 20
RECORD_BYTES = 128 << 20
"""A record that goes on for longer than this is no row: the file is taken as damaged."""

NEWLINE, OPEN, CLOSE, BLANK = ord("\n"), ord("{"), ord("}"), b" \t\r\n"

Index = NDArray[np.int64]


class Records(NamedTuple):
    """The rows of a block.

    Attributes:
        data: The block; between two rows it holds nothing but white space.
        starts, ends: Each row's place in the block, without surrounding white space.
        numbers: Each row's number in the file, from 1: its line, or its place in the array.
        lines: The line that each row begins in, from 1.
    """

    data: bytes
    starts: Index
    ends: Index
    numbers: Index
    lines: Index

    def __len__(self) -> int:
        return len(self.starts)

    def raw(self, row: int) -> bytes:
        """One row's bytes as the file has them."""
        return self.data[self.starts[row] : self.ends[row]]


def read_records(chunks: Iterator[bytes], name: str) -> Iterator[Records]:
    """Cuts a file's content into blocks of rows; blank lines are no rows.

    Whatever was read whole before a fault is yielded before the fault is raised.

    Args:
        chunks: The content, decompressed.
        name: What to call the file in a fault.

    Raises:
        DamagedInputError: The content stops short, a JSON array breaks off, or a row has no end.
    """
    try:
        head = next(chunks, b"").removeprefix(codecs.BOM_UTF8)
    except DamagedInputError as error:
        raise _after(error, 0, "line") from None
    chunks = chain([head], chunks)
    yield from _elements(chunks, name) if _is_array(head) else _lines(chunks, name)


def _after(error: DamagedInputError, count: int, what: str) -> DamagedInputError:
    """The fault, and how much of the file came whole before it."""
    said = f"1 whole {what} comes" if count == 1 else f"{count:,} whole {what}s come"
    return DamagedInputError(f"{error.message} {said} before that.", error.hint)


def _is_array(head: bytes) -> bool:
    """Whether a file that begins so is one JSON array, not lines of which the first is one."""
    body = head.lstrip(BLANK)
    if not body.startswith(b"[") or body[1:].lstrip(BLANK)[:1] not in (b"{", b"]", b""):
        return False
    line, _, rest = body.partition(b"\n")
    if not rest.strip(BLANK):
        return True
    try:
        json.loads(line)
    except ValueError:
        return True
    return False


def _lines(chunks: Iterator[bytes], name: str) -> Iterator[Records]:
    block = bytearray()
    breaks: Index = np.empty(0, np.int64)
    line = 1
    fault: DamagedInputError | None = None
    try:
        for chunk in chunks:
            found = np.flatnonzero(np.frombuffer(chunk, np.uint8) == NEWLINE)
            breaks = np.append(breaks, found + len(block))
            block += chunk
            while (count := _full(breaks, len(block))) > 0:
                yield _cut(block, breaks[:count], line)
                line += count
                breaks = _drop(block, breaks, count)
            unended = len(block) - (int(breaks[-1]) + 1 if len(breaks) else 0)
            if unended > RECORD_BYTES:
                raise _endless(name, line + len(breaks))
    except DamagedInputError as error:
        fault = error
    else:
        if block and (len(breaks) == 0 or breaks[-1] != len(block) - 1):
            breaks = np.append(breaks, len(block))
    while len(breaks):
        count = _full(breaks, len(block)) or len(breaks)
        yield _cut(block, breaks[:count], line)
        line += count
        breaks = _drop(block, breaks, count)
    if fault:
        raise _after(fault, line - 1, "line")


def _full(breaks: Index, size: int) -> int:
    """How many lines make a block, or 0 where there are not yet enough."""
    if len(breaks) >= BLOCK_ROWS or (len(breaks) and size > BLOCK_BYTES):
        within = int(np.searchsorted(breaks, BLOCK_BYTES, side="right"))
        return min(max(within, 1), BLOCK_ROWS, len(breaks))
    return 0


def _drop(block: bytearray, breaks: Index, count: int) -> Index:
    """Takes the first lines off the block; returns the breaks of the others."""
    end = int(breaks[count - 1]) + 1
    del block[:end]
    rest: Index = breaks[count:] - end
    return rest


def _cut(block: bytearray, breaks: Index, line: int) -> Records:
    """The lines that end at these breaks, trimmed, the blank ones left out."""
    data = bytes(block[: breaks[-1]])
    starts = np.concatenate([[0], breaks[:-1] + 1])
    ends = breaks.copy()
    padded = np.frombuffer(data + b"\n", np.uint8)
    ragged = (padded[starts] != OPEN) | (padded[ends - 1] != CLOSE)
    for row in np.flatnonzero(ragged).tolist():
        text = data[starts[row] : ends[row]]
        starts[row] += len(text) - len(text.lstrip(BLANK))
        ends[row] = starts[row] + len(text.strip(BLANK))
    lines = np.arange(line, line + len(breaks))
    full = ends > starts
    return Records(data, starts[full], ends[full], lines[full], lines[full])


class _Text:
    """A growing text over chunks, in which a JSON array is read value by value."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.chunks = chunks
        self.decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode
        self.text = ""
        self.place = 0
        self.line = 1
        self.ended = False

    def more(self) -> bool:
        """Reads another chunk, letting go of what lies behind; false at the end."""
        if self.ended:
            return False
        chunk = next(self.chunks, b"")
        self.ended = not chunk
        self.text = self.text[self.place :] + self.decode(chunk, self.ended)
        self.place = 0
        return True

    def peek(self) -> str:
        """The next character that is not white space, or nothing at the end."""
        while True:
            self.move(_SPACE.match(self.text, self.place).end())  # type: ignore[union-attr]
            if self.place < len(self.text) or not self.more():
                return self.text[self.place : self.place + 1]

    def move(self, end: int) -> str:
        """Moves on to `end`; returns what was passed."""
        passed = self.text[self.place : end]
        self.place = end
        self.line += passed.count("\n")
        return passed

    def value(self) -> str | None:
        """The next JSON value's text, or None where none can be made out."""
        while True:
            try:
                _, end = _DECODER.raw_decode(self.text, self.place)
                # a number may go on in the next chunk
                if self.text[end - 1] in '}]"' or end < len(self.text) or not self.more():
                    return self.move(end)
            except (ValueError, RecursionError):
                if len(self.text) - self.place > RECORD_BYTES or not self.more():
                    return None


_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\r\n]*")


def _elements(chunks: Iterator[bytes], name: str) -> Iterator[Records]:
    text = _Text(chunks)
    rows: list[tuple[bytes, int]] = []
    number, size = 0, 0
    try:
        for row in _values(text, name):
            rows.append(row)
            size += len(row[0])
            if len(rows) == BLOCK_ROWS or size > BLOCK_BYTES:
                yield _pack(rows, number)
                number, size = number + len(rows), 0
                rows = []
    except DamagedInputError as error:
        if rows:
            yield _pack(rows, number)
        raise _after(error, number + len(rows), "element") from None
    if rows:
        yield _pack(rows, number)


def _values(text: _Text, name: str) -> Iterator[tuple[bytes, int]]:
    """The elements of the array, each with the line that it begins in."""
    text.peek()
    text.move(text.place + 1)
    separator = ""
    while (mark := text.peek()) != "]" or separator == ",":
        line = text.line
        value = text.value() if mark else None
        if value is None:
            raise DamagedInputError(f"{name}: the JSON array breaks off in line {line:,}.")
        yield value.encode("utf-8", "surrogateescape"), line
        separator = text.peek()
        if separator not in (",", "]"):
            raise DamagedInputError(f"{name}: the JSON array breaks off in line {text.line:,}.")
        if separator == ",":
            text.move(text.place + 1)
    text.move(text.place + 1)
    if text.peek():
        raise DamagedInputError(f"{name}: something follows the JSON array, in line {text.line:,}.")


def _pack(rows: list[tuple[bytes, int]], number: int) -> Records:
    sizes = np.array([len(raw) for raw, _ in rows])
    starts = np.concatenate([[0], np.cumsum(sizes + 1)[:-1]])
    return Records(
        data=b"\n".join(raw for raw, _ in rows),
        starts=starts,
        ends=starts + sizes,
        numbers=np.arange(number + 1, number + len(rows) + 1),
        lines=np.array([line for _, line in rows]),
    )


def _endless(name: str, line: int) -> DamagedInputError:
    return DamagedInputError(
        f"{name}: line {line:,} is longer than {RECORD_BYTES:,} bytes; no row is."
    )

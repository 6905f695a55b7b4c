"""CSV and TSV to columns, all of them text: cut by Python's reader, which knows quoted newlines.

A row with another number of fields than the header is a bad row, and so is one that is not UTF-8.
An empty field is null. A file whose header holds no comma but semicolons, as a spreadsheet writes
them where a comma stands in numbers, is cut at those.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa

from pairsmith.errors import DamagedInputError, SourceError
from pairsmith.sources import records
from pairsmith.sources.columnar.column_types import check_types
from pairsmith.sources.formats.format import Format, Reading
from pairsmith.sources.formats.table import TableRows, table_format
from pairsmith.sources.records import after

OTHERS = {",": ";\t", "\t": ",;"}
"""What else may stand between fields, by what should."""

MOST_COLUMNS = 10_000


def delimited_format(delimiter: str) -> Format:
    """The format of texts with one row a line, and this between fields."""

    def read(reading: Reading) -> Iterator[TableRows]:
        yield from _read(reading, delimiter)

    return table_format(read)._replace(compressed=True)


def _read(reading: Reading, delimiter: str) -> Iterator[TableRows]:
    """Reads a file's rows; blank lines are none.

    Raises:
        DamagedInputError: It stops short, a quotation never ends, or a row has no end.
        SourceError: It has no header that can be read, a column is missing, or it cannot be read
            on.
    """
    text = _Lines(reading.content(), reading.name)
    lines = iter(text)
    first = next(lines, None)
    if first is None:
        return
    for other in OTHERS[delimiter]:
        if delimiter not in first and other in first:
            delimiter = other
    rows = _Reader(chain([first], lines), reading.name, delimiter)
    names = _names_in(next(rows, []), reading.name)
    fields = pa.schema([(name, pa.string()) for name in names])
    check_types(fields, reading.fields, reading.required, reading.name)
    block = _Block(names)
    number = 0
    try:
        for row in rows:
            number += 1
            block.add(row, number, rows.begun)
            if len(block.numbers) == (reading.at_once or records.BLOCK_ROWS) or (
                block.size > records.BLOCK_BYTES
            ):
                yield block.take()
    except DamagedInputError as error:
        if block.numbers:
            yield block.take()
        raise after(error, number, "row") from None
    if block.numbers:
        yield block.take()


def _names_in(header: list[str], name: str) -> list[str]:
    """The names of the columns; one that has none is called after its place, as pandas has it.

    Raises:
        SourceError: They are not UTF-8, one is given twice, or there are too many.
    """
    names = [held.strip() or f"Unnamed: {place}" for place, held in enumerate(header)]
    twice = [held for held, count in Counter(names).items() if count > 1]
    if twice:
        raise SourceError(
            f"{name} has two columns {twice[0][:96]!r} in its first line.",
            "Its first line must hold the names of the columns, each once.",
        )
    if any(_surrogates(held) for held in names):
        raise SourceError(f"The first line of {name} is not UTF-8.", "Save the file as UTF-8.")
    if len(names) > MOST_COLUMNS:
        raise SourceError(f"{name} has {len(names):,} columns.", "What is it?")
    return names


def _surrogates(text: str) -> bool:
    """Whether a text holds bytes that are not UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


class _Reader:
    """The rows of a text; knows in which line the last one began."""

    def __init__(self, lines: Iterator[str], name: str, delimiter: str) -> None:
        csv.field_size_limit(max(csv.field_size_limit(), records.RECORD_BYTES))
        self.name, self.lines, self.ended = name, lines, False
        self.reader = csv.reader(self._count(), delimiter=delimiter)
        self.begun = 1

    def _count(self) -> Iterator[str]:
        yield from self.lines
        self.ended = True

    def __iter__(self) -> Iterator[list[str]]:
        return self

    def __next__(self) -> list[str]:
        while True:
            self.begun = self.reader.line_num + 1
            try:
                row = next(self.reader)
            except csv.Error as error:
                raise self._fault(f"it cannot be read: {error}") from None
            if self.ended:  # a row ends at the end of a line, but inside of quotation marks
                raise self._fault("a quotation mark opens a field, and none closes it")
            if row:
                return row

    def _fault(self, said: str) -> DamagedInputError:
        return DamagedInputError(
            f"{self.name}: of the row that begins in line {self.begun:,}, {said}.",
            'Between quotation marks, one is written as two: "".',
        )


class _Lines:
    """The lines of a content, with their ends; bytes that are not UTF-8 as half surrogates.

    Raises:
        DamagedInputError: A line has no end.
        SourceError: It is UTF-16, as some spreadsheets save.
    """

    def __init__(self, chunks: Iterator[bytes], name: str) -> None:
        self.chunks, self.name = chunks, name

    def __iter__(self) -> Iterator[str]:
        raw: Any = _Raw(self.chunks)
        held = io.BufferedReader(raw, 1 << 20)
        if held.peek(2)[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            raise SourceError(f"{self.name} is UTF-16.", "Save it as UTF-8.")
        text = io.TextIOWrapper(held, "utf-8-sig", "surrogateescape", newline="")
        while line := text.readline(records.RECORD_BYTES):
            if len(line) == records.RECORD_BYTES:
                raise DamagedInputError(
                    f"{self.name}: a line is longer than {records.RECORD_BYTES:,} characters.",
                    "No conversation is so long: look at the file.",
                )
            yield line
        if raw.fault:
            raise raw.fault


class _Raw(io.RawIOBase):
    """Chunks as a file; a fault is kept for when all before it has been read."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.chunks, self.held = chunks, memoryview(b"")
        self.fault: DamagedInputError | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self.held and self.fault is None:
            try:
                chunk = next(self.chunks, None)
            except DamagedInputError as error:
                self.fault = error
                break
            if chunk is None:
                break
            self.held = memoryview(chunk)
        size = min(len(buffer), len(self.held))
        buffer[:size], self.held = self.held[:size], self.held[size:]
        return size


class _Block:
    """Rows that are to become columns."""

    def __init__(self, names: list[str]) -> None:
        self.names = names
        self._begin()

    def _begin(self) -> None:
        self.rows: list[list[str | None]] = []
        self.numbers: list[int] = []
        self.lines: list[int] = []
        self.faults: dict[int, tuple[str, bytes]] = {}
        self.size = 0

    def add(self, row: list[str], number: int, line: int) -> None:
        """Adds a row, or what is wrong with it."""
        self.numbers.append(number)
        self.lines.append(line)
        self.size += sum(map(len, row))
        fault = self._fault_of(row)
        if fault:
            self.faults[number] = fault, _written(row)
            self.rows.append([None] * len(self.names))
        else:
            self.rows.append([text or None for text in row])

    def _fault_of(self, row: list[str]) -> str | None:
        if len(row) != len(self.names):
            fields = "field" if len(row) == 1 else "fields"
            return f"the row has {len(row):,} {fields}, the first line {len(self.names):,}"
        if any(map(_surrogates, row)):
            return "a field is not UTF-8"
        return None

    def take(self) -> TableRows:
        """The rows as columns; the block is empty after that."""
        columns = [pa.array(held, pa.string()) for held in zip(*self.rows, strict=True)]
        table = pa.Table.from_arrays(columns, names=self.names)
        numbers, lines = np.array(self.numbers, np.int64), np.array(self.lines, np.int64)
        taken = TableRows(table, numbers, lines, self.faults)
        self._begin()
        return taken


def _written(row: list[str]) -> bytes:
    """A row as a line of CSV."""
    held = io.StringIO()
    csv.writer(held, lineterminator="\n").writerow(row)
    return held.getvalue().removesuffix("\n").encode("utf-8", "surrogateescape")


CSV, TSV = delimited_format(","), delimited_format("\t")

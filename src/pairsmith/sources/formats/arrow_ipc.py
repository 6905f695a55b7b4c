"""Arrow's own files and streams to columns: `.arrow`, `.feather`, what `save_to_disk` writes.

A file is a stream with a mark before and a table of contents behind it, so both are read front to
back.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa

from pairsmith.errors import DamagedInputError
from pairsmith.io.identity import WatchedFile
from pairsmith.io.paths import FsspecPath
from pairsmith.sources import records
from pairsmith.sources.columnar.column_types import check_types, text_sizes
from pairsmith.sources.formats.format import Reading
from pairsmith.sources.formats.table import (
    TableRows,
    blank_row,
    check_names,
    enough_memory,
    gather_blocks,
    table_format,
)
from pairsmith.sources.records import after

FILE, OLD = b"ARROW1", b"FEA1"
AT_ONCE = 250
"""Rows that are looked at together, to cut blocks of about the same size."""


def read(reading: Reading) -> Iterator[TableRows]:
    """Reads a file's rows, at most `at_once` and about `BLOCK_BYTES` at a time.

    Raises:
        DamagedInputError: It is nothing of Arrow's, or breaks off.
        SourceError: A column is missing or of another type, or the file cannot be read on.
    """
    number = 0
    try:
        with _opened(reading.content(), reading.name) as stream:
            check_types(stream.schema, reading.fields, reading.required, reading.name)
            most = reading.at_once or records.BLOCK_ROWS
            for table in gather_blocks(_pieces(stream, reading.name, most), most):
                yield TableRows(table, np.arange(number + 1, number + len(table) + 1))
                number += len(table)
    except DamagedInputError as error:
        raise after(error, number, "row") from None


@contextmanager
def _opened(chunks: Iterator[bytes], name: str) -> Iterator[Any]:
    raw = _Raw(chunks)
    with _damage(name):
        begins = raw.peek(8)
        if begins.startswith(OLD):
            raise DamagedInputError(
                f"{name} is of Feather's first version.", "Write it again: write_feather does."
            )
        if begins.startswith(FILE):
            raw.read(8)
        stream = pa.ipc.open_stream(pa.PythonFile(raw, mode="r"))
        check_names(stream.schema)
    with stream:
        yield stream
    while raw.read(1 << 20):  # what stands behind the rows is of the file's hash, too
        pass


@contextmanager
def _damage(name: str) -> Iterator[None]:
    """Turns what Arrow says of bytes that are not its own into a sentence."""
    try:
        with enough_memory(name):
            yield
    except (pa.ArrowException, OSError, UnicodeDecodeError, ValueError) as error:
        said = str(error).strip().partition("\n")[0].rstrip(".")
        raise DamagedInputError(
            f"{name} is damaged, or no Arrow file: {said}.", "Fetch a whole copy."
        ) from None


def _pieces(stream: Any, name: str, most: int) -> Iterator[tuple[pa.RecordBatch, int]]:
    """Batches in pieces of few rows, none of them empty; fewer where rows are long.

    Yields:
        A piece, and how many bytes its texts are.
    """
    while True:
        with _damage(name):
            try:
                batch = stream.read_next_batch()
            except StopIteration:
                return
            batch.validate(full=True)
        sizes = text_sizes(batch.columns, len(batch))
        longest = max(int(sizes.max(initial=0)), 1)
        step = max(min(AT_ONCE, most, records.BLOCK_BYTES // longest), 1)
        for start in range(0, len(batch), step):
            yield batch.slice(start, step), int(sizes[start : start + step].sum())


class _Raw(io.RawIOBase):
    """Chunks as a file; that they stop short is told when all before it has been read."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.chunks, self.held = chunks, b""

    def readable(self) -> bool:
        return True

    def peek(self, size: int) -> bytes:
        """The first bytes, which are read again."""
        first = b""
        for chunk in self.chunks:
            first += chunk
            if len(first) >= size:
                break
        self.chunks = chain([first], self.chunks)
        return first[:size]

    def read(self, size: int = -1) -> bytes:
        """As many bytes as are asked for, fewer at the end alone."""
        parts, count = [], 0
        while size < 0 or count < size:
            if not self.held:
                self.held = next(self.chunks, b"")
                if not self.held:
                    break
            part = self.held if size < 0 else self.held[: size - count]
            self.held = self.held[len(part) :]
            parts.append(part)
            count += len(part)
        return b"".join(parts)


def row_by_schema(place: FsspecPath, name: str) -> dict[str, Any]:
    """A row such as the schema lets one expect; see `Format.row_by_schema`.

    Raises:
        DamagedInputError: It is nothing of Arrow's.
    """
    with WatchedFile(place, name) as metered, suppress(GeneratorExit):
        raw = Reading(metered, name, pa.schema([]), ()).content()
        with _opened(raw, name) as stream:
            return {field.name: blank_row(field.type) for field in stream.schema}
    return {}


ARROW = table_format(read)._replace(row_by_schema=row_by_schema)

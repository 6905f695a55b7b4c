"""Parquet to columns: read in batches, projected to a shape's fields by name.

A Parquet file is read in any order, so it is hashed before it is read. Its types stand in its
schema, so a wrong type is a fault of the file, not of a row.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pairsmith.errors import DamagedInputError
from pairsmith.io.identity import WatchedFile
from pairsmith.io.paths import FsspecPath
from pairsmith.io.reading import SeekableFile
from pairsmith.sources import records
from pairsmith.sources.columnar.column_types import check_types, text_sizes
from pairsmith.sources.formats.format import (
    SAMPLE_BYTES,
    SAMPLE_ROWS,
    WHOLE,
    Counted,
    Format,
    Piece,
    Pieces,
    Reading,
    Span,
)
from pairsmith.sources.formats.table import (
    TableRows,
    blank_row,
    check_names,
    enough_memory,
    gather_blocks,
    project_rows,
)
from pairsmith.sources.records import Index, after

BATCH_ROWS = 250
BATCH_BYTES = 256 << 20
"""At most this many rows are decoded at a time, and fewer where the texts of a column's dictionary
are so long that they could become more bytes."""


_PAGE_HEADER = rb"\x15[\x80-\xff]*[\x00-\x7f]\x15([\x80-\xff]*[\x00-\x7f])"
"""How a page begins (Thrift's compact protocol): its type, then its size without compression."""


def read(reading: Reading) -> Iterator[TableRows]:
    """Reads a file's rows, at most `at_once` and about `BLOCK_BYTES` at a time.

    Whatever was read whole before a fault is yielded before the fault is raised.

    Yields:
        The rows with all columns.

    Raises:
        DamagedInputError: It is no Parquet file, or breaks off, or does not decode.
        SourceError: A column is missing or of another type, or the file cannot be read on.
    """
    reading.hash_whole()
    name, (start, stop, _) = reading.name, reading.span
    number = start
    try:
        with _opened(reading.metered.again(), name) as opened:
            check_types(opened.schema, reading.fields, reading.required, name)
            most = reading.at_once or records.BLOCK_ROWS
            for table in gather_blocks(_pieces(opened, most, (start, stop)), most):
                yield TableRows(table, np.arange(number + 1, number + len(table) + 1))
                number += len(table)
    except DamagedInputError as error:
        raise after(error, number, "row") from None


def cut(place: FsspecPath, name: str, shard_rows: int) -> Pieces:
    """The rows of each shard: the file tells how many rows it has, and is read for its hash."""
    with WatchedFile(place, name) as file:
        read = file.hash_whole()
        try:
            with _opened(file.again(), name) as opened:
                rows = int(opened.file.metadata.num_rows)
        except DamagedInputError:
            yield Piece(WHOLE, 0, 0, None, is_sound=False)
            return
        file.check()
    shards = -(-rows // shard_rows)
    for number in range(shards):
        span = Span(number * shard_rows, min((number + 1) * shard_rows, rows))
        yield Piece(span, number, read.bytes // shards, read)
    yield Counted(rows, shards, read)


class _Opened(NamedTuple):
    """A file, the bytes below it, and what to call it in a fault."""

    file: pq.ParquetFile
    raw: SeekableFile
    name: str

    @property
    def schema(self) -> pa.Schema:
        return self.file.schema_arrow


@contextmanager
def _opened(raw: SeekableFile, name: str) -> Iterator[_Opened]:
    with raw:
        with _damage(name):
            file = pq.ParquetFile(
                raw, pre_buffer=False, buffer_size=1 << 20, page_checksum_verification=True
            )
            check_names(file.schema_arrow)
        with file:
            yield _Opened(file, raw, name)


@contextmanager
def _damage(name: str) -> Iterator[None]:
    """Turns what Arrow says of bytes that are no Parquet into a sentence."""
    try:
        with enough_memory(name):
            yield
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        said = str(error).strip().partition("\n")[0].rstrip(".")
        raise DamagedInputError(
            f"{name} is damaged, or no Parquet file: {said}.", "Fetch a whole copy."
        ) from None


def _pieces(
    opened: _Opened,
    at_once: int,
    span: tuple[int, int | None],
    columns: list[str] | None = None,
) -> Iterator[tuple[pa.RecordBatch, int]]:
    """Rows that fit into a block, or one that does not, and how long they are when decoded."""
    for number, batch in _batches(opened, at_once, span, columns):
        texts = text_sizes(batch.columns, len(batch))
        endless = np.flatnonzero(texts > records.RECORD_BYTES)[:1].tolist()
        sizes = texts + max(batch.nbytes - int(texts.sum()), 0) // max(len(batch), 1)
        sizes = sizes[: endless[0]] if endless else sizes
        for start, stop in _cuts(np.cumsum(sizes)):
            yield batch.slice(start, stop - start), int(sizes[start:stop].sum())
        if endless:
            raise _endless(opened.name, number + endless[0] + 1)


def _cuts(ends: Index) -> Iterator[tuple[int, int]]:
    """Where to cut rows that end at these bytes, so that what is between fits into a block."""
    start = 0
    while start < len(ends):
        before = int(ends[start - 1]) if start else 0
        fitting = int(np.searchsorted(ends, before + records.BLOCK_BYTES, side="right"))
        stop = max(fitting, start + 1)
        yield start, stop
        start = stop


def _endless(name: str, row: int) -> DamagedInputError:
    return DamagedInputError(
        f"{name}: row {row:,} is longer than {records.RECORD_BYTES:,} bytes.",
        "No conversation is so long: look at the file there.",
    )


def _batches(
    opened: _Opened, at_once: int, span: tuple[int, int | None], columns: list[str] | None
) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Batches and the number of rows before them; a file's row groups one after another.

    What spans two of them, Arrow cannot always put together.
    """
    first, last = span
    number, end = 0, 0
    for group in range(opened.file.num_row_groups):
        number, end = end, end + opened.file.metadata.row_group(group).num_rows
        if end <= first or (last is not None and number >= last):
            continue
        with _damage(opened.name):
            # Asked for a damaged column, the metadata abort the process; reading a row raises.
            if (
                next(opened.file.iter_batches(1, row_groups=[group], use_threads=False), None)
                is None
            ):
                continue
            size = min(_batch_rows(opened.file.metadata.row_group(group), opened.raw), at_once)
            batches = opened.file.iter_batches(
                size, row_groups=[group], columns=columns, use_threads=False
            )
        while True:
            with _damage(opened.name):
                batch = next(batches, None)
            if batch is None:
                break
            here, number = number, number + len(batch)
            start, stop = max(first - here, 0), len(batch) if last is None else max(last - here, 0)
            if start < min(stop, len(batch)):
                yield here + start, batch[start:stop]


def _batch_rows(group: pq.RowGroupMetaData, raw: SeekableFile) -> int:
    """How many rows to decode at a time, so that they fit into memory whatever they hold."""
    rows = max(group.num_rows, 1)
    by_word = records.BLOCK_BYTES // max(group.total_byte_size // rows, 1)
    chunks = [group.column(n) for n in range(group.num_columns)]
    longest = max((_longest(chunk, raw) * chunk.num_values // rows for chunk in chunks), default=0)
    by_dictionary = BATCH_BYTES // max(longest, 1)
    return int(max(min(by_word, by_dictionary, BATCH_ROWS), 1))


def _longest(chunk: pq.ColumnChunkMetaData, raw: SeekableFile) -> int:
    """No text of a column's dictionary is longer than this; 0 where it has none."""
    if chunk.physical_type != "BYTE_ARRAY" or not chunk.has_dictionary_page:
        return 0
    whole = int(chunk.total_uncompressed_size)
    if whole * chunk.num_values <= BATCH_BYTES:
        return whole
    raw.seek(chunk.dictionary_page_offset)
    header = re.match(_PAGE_HEADER, raw.read(16), re.DOTALL)
    if not header:
        return whole
    number: int = sum((byte & 0x7F) << 7 * n for n, byte in enumerate(header[1]))
    return min(number >> 1, whole)


def sample(place: FsspecPath, name: str, known: Collection[str]) -> list[dict[str, Any]]:
    """The first rows, of the columns that are known; columns that are not hold None."""
    rows: list[dict[str, Any]] = []
    with suppress(DamagedInputError):  # the build meets it where it lies, and says so
        rows.extend(_first_rows(place, name, known, SAMPLE_ROWS, SAMPLE_BYTES[1]))
    return rows


def _first_rows(
    place: FsspecPath, name: str, known: Collection[str], count: int, size: int
) -> Iterator[dict[str, Any]]:
    """Rows, until there are about enough of them, or of their bytes."""
    with _opened(SeekableFile(place), name) as opened:
        names = opened.schema.names
        columns = [column for column in names if column in known]
        if not columns:
            yield from [dict.fromkeys(names)] if opened.file.metadata.num_rows else []
            return
        for piece, long in _pieces(opened, records.BLOCK_ROWS, (0, None), columns):
            for row in range(min(len(piece), count)):
                yield from (dict.fromkeys(names) | held for held in _readable(piece.slice(row, 1)))
            count, size = count - len(piece), size - long
            if count <= 0 or size <= 0:
                return


def _readable(row: pa.RecordBatch) -> list[dict[str, Any]]:
    try:
        return list(row.to_pylist())
    except UnicodeDecodeError:
        return []


def row_by_schema(place: FsspecPath, name: str) -> dict[str, Any]:
    """A row such as the schema lets one expect: empty texts, lists of one item.

    Raises:
        DamagedInputError: It is no Parquet file.
    """
    with _opened(SeekableFile(place), name) as opened:
        return {field.name: blank_row(field.type) for field in opened.schema}


PARQUET = Format(read, project_rows, sample, row_by_schema, cut, compressed=False, footer=True)

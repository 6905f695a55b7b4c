"""Parquet to columns: read in batches, projected to a shape's fields by name.

A Parquet file is read in any order, so it is hashed before it is read. Its types stand in its
schema, so a wrong type is a fault of the file, not of a row.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pairsmith.errors import DamagedInputError
from pairsmith.io.paths import FsspecPath
from pairsmith.io.reading import SeekableFile
from pairsmith.sources.formats import jsonl
from pairsmith.sources.formats.jsonl import Index, after
from pairsmith.sources.types import check_types, is_list, is_text, project, text_sizes

ENDING = ".parquet"
BATCH_ROWS = 250
BATCH_BYTES = 256 << 20
"""At most so many rows are decoded at a time, and fewer where the texts of a column's dictionary
are so long that they could become more bytes."""


_PAGE_HEADER = rb"\x15[\x80-\xff]*[\x00-\x7f]\x15([\x80-\xff]*[\x00-\x7f])"
"""How a page begins (Thrift's compact protocol): its type, then its size without compression."""


class ParquetRows(NamedTuple):
    """Rows of a Parquet file, with all its columns.

    Attributes:
        table: The rows.
        numbers: Each row's number in the file, from 1.
    """

    table: pa.Table
    numbers: Index

    @property
    def lines(self) -> Index:
        """A row has no line; its number stands for it."""
        return self.numbers

    def raw(self, row: int) -> bytes:
        """One row as a line of JSON; bytes that are not text in base64."""
        held = {
            n: _value(self.table[place][row]) for place, n in enumerate(self.table.column_names)
        }
        text = json.dumps(held, ensure_ascii=False, default=str)
        return text.encode("utf-8", "surrogateescape")

    def part(self, start: int, size: int) -> ParquetRows:
        """So many rows from `start` on."""
        return ParquetRows(self.table.slice(start, size), self.numbers[start : start + size])


def _value(held: pa.Scalar) -> Any:
    """A value as JSON can hold it; bytes that are not UTF-8 as half surrogates."""
    if isinstance(held, pa.DictionaryScalar):
        held = held.value
    if not held.is_valid:
        return None
    if pa.types.is_struct(held.type):
        return {field.name: _value(held[n]) for n, field in enumerate(held.type)}
    if is_list(held.type):
        return [_value(item) for item in held.values]
    if is_text(held.type):
        return held.as_buffer().to_pybytes().decode("utf-8", "surrogateescape")
    value = held.as_py()
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def count_rows(place: FsspecPath, name: str) -> int:
    """How many rows a file has.

    Raises:
        DamagedInputError: It is no Parquet file.
    """
    with _opened(place, name) as opened:
        return int(opened.file.metadata.num_rows)


def read_parquet(
    place: FsspecPath,
    name: str,
    fields: pa.Schema,
    required: tuple[str, ...],
    at_once: int | None = None,
    span: tuple[int, int | None] = (0, None),
) -> Iterator[ParquetRows]:
    """Reads a file's rows, at most `at_once` and about `BLOCK_BYTES` at a time.

    Whatever was read whole before a fault is yielded before the fault is raised.

    Args:
        place: Where the file lies.
        name: What to call it in a fault.
        fields: What will be taken of each row; see `project_rows`.
        required: The fields that may not be null.
        at_once: At most so many rows at a time; `BLOCK_ROWS` where none are given.
        span: The rows to read, from the first up to the second, counted from 0.

    Yields:
        The rows with all columns.

    Raises:
        DamagedInputError: It is no Parquet file, or breaks off, or does not decode.
        SourceError: A column is missing or of another type, or the file cannot be read on.
    """
    number = span[0]
    try:
        with _opened(place, name) as opened:
            check_types(opened.schema, fields, required, name)
            for table in _blocks(opened, at_once or jsonl.BLOCK_ROWS, span):
                yield ParquetRows(table, np.arange(number + 1, number + len(table) + 1))
                number += len(table)
    except DamagedInputError as error:
        raise after(error, number, "row") from None


def project_rows(
    rows: ParquetRows, fields: pa.Schema, required: tuple[str, ...], name: str
) -> pa.Table:
    """The fields of rows, as `parse_rows` returns them; `name` is what to call the file.

    Raises:
        DamagedInputError: They do not fit into memory.
    """
    with _memory(name):
        return project(rows.table, fields, required)


class _Opened(NamedTuple):
    """A file, the bytes below it, and what to call it in a fault."""

    file: pq.ParquetFile
    raw: SeekableFile
    name: str

    @property
    def schema(self) -> pa.Schema:
        return self.file.schema_arrow


@contextmanager
def _opened(place: FsspecPath, name: str) -> Iterator[_Opened]:
    with SeekableFile(place) as raw:
        with _damage(name):
            file = pq.ParquetFile(
                raw, pre_buffer=False, buffer_size=1 << 20, page_checksum_verification=True
            )
            str(file.schema_arrow)  # its names may be no text
        with file:
            yield _Opened(file, raw, name)


@contextmanager
def _memory(name: str) -> Iterator[None]:
    """Turns a want of memory into a sentence."""
    try:
        yield
    except MemoryError:
        raise DamagedInputError(
            f"{name} has rows that do not fit into memory.",
            "No conversation is so long: look at the file, or write it with shorter rows.",
        ) from None


@contextmanager
def _damage(name: str) -> Iterator[None]:
    """Turns what Arrow says of bytes that are no Parquet into a sentence."""
    try:
        with _memory(name):
            yield
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        said = str(error).strip().partition("\n")[0].rstrip(".")
        raise DamagedInputError(
            f"{name} is damaged, or no Parquet file: {said}.", "Fetch a whole copy."
        ) from None


def _blocks(opened: _Opened, at_once: int, span: tuple[int, int | None]) -> Iterator[pa.Table]:
    """The rows in blocks; those before a fault too."""
    held: list[pa.RecordBatch] = []
    rows = size = 0
    try:
        for piece, long in _pieces(opened, at_once, span):
            rows, size = rows + len(piece), size + long
            if held and (rows > at_once or size > jsonl.BLOCK_BYTES):
                yield pa.Table.from_batches(held)
                held, rows, size = [], len(piece), long
            held.append(piece)
    except DamagedInputError:
        if held:
            yield pa.Table.from_batches(held)
        raise
    if held:
        yield pa.Table.from_batches(held)


def _pieces(
    opened: _Opened,
    at_once: int,
    span: tuple[int, int | None],
    columns: list[str] | None = None,
) -> Iterator[tuple[pa.RecordBatch, int]]:
    """Rows that fit into a block, or one that does not, and how long they are when decoded."""
    for number, batch in _batches(opened, at_once, span, columns):
        texts = text_sizes(batch.columns, len(batch))
        endless = np.flatnonzero(texts > jsonl.RECORD_BYTES)[:1].tolist()
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
        fitting = int(np.searchsorted(ends, before + jsonl.BLOCK_BYTES, side="right"))
        stop = max(fitting, start + 1)
        yield start, stop
        start = stop


def _endless(name: str, row: int) -> DamagedInputError:
    return DamagedInputError(
        f"{name}: row {row:,} is longer than {jsonl.RECORD_BYTES:,} bytes.",
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
    by_word = jsonl.BLOCK_BYTES // max(group.total_byte_size // rows, 1)
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


def sample_rows(
    place: FsspecPath, name: str, known: set[str], count: int, size: int
) -> Iterator[dict[str, Any]]:
    """The first rows, of the columns that are known; columns that are not hold None.

    Args:
        place: Where the file lies.
        name: What to call it in a fault.
        known: The columns to look at.
        count: About so many rows are enough.
        size: So many bytes are enough.

    Raises:
        DamagedInputError: It is no Parquet file, or breaks off.
    """
    with _opened(place, name) as opened:
        names = opened.schema.names
        columns = [column for column in names if column in known]
        if not columns:
            yield from [dict.fromkeys(names)] if opened.file.metadata.num_rows else []
            return
        for piece, long in _pieces(opened, jsonl.BLOCK_ROWS, (0, None), columns):
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


def sample_schema(place: FsspecPath, name: str) -> dict[str, Any]:
    """A row such as the schema lets one expect: empty texts, lists of one item.

    Raises:
        DamagedInputError: It is no Parquet file.
    """
    with _opened(place, name) as opened:
        return {field.name: _blank(field.type) for field in opened.schema}


def _blank(given: pa.DataType) -> Any:
    if pa.types.is_dictionary(given):
        return _blank(given.value_type)
    if is_list(given):
        return [_blank(given.value_type)]
    if pa.types.is_struct(given):
        return {field.name: _blank(field.type) for field in given}
    return "" if is_text(given) else 0

"""Parquet to columns: read in batches, projected to a shape's fields by name.

A Parquet file is read in any order, so it is hashed before it is read. Its types stand in its
schema, so a wrong type is a fault of the file, not of a row.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pairsmith.errors import DamagedInputError
from pairsmith.sources import records
from pairsmith.sources.columns import check_types, is_list, is_text, project
from pairsmith.sources.files import Place, SeekableFile
from pairsmith.sources.records import Index, after

ENDING = ".parquet"
BATCH_ROWS = 250
"""At most so many rows are decoded at a time: how long they become, a dictionary does not tell."""


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


def read_parquet(
    place: Place, name: str, fields: pa.Schema, required: tuple[str, ...]
) -> Iterator[tuple[ParquetRows, pa.Table]]:
    """Reads a file's rows, at most `BLOCK_ROWS` and about `BLOCK_BYTES` at a time.

    Whatever was read whole before a fault is yielded before the fault is raised.

    Args:
        place: Where the file lies.
        name: What to call it in a fault.
        fields: What to take of each row.
        required: The fields that may not be null.

    Yields:
        The rows with all columns, and a table as `parse_rows` returns it.

    Raises:
        DamagedInputError: It is no Parquet file, or breaks off, or does not decode.
        SourceError: A column is missing or of another type, or the file cannot be read on.
    """
    number = 0
    try:
        with _opened(place, name) as file:
            check_types(file.schema_arrow, fields, required, name)
            for table in _blocks(file, name):
                rows = np.arange(number + 1, number + len(table) + 1)
                yield ParquetRows(table, rows), project(table, fields, required)
                number += len(table)
    except DamagedInputError as error:
        raise after(error, number, "row") from None


@contextmanager
def _opened(place: Place, name: str) -> Iterator[pq.ParquetFile]:
    with SeekableFile(place) as raw:
        with _damage(name):
            file = pq.ParquetFile(
                raw, pre_buffer=False, buffer_size=1 << 20, page_checksum_verification=True
            )
            str(file.schema_arrow)  # its names may be no text
        with file:
            yield file


@contextmanager
def _damage(name: str) -> Iterator[None]:
    """Turns what Arrow says of bytes that are no Parquet into a sentence."""
    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        said = str(error).strip().partition("\n")[0].rstrip(".")
        raise DamagedInputError(
            f"{name} is damaged, or no Parquet file: {said}.", "Fetch a whole copy."
        ) from None


def _blocks(file: pq.ParquetFile, name: str) -> Iterator[pa.Table]:
    """The rows in blocks; those before a fault too."""
    held: list[pa.RecordBatch] = []
    rows = size = 0
    try:
        for batch in _batches(file, name):
            rows, size = rows + len(batch), size + batch.nbytes
            if held and (rows > records.BLOCK_ROWS or size > records.BLOCK_BYTES):
                yield pa.Table.from_batches(held)
                held, rows, size = [], len(batch), batch.nbytes
            held.append(batch)
    except DamagedInputError:
        if held:
            yield pa.Table.from_batches(held)
        raise
    if held:
        yield pa.Table.from_batches(held)


def _batches(file: pq.ParquetFile, name: str) -> Iterator[pa.RecordBatch]:
    batches = file.iter_batches(batch_size=_batch_rows(file.metadata), use_threads=False)
    while True:
        with _damage(name):
            batch = next(batches, None)
        if batch is None:
            return
        yield batch


def _batch_rows(about: pq.FileMetaData) -> int:
    """How many rows to decode at a time, so that they fit into a block by the file's own word."""
    groups = [about.row_group(n) for n in range(about.num_row_groups)]
    long = max((g.total_byte_size // max(g.num_rows, 1) for g in groups), default=0)
    return int(min(max(records.BLOCK_BYTES // max(long, 1), 1), BATCH_ROWS, records.BLOCK_ROWS))


def sample_rows(place: Place, name: str, known: set[str], count: int) -> list[dict[str, Any]]:
    """The first rows, of the columns that are known; columns that are not hold None.

    Raises:
        DamagedInputError: It is no Parquet file, or breaks off.
    """
    with _opened(place, name) as file, _damage(name):
        names = file.schema_arrow.names
        columns = [column for column in names if column in known]
        if not columns:
            return [dict.fromkeys(names)] if file.metadata.num_rows else []
        batch = next(file.iter_batches(batch_size=count, columns=columns), None)
        rows = [batch.slice(n, 1) for n in range(len(batch))] if batch else []
        return [dict.fromkeys(names) | row for held in rows for row in _readable(held)]


def _readable(row: pa.RecordBatch) -> list[dict[str, Any]]:
    try:
        return list(row.to_pylist())
    except UnicodeDecodeError:
        return []

"""One file to record batches: JSON or Parquet, read into columns, arranged as its shape says."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.errors import DamagedInputError
from pairsmith.schema import Kind, source_schema
from pairsmith.sources.arrays import first_element_ends, read_elements
from pairsmith.sources.files import CHUNK, MeteredFile, decompressed
from pairsmith.sources.find import SourceFile
from pairsmith.sources.parquet import ENDING, ParquetRows, read_parquet
from pairsmith.sources.parse import parse_rows
from pairsmith.sources.records import BLANK, Records, read_lines
from pairsmith.sources.shapes import DIALOGUES, HH, Shape

PEEK = 1 << 20
"""So much of a file's beginning tells whether it is one JSON array."""

Rows: TypeAlias = Records | ParquetRows
"""Rows as the file has them: each knows its number, its line and its own bytes."""


class Block(NamedTuple):
    """A batch of rows, and what they were read from, row for row."""

    records: Rows
    rows: pa.RecordBatch

    def parts(self, size: int) -> Iterator[Block]:
        """The block in parts of so many rows."""
        for start in range(0, len(self.rows), size):
            yield Block(self.records.part(start, size), self.rows[start : start + size])


def read_blocks(file: SourceFile, metered: MeteredFile, shape: Shape = HH) -> Iterator[Block]:
    """Reads a file's rows, each with its id: `subset/split/number`.

    Blocks are cut by the file's content alone. Whatever was read whole before a fault is
    yielded before the fault is raised.

    Args:
        file: The file.
        metered: The same, open. A Parquet file, which is read in any order, is hashed first.
        shape: What its rows are, if they are pairs.

    Yields:
        Batches of `source_schema`.

    Raises:
        DamagedInputError: The file stops short or does not decompress.
        SourceError: It cannot be read on, or its columns are not the shape's.
    """
    shape = shape if file.kind == Kind.PAIRS else DIALOGUES
    wanted = source_schema(file.kind, shape.messages)
    for records, table in _tables(file, metered, shape):
        numbers = pc.cast(pa.array(records.numbers), pa.string())
        ids = pc.binary_join_element_wise(f"{file.subset}/{file.split}", numbers, "/")
        rows = shape.arrange(table).add_column(0, "id", pa.chunked_array([ids]))
        columns = [rows[name].combine_chunks() for name in wanted.names]
        yield Block(records, pa.RecordBatch.from_arrays(columns, schema=wanted))


def _tables(
    file: SourceFile, metered: MeteredFile, shape: Shape
) -> Iterator[tuple[Rows, pa.Table]]:
    if file.path.endswith(ENDING):
        while metered.read(CHUNK):
            pass
        yield from read_parquet(file.place, file.path, shape.fields, shape.required)
        return
    for records in read_records(decompressed(metered, file.path), file.path):
        yield records, parse_rows(records, shape.fields, shape.required)


def read_records(chunks: Iterator[bytes], name: str) -> Iterator[Records]:
    """Cuts a file's content, JSON lines or one JSON array, into blocks of rows.

    Blank lines are no rows.

    Whatever was read whole before a fault is yielded before the fault is raised.

    Args:
        chunks: The content, decompressed.
        name: What to call the file in a fault.

    Raises:
        DamagedInputError: The content stops short, a JSON array breaks off, or a row has no end.
    """
    head, content = _peek(chunks)
    yield from read_elements(content, name) if _is_array(head) else read_lines(content, name)


def _peek(chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The beginning of the content, and all of it, without a byte order mark."""
    held = bytearray()
    fault: DamagedInputError | None = None
    try:
        for chunk in chunks:
            held += chunk
            if len(held) >= PEEK:
                break
    except DamagedInputError as error:
        fault = error
    data = bytes(held).removeprefix(codecs.BOM_UTF8)
    return data[: PEEK - len(codecs.BOM_UTF8)], _again(data, chunks, fault)


def _again(
    data: bytes, chunks: Iterator[bytes], fault: DamagedInputError | None
) -> Iterator[bytes]:
    yield data
    if fault:
        raise fault
    yield from chunks


def _is_array(head: bytes) -> bool:
    """Whether a file that begins so is one JSON array, not lines of which the first is odd."""
    body = head.lstrip(BLANK)
    if not body.startswith(b"["):
        return False
    line, _, rest = body.partition(b"\n")
    following = rest.lstrip(BLANK).partition(b"\n")[0]
    if following and _is_json(line, list):
        return False
    return first_element_ends(body) or not _is_json(following, dict)


def _is_json(line: bytes, kind: type) -> bool:
    try:
        return isinstance(json.loads(line), kind)
    except (ValueError, RecursionError):
        return False

"""One file to record batches: JSON or Parquet, cut into rows, then arranged as its shape says.

Cutting goes from front to back; arranging takes each block by itself, in any thread.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.errors import DamagedInputError
from pairsmith.io.compression import decompressed
from pairsmith.io.digests import CHUNK, MeteredFile
from pairsmith.io.paths import FsspecPath, size
from pairsmith.io.reading import content_range
from pairsmith.schema.rows import Kind, source_schema
from pairsmith.sources.formats.json_array import first_element_ends, read_elements
from pairsmith.sources.formats.jsonl import BLANK, Records, read_lines
from pairsmith.sources.formats.parquet import ENDING, ParquetRows, project_rows, read_parquet
from pairsmith.sources.layouts import SourceFile
from pairsmith.sources.parse import parse_rows
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


class Span(NamedTuple):
    """A part of a file that can be read by itself.

    Attributes:
        start, stop: Of plain JSON lines bytes, of Parquet rows; the stop is None for the end.
        line: The number of the line that it begins with; of Parquet 1.
    """

    start: int = 0
    stop: int | None = None
    line: int = 1


WHOLE = Span()


def read_rows(
    file: SourceFile,
    metered: MeteredFile,
    shape: Shape = HH,
    at_once: int | None = None,
    span: Span = WHOLE,
) -> Iterator[Rows]:
    """Reads a file's rows, not yet as columns.

    Blocks are cut by the file's content alone. Whatever was read whole before a fault is
    yielded before the fault is raised.

    Args:
        file: The file.
        metered: The same, open; only read where the span is the whole file. A Parquet file,
            which is read in any order, is hashed first.
        shape: What its rows are, if they are pairs.
        at_once: At most so many rows at a time; `BLOCK_ROWS` where none are given.
        span: The part of it to read.

    Raises:
        DamagedInputError: The file stops short or does not decompress.
        SourceError: It cannot be read on, or its columns are not the shape's.
    """
    if span == WHOLE:
        yield from _read_whole(file, metered, shape, at_once)
    elif file.path.endswith(ENDING):
        yield from _read_parquet(file, shape, at_once, span)
    else:
        stop = span.stop if span.stop is not None else size(file.place)
        content = content_range(file.place, span.start, stop)
        yield from read_lines(content, file.path, at_once, span.line)


def _read_whole(
    file: SourceFile, metered: MeteredFile, shape: Shape, at_once: int | None
) -> Iterator[Rows]:
    if file.path.endswith(ENDING):
        while metered.read(CHUNK):
            pass
        yield from _read_parquet(file, shape, at_once, WHOLE)
    else:
        yield from read_records(decompressed(metered, file.path), file.path, at_once)


def _read_parquet(
    file: SourceFile, shape: Shape, at_once: int | None, span: Span
) -> Iterator[ParquetRows]:
    shape = shape_of(file, shape)
    rows = (span.start, span.stop)
    yield from read_parquet(file.place, file.path, shape.fields, shape.required, at_once, rows)


def shape_of(file: SourceFile, shape: Shape) -> Shape:
    """The shape of a file's rows: `shape`, if they are pairs."""
    return shape if file.kind == Kind.PAIRS else DIALOGUES


def arrange_rows(file: SourceFile, rows: Rows, shape: Shape = HH) -> Block:
    """Makes columns of rows, each row with its id: `subset/split/number`.

    Args:
        file: Where they are from.
        rows: n rows.
        shape: What they are, if they are pairs.

    Returns:
        n rows of `source_schema`.
    """
    shape = shape_of(file, shape)
    wanted = source_schema(file.kind, shape.messages)
    if isinstance(rows, ParquetRows):
        table = project_rows(rows, shape.fields, shape.required, file.path)
    else:
        table = parse_rows(rows, shape.fields, shape.required)
    numbers = pc.cast(pa.array(rows.numbers), pa.string())
    ids = pc.binary_join_element_wise(f"{file.subset}/{file.split}", numbers, "/")
    arranged = shape.arrange(table).add_column(0, "id", pa.chunked_array([ids]))
    columns = [arranged[name].combine_chunks() for name in wanted.names]
    return Block(rows, pa.RecordBatch.from_arrays(columns, schema=wanted))


def read_records(
    chunks: Iterator[bytes], name: str, at_once: int | None = None
) -> Iterator[Records]:
    """Cuts a file's content, JSON lines or one JSON array, into blocks of rows.

    Blank lines are no rows.

    Whatever was read whole before a fault is yielded before the fault is raised.

    Args:
        chunks: The content, decompressed.
        name: What to call the file in a fault.
        at_once: At most so many rows at a time; `BLOCK_ROWS` where none are given.

    Raises:
        DamagedInputError: The content stops short, a JSON array breaks off, or a row has no end.
    """
    head, content = _peek(chunks)
    cut = read_elements if _is_array(head) else read_lines
    yield from cut(content, name, at_once)


def lines_begin(place: FsspecPath) -> int | None:
    """Where the lines of a plain file begin: behind its byte order mark; None for a JSON array."""
    with MeteredFile(place) as metered:
        head, _ = _peek(iter(lambda: metered.read(CHUNK), b""))
    if _is_array(head):
        return None
    with MeteredFile(place) as metered:
        return 3 if metered.read(3) == codecs.BOM_UTF8 else 0


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

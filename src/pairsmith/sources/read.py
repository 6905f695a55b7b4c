"""One file to record batches: its format cuts it into rows, then its shape arranges them.

Cutting goes from front to back; arranging takes each block by itself, in any thread.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.io.identity import WatchedFile
from pairsmith.schema.rows import Kind, source_schema
from pairsmith.sources.formats import format_of
from pairsmith.sources.formats.format import WHOLE, Reading, Span
from pairsmith.sources.layouts import SourceFile
from pairsmith.sources.records import Rows
from pairsmith.sources.shapes import DIALOGUES, HH, Shape


class Block(NamedTuple):
    """A batch of rows, and what they were read from, row for row."""

    records: Rows
    rows: pa.RecordBatch

    def parts(self, size: int) -> Iterator[Block]:
        """The block in parts of at most `size` rows."""
        for start in range(0, len(self.rows), size):
            yield Block(self.records.part(start, size), self.rows[start : start + size])


def read_rows(
    file: SourceFile,
    metered: WatchedFile,
    shape: Shape = HH,
    at_once: int | None = None,
    span: Span = WHOLE,
) -> Iterator[Rows]:
    """Reads a file's rows, not yet as columns.

    Blocks are cut by the file's content alone. Whatever was read whole before a fault is
    yielded before the fault is raised.

    Args:
        file: The file.
        metered: The same, open; only read where the span is the whole file. A file that is read
            in any order, as Parquet is, is hashed first.
        shape: What its rows are, if they are pairs.
        at_once: At most this many rows at a time; `BLOCK_ROWS` where none are given.
        span: The part of it to read.

    Raises:
        DamagedInputError: The file stops short or does not decompress.
        SourceError: It cannot be read on, or its columns are not the shape's.
    """
    shape = shape_of(file, shape)
    reading = Reading(metered, file.path, shape.fields, shape.required, at_once, span)
    yield from format_of(file.path).read(reading)


def shape_of(file: SourceFile, shape: Shape) -> Shape:
    """The shape of a file's rows: `shape`, if they are pairs."""
    return shape if file.kind == Kind.PAIRS else DIALOGUES


def arrange_rows(file: SourceFile, rows: Rows, shape: Shape = HH) -> Block:
    """Makes columns of rows, each row with its id: what `file.id_prefix` says, and its number.

    Args:
        file: Where they are from.
        rows: n rows.
        shape: What they are, if they are pairs.

    Returns:
        n rows of `source_schema`.
    """
    shape = shape_of(file, shape)
    wanted = source_schema(file.kind, shape.messages)
    table = format_of(file.path).to_table(rows, shape.fields, shape.required, file.path)
    numbers = pc.cast(pa.array(rows.numbers), pa.string())
    ids = pc.binary_join_element_wise(file.id_prefix, numbers, "")
    arranged = shape.arrange(table).add_column(0, "id", pa.chunked_array([ids]))
    columns = [arranged[name].combine_chunks() for name in wanted.names]
    return Block(rows, pa.RecordBatch.from_arrays(columns, schema=wanted))

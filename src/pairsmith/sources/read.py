"""One file to record batches: its format cuts it into rows, then its reader arranges them.

Cutting goes from front to back; arranging takes each block by itself, in any thread.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.io.identity import WatchedFile
from pairsmith.schema.rows import Kind
from pairsmith.sources.by_row import (
    ByRow,
    carried_paths,
    carry_along,
    find_beyond,
    paths_unread,
    read_by_row,
    refuse_beyond,
)
from pairsmith.sources.columnar.messages import Mask
from pairsmith.sources.columnar.shapes import DIALOGUES
from pairsmith.sources.field_uses import (
    Use,
    Uses,
    add_masks,
    count_as_used,
    masks_of_uses,
    paths_of_schema,
    sort_masks,
)
from pairsmith.sources.formats import format_of
from pairsmith.sources.formats.format import WHOLE, Reading, Span
from pairsmith.sources.layouts import SourceFile
from pairsmith.sources.reader import HH_READER, Reader
from pairsmith.sources.records import Index, Rows
from pairsmith.sources.row_columns import name_rows, to_columns
from pairsmith.sources.rows.groups import GroupedRows, group_blocks
from pairsmith.sources.told_places import only_own


class Block(NamedTuple):
    """A batch of rows, and what they were read from.

    Attributes:
        records: n rows of a file.
        rows: m rows of `source_schema`; a row of the file may make several.
        origins: m numbers, ascending: which of the n rows each is of.
        uses: What became of the fields of the n rows.
    """

    records: Rows
    rows: pa.RecordBatch
    origins: Index
    uses: Uses


def read_rows(
    file: SourceFile,
    metered: WatchedFile,
    reader: Reader = HH_READER,
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
        reader: How rows of pairs are read.
        at_once: At most this many rows at a time; `BLOCK_ROWS` where none are given.
        span: The part of it to read.

    Raises:
        DamagedInputError: The file stops short or does not decompress.
        SourceError: It cannot be read on, or its columns are not the shape's.
    """
    fields, required = _fields(file, reader)
    reading = Reading(metered, file.path, fields, required, at_once, span)
    blocks = only_own(file, format_of(file.path).read(reading))
    if file.kind == Kind.PAIRS and reader.row.is_grouped:
        yield from group_blocks(blocks, reader.row, at_once)
    else:
        yield from blocks


def _fields(file: SourceFile, reader: Reader) -> tuple[pa.Schema, tuple[str, ...]]:
    if file.kind == Kind.DIALOGUES:
        return DIALOGUES.fields, DIALOGUES.required
    return reader.fields, reader.required


def arrange_rows(file: SourceFile, rows: Rows, reader: Reader = HH_READER) -> Block:
    """Makes columns of rows, each row with its id: what `file.id_prefix` says, and its number.

    Args:
        file: Where they are from.
        rows: n rows.
        reader: How rows of pairs are read.
    """
    block = _arrange(file, rows, reader)
    if file.told is None:
        return block
    return block._replace(uses=count_as_used(block.uses, file.told.paths))


def _arrange(file: SourceFile, rows: Rows, reader: Reader) -> Block:
    if file.kind == Kind.DIALOGUES:
        return _arrange_dialogues(file, rows, reader)
    count = len(rows.numbers)
    if reader.shape is None:
        read = read_by_row(rows, reader, np.ones(count, bool), None)
        origins = np.array([one.row for one in read.held], np.int64)
        sizes = rows.sizes if isinstance(rows, GroupedRows) else np.ones(count, np.int64)
        uses = Uses(sizes, masks_of_uses(read.uses, count))
        return Block(rows, _by_row(file, rows, reader, read), origins, uses)
    parsed = format_of(file.path).to_table(rows, reader.fields, reader.required, file.path)
    arranged = reader.shape.arrange(parsed.table)
    beyond = find_beyond(parsed, arranged, reader)
    batch = carry_along(_to_batch(file, rows, reader, arranged), rows, reader, ~beyond)
    origins = np.arange(count)
    masks: dict[tuple[str, Use], Mask | Index] = {}
    if beyond.any():
        faults = arranged["fault"].combine_chunks()
        if reader.messages:
            read = read_by_row(rows, reader, beyond, faults)
            batch, origins = _put_in(batch, beyond, _by_row(file, rows, reader, read), read)
            masks = masks_of_uses(read.uses, count)
        else:
            batch, beyond = refuse_beyond(batch, parsed, reader), np.zeros(count, bool)
    if not reader.messages:
        masks = masks_of_uses(paths_unread(parsed, rows), count)
    known, carried = paths_of_schema(reader.fields), carried_paths(reader)
    masks = add_masks(masks, sort_masks(parsed.masks, known, carried, ~beyond))
    return Block(rows, batch, origins, Uses(np.ones(count, np.int64), masks))


def _arrange_dialogues(file: SourceFile, rows: Rows, reader: Reader) -> Block:
    parsed = format_of(file.path).to_table(rows, *_fields(file, reader), file.path)
    arranged = DIALOGUES.arrange(parsed.table)
    count = len(rows.numbers)
    used, every = paths_of_schema(DIALOGUES.fields), np.ones(count, bool)
    unread = masks_of_uses(paths_unread(parsed, rows), count)
    masks = add_masks(unread, sort_masks(parsed.masks, used, frozenset(), every))
    uses = Uses(np.ones(count, np.int64), masks)
    return Block(rows, _to_batch(file, rows, reader, arranged), np.arange(count), uses)


def _to_batch(file: SourceFile, rows: Rows, reader: Reader, arranged: pa.Table) -> pa.RecordBatch:
    """Arranged columns as of `source_schema`, null where there are none, with the rows' ids."""
    numbers = pc.cast(pa.array(rows.numbers), pa.string())
    ids = pc.binary_join_element_wise(file.id_prefix, numbers, "")
    schema = reader.schema(file.kind)
    columns = [ids]
    for field in list(schema)[1:]:
        there = field.name in arranged.column_names
        column = arranged[field.name].combine_chunks() if there else None
        columns.append(pa.nulls(len(ids), field.type) if column is None else column)
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _by_row(file: SourceFile, rows: Rows, reader: Reader, read: ByRow) -> pa.RecordBatch:
    """What was read row by row, as of `source_schema`."""
    schema = reader.schema(file.kind)
    columns = to_columns(read.held, reader.carried)
    columns["id"] = name_rows(file.id_prefix, rows.numbers, read.held)
    return pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)


def _put_in(
    columns: pa.RecordBatch, beyond: Mask, others: pa.RecordBatch, read: ByRow
) -> tuple[pa.RecordBatch, Index]:
    """The rows of columns, but for those that were read one by one; and which row each is of."""
    own = np.flatnonzero(~beyond)
    of_rows = np.concatenate([own, np.array([one.row for one in read.held], np.int64)])
    order = np.argsort(of_rows, kind="stable")
    both = pa.Table.from_batches([columns.take(pa.array(own)), others])
    [batch] = both.take(pa.array(order)).combine_chunks().to_batches() or [columns.slice(0, 0)]
    return batch, of_rows[order]

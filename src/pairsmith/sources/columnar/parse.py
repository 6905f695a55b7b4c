"""Records to columns: JSON objects read by Arrow with an explicit schema, a block at a time.

Arrow's reader is the one judge of what is JSON. A block that it refuses is read again in
pieces, cut at the rows that look bad, until each bad row is alone; so no row depends on its
neighbours. Python's reader only finds the words for a fault.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.json as pj

from pairsmith.sources.columnar.field_masks import Masks, join_masks, masks_by_row, masks_of
from pairsmith.sources.columnar.narrowing import narrow
from pairsmith.sources.fields import paths_of
from pairsmith.sources.json_faults import ROW_BYTES, fault_of
from pairsmith.sources.records import Records

OPEN, CLOSE = ord("{"), ord("}")

_ROW = re.compile(r"\.? in row \d+$")

SAMPLED, MOST_NAMES = 8, 200
"""Rows of a block whose names are looked at, and how many of these make columns."""


class Parsed(NamedTuple):
    """n rows, read.

    Attributes:
        table: The fields asked for, null where missing, and `fault`: a sentence where the row could
            not be read or lacks a required field, else null.
        masks: Which rows have which fields, whether or not these were asked for; nothing of rows
            that could not be read.
    """

    table: pa.Table
    masks: Masks


def parse_rows(records: Records, fields: pa.Schema, required: tuple[str, ...]) -> Parsed:
    """Reads rows as JSON objects.

    Args:
        records: n rows.
        fields: The fields to read.
        required: The fields that may not be null.
    """
    faults: dict[int, str] = {}
    pieces = list(_read(records, fields, faults))
    table = pa.concat_tables([p.table for p in pieces]) if pieces else fields.empty_table()
    starts = np.cumsum([0, *(len(piece.table) for piece in pieces)]).tolist()
    parts = [(start, piece.masks) for start, piece in zip(starts, pieces, strict=False)]
    for name in required:
        nulls = table[name].is_null().to_numpy()
        for row in np.flatnonzero(nulls).tolist():
            if row not in faults:
                faults[row] = fault_of(records.raw(row), fields, required) or f"{name} is null"
    for field in fields:
        if pa.types.is_floating(field.type):
            finite = np.isfinite(table[field.name].fill_null(0).to_numpy())
            for row in np.flatnonzero(~finite).tolist():
                faults[row] = f"the field {field.name} is not a finite number"
    sentences = [faults.get(row) for row in range(records.rows)] if faults else [None] * len(table)
    table = table.append_column("fault", pa.array(sentences, pa.string())).combine_chunks()
    return Parsed(table, join_masks(parts, records.rows))


def _read(records: Records, fields: pa.Schema, faults: dict[int, str]) -> Iterator[Parsed]:
    """All rows in pieces, the bad ones as rows of nulls."""
    parsed = _arrow(records, fields, 0, records.rows)
    if isinstance(parsed, Parsed):
        yield parsed
        return
    sure = np.zeros(records.rows, bool)
    for row in range(records.rows):
        raw = records.raw(row)
        if (fault := fault_of(raw, fields, ())) and _is_sure(raw, fault):
            sure[row], faults[row] = True, fault
    edges = np.flatnonzero(np.diff(sure)) + 1
    for start, stop in pairwise([0, *edges.tolist(), records.rows]):
        if sure[start]:
            yield _nulls(fields, stop - start)
        else:
            yield from _halve(records, fields, start, stop, faults)


def _is_sure(raw: bytes, fault: str) -> bool:
    """Whether Arrow refuses a row that Python does: it reads more numbers, and deeper."""
    return not fault.startswith("not read") and b"Inf" not in raw and b"NaN" not in raw


def _nulls(fields: pa.Schema, rows: int) -> Parsed:
    return Parsed(pa.table([pa.nulls(rows, field.type) for field in fields], schema=fields), {})


def _halve(
    records: Records, fields: pa.Schema, first: int, last: int, faults: dict[int, str]
) -> Iterator[Parsed]:
    """The rows from `first` up to `last`, cut in half as often as Arrow refuses them."""
    parsed = _arrow(records, fields, first, last)
    if isinstance(parsed, Parsed):
        yield parsed
    elif last - first == 1:
        faults[first] = fault_of(records.raw(first), fields, ()) or f"not read as JSON: {parsed}"
        yield _nulls(fields, 1)
    else:
        middle = (first + last) // 2
        yield from _halve(records, fields, first, middle, faults)
        yield from _halve(records, fields, middle, last, faults)


def _arrow(records: Records, fields: pa.Schema, first: int, last: int) -> Parsed | str:
    """The rows as columns, or why Arrow refuses them."""
    if first == last:
        return Parsed(fields.empty_table(), {})
    starts, ends = records.starts[first:last], records.ends[first:last]
    # With these three, rows and objects are in step: a newline outside a string that follows }
    # and precedes { stands between objects, a newline in a string is refused, and the counts
    # agree.
    if (starts == ends).any():
        return "a row is blank"
    data = np.frombuffer(records.data, np.uint8)
    if (data[starts] != OPEN).any() or (data[ends - 1] != CLOSE).any():
        return "a row is not an object"
    if (ends - starts).max() > ROW_BYTES:
        return "a row is too long"
    block = pa.py_buffer(records.data).slice(starts[0], ends[-1] - starts[0])
    part = records.part(first, last - first)
    try:
        _check_utf8(block)
        # other fields may have several types, or very many names: such are looked at row by row
        inferred = None if _has_many_names(part) else _infer_json(block, fields)
        table = inferred.table if inferred else _read_json(block, fields, "ignore")
    except pa.ArrowInvalid as error:
        return _ROW.sub("", str(error).removeprefix("JSON parse error: "))
    if len(table) != last - first:
        return "a row is not one object"
    return inferred or Parsed(table, masks_by_row([_paths(part, n) for n in range(len(table))]))


def _infer_json(block: pa.Buffer, fields: pa.Schema) -> Parsed | None:
    """The rows, and what other fields they have; None where these have no one type each."""
    try:
        table = _read_json(block, fields, "infer")
        return Parsed(narrow(table, fields), masks_of(table))
    except pa.ArrowException:  # also of arrays that it has inferred of empty objects
        return None


def _read_json(block: pa.Buffer, fields: pa.Schema, others: str) -> pa.Table:
    table = pj.read_json(
        pa.BufferReader(block),
        pj.ReadOptions(use_threads=False, block_size=block.size + 1),
        pj.ParseOptions(explicit_schema=fields, unexpected_field_behavior=others),
    )
    return table if others == "infer" else table.select(fields.names)


def _has_many_names(records: Records) -> bool:
    """Whether some rows of a block have more names than are worth a column each."""
    step = max(records.rows // SAMPLED, 1)
    names: set[str] = set()
    for row in range(0, records.rows, step):
        with suppress(ValueError, RecursionError):  # whether it is JSON is for Arrow to say
            held = json.loads(records.raw(row))
            names |= held.keys() if isinstance(held, dict) else set()
    return len(names) > MOST_NAMES


def _paths(records: Records, row: int) -> set[str]:
    """The paths of the fields of a row that Arrow has read."""
    try:
        return paths_of(json.loads(records.raw(row)))
    except (ValueError, RecursionError):  # deeper than Python goes
        return set()


def _check_utf8(block: pa.Buffer) -> None:
    offsets = pa.py_buffer(np.array([0, block.size], np.int64))
    pa.Array.from_buffers(pa.large_string(), 1, [None, offsets, block]).validate(full=True)

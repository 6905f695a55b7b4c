"""Records to columns: JSON objects read by Arrow with an explicit schema, a block at a time.

Arrow's reader is the one judge of what is JSON. A block that it refuses is read again in
pieces, cut at the rows that look bad, until each bad row is alone; so no row depends on its
neighbours. Python's reader only finds the words for a fault.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.json as pj

from pairsmith.sources.records import Records

OPEN, CLOSE = ord("{"), ord("}")

_ROW = re.compile(r"\.? in row \d+$")

ROW_BYTES = 16 << 20
"""A longer row is not read: no conversation is so long, and a batch must fit in memory."""

_TYPES = {
    str: "text",
    bool: "a truth value",
    int: "a number",
    float: "a number",
    list: "an array",
    dict: "an object",
    type(None): "null",
}
_WANTED: dict[str, tuple[tuple[type, ...], str]] = {
    "string": ((str,), "text"),
    "bool": ((bool,), "a truth value"),
    "int64": ((int,), "a whole number"),
    "double": ((int, float), "a number"),
}


def parse_rows(records: Records, fields: pa.Schema, required: tuple[str, ...]) -> pa.Table:
    """Reads rows as JSON objects.

    Args:
        records: n rows.
        fields: The fields to read; others are passed over.
        required: The fields that may not be null.

    Returns:
        n rows of `fields`, null where missing, and `fault`: a sentence where the row could not
        be read or lacks a required field, else null.
    """
    faults: dict[int, str] = {}
    pieces = list(_read(records, fields, faults))
    table = pa.concat_tables(pieces) if pieces else fields.empty_table()
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
    return table.append_column("fault", pa.array(sentences, pa.string())).combine_chunks()


def _read(records: Records, fields: pa.Schema, faults: dict[int, str]) -> Iterator[pa.Table]:
    """All rows in pieces, the bad ones as rows of nulls."""
    table = _arrow(records, fields, 0, records.rows)
    if isinstance(table, pa.Table):
        yield table
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


def _nulls(fields: pa.Schema, rows: int) -> pa.Table:
    return pa.table([pa.nulls(rows, field.type) for field in fields], schema=fields)


def _halve(
    records: Records, fields: pa.Schema, first: int, last: int, faults: dict[int, str]
) -> Iterator[pa.Table]:
    """The rows from `first` up to `last`, cut in half as often as Arrow refuses them."""
    table = _arrow(records, fields, first, last)
    if isinstance(table, pa.Table):
        yield table
    elif last - first == 1:
        faults[first] = fault_of(records.raw(first), fields, ()) or f"not read as JSON: {table}"
        yield _nulls(fields, 1)
    else:
        middle = (first + last) // 2
        yield from _halve(records, fields, first, middle, faults)
        yield from _halve(records, fields, middle, last, faults)


def _arrow(records: Records, fields: pa.Schema, first: int, last: int) -> pa.Table | str:
    """The rows as a table, or why Arrow refuses them."""
    if first == last:
        return fields.empty_table()
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
    try:
        _check_utf8(block)
        table = pj.read_json(
            pa.BufferReader(block),
            pj.ReadOptions(use_threads=False, block_size=block.size + 1),
            pj.ParseOptions(explicit_schema=fields, unexpected_field_behavior="ignore"),
        )
    except pa.ArrowInvalid as error:
        return _ROW.sub("", str(error).removeprefix("JSON parse error: "))
    if len(table) != last - first:
        return "a row is not one object"
    return table.select(fields.names)


def _check_utf8(block: pa.Buffer) -> None:
    offsets = pa.py_buffer(np.array([0, block.size], np.int64))
    pa.Array.from_buffers(pa.large_string(), 1, [None, offsets, block]).validate(full=True)


def fault_of(raw: bytes, fields: pa.Schema, required: tuple[str, ...]) -> str | None:
    """The fault of a row in words, quoting none of it; None where none is found."""
    if len(raw) > ROW_BYTES:
        return f"the row is {len(raw):,} bytes long; at most {ROW_BYTES:,} are read"
    try:
        row = json.loads(raw.decode(), object_pairs_hook=_Pairs)
        if b"\\u" in raw:
            json.dumps(row, ensure_ascii=False).encode()
    except UnicodeDecodeError as error:
        return f"not UTF-8: byte 0x{raw[error.start]:02x} at byte {error.start + 1}"
    except UnicodeEncodeError:
        return "a text in it holds half of a surrogate pair"
    except json.JSONDecodeError as error:
        said = error.msg.removesuffix(" at").removesuffix(" starting")
        return f"not JSON: {said} at character {error.pos + 1}"
    except RecursionError:
        return "not read as JSON: nested too deeply"
    except ValueError as error:
        return f"not read as JSON: {error}"
    if not isinstance(row, _Pairs):
        return f"not an object but {_TYPES[type(row)]}"
    names = [name for name, _ in row]
    for field in fields:
        if names.count(field.name) > 1:
            return f"the field {field.name} is given twice"
        if field.name not in names and field.name in required:
            return f"the field {field.name} is missing"
    for name, value in row:
        if name in fields.names and (value is not None or name in required):
            fault = _value_fault(value, fields.field(name).type, f"the field {name}")
            if fault:
                return fault
    return None


class _Pairs(list[tuple[str, Any]]):
    """An object's fields in order, doubles included."""


def _value_fault(value: Any, expected: pa.DataType, what: str) -> str | None:
    """The fault of a value, in a sentence that begins with `what`; None inside is no fault."""
    actual = dict if isinstance(value, _Pairs) else type(value)
    if pa.types.is_struct(expected) and actual is dict:
        return _object_fault(value, expected, what)
    if pa.types.is_list(expected) and actual is list:
        return _list_fault(value, expected.value_type, what)
    fits = _WANTED[str(expected)][0] if str(expected) in _WANTED else ()
    if actual not in fits:
        return f"{what} is {_TYPES[actual]}, not {expected_words(expected)}"
    return None


def _object_fault(value: _Pairs, expected: pa.StructType, what: str) -> str | None:
    names = [name for name, _ in value]
    for field in expected:
        if names.count(field.name) > 1:
            return f"the {field.name} of {path_of(what)} is given twice"
    for name, held in value:
        place = expected.get_field_index(name)
        if held is not None and place >= 0:
            part = f"the {name} of {path_of(what)}"
            if fault := _value_fault(held, expected.field(place).type, part):
                return fault
    return None


def _list_fault(value: list[Any], expected: pa.DataType, what: str) -> str | None:
    for number, item in enumerate(value, 1):
        if item is None:
            continue
        if pa.types.is_struct(expected):
            fault = _value_fault(item, expected, item_of(what, expected, number))
        elif fault := _value_fault(item, expected, "one that"):
            fault = f"{what} holds {fault}"
        if fault:
            return fault
    return None


def path_of(what: str) -> str:
    """A thing's name without its article: `the field chosen` is called `chosen` in a path."""
    return what.removeprefix("the field ").removeprefix("the ")


def item_of(what: str, expected: pa.DataType, number: int) -> str:
    """What to call an item of a list, such as `message 2 of chosen`."""
    spoken = pa.types.is_struct(expected) and expected.field(0).name in ("role", "from")
    return f"{'message' if spoken else 'item'} {number} of {path_of(what)}"


def expected_words(expected: pa.DataType) -> str:
    """A type in words: `text`, `a list`, `an object`."""
    if pa.types.is_struct(expected):
        return "an object"
    return _WANTED[str(expected)][1] if str(expected) in _WANTED else "a list"

"""What is wrong with a row of JSON, in words that quote none of it.

Python's reader only finds the words; whether a row is JSON is for Arrow to say (see `parse`).
"""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

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


def load_object(raw: bytes) -> dict[str, Any] | str:
    """A row as an object, or the fault of it in words."""
    if len(raw) <= ROW_BYTES:
        try:
            row = json.loads(raw.decode(), object_pairs_hook=_unique)
        except _TwiceError as error:
            return str(error)
        except (ValueError, RecursionError):
            row = None
        if isinstance(row, dict):
            return row
    return fault_of(raw, pa.schema([]), ()) or "not read as JSON"


class _TwiceError(Exception):
    """A name is given twice."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    held = dict(pairs)
    if len(held) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _TwiceError(f"the field {ascii(twice)[1:-1][:40]} is given twice")
    return held


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

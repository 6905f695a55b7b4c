"""Columns of any make to the types of a shape: texts, lists and objects, by name.

What stands in a Parquet file may be a dictionary, a large list, a view; and an object's fields
may stand in any order, with others between them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from textwrap import shorten

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.errors import SourceError
from pairsmith.sources.columnar.messages import list_offsets, null_outside
from pairsmith.sources.json_faults import ROW_BYTES, expected_words
from pairsmith.sources.records import Index

NOT_UTF8 = "a text in it is not UTF-8"


def check_types(found: pa.Schema, fields: pa.Schema, required: tuple[str, ...], name: str) -> None:
    """Sees that columns have the types of fields, or such as can be read as those.

    Raises:
        SourceError: One does not, or a required one is missing.
    """
    for field in fields:
        if field.name not in found.names:
            if field.name in required:
                raise _missing(found, field.name, name)
            continue
        if found.names.count(field.name) > 1:
            raise SourceError(f"{name} has two columns {field.name}.", "Leave one of them.")
        given = found.field(field.name).type
        if not _fits(given, field.type):
            said = shorten(str(given), 100, placeholder=" …")
            raise SourceError(
                f"{name}: the column {field.name} is {said}, not {words_of(field.type)}.",
                "Name another shape with --from, or write the column anew.",
            )


def _missing(found: pa.Schema, column: str, name: str) -> SourceError:
    if not found.names:
        return SourceError(f"{name} has no columns.", "Look at how the file was written.")
    return SourceError(
        f"{name} has no column {column}; it has {', '.join(found.names[:12])}.",
        "Name another shape with --from.",
    )


def _fits(given: pa.DataType, wanted: pa.DataType) -> bool:
    if pa.types.is_dictionary(given):
        given = given.value_type
    if pa.types.is_null(given):
        return True
    if pa.types.is_list(wanted):
        return is_list(given) and _fits(given.value_type, wanted.value_type)
    if pa.types.is_struct(wanted):
        return pa.types.is_struct(given) and all(
            (place := given.get_field_index(field.name)) >= 0
            and _fits(given.field(place).type, field.type)
            for field in wanted
        )
    if pa.types.is_string(wanted):
        return is_text(given)
    if pa.types.is_floating(wanted):
        return bool(pa.types.is_floating(given) or pa.types.is_integer(given))
    if pa.types.is_integer(wanted):
        return bool(pa.types.is_integer(given))
    return bool(given == wanted)


def is_list(given: pa.DataType) -> bool:
    """Whether a type is a list of any kind."""
    kinds = (
        pa.types.is_list,
        pa.types.is_large_list,
        pa.types.is_fixed_size_list,
        pa.types.is_list_view,
        pa.types.is_large_list_view,
    )
    return any(is_kind(given) for is_kind in kinds)


def is_text(given: pa.DataType) -> bool:
    """Whether a type is text of any kind."""
    kinds = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(is_kind(given) for is_kind in kinds)


def words_of(wanted: pa.DataType) -> str:
    """A type in words, with what is inside of it."""
    if pa.types.is_list(wanted) and not pa.types.is_string(wanted.value_type):
        return f"a list of {words_of(wanted.value_type)}"
    if pa.types.is_list(wanted):
        return "a list of texts"
    if pa.types.is_struct(wanted):
        return "{" + ", ".join(field.name for field in wanted) + "}"
    return expected_words(wanted)


def project(table: pa.Table, fields: pa.Schema, required: tuple[str, ...]) -> pa.Table:
    """The columns that are fields, as of their types, and `fault`; see `parse_rows`.

    Args:
        table: n rows, whose types `check_types` has passed.
        fields: What to take of each.
        required: The fields that may not be null.
    """
    held = {
        field.name: table[field.name].combine_chunks()
        if field.name in table.column_names
        else pa.nulls(len(table), field.type)
        for field in fields
    }
    sizes = text_sizes(held.values(), len(table))
    short = sizes <= ROW_BYTES
    if not short.all():  # before a dictionary makes of one text many
        held = {name: null_outside(column, short) for name, column in held.items()}
    columns = {field.name: _conform(held[field.name], field.type) for field in fields}
    faults = {
        row: f"the row is {sizes[row]:,} bytes long; at most {ROW_BYTES:,} are read"
        for row in np.flatnonzero(~short).tolist()
    }
    for row in _not_utf8(columns):
        faults[row] = NOT_UTF8
    for name in required:
        for row in np.flatnonzero(columns[name].is_null()).tolist():
            faults.setdefault(row, f"the field {name} is null")
    if not faults:
        return pa.table({**columns, "fault": pa.nulls(len(table), pa.string())})
    sound = np.ones(len(table), bool)
    sound[list(faults)] = False
    columns = {name: null_outside(column, sound) for name, column in columns.items()}
    said = [faults.get(row) for row in range(len(table))]
    return pa.table({**columns, "fault": pa.array(said, pa.string())})


def _conform(column: pa.Array, wanted: pa.DataType) -> pa.Array:
    """The column as of another type that `_fits` has found fitting."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_null(column.type):
        return pa.nulls(len(column), wanted)
    if pa.types.is_list(wanted):
        values = _conform(column.flatten(), wanted.value_type)
        offsets = pa.array(list_offsets(column), pa.int32())
        return pa.ListArray.from_arrays(offsets, values, mask=column.is_null())
    if pa.types.is_struct(wanted):
        children = column.flatten()
        parts = [
            _conform(children[column.type.get_field_index(field.name)], field.type)
            for field in wanted
        ]
        return pa.StructArray.from_arrays(parts, fields=list(wanted), mask=column.is_null())
    return column.cast(wanted)


def _not_utf8(columns: dict[str, pa.Array]) -> Iterator[int]:
    """The rows with a text that is not UTF-8; one by one only where there are any."""
    for column in columns.values():
        if _is_valid(column):
            continue
        for row in range(len(column)):
            if not _is_valid(column.take(pa.array([row]))):
                yield row


def _is_valid(column: pa.Array) -> bool:
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def text_sizes(columns: Iterable[pa.Array], rows: int) -> Index:
    """The bytes of text of each of `rows` rows, dictionaries decoded."""
    return sum((_sizes(column) for column in columns), np.zeros(rows, np.int64))


def _sizes(column: pa.Array) -> Index:
    given = column.type
    if pa.types.is_dictionary(given):
        inside = np.append(_sizes(column.dictionary), 0)  # the last for null
        places = pc.fill_null(column.indices.cast(pa.int64()), len(inside) - 1)
        return np.asarray(inside.take(_numbers(places), mode="clip"), np.int64)
    if is_list(given):
        inside = np.concatenate([[0], np.cumsum(_sizes(column.flatten()))])
        return np.asarray(np.diff(inside[list_offsets(column)]), np.int64)
    if pa.types.is_struct(given):
        return text_sizes(column.flatten(), len(column))
    if pa.types.is_string_view(given):
        column = column.cast(pa.large_string())
    elif not (is_text(given) or pa.types.is_binary(given) or pa.types.is_large_binary(given)):
        return np.zeros(len(column), np.int64)
    return _numbers(pc.fill_null(pc.binary_length(column), 0))


def _numbers(column: pa.Array) -> Index:
    return np.asarray(column.to_numpy(zero_copy_only=False), np.int64)

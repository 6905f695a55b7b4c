"""A table of JSON with all its fields, cut down to those of a schema, at every depth."""

from __future__ import annotations

import pyarrow as pa

from pairsmith.sources.columnar.messages import list_offsets


def narrow(table: pa.Table, fields: pa.Schema) -> pa.Table:
    """The columns that are fields, without what else their objects hold.

    Args:
        table: n rows, read with these fields' types, and others besides.
        fields: What to keep.
    """
    return pa.table(
        [_narrow(table[field.name].combine_chunks(), field.type) for field in fields],
        schema=fields,
    )


def _narrow(column: pa.Array, wanted: pa.DataType) -> pa.Array:
    if column.type == wanted:
        return column
    if pa.types.is_list(wanted):
        values = _narrow(column.flatten(), wanted.value_type)
        offsets = pa.array(list_offsets(column), pa.int32())
        return pa.ListArray.from_arrays(offsets, values, mask=column.is_null())
    children = column.flatten()
    parts = [
        _narrow(children[column.type.get_field_index(field.name)], field.type) for field in wanted
    ]
    return pa.StructArray.from_arrays(parts, fields=list(wanted), mask=column.is_null())

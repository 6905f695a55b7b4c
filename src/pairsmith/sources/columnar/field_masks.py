"""Which rows have which fields, of columns: the paths of `sources.fields`, for all rows at once.

>>> table = pa.table({"tags": [["a"], []], "input": [{"question": "Hi.", "note": None}, None]})
>>> {path: mask.tolist() for path, mask in masks_of(table).items()}
{'tags[]': [True, False], 'input.question': [True, False]}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

import numpy as np
import pyarrow as pa

from pairsmith.sources.columnar.column_types import is_list
from pairsmith.sources.columnar.messages import Mask, flags, list_offsets
from pairsmith.sources.fields import join_path
from pairsmith.sources.records import Index

Masks: TypeAlias = dict[str, Mask]
"""By path n flags: which rows have a value there. A path that no row has is left out."""


def masks_of(table: pa.Table) -> Masks:
    """The masks of all fields of n rows."""
    found: Masks = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        for path, mask in _masks(column.combine_chunks(), name, None, len(table)):
            if mask.any():
                found[path] = found[path] | mask if path in found else mask
    return found


def _masks(
    column: pa.Array, path: str, rows: Index | None, count: int
) -> Iterator[tuple[str, Mask]]:
    """The masks of a column's leaves.

    Args:
        column: m values.
        path: Where they stand.
        rows: m numbers: the row of each; None where these are the rows.
        count: How many rows there are.
    """
    given = column.type
    if pa.types.is_dictionary(given) and not (is_list(given.value_type)):
        given = given.value_type
    if pa.types.is_struct(given):
        for field, child in zip(given, column.flatten(), strict=True):
            yield from _masks(child, join_path(path, field.name), rows, count)
    elif is_list(given):
        lengths = np.diff(list_offsets(column))
        of = np.arange(len(column)) if rows is None else rows
        yield from _masks(column.flatten(), f"{path}[]", np.repeat(of, lengths), count)
    elif not pa.types.is_null(given):
        valid = flags(column.is_valid())
        if rows is not None:
            mask = np.zeros(count, bool)
            mask[rows[valid]] = True
            valid = mask
        yield path, valid


def join_masks(parts: list[tuple[int, Masks]], count: int) -> Masks:
    """The masks of `count` rows, from those of parts, each with the place of its first row."""
    if len(parts) == 1 and parts[0][0] == 0:
        return parts[0][1]
    joined: Masks = {}
    for start, masks in parts:
        for path, mask in masks.items():
            whole = joined.setdefault(path, np.zeros(count, bool))
            whole[start : start + len(mask)] = mask
    return joined


def masks_by_row(paths: list[set[str]]) -> Masks:
    """The masks of rows whose paths are known one by one."""
    found: Masks = {}
    for row, held in enumerate(paths):
        for path in held:
            found.setdefault(path, np.zeros(len(paths), bool))[row] = True
    return dict(sorted(found.items()))  # sets of texts have another order in every process


def any_of(masks: Mapping[str, Mask], count: int) -> Mask:
    """The rows that have one of these fields."""
    found = np.zeros(count, bool)
    for mask in masks.values():
        found |= mask
    return found

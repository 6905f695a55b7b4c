"""Conversations as columns of messages: flattened, joined row by row, and nested again.

Joining the prompt and the reply of each row is arithmetic on offsets; no row is looked at by
itself but to say what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pairsmith.schema.rows import SOURCE_MESSAGES
from pairsmith.sources.json_faults import item_of
from pairsmith.sources.records import Index

Mask: TypeAlias = NDArray[np.bool_]

NUL = "a text holds a NUL character"


class Messages(NamedTuple):
    """The messages of n rows, flat.

    Attributes:
        offsets: n + 1 places: row i has the messages from `offsets[i]` up to `offsets[i + 1]`.
        role, content: One of each for every message; null in rows with a fault alone.
    """

    offsets: Index
    role: pa.StringArray
    content: pa.StringArray

    @property
    def counts(self) -> Index:
        """How many messages each row has."""
        counts: Index = np.diff(self.offsets)
        return counts

    @property
    def rows(self) -> Index:
        """The row that each message belongs to."""
        return np.repeat(np.arange(len(self.offsets) - 1), self.counts)

    def any(self, mask: Mask) -> Mask:
        """Flags, one a row: true at those with a message at which `mask` holds."""
        found = np.zeros(len(self.offsets) - 1, bool)
        found[self.rows[mask]] = True
        return found


def from_lists(column: pa.ListArray) -> Messages:
    """The messages of lists of {role, content}, whatever the names of the two; null is none."""
    role, content = column.flatten().flatten()
    return Messages(list_offsets(column), role, content)


def from_objects(column: pa.StructArray) -> Messages:
    """One message a row, from {role, content}, whatever the names of the two."""
    role, content = column.flatten()
    return Messages(np.arange(len(column) + 1), role, content)


def from_texts(role: str, column: pa.StringArray) -> Messages:
    """A message of one role for each text that is not null."""
    content = column.drop_null()
    offsets = _offsets(flags(column.is_valid()))
    return Messages(offsets, pa.repeat(pa.scalar(role, pa.string()), len(content)), content)


def join(*parts: Messages) -> Messages:
    """The messages of several columns in one list a row, in the order of the columns."""
    offsets = _offsets(np.sum([part.counts for part in parts], axis=0))
    order = np.empty(offsets[-1], np.int64)
    begin, taken = offsets[:-1].copy(), 0
    for part in parts:
        shift = np.repeat(begin - part.offsets[:-1], part.counts)
        order[np.arange(len(shift)) + shift] = np.arange(taken, taken + len(shift))
        begin += part.counts
        taken += len(shift)
    role = pa.concat_arrays([part.role for part in parts]).take(pa.array(order))
    content = pa.concat_arrays([part.content for part in parts]).take(pa.array(order))
    return Messages(offsets, role, content)


def select(messages: Messages, mask: Mask) -> Messages:
    """The messages at which `mask` holds, one flag a message; the number of rows stays."""
    kept = np.concatenate([[0], np.cumsum(mask)])
    keep = pa.array(mask)
    return Messages(
        kept[messages.offsets], messages.role.filter(keep), messages.content.filter(keep)
    )


def to_list_array(messages: Messages, bad: Mask) -> pa.ListArray:
    """A column of `SOURCE_MESSAGES` without extras, null at the rows where `bad` holds."""
    if bad.any():
        messages = select(messages, ~bad[messages.rows])
    none = pa.nulls(len(messages.role), pa.string())
    spoken = pa.StructArray.from_arrays(
        [messages.role, messages.content, none], fields=list(SOURCE_MESSAGES.value_type)
    )
    offsets = pa.array(messages.offsets, pa.int32())
    return pa.ListArray.from_arrays(offsets, spoken, mask=pa.array(bad))


def holds_nul(messages: Messages) -> Mask:
    """Flags, one a row: true at those in which a role or a content has a NUL character."""
    held = (
        flags(pc.fill_null(pc.match_substring(text, "\0"), False))
        for text in (messages.role, messages.content)
    )
    return messages.any(np.logical_or.reduce(list(held)))


def inner_nulls(column: pa.Array) -> Mask:
    """Flags, one a row: true at those with a null inside; a row that is null has none."""
    if pa.types.is_list(column.type):
        values = column.flatten()
        found = np.zeros(len(column), bool)
        rows = np.repeat(np.arange(len(column)), np.diff(list_offsets(column)))
        found[rows[_nulls(values) | inner_nulls(values)]] = True
        return found
    if pa.types.is_struct(column.type):
        inside = [_nulls(child) | inner_nulls(child) for child in column.flatten()]
        held: Mask = np.logical_or.reduce(inside) & ~_nulls(column)
        return held
    return np.zeros(len(column), bool)


def describe_inner_null(value: Any, expected: pa.DataType, path: str) -> str | None:
    """The first null inside a value, as `message 2 of chosen has no content`; None without one."""
    if pa.types.is_list(expected):
        return _first(
            f"{item} is null"
            if inner is None
            else describe_inner_null(inner, expected.value_type, item)
            for number, inner in enumerate(value, 1)
            for item in [item_of(path, expected.value_type, number)]
        )
    if pa.types.is_struct(expected):
        return _first(
            f"{path} has no {field.name}"
            if value[field.name] is None
            else describe_inner_null(value[field.name], field.type, f"the {field.name} of {path}")
            for field in expected
        )
    return None


def _first(sentences: Iterable[str | None]) -> str | None:
    return next((words for words in sentences if words), None)


def list_offsets(column: pa.ListArray) -> Index:
    """The n + 1 offsets of n rows in `column.flatten()`; a null row has no items."""
    lengths = pc.fill_null(pc.list_value_length(column), 0)
    return _offsets(lengths.to_numpy(zero_copy_only=False))


def null_outside(column: pa.Array, rows: Mask) -> pa.Array:
    """The column, null at the rows where `rows`, n flags, does not hold."""
    return column.take(pa.array(np.arange(len(column)), mask=~rows))


def flags(column: pa.BooleanArray) -> Mask:
    """A Boolean column without nulls as a numpy array of flags."""
    return np.asarray(column.to_numpy(zero_copy_only=False), bool)


def _nulls(column: pa.Array) -> Mask:
    return flags(column.is_null())


def _offsets(counts: NDArray[Any]) -> Index:
    return np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])

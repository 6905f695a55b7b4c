"""What the rows of an export hold, so that `datasets` reads them with the types of the build.

`datasets` takes the types of JSON lines from their values. A README beside them that gives the
types mends most of that, but not all: a text such as 2026-01-31 has been read as a time by then,
and comes back as another text. `has_times` tells whether there is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, TypeAlias

import pyarrow as pa

Kind: TypeAlias = Any
"""A name of `SCALARS`, `JSON`, None for null alone, a list of one kind, or a dictionary of them."""

JSON = "json"
"""Of what has other fields from row to row: `datasets` has it as JSON, and reads it as it was."""

SCALARS = {"string": pa.string(), "int64": pa.int64(), "float64": pa.float64(), "bool": pa.bool_()}
_NAMES = {str: "string", int: "int64", float: "float64", bool: "bool"}
_TIME = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d.*)?", re.DOTALL)
LONGEST_TIME = 40


class RowKinds:
    """Adds up what rows hold.

    Attributes:
        kinds: The kind of each field, in the order in which they came.
        has_times: Whether a text anywhere may be taken for a time.
    """

    def __init__(self) -> None:
        self.kinds: dict[str, Kind] = {}
        self.has_times = False

    def add(self, rows: Iterable[dict[str, Any]]) -> None:
        """Adds rows."""
        for row in rows:
            for name, value in row.items():
                held = self._kind(value)
                known = self.kinds.get(name)
                if known != held or name not in self.kinds:
                    self.kinds[name] = merge(known, held)

    def know(self, columns: pa.Schema) -> None:
        """Takes the types of columns that are known, where rows have them."""
        names = {type: name for name, type in SCALARS.items()}
        for column in columns:
            if column.name in self.kinds and column.type in names:
                self.kinds[column.name] = names[column.type]

    def _kind(self, value: Any) -> Kind:
        if isinstance(value, str):
            if value[:1].isdigit() and len(value) <= LONGEST_TIME and _TIME.fullmatch(value):
                self.has_times = True
            return "string"
        if isinstance(value, list):
            held: Kind = None
            for item in value:
                kind = self._kind(item)
                if kind != held:
                    held = merge(held, kind)
            return JSON if isinstance(held, list) else [held]
        if isinstance(value, dict):
            return {name: self._kind(item) for name, item in value.items()} or JSON
        return _NAMES.get(type(value))


def merge(one: Kind, other: Kind) -> Kind:
    """The kind of values of either kind."""
    if one == other or other is None:
        return one
    if one is None:
        return other
    if isinstance(one, list) and isinstance(other, list):
        return [merge(one[0], other[0])]
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return {name: merge(one[name], other[name]) for name in one}
    return "float64" if {one_name(one), one_name(other)} == {"int64", "float64"} else JSON


def one_name(kind: Kind) -> str:
    """A kind's name; "" of a list or a dictionary."""
    return kind if isinstance(kind, str) else ""


def as_features(kinds: dict[str, Kind]) -> list[dict[str, Any]]:
    """Kinds as the README of a data set gives them, field by field."""
    return [{"name": name, **_feature(kind)} for name, kind in kinds.items()]


def _feature(kind: Kind) -> dict[str, Any]:
    if isinstance(kind, list):
        inner = _feature(kind[0])
        return {"list": inner.get("dtype") or inner["struct"]}
    if isinstance(kind, dict):
        return {"struct": as_features(kind)}
    return {"dtype": kind or "string"}


def as_type(kind: Kind) -> pa.DataType:
    """A kind as an Arrow type; JSON is text."""
    if isinstance(kind, list):
        return pa.list_(as_type(kind[0]))
    if isinstance(kind, dict):
        return pa.struct([(name, as_type(inner)) for name, inner in kind.items()])
    return SCALARS.get(kind, pa.string())

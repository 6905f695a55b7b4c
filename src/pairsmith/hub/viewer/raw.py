"""Rows as they are, for programs: values with their types, as `datasets-server` tells them.

What depends on how much others stored happens here, as in `view.py`: in a process apart.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from pairsmith.hub.viewer.columns import NESTED, PICTURE, TOGETHER, Column
from pairsmith.hub.viewer.connection import MAX_COLUMNS, Table, described_columns, opened_table
from pairsmith.hub.viewer.formats import read_by
from pairsmith.hub.viewer.sources import Source, UnreadableError

if TYPE_CHECKING:
    from duckdb.sqltypes import DuckDBPyType

Json = dict[str, Any]

MAX_DEPTH = 12  # lists and structs within each other whose types are told
CELL_CHARS = 200_000  # characters of a value, as JSON; a longer one is cut, and named
PREVIEW_CHARS = 10_000  # the same in a preview
NAMES = {  # of types, as Arrow has them, by those of DuckDB; any other one is told as text
    "boolean": "bool",
    "tinyint": "int8",
    "smallint": "int16",
    "integer": "int32",
    "bigint": "int64",
    "utinyint": "uint8",
    "usmallint": "uint16",
    "uinteger": "uint32",
    "ubigint": "uint64",
    "float": "float32",
    "double": "float64",
    "blob": "binary",
    "date": "date32",
    "time": "time64[us]",
    "timestamp": "timestamp[us]",
    "timestamp_s": "timestamp[s]",
    "timestamp_ms": "timestamp[ms]",
    "timestamp_ns": "timestamp[ns]",
    "timestamp with time zone": "timestamp[us, tz=UTC]",
}


class RawRow(NamedTuple):
    """A row: its values by the names of columns, and the columns of which not all is told."""

    values: Json
    cut: list[str]


class RawRows(NamedTuple):
    """Rows of a split.

    Attributes:
        features: The type of each column, as `datasets` writes it, in order.
        rows: The rows.
        total: How many there are in all; None where counting them took too long.
        files: How many of the files were looked at.
        unshown: How many more columns there are.
        fault: Why there are no rows; '' where there are.
    """

    features: Json
    rows: Sequence[RawRow] = ()
    total: int | None = 0
    files: int = 0
    unshown: int = 0
    fault: str = ""


def make_raw(sources: Sequence[Source], skip: int, limit: int, chars: int = CELL_CHARS) -> RawRows:
    """Reads rows from a place on.

    Args:
        sources: The files, in order; at least one.
        skip: How many rows come before.
        limit: How many rows.
        chars: Characters of a value, as JSON, that are told.

    Raises:
        HubError: 503 where it takes too long.
    """
    try:
        with opened_table(sources) as table:
            made = _described(table)
            return made._replace(rows=_rows(table, skip, limit, chars)) if limit else made
    except UnreadableError as error:
        return RawRows({}, fault=str(error))


def make_sizes(splits: Sequence[Sequence[Source]]) -> list[RawRows]:
    """What there is to say of splits, each of some files, without their rows."""
    return [make_raw(sources, 0, 0) for sources in splits]


def feature(type: DuckDBPyType, depth: int = 0) -> Json:
    """A type as `datasets` writes it."""
    kind = type.id
    if kind not in NESTED or depth >= MAX_DEPTH:
        name = f"decimal128({_digits(type)})" if kind == "decimal" else NAMES.get(kind, "string")
        return {"dtype": name, "_type": "Value"}
    if kind in ("struct", "union"):
        fields = dict(type.children)
        if {name: getattr(one, "id", "") for name, one in fields.items()} == PICTURE:
            return {"_type": "Image"}
        return {name: feature(one, depth + 1) for name, one in fields.items()}
    if kind == "map":
        inside = {name: feature(one, depth + 1) for name, one in type.children}
        return {"feature": inside, "_type": "List"}
    return {"feature": feature(type.children[0][1], depth + 1), "_type": "List"}


def _digits(type: DuckDBPyType) -> str:
    return ", ".join(str(number) for _, number in type.children)


def _described(table: Table) -> RawRows:
    read = read_by(table.format, "paths", table.whole)
    types = described_columns(table.db, table.paths, read)[:MAX_COLUMNS]
    features = {
        column.name: feature(type) for column, (_, type) in zip(table.columns, types, strict=True)
    }
    return RawRows(features, (), table.total, len(table.paths), table.unshown)


def _rows(table: Table, skip: int, limit: int, chars: int) -> list[RawRow]:
    most = min(chars, TOGETHER // max(1, limit * len(table.columns)))
    chosen = ", ".join(_selected(f"c{at}", one, most) for at, one in enumerate(table.columns))
    found = table.db.execute(
        f"SELECT {chosen} FROM {table.relation} LIMIT $limit OFFSET $skip",
        {"paths": table.paths, "limit": limit, "skip": skip},
    ).fetchall()
    return [_row(table.columns, row) for row in found]


def _selected(it: str, column: Column, most: int) -> str:
    """A value as JSON, or the first of it as text, and whether all of it is there."""
    if column.kind in ("binary", "unshown"):
        return f"NULL, NULL, {it} IS NULL"
    value = f"CAST(to_json({it}) AS VARCHAR)"
    text = it if column.kind == "text" and not column.json else value
    fits = f"({it} IS NULL OR length({value}) <= {most})"
    first = f"CASE WHEN NOT {fits} THEN left({text}, {most}) END"
    return f"CASE WHEN {fits} THEN {value} END, {first}, {fits}"


def _row(columns: Sequence[Column], row: Sequence[Any]) -> RawRow:
    values: Json = {}
    cut = []
    for at, column in enumerate(columns):
        whole, first, fits = row[3 * at : 3 * at + 3]
        values[column.name] = first if whole is None else json.loads(whole, parse_constant=_no)
        if not fits:
            cut.append(column.name)
    return RawRow(values, cut)


def _no(_name: str) -> None:
    """In the place of a number that JSON does not have."""

"""The numbers of an answer as tables of the report, however they are nested."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pairsmith.reporting.wording import number, words

MAX_LISTED = 8
"""The most values of a list that is written into a cell; of a longer one only the number is."""

HISTOGRAM_KEYS = {"edges", "counts"}
"""The keys of a mapping that is a histogram: it is plotted and gets no table."""

INTERVAL_KEYS = {"low", "high"}
"""The keys of a mapping that is an estimate with its interval: it goes into one cell."""

MAX_COLUMNS = 4
"""A table with more columns than this, and more columns than rows, is transposed."""

MAX_VISIBLE_ROWS = 30
"""Tables are visible at once up to this many rows in all; the others are folded away."""

MAX_ROWS = 40
"""The most rows of a table; further ones are only counted."""


class Table(NamedTuple):
    """A table of text.

    Attributes:
        caption: Its caption; empty for the table of plain numbers.
        columns: The c headings of the columns; the first one, of the row headings, may be empty.
        rows: The c cells of each row, its heading first.
        left_out: The number of rows beyond `MAX_ROWS`.
    """

    caption: str
    columns: list[str]
    rows: list[list[str]]
    left_out: int = 0


def tables(numbers: Mapping[str, Any]) -> list[Table]:
    """Converts the numbers of an answer: a table of the plain values, then tables of the others."""
    plain = {name: value for name, value in numbers.items() if _is_plain(value)}
    made = [_of_values("", plain)] if plain else []
    for name, value in numbers.items():
        if name not in plain:
            made += _nested(words(name), value)
    return made


def _nested(caption: str, value: Any) -> Iterator[Table]:
    """The tables of a value that does not fit into a cell."""
    if isinstance(value, Mapping):
        yield from _of_mapping(caption, value)
    elif value and all(isinstance(item, Mapping) for item in value):
        yield _of_list(caption, value)
    else:
        yield Table(caption, ["", "value"], [["values", f"{len(value):,}"]])


def _of_list(caption: str, records: Sequence[Mapping[str, Any]]) -> Table:
    """The table of a list of records, headed by their first value if it is text, else numbered."""
    head = next(iter(records[0]), "")
    if not all(isinstance(record.get(head), str) for record in records):
        return _of_records(caption, {str(n): record for n, record in enumerate(records, 1)})
    names = list(dict.fromkeys(name for record in records for name in record if name != head))
    rows = [[record[head], *(cell(record.get(name, "")) for name in names)] for record in records]
    left_out = max(len(rows) - MAX_ROWS, 0)
    return Table(caption, [words(head), *map(words, names)], rows[:MAX_ROWS], left_out)


def _of_mapping(caption: str, value: Mapping[str, Any]) -> Iterator[Table]:
    """The tables of a mapping: its plain values, its records, and the values nested in these."""
    if value.keys() >= HISTOGRAM_KEYS:
        return
    plain = {name: inner for name, inner in value.items() if _is_plain(inner)}
    records = {n: v for n, v in value.items() if n not in plain and isinstance(v, Mapping)}
    if plain:
        yield _of_values(caption, plain)
    if len(records) == 1:
        [(name, record)] = records.items()
        yield from _of_mapping(f"{caption}, {words(name)}", record)
        records = {}
    flat = {n: {k: v for k, v in record.items() if _is_plain(v)} for n, record in records.items()}
    if any(flat.values()):
        yield _of_records(caption, flat)
    for inner in dict.fromkeys(k for record in records.values() for k in record):
        deeper = {n: r[inner] for n, r in records.items() if inner in r and inner not in flat[n]}
        if deeper:
            yield from _of_mapping(f"{caption}, {words(inner)}", deeper)
    for name, other in value.items():
        if name not in plain and not isinstance(other, Mapping):
            yield from _nested(f"{caption}, {words(name)}", other)


def _of_values(caption: str, values: Mapping[str, Any]) -> Table:
    rows = [[words(name), cell(value)] for name, value in values.items()]
    return Table(caption, ["", "value"], rows[:MAX_ROWS], max(len(rows) - MAX_ROWS, 0))


def _of_records(caption: str, records: Mapping[str, Mapping[str, Any]]) -> Table:
    names = list(dict.fromkeys(name for record in records.values() for name in record))
    rows = [
        [words(row), *(cell(record[name]) if name in record else "" for name in names)]
        for row, record in records.items()
    ]
    columns = ["", *map(words, names)]
    if len(names) > MAX_COLUMNS and len(records) < len(names):
        columns, *rows = map(list, zip(columns, *rows, strict=True))
    return Table(caption, columns, rows[:MAX_ROWS], max(len(rows) - MAX_ROWS, 0))


def _is_plain(value: Any) -> bool:
    """Whether a value fits into one cell."""
    if isinstance(value, list | tuple):
        return len(value) <= MAX_LISTED and not any(
            isinstance(item, Mapping | list | tuple) for item in value
        )
    return not isinstance(value, Mapping) or _with_interval(value) is not None


def _with_interval(value: Mapping[str, Any]) -> str | None:
    """Formats an estimate with its interval; None if the mapping is none."""
    named = [name for name in ("share", "difference", "estimate", "mean") if name in value]
    if not value.keys() >= INTERVAL_KEYS or not named:
        return None
    middle, low, high = (number(value[name]) for name in (named[0], "low", "high"))
    if value["low"] is None or value["high"] is None:
        return f"{middle} (no interval)"
    return f"{middle} ({low} to {high})"


def cell(value: Any) -> str:
    """A value of a table in words: a number, a few of them, or an estimate with its interval."""
    if isinstance(value, Mapping):
        return _with_interval(value) or ""
    if isinstance(value, list | tuple):
        return ", ".join(number(item) for item in value)
    return number(value)


def split(made: list[Table]) -> tuple[list[Table], list[Table]]:
    """Splits tables into those that are visible at once, at least one, and the others."""
    rows = visible = 0
    for table in made:
        rows += len(table.rows)
        if visible and rows > MAX_VISIBLE_ROWS:
            break
        visible += 1
    return made[:visible], made[visible:]

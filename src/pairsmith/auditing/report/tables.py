"""The numbers of an answer as tables for the report, whatever they are nested in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pairsmith.auditing.report.wording import number, words

LISTED = 8
"""A list of at most so many plain values is written out; a longer one is drawn, or told of."""

DRAWN = {"edges", "counts"}
"""What has these is a histogram, which a plot shows and no table."""

SHARE = {"low", "high"}
"""What has these beside one value is that value with its interval."""

WIDE = 4
"""A table of more columns than this, and than rows, is turned round."""

SHOWN = 30
"""Tables of so many rows together are shown at once."""

LONGEST = 40
"""A table has at most so many rows."""


class Table(NamedTuple):
    """A table of text.

    Attributes:
        caption: What it is of; empty for the plain numbers.
        columns: Their headings; that of the first one, which heads the rows, may be empty.
        rows: The cells of each row, its heading first.
        left_out: Rows that there is no place for.
    """

    caption: str
    columns: list[str]
    rows: list[list[str]]
    left_out: int = 0


def tables(numbers: Mapping[str, Any]) -> list[Table]:
    """The numbers of an answer: the plain ones in one table, then one for each of the others."""
    plain = {name: value for name, value in numbers.items() if _is_plain(value)}
    found = [_of_values("", plain)] if plain else []
    for name, value in numbers.items():
        if name not in plain:
            found += _nested(words(name), value)
    return found


def _nested(caption: str, value: Any) -> Iterator[Table]:
    if isinstance(value, Mapping):
        yield from _of_mapping(caption, value)
    elif value and all(isinstance(held, Mapping) for held in value):
        yield _of_list(caption, value)
    else:
        yield Table(caption, ["", "value"], [["values", f"{len(value):,}"]])


def _of_list(caption: str, records: Sequence[Mapping[str, Any]]) -> Table:
    """Records in a list: what they have first heads the rows, if that is text; else numbers do."""
    head = next(iter(records[0]), "")
    if not all(isinstance(held.get(head), str) for held in records):
        return _of_records(caption, {str(n): held for n, held in enumerate(records, 1)})
    names = list(dict.fromkeys(name for held in records for name in held if name != head))
    rows = [[held[head], *(_cell(held.get(name, "")) for name in names)] for held in records]
    left_out = max(len(rows) - LONGEST, 0)
    return Table(caption, [words(head), *map(words, names)], rows[:LONGEST], left_out)


def _of_mapping(caption: str, value: Mapping[str, Any]) -> Iterator[Table]:
    """A mapping's plain values, its records in columns, and what is nested deeper."""
    if value.keys() >= DRAWN:
        return
    plain = {name: held for name, held in value.items() if _is_plain(held)}
    records = {n: held for n, held in value.items() if n not in plain and isinstance(held, Mapping)}
    if plain:
        yield _of_values(caption, plain)
    if len(records) == 1:
        [(name, held)] = records.items()
        yield from _of_mapping(f"{caption}, {words(name)}", held)
        records = {}
    flat = {n: {k: v for k, v in held.items() if _is_plain(v)} for n, held in records.items()}
    if any(flat.values()):
        yield _of_records(caption, flat)
    for inner in dict.fromkeys(k for held in records.values() for k in held):
        deeper = {n: h[inner] for n, h in records.items() if inner in h and inner not in flat[n]}
        if deeper:
            yield from _of_mapping(f"{caption}, {words(inner)}", deeper)
    for name, held in value.items():
        if name not in plain and not isinstance(held, Mapping):
            yield from _nested(f"{caption}, {words(name)}", held)


def _of_values(caption: str, values: Mapping[str, Any]) -> Table:
    rows = [[words(name), _cell(value)] for name, value in values.items()]
    return Table(caption, ["", "value"], rows[:LONGEST], max(len(rows) - LONGEST, 0))


def _of_records(caption: str, records: Mapping[str, Mapping[str, Any]]) -> Table:
    names = list(dict.fromkeys(name for held in records.values() for name in held))
    rows = [
        [words(row), *(_cell(held[name]) if name in held else "" for name in names)]
        for row, held in records.items()
    ]
    columns = ["", *map(words, names)]
    if len(names) > WIDE and len(records) < len(names):
        columns, *rows = map(list, zip(columns, *rows, strict=True))
    return Table(caption, columns, rows[:LONGEST], max(len(rows) - LONGEST, 0))


def _is_plain(value: Any) -> bool:
    """Whether a value goes into one cell."""
    if isinstance(value, list | tuple):
        return len(value) <= LISTED and not any(
            isinstance(held, Mapping | list | tuple) for held in value
        )
    return not isinstance(value, Mapping) or _with_interval(value) is not None


def _with_interval(value: Mapping[str, Any]) -> str | None:
    """An estimate and its interval as text; None where it is none."""
    named = [name for name in ("share", "difference", "estimate", "mean") if name in value]
    if not value.keys() >= SHARE or not named:
        return None
    middle, low, high = (number(value[name]) for name in (named[0], "low", "high"))
    return f"{middle} ({low} to {high})"


def _cell(value: Any) -> str:
    if isinstance(value, Mapping):
        return _with_interval(value) or ""
    if isinstance(value, list | tuple):
        return ", ".join(number(held) for held in value)
    return number(value)


def split(found: list[Table]) -> tuple[list[Table], list[Table]]:
    """The tables that are shown at once, the first among them, and those that are folded away."""
    rows = shown = 0
    for table in found:
        rows += len(table.rows)
        if shown and rows > SHOWN:
            break
        shown += 1
    return found[:shown], found[shown:]

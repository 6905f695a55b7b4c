"""Rows of files: a page of them, in order, sorted, searched, or as an annotation has them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pairsmith.hub.viewer import statements
from pairsmith.hub.viewer.columns import Column, Cut, are_searched, select_list
from pairsmith.hub.viewer.connection import Table, opened_table, time_limit
from pairsmith.hub.viewer.sources import Source
from pairsmith.hub.viewer.statements import Label, Loaded, Question, Statements
from pairsmith.hub.viewer.wanted import (
    Wanted,
    column_of,
    condition,
    notes_of,
    order,
    parameters,
    searched,
    selection,
)

ON_A_PAGE = 25  # rows
SHOWN_CHARS = 1_000_000  # of all values of a page; as HTML up to six times as many
SECONDS_TO_COUNT = 3.0  # for the number of rows that match
BRIEF = Cut(text=4_000, messages=20, message=4_000)
FULL = Cut(text=200_000, messages=100, message=200_000)


class Value(NamedTuple):
    """What a row has in a column.

    Attributes:
        content: Text, cut; or a list of {role, content, size}; None where there is nothing, or
            where it is binary.
        size: How much there is uncut: characters, messages or bytes; None where there is nothing.
        picture: The bytes of a small picture; None for anything else.
    """

    content: str | list[dict[str, object] | None] | None
    size: int | None
    picture: bytes | None = None


class Row(NamedTuple):
    """A row, its place among all, from 1, and what the annotation that is shown says of it."""

    number: int
    values: list[Value]
    statements: Statements | None = None


class Rows(NamedTuple):
    """Rows of a page.

    Attributes:
        columns: The columns that are shown.
        unshown: How many more columns there are.
        rows: The rows.
        total: How many there are in all; None where counting them took too long.
        matching: How many match; None where counting them took too long.
        more: Whether there are more after these.
        labels: The labels of the annotation that is shown.
        files: How many of the files were looked at.
        searched: Whether there is a column of text; a search finds nothing where there is none.
        notes: The notes that rows have, for a menu.
    """

    columns: list[Column]
    unshown: int
    rows: list[Row]
    total: int | None
    matching: int | None
    more: bool
    labels: Sequence[Label] = ()
    files: int = 0
    searched: bool = True
    notes: Sequence[str] = ()


def read_page(
    sources: Sequence[Source],
    number: int,
    search: str = "",
    question: Question | None = None,
    wanted: Wanted | None = None,
) -> Rows:
    """A page of the rows, those that hold a text where one is searched.

    Args:
        sources: The files, in order; at least one.
        number: Which page, from 1.
        search: The text, in any column of text, whatever the case; '' for all rows.
        question: Which annotation is shown with them, and which rows it selects; None for none.
        wanted: What else is asked of the rows; None for nothing.

    Raises:
        UnreadableError: Where the files cannot be read, or take too much memory.
        HubError: 503 where it takes too long.
    """
    wanted = (wanted or Wanted())._replace(search=search)
    skip = (number - 1) * ON_A_PAGE
    with opened_table(sources, question.sources if question else ()) as table:
        loaded = statements.load(table, question) if question else None
        rows, more = _page(table, wanted, loaded, skip)
        matching = table.total
        if wanted.selects or (question and question.filters):
            known = not more and (rows or number == 1 or not searched(table, wanted))
            matching = skip + len(rows) if known else _count(table, wanted, loaded)
        rows = _annotated(loaded, rows)
        shown = _rows(table, rows, more, matching, loaded)
        return shown._replace(notes=notes_of(table))


def read_row(
    sources: Sequence[Source], number: int, question: Question | None = None, name: str = ""
) -> Rows:
    """One row, with far more of its values; no row where there is none of that number, or id.

    Args:
        sources: The files, in order; at least one.
        number: Which row, from 1.
        question: Which annotation is shown with it; None for none.
        name: The row's id, by which it is found whatever its number is; '' for the number.

    Raises:
        UnreadableError: Where the files cannot be read, take too much memory, or have no ids.
        HubError: 503 where it takes too long.
    """
    with opened_table(sources, question.sources if question else ()) as table:
        loaded = statements.load(table, question) if question else None
        if name:
            number = _number_of(table, name)
        rows = _annotated(loaded, _in_order(table, number - 1, 1, FULL) if number else [])
        more = table.total is None or number < table.total
        return _rows(table, rows, more, table.total, loaded)


def _page(table: Table, wanted: Wanted, loaded: Loaded | None, skip: int) -> tuple[list[Row], bool]:
    """The rows of a page, and whether there are more after them."""
    limit = ON_A_PAGE + 1
    if not searched(table, wanted):
        rows = []  # DuckDB would refuse a text that no condition asks for
    elif wanted.sort or (loaded and loaded.question.selects):
        rows = _ranked(table, wanted, loaded, skip, limit)
    elif wanted.selects:
        rows = _matching(table, wanted, skip, limit)
    else:
        rows = _in_order(table, skip, limit, BRIEF)
    return rows[:ON_A_PAGE], len(rows) > ON_A_PAGE


def _number_of(table: Table, name: str) -> int:
    """The number of the first row of an id; 0 where there is none."""
    at = column_of(table, "id")
    found = table.db.execute(
        f"SELECT n FROM (SELECT row_number() OVER () AS n, c{at} AS id FROM {table.relation})"
        " WHERE CAST(id AS VARCHAR) = $name LIMIT 1",
        {"paths": table.paths, "name": name},
    ).fetchone()
    return int(found[0]) if found else 0


def _rows(
    table: Table, rows: list[Row], more: bool, matching: int | None, loaded: Loaded | None
) -> Rows:
    labels = loaded.labels if loaded else []
    rows = _level(rows, SHOWN_CHARS)
    shown = Rows(table.columns, table.unshown, rows, table.total, matching, more, labels)
    return shown._replace(files=len(table.paths), searched=are_searched(table.columns))


def _in_order(table: Table, skip: int, limit: int, cut: Cut) -> list[Row]:
    """Rows from a place on. DuckDB leaps over the row groups before it."""
    cut = cut.among(limit * len(table.columns))
    found = table.db.execute(
        f"SELECT {select_list(table.columns, cut)} FROM {table.relation} LIMIT $limit OFFSET $skip",
        {"paths": table.paths, "limit": limit, "skip": skip},
    ).fetchall()
    return [_row(number, row) for number, row in enumerate(found, start=skip + 1)]


def _matching(table: Table, wanted: Wanted, skip: int, limit: int) -> list[Row]:
    """Rows that are wanted, in the order of the files, with their place among all."""
    cut = BRIEF.among(limit * len(table.columns))
    found = table.db.execute(
        f"SELECT n, {select_list(table.columns, cut)}"
        f" FROM (SELECT row_number() OVER () AS n, * FROM {table.relation})"
        f" WHERE {condition(table, wanted)} LIMIT $limit OFFSET $skip",
        {**parameters(table, wanted, None), "limit": limit, "skip": skip},
    ).fetchall()
    return [_row(number, row) for number, *row in found]


def _ranked(
    table: Table, wanted: Wanted, loaded: Loaded | None, skip: int, limit: int
) -> list[Row]:
    """Rows as a column or an annotation sorts them, or as an annotation selects them.

    Which these are is found by their numbers alone, so that no long value waits to be sorted.
    """
    found = table.db.execute(
        f"SELECT n FROM {selection(table, wanted, loaded)}"
        f" ORDER BY {order(table, wanted, loaded) or 'n'} LIMIT $limit OFFSET $skip",
        {**parameters(table, wanted, loaded), "skip": skip, "limit": limit},
    ).fetchall()
    numbers = [number for (number,) in found]
    cut = BRIEF.among(limit * len(table.columns))
    rows = table.db.execute(
        f"SELECT n, {select_list(table.columns, cut)}"
        f" FROM (SELECT row_number() OVER () AS n, * FROM {table.relation})"
        " WHERE list_contains($numbers, n)",
        {"paths": table.paths, "numbers": numbers},
    ).fetchall()
    by_number = {number: _row(number, row) for number, *row in rows}
    return [by_number[number] for number in numbers]


def _annotated(loaded: Loaded | None, rows: list[Row]) -> list[Row]:
    """The same rows, each with what the annotation says of it."""
    if loaded is None:
        return rows
    ids = {row.number: row.values[loaded.id].content for row in rows}
    said = statements.of_rows(loaded, [id for id in ids.values() if isinstance(id, str)])
    return [row._replace(statements=said.get(str(ids[row.number]))) for row in rows]


def _level(rows: list[Row], most: int) -> list[Row]:
    """The same rows, their longest texts cut to one length where all together are too long."""
    sizes = sorted(len(text) for row in rows for value in row.values for text in _texts(value))
    left = most
    for at, size in enumerate(sizes):
        if size * (len(sizes) - at) > left:
            longest = left // (len(sizes) - at)
            cut = [[_shortened(value, longest) for value in row.values] for row in rows]
            return [row._replace(values=values) for row, values in zip(rows, cut, strict=True)]
        left -= size
    return rows


def _texts(value: Value) -> Iterator[str]:
    """The texts of a value: itself, or what is said in its messages."""
    inner = value.content if isinstance(value.content, list) else [{"content": value.content}]
    said = (message["content"] for message in inner if message)
    return (text for text in said if isinstance(text, str))


def _shortened(value: Value, longest: int) -> Value:
    if isinstance(value.content, str):
        return value._replace(content=value.content[:longest])
    for message in value.content or ():
        if message and isinstance(message["content"], str):
            message["content"] = message["content"][:longest]
    return value


def _count(table: Table, wanted: Wanted, loaded: Loaded | None) -> int | None:
    """How many rows match; None where that takes too long to find out."""
    import duckdb

    try:
        with time_limit(table.db, SECONDS_TO_COUNT):
            counted = table.db.execute(
                f"SELECT count(*) FROM {selection(table, wanted, loaded)}",
                parameters(table, wanted, loaded),
            ).fetchone()
    except duckdb.InterruptException:
        return None
    return int(counted[0])


def _row(number: int, row: Sequence[object]) -> Row:
    return Row(number, [_value(row[at], row[at + 1]) for at in range(0, len(row), 2)])


def _value(content: object, size: object) -> Value:
    if isinstance(content, bytes):
        return Value(None, size, content)  # type: ignore[arg-type]
    return Value(content, size)  # type: ignore[arg-type]

"""Rows of Parquet files: a page of them, in order, searched, or as an annotation has them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pairsmith.hub.viewer import statements
from pairsmith.hub.viewer.columns import Column, Cut, are_searched, search_condition, select_list
from pairsmith.hub.viewer.connection import Table, opened_table, time_limit
from pairsmith.hub.viewer.sources import Source
from pairsmith.hub.viewer.statements import ORDERS, SCORES, Label, Loaded, Question, Statements

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
    """

    content: str | list[dict[str, object] | None] | None
    size: int | None


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
        total: How many there are in all.
        matching: How many match; None where counting them took too long.
        more: Whether there are more after these.
        labels: The labels of the annotation that is shown.
        files: How many of the files were looked at.
        searched: Whether there is a column of text; a search finds nothing where there is none.
    """

    columns: list[Column]
    unshown: int
    rows: list[Row]
    total: int
    matching: int | None
    more: bool
    labels: Sequence[Label] = ()
    files: int = 0
    searched: bool = True


def read_page(
    sources: Sequence[Source], number: int, search: str = "", question: Question | None = None
) -> Rows:
    """A page of the rows, those that hold a text where one is searched.

    Args:
        sources: The files, in order; at least one.
        number: Which page, from 1.
        search: The text, in any column of text, whatever the case; '' for all rows.
        question: Which annotation is shown with them, and which rows it selects; None for none.

    Raises:
        UnreadableError: Where the files cannot be read, or take too much memory.
        HubError: 503 where it takes too long.
    """
    skip = (number - 1) * ON_A_PAGE
    with opened_table(sources, question.sources if question else ()) as table:
        loaded = statements.load(table, question) if question else None
        if search and not are_searched(table.columns):
            rows = []  # DuckDB would refuse a text that no condition asks for
        elif loaded and loaded.question.selects:
            rows = _ranked(loaded, search, skip, ON_A_PAGE + 1)
        elif search:
            rows = _matching(table, search, skip, ON_A_PAGE + 1)
        else:
            rows = _in_order(table, skip, ON_A_PAGE + 1, BRIEF)
        more = len(rows) > ON_A_PAGE
        matching: int | None = table.total
        if search or (question and question.label):
            known = not more and (rows or number == 1 or not are_searched(table.columns))
            matching = skip + len(rows) if known else _count(table, search, loaded)
        rows = _annotated(loaded, rows[:ON_A_PAGE])
    return _rows(table, rows, more, matching, loaded)


def read_row(sources: Sequence[Source], number: int, question: Question | None = None) -> Rows:
    """One row, with far more of its values; no row where that number is too high.

    Args:
        sources: The files, in order; at least one.
        number: Which row, from 1.
        question: Which annotation is shown with it; None for none.

    Raises:
        UnreadableError: Where the files cannot be read, or take too much memory.
        HubError: 503 where it takes too long.
    """
    with opened_table(sources, question.sources if question else ()) as table:
        loaded = statements.load(table, question) if question else None
        rows = _annotated(loaded, _in_order(table, number - 1, 1, FULL))
    return _rows(table, rows, number < table.total, table.total, loaded)


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


def _matching(table: Table, search: str, skip: int, limit: int) -> list[Row]:
    """Rows in which a text stands, with their place among all."""
    cut = BRIEF.among(limit * len(table.columns))
    found = table.db.execute(
        f"SELECT n, {select_list(table.columns, cut)}"
        f" FROM (SELECT row_number() OVER () AS n, * FROM {table.relation})"
        f" WHERE {search_condition(table.columns)} LIMIT $limit OFFSET $skip",
        {"paths": table.paths, "q": search, "limit": limit, "skip": skip},
    ).fetchall()
    return [_row(number, row) for number, *row in found]


def _ranked(loaded: Loaded, search: str, skip: int, limit: int) -> list[Row]:
    """Rows as an annotation selects and sorts them.

    Which these are is found by their numbers alone, so that no long value waits to be sorted.
    """
    table, values = loaded.table, {"paths": loaded.table.paths, "skip": skip, "limit": limit}
    found = table.db.execute(
        f"SELECT n FROM {_selected(loaded, search)}"
        f" ORDER BY {ORDERS[loaded.question.order]} LIMIT $limit OFFSET $skip",
        {**values, **_parameters(loaded, search)},
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


def _selected(loaded: Loaded, search: str) -> str:
    """The rows that an annotation and a search select, each with the scores of its statements."""
    table = loaded.table
    join = "JOIN" if loaded.question.label else "LEFT JOIN"
    condition = search_condition(table.columns) if search else "true"
    return (
        f"(SELECT row_number() OVER () AS n, * FROM {table.relation}) AS rows"
        f" {join} {SCORES} ON scores.id = rows.c{loaded.id} WHERE ({condition})"
    )


def _parameters(loaded: Loaded, search: str) -> dict[str, object]:
    label = {"label": loaded.question.label}
    return {**label, "q": search} if search else dict(label)


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


def _count(table: Table, search: str, loaded: Loaded | None) -> int | None:
    """How many rows match; None where that takes too long to find out."""
    import duckdb

    if loaded:
        rows, values = _selected(loaded, search), _parameters(loaded, search)
    else:
        rows, values = f"{table.relation} WHERE {search_condition(table.columns)}", {"q": search}
    try:
        with time_limit(table.db, SECONDS_TO_COUNT):
            counted = table.db.execute(
                f"SELECT count(*) FROM {rows}", {"paths": table.paths, **values}
            ).fetchone()
    except duckdb.InterruptException:
        return None
    return int(counted[0])


def _row(number: int, row: Sequence[object]) -> Row:
    values = [Value(row[at], row[at + 1]) for at in range(0, len(row), 2)]  # type: ignore[arg-type]
    return Row(number, values)

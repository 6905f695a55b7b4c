"""Which rows are wanted, and in what order, as the conditions and the order of a query.

What is asked for goes as parameters; a column is found by its name here, and goes by its place.
"""

from __future__ import annotations

from typing import NamedTuple

from pairsmith.hub.viewer.columns import Column, are_searched, search_condition, sort_key
from pairsmith.hub.viewer.connection import Table
from pairsmith.hub.viewer.sources import UnreadableError
from pairsmith.hub.viewer.statements import ORDERS, SCORES, Loaded

NOTES = "notes"  # the column in which a build says what holds of a row
MAX_NOTES = 50  # in the menu
NOTED_ROWS = 5_000  # rows whose notes are looked at for the menu
MAX_NOTE_CHARS = 200


class Wanted(NamedTuple):
    """What is asked of rows, besides what is asked of an annotation.

    Attributes:
        search: A text that stands in any column of text, whatever the case; '' for all rows.
        note: One of the notes that a row has; '' for any.
        sort: The name of the column that sorts the rows; '' for the order of the files.
        descending: Whether the largest come first.
    """

    search: str = ""
    note: str = ""
    sort: str = ""
    descending: bool = False

    @property
    def selects(self) -> bool:
        """Whether fewer rows than all may match."""
        return bool(self.search or self.note)


def searched(table: Table, wanted: Wanted) -> bool:
    """Whether there is something to search in, where a text is searched."""
    return not wanted.search or are_searched(table.columns)


def condition(table: Table, wanted: Wanted) -> str:
    """The condition that a row is wanted.

    Raises:
        UnreadableError: The rows have no notes.
    """
    conditions = ["true"]
    if wanted.search:
        conditions.append(f"({search_condition(table.columns)})")
    if wanted.note:
        conditions.append(f"list_contains(c{_notes(table)}, $note)")
    return " AND ".join(conditions)


def order(table: Table, wanted: Wanted, loaded: Loaded | None) -> str:
    """What the rows are sorted by; '' for the order of the files.

    Raises:
        UnreadableError: There is no such column.
    """
    keys = [ORDERS[loaded.question.order]] if loaded and loaded.question.order else []
    if wanted.sort:
        at = column_of(table, wanted.sort)
        way = "DESC" if wanted.descending else "ASC"
        keys.append(f"{sort_key(f'c{at}', table.columns[at])} {way} NULLS LAST")
    return ", ".join([*keys, "n"]) if keys else ""


def column_of(table: Table, name: str) -> int:
    """Where a column of a name is, of those that are shown.

    Raises:
        UnreadableError: There is none.
    """
    for at, column in enumerate(table.columns):
        if column.name == name:
            return at
    raise UnreadableError(f"There is no column {name[:100]!r} here, of those that are shown.")


def selection(table: Table, wanted: Wanted, loaded: Loaded | None) -> str:
    """The rows that are wanted, behind FROM: their numbers `n`, their columns, their scores.

    Raises:
        UnreadableError: What is asked for is not here.
    """
    join = ""
    if loaded and loaded.question.selects:
        kind = "JOIN" if loaded.question.filters else "LEFT JOIN"
        join = f" {kind} {SCORES} ON scores.id = rows.c{loaded.id}"
    return (
        f"(SELECT row_number() OVER () AS n, * FROM {table.relation}) AS rows{join}"
        f" WHERE {condition(table, wanted)}"
    )


def parameters(table: Table, wanted: Wanted, loaded: Loaded | None) -> dict[str, object]:
    """The parameters of `selection`."""
    values: dict[str, object] = {"paths": table.paths}
    if wanted.search:
        values["q"] = wanted.search
    if wanted.note:
        values["note"] = wanted.note
    if loaded and loaded.question.selects:
        values |= loaded.question.values
    return values


def notes_of(table: Table) -> list[str]:
    """The notes that the first rows have, for a menu; the most frequent first."""
    if not any(map(_are_notes, table.columns)):
        return []
    found = table.db.execute(
        f"SELECT note FROM (SELECT unnest(c{_notes(table)}) AS note FROM"
        f" (SELECT * FROM {table.relation} LIMIT {NOTED_ROWS}))"
        f" WHERE note IS NOT NULL AND length(note) <= {MAX_NOTE_CHARS}"
        f" GROUP BY note ORDER BY count(*) DESC, note LIMIT {MAX_NOTES}",
        {"paths": table.paths},
    ).fetchall()
    return [note for (note,) in found]


def _notes(table: Table) -> int:
    for at, column in enumerate(table.columns):
        if _are_notes(column):
            return at
    raise UnreadableError(f"These rows have no notes: no column {NOTES} that is a list of text.")


def _are_notes(column: Column) -> bool:
    return column.name == NOTES and column.type == "VARCHAR[]"

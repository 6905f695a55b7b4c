"""Files without a row that can be read: what was found in their first rows instead."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from pairsmith.errors import SourceError
from pairsmith.io.identity import WatchedFile
from pairsmith.sources.formats import format_of
from pairsmith.sources.formats.format import SAMPLE_ROWS, Reading
from pairsmith.sources.formats.table import TableRows
from pairsmith.sources.layouts import SourceFile
from pairsmith.sources.rows.mapping import list_names

FIRST = 3
"""The number of rows that a message names."""


def check_readable(file: SourceFile, required: tuple[str, ...] | None) -> None:
    """Checks that a table of which no first row could be read has the columns of a shape.

    Without them the build would complain of the columns of a shape that nobody asked for. Files of
    other kinds have their fields in their rows, and each row is refused by itself.

    Args:
        file: The file.
        required: The columns that no row of the shape may lack; None where there is no shape.

    Raises:
        SourceError: It has not; and what was found in its first rows.
        DamagedInputError: It breaks off before the first row.
    """
    with WatchedFile(file.place, file.path) as watched:
        reading = Reading(watched, file.path, pa.schema([]), (), SAMPLE_ROWS)
        rows = next(iter(format_of(file.path).read(reading)), None)
    names = _names(file) if rows is None else _names_of(rows)
    if names is None or (required is not None and set(required) <= set(names)):
        return
    columns = f"Its columns: {list_names(names)}."
    if not isinstance(rows, TableRows):
        raise SourceError(
            f"{file.path} has no rows, and columns of no shape that is known. {columns}",
            "Look at how the file was written.",
        )
    number = len(rows.numbers)
    raise SourceError(
        f"{file.path} has no row that can be read among its first {number:,}: "
        f"{'; '.join(_faults(rows))}. {columns}",
        "Mend the rows, or look at how the file was written.",
    )


def _names(file: SourceFile) -> list[str] | None:
    """The columns of a file without a row; None where its kind does not tell them."""
    row_by_schema = format_of(file.path).row_by_schema
    return list(row_by_schema(file.place, file.path)) if row_by_schema else None


def _names_of(rows: object) -> list[str] | None:
    return list(rows.table.column_names) if isinstance(rows, TableRows) else None


def _faults(rows: TableRows) -> Iterator[str]:
    """What is wrong with the first rows, in a few words each."""
    for place in range(min(FIRST, len(rows.numbers))):
        held = rows.load(place)
        said = held if isinstance(held, str) else "all its fields are null"
        yield f"row {rows.numbers[place]:,}: {said}"

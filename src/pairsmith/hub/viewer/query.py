"""Rows of Parquet files, by DuckDB, which is given these files and nothing else.

The files are of others. So each question has a database of its own in memory, that can open these
paths alone, takes a bounded amount of memory and time, and writes nothing; only so many are asked
at once. What a visitor types goes as a parameter, never as SQL.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pairsmith.hub.http.errors import HubError
from pairsmith.hub.viewer.columns import Column, Cut, column, searched, shown

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ON_A_PAGE = 25  # rows
MAX_COLUMNS = 100  # columns that are shown
FIELDS = 4_000  # of a schema, nested ones counted: with more, DuckDB takes minutes to plan a query
MEMORY = "512MB"
SECONDS = 10.0  # for the rows of a page
SECONDS_TO_COUNT = 3.0  # for the number of rows that match
AT_ONCE = 4
PATIENCE = 5.0  # seconds that a question waits for its turn
BRIEF = Cut(text=4_000, messages=20, message=4_000)
FULL = Cut(text=200_000, messages=100, message=200_000)
SETTINGS = {
    "threads": 2,
    "memory_limit": MEMORY,
    "temp_directory": "",
    "autoload_known_extensions": False,
    "autoinstall_known_extensions": False,
    "allow_community_extensions": False,
    "python_enable_replacements": False,
    "enable_external_file_cache": False,
}
MAGIC = b"PAR1"
COUNT_FIELDS = (
    "WITH fields AS MATERIALIZED (SELECT file_name, name FROM parquet_schema($paths)) SELECT"
    " greatest(count(DISTINCT name), (SELECT max(n) FROM"
    " (SELECT count(*) AS n FROM fields GROUP BY file_name))) FROM fields"
)
READ = "read_parquet($paths, union_by_name = true, hive_partitioning = false)"

_turns = threading.BoundedSemaphore(AT_ONCE)


class Source(NamedTuple):
    """A Parquet file: its path in the repository, and where its content lies."""

    name: str
    path: Path


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
    """A row, and its place among all, from 1."""

    number: int
    values: list[Value]


class Rows(NamedTuple):
    """Rows of a page.

    Attributes:
        columns: The columns that are shown.
        unshown: How many more columns there are.
        rows: The rows.
        total: How many there are in all.
        matching: How many match; None where counting them took too long.
        more: Whether there are more after these.
    """

    columns: list[Column]
    unshown: int
    rows: list[Row]
    total: int
    matching: int | None
    more: bool


class UnreadableError(Exception):
    """Files whose rows cannot be shown; the message says why in a sentence."""


class _Asked(NamedTuple):
    """A database that was opened over files, and what there is in them."""

    db: DuckDBPyConnection
    paths: list[str]
    columns: list[Column]
    unshown: int
    total: int

    @property
    def relation(self) -> str:
        """The files as a table whose columns are c0, c1 and so on."""
        names = ", ".join(f"c{at}" for at in range(len(self.columns) + self.unshown))
        return f"{READ} AS t({names})"


def page(sources: Sequence[Source], number: int, search: str = "") -> Rows:
    """A page of the rows, those that hold a text where one is searched.

    Args:
        sources: The files, in order; at least one.
        number: Which page, from 1.
        search: The text, in any column of text, whatever the case; '' for all rows.

    Raises:
        UnreadableError: Where the files cannot be read, or take too much memory.
        HubError: 503 where it takes too long, or where too many ask at once.
    """
    skip = (number - 1) * ON_A_PAGE
    with _asking(sources) as asked:
        if search:
            rows = _matching(asked, search, skip, ON_A_PAGE + 1)
        else:
            rows = _in_order(asked, skip, ON_A_PAGE + 1, BRIEF)
        more = len(rows) > ON_A_PAGE
        matching: int | None = asked.total
        if search:
            known = not more and (rows or number == 1)
            matching = skip + len(rows) if known else _count(asked, search)
    return Rows(asked.columns, asked.unshown, rows[:ON_A_PAGE], asked.total, matching, more)


def whole(sources: Sequence[Source], number: int) -> Rows:
    """One row, with far more of its values; no row where there are not so many.

    Args:
        sources: The files, in order; at least one.
        number: Which row, from 1.

    Raises:
        UnreadableError: Where the files cannot be read, or take too much memory.
        HubError: 503 where it takes too long, or where too many ask at once.
    """
    with _asking(sources) as asked:
        rows = _in_order(asked, number - 1, 1, FULL)
    return Rows(asked.columns, asked.unshown, rows, asked.total, asked.total, number < asked.total)


@contextmanager
def _asking(sources: Sequence[Source]) -> Iterator[_Asked]:
    """A database over these files, for as long as a question may take."""
    import duckdb

    if not _turns.acquire(timeout=PATIENCE):
        raise _unavailable("Too many people look at rows right now.")
    try:
        db = duckdb.connect(":memory:", config=SETTINGS)
        try:
            with _limited(db, SECONDS):
                yield _opened(db, [str(source.path.absolute()) for source in sources])
        except duckdb.InterruptException as error:
            raise _unavailable(f"Reading these rows took more than {SECONDS:.0f} s.") from error
        except duckdb.OutOfMemoryException as error:
            raise UnreadableError(
                f"Showing these rows takes more than the {MEMORY} of memory that the viewer has:"
                " a value or a row group is too large. The files can be downloaded."
            ) from error
        except (duckdb.Error, UnicodeDecodeError, RecursionError) as error:
            raise UnreadableError(_sentence(sources, error)) from error
        finally:
            db.close()
    finally:
        _turns.release()


def _opened(db: DuckDBPyConnection, paths: list[str]) -> _Asked:
    """Shuts the database off from everything but the files, and sees what is in them."""
    db.execute("SET TimeZone = 'UTC'")
    db.execute("SET allowed_paths = $paths", {"paths": paths})
    db.execute("SET enable_external_access = false")
    db.execute("SET lock_configuration = true")
    fields = db.execute(COUNT_FIELDS, {"paths": paths}).fetchone()[0]
    if fields > FIELDS:
        raise UnreadableError(
            f"These files have {fields:,} columns, or fields in them; the viewer shows those that"
            f" have up to {FIELDS:,}. The files can be downloaded."
        )
    described = db.execute(f"SELECT * FROM {READ} LIMIT 0", {"paths": paths}).description
    columns = [column(name, type) for name, type, *_ in described[:MAX_COLUMNS]]
    total = db.execute(f"SELECT count(*) FROM {READ}", {"paths": paths}).fetchone()[0]
    return _Asked(db, paths, columns, len(described) - len(columns), total)


@contextmanager
def _limited(db: DuckDBPyConnection, seconds: float) -> Iterator[None]:
    """Interrupts what the database does once the time is over, and whatever it begins then."""
    done = threading.Event()

    def watch() -> None:
        late = not done.wait(seconds)
        while late and not done.is_set():
            db.interrupt()
            done.wait(0.05)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _in_order(asked: _Asked, skip: int, limit: int, cut: Cut) -> list[Row]:
    """Rows from a place on. DuckDB leaps over the row groups before it."""
    cut = cut.among(limit * len(asked.columns))
    found = asked.db.execute(
        f"SELECT {shown(asked.columns, cut)} FROM {asked.relation} LIMIT $limit OFFSET $skip",
        {"paths": asked.paths, "limit": limit, "skip": skip},
    ).fetchall()
    return [_row(number, row) for number, row in enumerate(found, start=skip + 1)]


def _matching(asked: _Asked, search: str, skip: int, limit: int) -> list[Row]:
    """Rows in which a text stands, with their place among all."""
    cut = BRIEF.among(limit * len(asked.columns))
    found = asked.db.execute(
        f"SELECT n, {shown(asked.columns, cut)}"
        f" FROM (SELECT row_number() OVER () AS n, * FROM {asked.relation})"
        f" WHERE {searched(asked.columns)} LIMIT $limit OFFSET $skip",
        {"paths": asked.paths, "q": search, "limit": limit, "skip": skip},
    ).fetchall()
    return [_row(number, row) for number, *row in found]


def _count(asked: _Asked, search: str) -> int | None:
    """How many rows match; None where that takes too long to find out."""
    import duckdb

    try:
        with _limited(asked.db, SECONDS_TO_COUNT):
            counted = asked.db.execute(
                f"SELECT count(*) FROM {asked.relation} WHERE {searched(asked.columns)}",
                {"paths": asked.paths, "q": search},
            ).fetchone()
    except duckdb.InterruptException:
        return None
    return int(counted[0])


def _row(number: int, row: Sequence[object]) -> Row:
    values = [Value(row[at], row[at + 1]) for at in range(0, len(row), 2)]  # type: ignore[arg-type]
    return Row(number, values)


def _sentence(sources: Sequence[Source], error: Exception) -> str:
    """What is wrong, by the name that the file has here: DuckDB knows another."""
    for one in sources:
        if not _is_parquet(one.path):
            return f"{one.name} is not a Parquet file, whatever its name says."
    if len(sources) == 1:
        return f"{sources[0].name} cannot be read: it is damaged, or has columns of an odd kind."
    for one in sources:
        if one.path.name in str(error):
            return (
                f"{one.name} cannot be read with the others of this split: it is damaged, or has"
                " columns of other kinds."
            )
    return (
        f"The {len(sources)} files of this split cannot be read together: one is damaged, or their"
        " columns differ in kind."
    )


def _is_parquet(path: Path) -> bool:
    """Whether a file begins and ends as the format has it (and is not encrypted)."""
    with path.open("rb") as file:
        begin = file.read(len(MAGIC))
        file.seek(max(0, path.stat().st_size - len(MAGIC)))
        return begin == file.read() == MAGIC


def _unavailable(message: str) -> HubError:
    sentence = f"{message} Try again in a moment, with a rarer text or a smaller split."
    return HubError(503, sentence, headers={"Retry-After": "10"})

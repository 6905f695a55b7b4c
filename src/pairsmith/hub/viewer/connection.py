"""A database over Parquet files, by DuckDB, which is given these files and nothing else.

The files are of others. So each question has a database of its own in memory, that can open these
paths alone, takes a bounded amount of memory and time, and writes nothing; at most `AT_ONCE` are
open at once. What a visitor types goes as a parameter, never as SQL.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pairsmith.hub.http.errors import HubError
from pairsmith.hub.viewer.columns import Column, column

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from duckdb.sqltypes import DuckDBPyType

MAX_COLUMNS = 100  # columns that are shown
FIELDS = 4_000  # of a schema, nested ones counted: with more, DuckDB takes minutes to plan a query
MEMORY = "512MB"
SECONDS = 10.0  # for the rows of a page
AT_ONCE = 4
PATIENCE = 5.0  # seconds that a question waits for its turn
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
OPTIONS = "union_by_name = true, hive_partitioning = false"

_turns = threading.BoundedSemaphore(AT_ONCE)


class Source(NamedTuple):
    """A Parquet file: its path in the repository, and where its content lies."""

    name: str
    path: Path


class UnreadableError(Exception):
    """Files whose rows cannot be shown; the message says why in a sentence."""


class Table(NamedTuple):
    """Parquet files as one table of a database: its columns, and how many rows it has."""

    db: DuckDBPyConnection
    paths: list[str]
    columns: list[Column]
    unshown: int
    total: int

    @property
    def relation(self) -> str:
        """The files as a table whose columns are c0, c1 and so on."""
        return relation(len(self.columns) + self.unshown)


def relation(columns: int, parameter: str = "paths") -> str:
    """Parquet files as a table whose columns are called c0, c1 and so on, whatever their names.

    Args:
        columns: How many columns the files have.
        parameter: Of the query, whose value are the paths of the files.
    """
    names = ", ".join(f"c{at}" for at in range(columns))
    return f"read_parquet(${parameter}, {OPTIONS}) AS t({names})"


def paths_of(sources: Sequence[Source]) -> list[str]:
    """Where the files lie."""
    return [str(source.path.absolute()) for source in sources]


@contextmanager
def opened_table(sources: Sequence[Source], others: Sequence[Source] = ()) -> Iterator[Table]:
    """A database over files, for as long as a question may take.

    Args:
        sources: The files of the table, in order; at least one.
        others: Files that the database may read besides.

    Raises:
        UnreadableError: Where the files cannot be read, or take too much memory.
        HubError: 503 where it takes too long, or where too many ask at once.
    """
    import duckdb

    if not _turns.acquire(timeout=PATIENCE):
        raise _unavailable("Too many people look at rows right now.")
    try:
        db = duckdb.connect(":memory:", config=SETTINGS)
        try:
            with time_limit(db, SECONDS):
                yield _open(db, paths_of(sources), paths_of(others))
        except duckdb.InterruptException as error:
            raise _unavailable(f"Reading these rows took more than {SECONDS:.0f} s.") from error
        except duckdb.OutOfMemoryException as error:
            raise UnreadableError(
                f"Showing these rows takes more than the {MEMORY} of memory that the viewer has:"
                " a value or a row group is too large. The files can be downloaded."
            ) from error
        except (duckdb.Error, UnicodeDecodeError, RecursionError) as error:
            raise UnreadableError(unreadable(sources, error)) from error
        finally:
            db.close()
    finally:
        _turns.release()


def _open(db: DuckDBPyConnection, paths: list[str], others: list[str]) -> Table:
    """Shuts the database off from everything but the files, and reads what columns there are."""
    db.execute("SET TimeZone = 'UTC'")
    db.execute("SET allowed_paths = $paths", {"paths": paths + others})
    db.execute("SET enable_external_access = false")
    db.execute("SET lock_configuration = true")
    described = described_columns(db, paths)
    columns = [column(name, type) for name, type in described[:MAX_COLUMNS]]
    total = db.execute(
        f"SELECT count(*) FROM read_parquet($paths, {OPTIONS})", {"paths": paths}
    ).fetchone()[0]
    return Table(db, paths, columns, len(described) - len(columns), total)


def described_columns(db: DuckDBPyConnection, paths: list[str]) -> list[tuple[str, DuckDBPyType]]:
    """The name and the type of each column of Parquet files.

    Raises:
        UnreadableError: They have more columns than DuckDB can plan a query of in time.
    """
    fields = db.execute(COUNT_FIELDS, {"paths": paths}).fetchone()[0]
    if fields > FIELDS:
        raise UnreadableError(
            f"These files have {fields:,} columns, or fields in them; the viewer shows those that"
            f" have up to {FIELDS:,}. The files can be downloaded."
        )
    description = db.execute(
        f"SELECT * FROM read_parquet($paths, {OPTIONS}) LIMIT 0", {"paths": paths}
    ).description
    return [(name, type) for name, type, *_ in description]


@contextmanager
def time_limit(db: DuckDBPyConnection, seconds: float) -> Iterator[None]:
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


def unreadable(sources: Sequence[Source], error: Exception, whole: str = "this split") -> str:
    """What is wrong, by the name that the file has here: DuckDB knows another.

    Args:
        sources: The files that were read.
        error: What DuckDB says.
        whole: What the files are together.
    """
    for one in sources:
        if not _is_parquet(one.path):
            return f"{one.name} is not a Parquet file, whatever its name says."
    if len(sources) == 1:
        return f"{sources[0].name} cannot be read: it is damaged, or has columns of an odd kind."
    for one in sources:
        if one.path.name in str(error):
            return (
                f"{one.name} cannot be read with the others of {whole}: it is damaged, or has"
                " columns of other kinds."
            )
    return (
        f"The {len(sources)} files of {whole} cannot be read together: one is damaged, or their"
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

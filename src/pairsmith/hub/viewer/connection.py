"""A database over Parquet files, by DuckDB, which is given these files and nothing else.

The files are of others. So each question has a database of its own in memory, that can open these
paths alone, takes a bounded amount of memory and time, and writes nothing. What a visitor types
goes as a parameter, never as SQL. What DuckDB does not bound by itself, reading footers and
planning, is bounded before it begins (`footers.py`); the hub runs all of it in processes that can
be killed (`view.py`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pairsmith.hub.http.errors import HubError
from pairsmith.hub.viewer.columns import Column, column
from pairsmith.hub.viewer.footers import first_files
from pairsmith.hub.viewer.sources import Source, UnreadableError, paths_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from duckdb.sqltypes import DuckDBPyType

MAX_COLUMNS = 100  # columns that are shown
MEMORY = "200MB"
SECONDS = 10.0  # for the rows of a page
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
OPTIONS = "union_by_name = true, hive_partitioning = false"


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


@contextmanager
def opened_table(sources: Sequence[Source], others: Sequence[Source] = ()) -> Iterator[Table]:
    """A database over files, for as long as a question may take.

    Args:
        sources: The files of the table, in order; at least one.
        others: Files that the database may read besides.

    Raises:
        UnreadableError: Where the files cannot be read, or take too much memory.
        HubError: 503 where it takes too long.
    """
    import duckdb

    db = duckdb.connect(":memory:", config=SETTINGS)
    try:
        with time_limit(db, SECONDS):
            yield _open(db, sources, others)
    except duckdb.InterruptException as error:
        raise HubError(
            503,
            f"Reading these rows took more than {SECONDS:.0f} s."
            " Try again in a moment, with a rarer text or a smaller split.",
            headers={"Retry-After": "10"},
        ) from error
    except (duckdb.OutOfMemoryException, MemoryError) as error:
        raise UnreadableError(
            f"Showing these rows takes more than the {MEMORY} of memory that the viewer has:"
            " a value or a page of values is too large. The files can be downloaded."
        ) from error
    except (duckdb.Error, OSError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableError(unreadable(sources, error)) from error
    finally:
        db.close()


def _open(db: DuckDBPyConnection, sources: Sequence[Source], others: Sequence[Source]) -> Table:
    """Shuts the database off from everything but the files, and reads what columns there are."""
    db.execute("SET TimeZone = 'UTC'")
    # or it reads the row groups of a page into memory whole, of however many rows they are
    db.execute("SET disable_parquet_prefetching = true")
    db.execute("SET parquet_metadata_cache = true")
    paths = paths_of([*sources, *others])
    db.execute("SET allowed_paths = $paths", {"paths": paths})
    db.execute("SET enable_external_access = false")
    db.execute("SET lock_configuration = true")
    paths = paths_of(first_files(db, sources))
    described = described_columns(db, paths)
    columns = [column(name, type) for name, type in described[:MAX_COLUMNS]]
    total = db.execute(
        f"SELECT count(*) FROM read_parquet($paths, {OPTIONS})", {"paths": paths}
    ).fetchone()[0]
    return Table(db, paths, columns, len(described) - len(columns), total)


def described_columns(db: DuckDBPyConnection, paths: list[str]) -> list[tuple[str, DuckDBPyType]]:
    """The name and the type of each column of Parquet files, whose footers were looked at."""
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
    try:
        watcher.start()
    except RuntimeError as error:  # there is no memory for a thread
        raise MemoryError(str(error)) from error
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
        try:
            if not _is_parquet(one.path):
                return f"{one.name} is not a Parquet file, whatever its name says."
        except OSError as fault:  # a damaged hub, which `pairsmith hub verify` tells of
            return f"{one.name} cannot be read here: {fault.strerror}."
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

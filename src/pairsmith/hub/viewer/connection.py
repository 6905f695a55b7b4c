"""A database over files of rows, by DuckDB, which is given these files and nothing else.

The files are of others. So each question has a database of its own in memory, that can open these
paths alone, takes a bounded amount of memory and time, and writes nothing. What a visitor types
goes as a parameter, never as SQL. What DuckDB does not bound by itself, reading footers and
planning, is bounded before it begins (`footers.py`); the hub runs all of it in processes that can
be killed (`view.py`).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pairsmith.hub.http.errors import HubError
from pairsmith.hub.viewer.columns import Column, column
from pairsmith.hub.viewer.footers import MAX_FIELDS, first_files
from pairsmith.hub.viewer.formats import DEFAULT, WHOLE_BYTES, Format, format_of, read_by
from pairsmith.hub.viewer.sources import Source, UnreadableError, paths_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from duckdb.sqltypes import DuckDBPyType

MAX_COLUMNS = 100  # columns that are shown
MEMORY = "200MB"
SECONDS = 10.0  # for the rows of a page
SECONDS_FOR_ALL = 3.0  # for how many rows there are, where no footer tells
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
LINE = re.compile(r"\bline:? (\d+)", re.IGNORECASE)  # of a file, in what DuckDB says


class Table(NamedTuple):
    """Files as one table of a database.

    Attributes:
        db: The database.
        paths: Where the files lie.
        columns: Its columns, those that are shown.
        unshown: How many more there are.
        total: How many rows it has; None where counting them takes too long.
        format: What the files are.
        whole: Whether they are read to their end to tell what types columns have.
    """

    db: DuckDBPyConnection
    paths: list[str]
    columns: list[Column]
    unshown: int
    total: int | None
    format: Format = DEFAULT
    whole: bool = False

    @property
    def relation(self) -> str:
        """The files as a table whose columns are c0, c1 and so on."""
        columns = len(self.columns) + self.unshown
        return relation(columns, "paths", read_by(self.format, "paths", self.whole))


def relation(columns: int, parameter: str = "paths", read: str = "") -> str:
    """Files as a table whose columns are called c0, c1 and so on, whatever their names.

    Args:
        columns: How many columns the files have.
        parameter: Of the query, whose value are the paths of the files.
        read: What reads them, as `formats.read_by` makes it; '' for Parquet.
    """
    names = ", ".join(f"c{at}" for at in range(columns))
    return f"{read or read_by(DEFAULT, parameter)} AS t({names})"


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
    if _format(sources).kind != "parquet":
        db.execute(
            "SET threads = 1"
        )  # each has buffers of its own, beside the memory that is bound
    db.execute("SET allowed_paths = $paths", {"paths": paths})
    db.execute("SET enable_external_access = false")
    db.execute("SET lock_configuration = true")
    format, whole = _format(sources), False
    if format.kind == "parquet":
        sources = first_files(db, sources)
    else:
        sources, whole = _with_lines(sources)
    table = Table(db, paths_of(sources), [], 0, None, format, whole)
    described = described_columns(db, table.paths, read_by(format, "paths", whole))
    if len(described) > MAX_FIELDS:
        raise UnreadableError(
            f"{sources[0].name} has {len(described):,} columns; the viewer shows files that have"
            f" up to {MAX_FIELDS:,}. The files can be downloaded."
        )
    columns = [column(name, type) for name, type in described[:MAX_COLUMNS]]
    table = table._replace(columns=columns, unshown=len(described) - len(columns))
    return table._replace(total=_total(table))


def _format(sources: Sequence[Source]) -> Format:
    return format_of(sources[0].name) or DEFAULT


def _with_lines(sources: Sequence[Source]) -> tuple[list[Source], bool]:
    """The files of text that are not empty, and whether they are small together.

    Raises:
        UnreadableError: All are empty.
    """
    sizes = [(one, one.path.stat().st_size) for one in sources]
    kept = [one for one, size in sizes if size]
    if not kept:
        raise UnreadableError(f"{sources[0].name} is empty.")
    return kept, sum(size for _, size in sizes) <= WHOLE_BYTES


def _total(table: Table) -> int | None:
    """How many rows there are: a footer tells, or the lines are counted while there is time."""
    import duckdb

    counting = f"SELECT count(*) FROM {read_by(table.format, 'paths', table.whole)}"
    try:
        with time_limit(table.db, SECONDS_FOR_ALL if table.format != DEFAULT else SECONDS):
            return int(table.db.execute(counting, {"paths": table.paths}).fetchone()[0])
    except duckdb.InterruptException:
        if table.format == DEFAULT:
            raise
        return None


def described_columns(
    db: DuckDBPyConnection, paths: list[str], read: str = ""
) -> list[tuple[str, DuckDBPyType]]:
    """The name and the type of each column of files; of Parquet, its footers were looked at."""
    description = db.execute(
        f"SELECT * FROM {read or read_by(DEFAULT, 'paths')} LIMIT 0", {"paths": paths}
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
    format = _format(sources)
    if format.kind != "parquet":
        return _unreadable_text(sources, format, error)
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


def _unreadable_text(sources: Sequence[Source], format: Format, error: Exception) -> str:
    """What is wrong with lines: where, and nothing of what stands there."""
    said = str(error)
    name = next((one.name for one in sources if one.path.name in said), sources[0].name)
    uneven = "sniffing" in said
    line = None if uneven else LINE.search(said)
    where = f", near line {int(line[1]):,}" if line else ""
    if uneven:
        what = "a line with more or fewer values than the first, or a quote that is never closed"
    elif isinstance(error, UnicodeDecodeError) or "not utf-8" in said.lower():
        what = "text that is no UTF-8"
    elif any(word in said for word in ("Conversion Error", "cast value", "transform error")):
        what = "a value of another type than its column has in the lines before"
    else:
        what = f"something that is no {format.name}"
    packed = "" if format.compression == "none" else f" (or it is no {format.compression} file)"
    return f"{name} cannot be read{where}: there is {what}{packed}. The files can be downloaded."

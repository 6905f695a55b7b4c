"""Footers of Parquet files: how many files DuckDB can be given, found before it reads any whole.

A footer names every column, and where each row group has it. DuckDB reads those of all files of a
split, unites their columns and plans queries over them, which no time limit interrupts: 600 files
of 3,900 columns take it 4 GB. So the bytes of the footers and the columns in them are counted
first, some files at a time, and a split is looked at as far as they allow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pairsmith.hub.viewer.sources import Source, UnreadableError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MAX_BYTES = 16 << 20  # of all footers of a split
MAX_FIELDS = 4_000  # of a schema, nested ones counted: with more, planning takes minutes
MAX_ALL_FIELDS = 20_000  # of the schemas of all files: DuckDB takes 2 kB and 20 µs for each
TOGETHER = 1 << 20  # bytes of footers that are counted in one query
TAIL = 8  # bytes at the end of a file: the footer's length, in four, and the magic number
FIELDS = (
    "WITH fields AS MATERIALIZED (SELECT file_name, name FROM parquet_schema($paths))"
    " SELECT file_name, count(*), list(DISTINCT name) FROM fields GROUP BY file_name"
)
DOWNLOAD = "The files can be downloaded."


def first_files(db: DuckDBPyConnection, sources: Sequence[Source]) -> list[Source]:
    """As many of the first files as the viewer looks at together; at least one.

    Args:
        db: A database that may read the files.
        sources: The files, in order; one that stands there twice is read twice, and counts so.

    Raises:
        UnreadableError: The first file alone has a longer footer, or more columns.
    """
    kept = 0
    fields, names = 0, set[str]()
    for batch in _batches(sources):
        found = _fields(db, batch)
        for one in batch:
            count, of_file = found.get(str(one.path.absolute()), (0, frozenset()))
            fields += count
            names |= of_file
            if max(count, len(names)) > MAX_FIELDS or fields > MAX_ALL_FIELDS:
                if not kept:
                    raise UnreadableError(
                        f"{one.name} has {count:,} columns, or fields in them; the viewer shows"
                        f" files that have up to {MAX_FIELDS:,}. {DOWNLOAD}"
                    )
                return list(sources[:kept])
            kept += 1
    return list(sources[:kept])


def _batches(sources: Sequence[Source]) -> Iterator[list[Source]]:
    """Files whose footers are read together, for as long as all of them are not too long.

    Raises:
        UnreadableError: The first one is.
    """
    sizes: dict[Source, int] = {}
    batch: list[Source] = []
    total = of_batch = 0
    for at, one in enumerate(sources):
        size = sizes[one] if one in sizes else sizes.setdefault(one, _footer_bytes(one))
        total += size
        if total > MAX_BYTES:
            if at == 0:
                raise UnreadableError(
                    f"{one.name} has a footer of {size:,} bytes, for its many columns or row"
                    f" groups; the viewer reads up to {MAX_BYTES:,}. {DOWNLOAD}"
                )
            break
        if batch and of_batch + size > TOGETHER:
            yield batch
            batch, of_batch = [], 0
        batch.append(one)
        of_batch += size
    yield batch


def _footer_bytes(source: Source) -> int:
    """The bytes of a file's footer; 0 where it has none, of which DuckDB will tell."""
    with source.path.open("rb") as file:
        end = file.seek(0, 2)
        file.seek(max(0, end - TAIL))
        size = int.from_bytes(file.read(TAIL)[:4], "little")
    return size if size < end else 0


def _fields(
    db: DuckDBPyConnection, sources: Sequence[Source]
) -> dict[str, tuple[int, frozenset[str]]]:
    """By path, how many fields a file's schema has, and their names."""
    paths = list(dict.fromkeys(str(one.path.absolute()) for one in sources))
    rows = db.execute(FIELDS, {"paths": paths}).fetchall()
    return {path: (count, frozenset(names)) for path, count, names in rows}

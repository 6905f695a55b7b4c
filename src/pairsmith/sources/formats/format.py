"""What a format of source files is: how rows of such files are read, told apart and cut."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any, NamedTuple, TypeAlias

import pyarrow as pa

from pairsmith.io.compression import decompressed
from pairsmith.io.digests import Digest
from pairsmith.io.identity import WatchedFile
from pairsmith.io.paths import FsspecPath
from pairsmith.io.reading import content_range
from pairsmith.sources.columnar.parse import Parsed
from pairsmith.sources.json_faults import ROW_BYTES
from pairsmith.sources.records import Rows

SAMPLE_ROWS = 100
"""About this many first rows decide the shape."""

SAMPLE_BYTES = (1 << 20, 2 * ROW_BYTES)
"""Bytes that are read to detect the shape; the second where the first held no whole row."""


class Span(NamedTuple):
    """A part of a file that can be read by itself.

    Attributes:
        start, stop: In whatever the format counts: of plain JSON lines bytes, of Parquet rows.
            The stop is None for the end.
        line: The number of the line that it begins with, from 1; 1 where a file has no lines.
    """

    start: int = 0
    stop: int | None = None
    line: int = 1


WHOLE = Span()


class Reading(NamedTuple):
    """A request for the rows of a file, or of a part of it.

    Attributes:
        metered: The file, open, counted and hashed as it is read: to be read from its beginning
            to its end where the span is the whole file. What is read in any other order is read
            through `again`, so that it is of the file that was hashed.
        name: What to call the file in a fault; ends as its name does.
        fields: What will be taken of each row.
        required: The fields that may not be null.
        at_once: At most this many rows at a time; None for `records.BLOCK_ROWS`.
        span: The part of the file to read.
    """

    metered: WatchedFile
    name: str
    fields: pa.Schema
    required: tuple[str, ...]
    at_once: int | None = None
    span: Span = WHOLE

    def content(self) -> Iterator[bytes]:
        """The bytes of the span in chunks; of a whole file decompressed, as its name says.

        Raises:
            DamagedInputError: The compressed data stop short or make no sense.
            SourceError: The file cannot be read on.
        """
        if self.span == WHOLE:
            return decompressed(self.metered, self.name)
        return content_range(self.metered.again(), self.span.start, self.span.stop)

    def hash_whole(self) -> None:
        """Reads a whole file for its hash: before it is read again, in any order."""
        if self.span == WHOLE:
            self.metered.hash_whole()


class Piece(NamedTuple):
    """Rows of a file that make one shard, found by counting.

    Attributes:
        span: Where they stand.
        number: The number of the shard, from 0.
        bytes: Its approximate size in bytes of the file.
        read: What of the file was read to find them; None where nothing is known.
        is_sound: False for the last piece of a file whose damage was met on the way: it is to be
            read in any case, and whoever reads it meets the damage again.
    """

    span: Span
    number: int
    bytes: int
    read: Digest | None
    is_sound: bool = True


class Counted(NamedTuple):
    """What all pieces of a file make, told behind them: its rows, its shards, its hash."""

    rows: int
    shards: int
    read: Digest


Pieces: TypeAlias = Iterator[Piece | Counted]


class Format(NamedTuple):
    """How files of one kind are read.

    Functions raise `DamagedInputError` of a file that stops short or is no such file, and
    `SourceError` of one that cannot be read on; what was read whole before a fault is yielded
    before it is raised. `name` is what to call the file in a fault.

    Attributes:
        read: Yields the rows asked for, in blocks, front to back; each row's number is its
            place in the whole file. Where blocks are cut depends on the content alone.
        to_table: From n rows that `read` yielded, the fields to take of them, those that may not
            be null, and the file's name, to `Parsed`: n rows of these fields with `fault`, and
            which rows have which fields. Is called in several threads at once.
        sample: From the place, the name, and the fields that some shape has, to the first rows
            as dictionaries, about `SAMPLE_ROWS`. Of what is damaged it gives what came before;
            the build meets the damage where it lies.
        row_by_schema: From the place and the name to a row such as the file's types let one
            expect: empty texts, lists of one item. None where files have no types.
        cut: From the place, the name and the rows of a shard to the pieces of the file and what
            they make; it returns None for a file that can be read from its beginning only, and
            is None where all are such.
        compressed: Whether files are read with `.gz` or `.zst` behind their name, too.
        always_rows: Whether every file of such a name holds rows. If not, as with `.json`, which
            may be anything, a folder's file is only taken where its name is that of a split.
        footer: Whether what the file holds is told at its end, so that a file that grew is
            another file, of which no finished shard is kept.
    """

    read: Callable[[Reading], Iterator[Rows]]
    to_table: Callable[[Any, pa.Schema, tuple[str, ...], str], Parsed]
    sample: Callable[[FsspecPath, str, Collection[str]], list[dict[str, Any]]]
    row_by_schema: Callable[[FsspecPath, str], dict[str, Any]] | None = None
    cut: Callable[[FsspecPath, str, int], Pieces | None] | None = None
    compressed: bool = True
    always_rows: bool = True
    footer: bool = False

"""JSON: lines, or one array, as the content says; a name may say `.jsonl` or `.json` of either."""

from __future__ import annotations

import codecs
import json
from collections.abc import Collection, Iterator
from itertools import chain
from typing import Any

import pyarrow as pa

from pairsmith.errors import DamagedInputError
from pairsmith.io.compression import decompressed, is_compressed
from pairsmith.io.digests import CHUNK, MeteredFile
from pairsmith.io.paths import FsspecPath
from pairsmith.sources.columnar.parse import Parsed, parse_rows
from pairsmith.sources.formats.format import (
    SAMPLE_BYTES,
    WHOLE,
    Counted,
    Format,
    Piece,
    Pieces,
    Reading,
    Span,
)
from pairsmith.sources.formats.json_array import read_elements
from pairsmith.sources.formats.json_layout import is_array
from pairsmith.sources.formats.jsonl import read_lines
from pairsmith.sources.records import Records

PEEK = 1 << 20
"""Bytes at a file's beginning by which it is taken for one JSON array, or not."""


def read(reading: Reading) -> Iterator[Records]:
    """Reads a file's rows, not yet as JSON; a part of one is a part of plain lines.

    Raises:
        DamagedInputError: The file stops short, an array breaks off, or a row has no end.
        SourceError: The file cannot be read on.
    """
    if reading.span == WHOLE:
        return read_records(reading.content(), reading.name, reading.at_once)
    return read_lines(reading.content(), reading.name, reading.at_once, reading.span.line)


def to_table(records: Records, fields: pa.Schema, required: tuple[str, ...], _name: str) -> Parsed:
    """Rows as columns; see `parse_rows`."""
    return parse_rows(records, fields, required)


def read_records(
    chunks: Iterator[bytes], name: str, at_once: int | None = None
) -> Iterator[Records]:
    """Cuts a file's content, JSON lines or one JSON array, into blocks of rows.

    Blank lines are no rows.

    Whatever was read whole before a fault is yielded before the fault is raised.

    Args:
        chunks: The content, decompressed.
        name: What to call the file in a fault.
        at_once: At most this many rows at a time; `BLOCK_ROWS` where none are given.

    Raises:
        DamagedInputError: The content stops short, a JSON array breaks off, or a row has no end.
    """
    head, content = _peek(chunks)
    cut = read_elements if is_array(head) else read_lines
    yield from cut(content, name, at_once)


def _peek(chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The beginning of the content, and all of it, without a byte order mark."""
    held = bytearray()
    fault: DamagedInputError | None = None
    try:
        for chunk in chunks:
            held += chunk
            if len(held) >= PEEK:
                break
    except DamagedInputError as error:
        fault = error
    data = bytes(held).removeprefix(codecs.BOM_UTF8)
    return data[: PEEK - len(codecs.BOM_UTF8)], _again(data, chunks, fault)


def _again(
    data: bytes, chunks: Iterator[bytes], fault: DamagedInputError | None
) -> Iterator[bytes]:
    yield data
    if fault:
        raise fault
    yield from chunks


def cut(place: FsspecPath, name: str, shard_rows: int) -> Pieces | None:
    """The lines of each shard; None for an array, and for what has to be decompressed."""
    if is_compressed(name):
        return None
    metered = MeteredFile(place)
    head, content = _peek(iter(lambda: metered.read(CHUNK), b""))
    if is_array(head):
        metered.close()
        return None
    return _cut_lines(metered, content, name, shard_rows)


def _cut_lines(
    metered: MeteredFile, content: Iterator[bytes], name: str, shard_rows: int
) -> Pieces:
    """Counts rows, and hashes the file on the way; a shard begins with its first row."""
    with metered:
        first = next(content)
        begin = metered.count - len(first)  # behind a byte order mark
        at, rows, number = begin, 0, -1
        begun = Span(begin)
        try:
            for block in read_lines(chain([first], content), name):
                for row in range(-rows % shard_rows, block.rows, shard_rows):
                    here = Span(at + int(block.starts[row]), None, int(block.lines[row]))
                    if number >= 0:
                        yield _piece(begun._replace(stop=here.start), number, metered)
                    begun, number = here, number + 1
                rows, at = rows + block.rows, at + len(block.data) + 1
        except DamagedInputError:
            yield Piece(begun, max(number, 0), 0, metered.digest, is_sound=False)
            return
        if number >= 0:
            yield _piece(begun._replace(stop=metered.count), number, metered)
        yield Counted(rows, number + 1, metered.digest)


def _piece(span: Span, number: int, metered: MeteredFile) -> Piece:
    read = metered.digest
    return Piece(span, number, (span.stop or read.bytes) - span.start, read)


def sample(place: FsspecPath, name: str, _known: Collection[str]) -> list[dict[str, Any]]:
    """The first rows that are objects; a fault further on is met when the file is built."""
    for limit in SAMPLE_BYTES:
        rows, ended = _sample_within(place, name, limit)
        if rows or ended:
            return rows
    return []


def _sample_within(place: FsspecPath, name: str, limit: int) -> tuple[list[dict[str, Any]], bool]:
    """The rows within the first bytes of content, and whether that is all of it."""
    rows: list[dict[str, Any]] = []
    with MeteredFile(place) as metered:
        content = _Beginning(decompressed(metered, name), limit)
        try:
            for block in read_records(iter(content), name):
                for row in range(block.rows):
                    rows += _object(block.raw(row))
        except DamagedInputError:
            pass  # it is cut here, or is damaged there
    return rows, not content.cut


class _Beginning:
    """The beginning of some content, cut at a byte, however it comes in chunks."""

    def __init__(self, chunks: Iterator[bytes], limit: int) -> None:
        self.chunks, self.left = chunks, limit
        self.cut = False

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self.chunks:
            self.cut = len(chunk) > self.left
            yield chunk[: self.left]
            self.left -= min(len(chunk), self.left)
            if self.cut:
                return


def _object(raw: bytes) -> list[dict[str, Any]]:
    try:
        row = json.loads(raw)
    except (ValueError, RecursionError):
        return []
    return [row] if isinstance(row, dict) else []


JSONL = Format(read, to_table, sample, cut=cut)
JSON = JSONL._replace(always_rows=False)

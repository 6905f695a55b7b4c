"""One file to record batches: opened, decompressed, cut into records, read into columns."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.errors import DamagedInputError
from pairsmith.schema import Kind, source_schema
from pairsmith.sources.arrays import first_element_ends, read_elements
from pairsmith.sources.files import MeteredFile, decompressed
from pairsmith.sources.find import SourceFile
from pairsmith.sources.hh import read_pairs
from pairsmith.sources.records import BLANK, Records, read_lines
from pairsmith.sources.redteam import read_dialogues

PEEK = 1 << 20
"""So much of a file's beginning tells whether it is one JSON array."""

READERS = {Kind.PAIRS: read_pairs, Kind.DIALOGUES: read_dialogues}


class Block(NamedTuple):
    """A batch of rows, and the records that they were read from, row for row."""

    records: Records
    rows: pa.RecordBatch

    def parts(self, size: int) -> Iterator[Block]:
        """The block in parts of so many rows."""
        for start in range(0, len(self.rows), size):
            part = slice(start, start + size)
            places = (column[part] for column in self.records[1:])
            yield Block(Records(self.records.data, *places), self.rows[part])


def read_blocks(file: SourceFile, metered: MeteredFile) -> Iterator[Block]:
    """Reads a file's rows, each with its id: `subset/split/number`.

    Blocks are cut by the file's content alone. Whatever was read whole before a fault is
    yielded before the fault is raised.

    Args:
        file: The file.
        metered: The same, open.

    Raises:
        DamagedInputError: The file stops short or does not decompress.
        SourceError: It cannot be read on.
    """
    for records in read_records(decompressed(metered, file.path), file.path):
        numbers = pc.cast(pa.array(records.numbers), pa.string())
        ids = pc.binary_join_element_wise(f"{file.subset}/{file.split}", numbers, "/")
        rows = READERS[file.kind](records).add_column(0, "id", pa.chunked_array([ids]))
        wanted = source_schema(file.kind)
        columns = [rows[name].combine_chunks() for name in wanted.names]
        yield Block(records, pa.RecordBatch.from_arrays(columns, schema=wanted))


def read_records(chunks: Iterator[bytes], name: str) -> Iterator[Records]:
    """Cuts a file's content, JSON lines or one JSON array, into blocks of rows.

    Blank lines are no rows.

    Whatever was read whole before a fault is yielded before the fault is raised.

    Args:
        chunks: The content, decompressed.
        name: What to call the file in a fault.

    Raises:
        DamagedInputError: The content stops short, a JSON array breaks off, or a row has no end.
    """
    head, content = _peek(chunks)
    yield from read_elements(content, name) if _is_array(head) else read_lines(content, name)


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


def _is_array(head: bytes) -> bool:
    """Whether a file that begins so is one JSON array, not lines of which the first is odd."""
    body = head.lstrip(BLANK)
    if not body.startswith(b"["):
        return False
    line, _, rest = body.partition(b"\n")
    following = rest.lstrip(BLANK).partition(b"\n")[0]
    if following and _is_json(line, list):
        return False
    return first_element_ends(body) or not _is_json(following, dict)


def _is_json(line: bytes, kind: type) -> bool:
    try:
        return isinstance(json.loads(line), kind)
    except (ValueError, RecursionError):
        return False

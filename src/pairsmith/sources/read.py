"""One file to record batches: opened, decompressed, cut into records, read into columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.schema import Kind, source_schema
from pairsmith.sources.files import MeteredFile, decompressed
from pairsmith.sources.find import SourceFile
from pairsmith.sources.hh import read_pairs
from pairsmith.sources.records import Records, read_records
from pairsmith.sources.redteam import read_dialogues

READERS = {Kind.PAIRS: read_pairs, Kind.DIALOGUES: read_dialogues}


class Block(NamedTuple):
    """A batch of rows, and the records that they were read from, row for row."""

    records: Records
    rows: pa.RecordBatch


def read_blocks(file: SourceFile, metered: MeteredFile) -> Iterator[Block]:
    """Reads a file's rows, each with its id: `subset/split/number`.

    Blocks are cut by the file's content alone. Whatever was read whole before a fault is
    yielded before the fault is raised.

    Args:
        file: The file.
        metered: The same, open.

    Raises:
        DamagedInput: The file stops short or does not decompress.
        SourceError: It cannot be read on.
    """
    for records in read_records(decompressed(metered, file.path), file.path):
        table = READERS[file.kind](records)
        numbers = pc.cast(pa.array(records.numbers), pa.string())
        ids = pc.binary_join_element_wise(f"{file.subset}/{file.split}", numbers, "/")
        columns = [table[name].combine_chunks() for name in table.column_names]
        rows = pa.table([ids, *columns], ["id", *table.column_names])
        wanted = source_schema(file.kind)
        arrays = [rows[name].combine_chunks() for name in wanted.names]
        yield Block(records, pa.RecordBatch.from_arrays(arrays, schema=wanted))

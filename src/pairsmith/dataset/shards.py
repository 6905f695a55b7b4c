"""Kernel output to a shard: a Parquet file of kept rows, its part of the quarantine, its record.

A file is written under a name of its own, made durable, and then given its name; the record
comes last. So a shard that has a record is whole, whatever happens.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pairsmith.dataset.manifest import FileEntry, LedgerEntry
from pairsmith.dataset.quarantine import FOLDER, QuarantineWriter
from pairsmith.dataset.shard_record import ShardRecord, record_text
from pairsmith.io.digests import Digest
from pairsmith.io.durable import digest_of, finalize, partial_path, write_text_durably
from pairsmith.io.remote import StoragePath
from pairsmith.schema.reasons import Note, Reason
from pairsmith.schema.recipe import Recipe
from pairsmith.schema.rows import CONFIDENCE, Kind, shard_schema
from pairsmith.sources.columnar.column_types import text_sizes
from pairsmith.sources.field_uses import FieldCounts, Uses
from pairsmith.sources.records import Index, Rows
from pairsmith.text.spans import offsets_and_run, string_array, to_numpy

GROUP_ROWS = 10_000
"""Rows of the source that make a row group of a shard; the last may have fewer."""

GROUP_BYTES = 32 << 20
"""A row group ends early where its texts would take more."""

REPEATING = ("num_params", "model_type", "rating", "red_team_member_id", CONFIDENCE)
"""Columns of few distinct values, besides lists; these are worth a dictionary, texts are not."""


def shard_stem(split: str, nth: int | None) -> str:
    """What the names of shards begin with while a build grows: `train`, or of a file `train.2`."""
    return split if nth is None else f"{split}.{nth}"


class ShardPath(NamedTuple):
    """Which shard of a build: the `number`th, from 0, of a split of a subset.

    Attributes:
        kind: What its rows are.
        subset, split: Where they belong.
        source: The file that they come from, as the manifest calls it.
        number: Of the shard in that file.
        nth: Of the file among those of its split; None where it is the only one.
    """

    kind: Kind
    subset: str
    split: str
    source: str
    number: int
    nth: int | None = None

    @property
    def stem(self) -> str:
        """What the names of its files begin with."""
        return shard_stem(self.split, self.nth)

    @property
    def rows(self) -> str:
        """The path of its Parquet file while the number of shards is not known."""
        return f"{self.subset}/{self.stem}-{self.number:05d}.parquet"

    @property
    def refused(self) -> str:
        """The path of its part of the quarantine."""
        return f"{FOLDER}/{self.subset}-{self.stem}-{self.number:05d}.jsonl"

    @property
    def record(self) -> str:
        """The path of its record."""
        return f"{self.subset}/{self.stem}-{self.number:05d}.json"

    def entry(self, shard: ShardRecord, number: int, shards: int) -> FileEntry:
        """Its Parquet file in the manifest, the `number`th of its split's `shards`, from 0."""
        name = f"{self.subset}/{self.split}-{number:05d}-of-{shards:05d}.parquet"
        return FileEntry(name, shard.kept, shard.rows.bytes, shard.rows.sha256)


class Converted(NamedTuple):
    """What a kernel made of rows of a source.

    Attributes:
        records: n rows.
        batch: m rows of `kernel_schema`; a row of the source may make several.
        origins: m numbers, ascending: which of the n rows each is of.
        uses: What became of the fields of the n rows.
    """

    records: Rows
    batch: pa.RecordBatch
    origins: Index
    uses: Uses

    def part(self, start: int, size: int) -> Converted:
        """The `size` rows of the source from `start` on, and what was made of them."""
        begin, end = np.searchsorted(self.origins, [start, start + size]).tolist()
        origins = self.origins[begin:end] - start
        batch = self.batch.slice(begin, end - begin)
        return Converted(
            self.records.part(start, size), batch, origins, self.uses.part(start, size)
        )

    def raw(self, row: int) -> bytes:
        """The bytes of the source's row that one of the m rows is of."""
        return self.records.raw(int(self.origins[row]))

    @property
    def lines(self) -> list[int]:
        """Of each of the m rows the line in the source."""
        lines: list[int] = self.records.lines[self.origins].tolist()
        return lines

    def field_counts(self) -> FieldCounts:
        """How many rows of the source have each field, and what became of it."""
        kept = np.zeros(len(self.uses.sizes), bool)
        kept[self.origins[to_numpy(self.batch["reason"].is_null())]] = True
        return self.uses.tally(kept)


class ShardWriter:
    """Writes one shard.

    Where row groups end depends on the rows alone, not on the batches that they come in.

    Args:
        out: The folder that the build grows in.
        place: Which shard.
        recipe: Says the form.
    """

    def __init__(self, out: StoragePath, place: ShardPath, recipe: Recipe) -> None:
        self.out, self.place = out, place
        self.schema = shard_schema(place.kind, recipe.form, recipe.pair_columns)
        self.rows = self.read = self.kept = 0
        self.fields = FieldCounts({})
        self.notes: Counter[str] = Counter()
        self.partial = partial_path(out / place.rows)
        self.partial.parent.mkdir(exist_ok=True)
        # an open file, because pyarrow would take some paths for URLs
        self.file = self.partial.open("wb")
        self.shard = pq.ParquetWriter(
            self.file,
            self.schema,
            compression="zstd",
            use_dictionary=_worth_a_dictionary(self.schema),
            store_schema=False,
        )
        self.group = _Group()
        self.quarantine = QuarantineWriter(partial_path(out / place.refused), place.source)

    def write(self, made: Converted) -> None:
        """Writes what was made of rows."""
        batch = made.batch
        self.quarantine.write(batch, made.raw, made.lines)
        self.rows += made.uses.rows
        self.read += len(batch)
        self.fields.update(made.field_counts().counts)
        while len(batch):
            count = self.group.room(batch.select(self.schema.names))
            part = batch.slice(0, count)
            kept = _kept(part, self.schema)
            self.notes.update(kept["notes"].flatten().to_pylist())
            self.kept += len(kept)
            self.group.add(kept, count)
            batch = batch.slice(count)
            if len(batch) or self.group.full:
                self._end_group()

    def _end_group(self) -> None:
        table = self.group.take()
        if table is not None:
            self.shard.write_table(table, row_group_size=len(table))

    def finish(self, source: Digest) -> ShardRecord:
        """Makes the files durable, names them, and writes the record.

        Args:
            source: The digest of the source's file as far as it was read.
        """
        self.close()
        rows = digest_of(self.partial)
        finalize(self.partial, self.out / self.place.rows)
        refused = None
        if self.quarantine.counts:
            refused = digest_of(self.quarantine.partial)
            finalize(self.quarantine.partial, self.out / self.place.refused)
        self.quarantine.partial.unlink(missing_ok=True)
        shard = ShardRecord(
            self.read,
            self.kept,
            {name.value: n for name in Reason if (n := self.quarantine.counts[name])},
            {name.value: self.notes[name] for name in (*Note, *Reason) if self.notes[name]},
            rows,
            refused,
            source,
            self.rows,
            self.fields.in_order(),
        )
        write_text_durably(self.out / self.place.record, record_text(shard, self.place.record))
        return shard

    def leave(self) -> None:
        """Renames the files without a record: the rows before a fault, kept to be looked at."""
        self.close()
        finalize(self.partial, self.out / self.place.rows)
        if self.quarantine.counts:
            finalize(self.quarantine.partial, self.out / self.place.refused)

    def close(self) -> None:
        """Closes what is open, leaving it under its temporary name."""
        if not self.file.closed:
            with self.file:
                self._end_group()
                self.shard.close()
        self.quarantine.close()

    def discard(self) -> None:
        """Closes the open files and removes them."""
        self.shard.is_open = False  # or it would go on writing when it is collected
        with suppress(OSError):  # a full disk takes nothing more
            self.file.close()
        with suppress(OSError):
            self.quarantine.close()
        for partial in (self.partial, self.quarantine.partial):
            partial.unlink(missing_ok=True)


class _Group:
    """The rows of the row group that is growing."""

    def __init__(self) -> None:
        self.batches: list[pa.RecordBatch] = []
        self.read = self.bytes = 0

    @property
    def full(self) -> bool:
        return self.read >= GROUP_ROWS

    def room(self, rows: pa.RecordBatch) -> int:
        """How many of these rows fit into it; at least one into an empty group."""
        count = min(GROUP_ROWS - self.read, len(rows))
        ends = self.bytes + np.cumsum(text_sizes(rows.slice(0, count).columns, count))
        fitting = int(np.searchsorted(ends, GROUP_BYTES, side="right"))
        count = fitting if self.read else max(fitting, 1)
        self.bytes = int(ends[count - 1]) if count else self.bytes
        return count

    def add(self, kept: pa.RecordBatch, read: int) -> None:
        """Adds `read` rows of the source, of which those in `kept` are kept."""
        self.read += read
        if len(kept):
            self.batches.append(kept)

    def take(self) -> pa.Table | None:
        """Removes and returns its rows in one chunk, which fixes where Parquet pages end."""
        batches, self.batches = self.batches, []
        self.read = self.bytes = 0
        return pa.Table.from_batches(batches).combine_chunks() if batches else None


def _kept(rows: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The kept rows of a kernel's output, in a shard's columns."""
    kept = rows["reason"].is_null()
    columns = [_without_others(rows[name], kept) for name in schema.names]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _without_others(column: pa.Array, kept: pa.BooleanArray) -> pa.Array:
    """The kept rows of a column; where the others have no text, over the same bytes."""
    if not pa.types.is_string(column.type):
        return column.filter(kept)
    mask, nulls = to_numpy(kept), to_numpy(column.is_null())
    offsets, run = offsets_and_run(column)
    if nulls[mask].any() or np.diff(offsets)[~mask].any():
        return column.filter(kept)
    return string_array(run.data, np.append(offsets[:-1][mask], offsets[-1]).astype(np.int32))


def _worth_a_dictionary(schema: pa.Schema) -> list[str]:
    """The Parquet paths of the columns whose values repeat."""
    columns = []
    for field in schema:
        if pa.types.is_list(field.type):
            role = ".role" if pa.types.is_struct(field.type.value_type) else ""
            columns.append(f"{field.name}.list.element{role}")
        elif field.name in REPEATING:
            columns.append(field.name)
    return columns


@contextmanager
def open_shard(path: StoragePath) -> Iterator[pq.ParquetFile]:
    """Opens a shard for reading.

    A local file is opened by Arrow itself. Of a Python file, Arrow's threads hold Python objects,
    which they let go of a moment after the last batch was handed out; a process that ends in that
    moment is aborted ("terminate called without an active exception").

    Raises:
        pa.ArrowException: It is not Parquet.
        OSError: It cannot be read.
    """
    # a path in bytes, because not every file name is Unicode
    file = pa.OSFile(os.fsencode(path)) if isinstance(path, Path) else path.open("rb")
    with file, pq.ParquetFile(file) as shard:
        yield shard


def entry_of(subset: str, split: str, shards: Sequence[ShardRecord]) -> LedgerEntry:
    """The ledger entry of one split: the sum of its shards' records."""
    quarantined, noted, fields = Counter[str](), Counter[str](), FieldCounts({})
    for shard in shards:
        fields.update(shard.fields)
        quarantined.update(shard.quarantined)
        noted.update(shard.noted)
    return LedgerEntry(
        subset=subset,
        split=split,
        read=sum(shard.read for shard in shards),
        kept=sum(shard.kept for shard in shards),
        quarantined={name.value: quarantined[name] for name in Reason if quarantined[name]},
        noted={name.value: noted[name] for name in (*Note, *Reason) if noted[name]},
        rows=sum(shard.source_rows for shard in shards),
        fields=fields.in_order(),
    )

"""Kernel output to files: shards of kept rows, the quarantine of refused ones, the ledger."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from pairsmith.kernel.recipe import Recipe
from pairsmith.schema import Kind, Note, Reason, shard_schema
from pairsmith.store.manifest import FileEntry, LedgerEntry
from pairsmith.store.quarantine import QuarantineWriter, quarantine_path

PARTIAL = ".partial"
"""The ending of a file that is still being written."""

REPEATING = ("num_params", "model_type", "rating", "red_team_member_id")
"""Columns of few distinct values, besides lists; these are worth a dictionary, texts are not."""


class Written(NamedTuple):
    """What became of one source file."""

    outputs: list[FileEntry]
    entry: LedgerEntry


class ShardWriter:
    """Writes one split of one subset: a shard for every `shard_rows` rows of the source.

    Each batch becomes a row group. Files have a temporary name until `finish`, which knows how
    many there are.

    Args:
        out: The folder that the build grows in.
        kind: What the rows are.
        subset, split: Where they belong.
        source: The source's file, as the manifest calls it.
        recipe: Tells the form and the rows of a shard.
    """

    def __init__(
        self, out: Path, kind: Kind, subset: str, split: str, source: str, recipe: Recipe
    ) -> None:
        self.out, self.subset, self.split = out, subset, split
        self.shard_rows = recipe.shard_rows
        self.schema = shard_schema(kind, recipe.form)
        self.read = 0
        self.kept: list[int] = []
        self.notes: Counter[str] = Counter()
        self.shard: pq.ParquetWriter | None = None
        self.quarantine = QuarantineWriter(self._partial(quarantine_path(subset, split)), source)

    def write(
        self, batch: pa.RecordBatch, raw: Callable[[int], bytes], lines: Sequence[int]
    ) -> None:
        """Writes a kernel's output; the arguments are those of `QuarantineWriter.write`."""
        self.quarantine.write(batch, raw, lines)
        done = 0
        while done < len(batch):
            part = batch.slice(done, self.shard_rows - self.read % self.shard_rows)
            self._keep(part.filter(part["reason"].is_null()).select(self.schema.names))
            done += len(part)
            self.read += len(part)
            if self.read % self.shard_rows == 0:
                self._close_shard()

    def finish(self) -> Written:
        """Names the files. A split of which nothing was kept has no shard: none could be loaded."""
        self.close()
        if not any(self.kept):
            self._discard()
        shards = len(self.kept)
        outputs = []
        for number, rows in enumerate(self.kept):
            name = f"{self.subset}/{self.split}-{number:05d}-of-{shards:05d}.parquet"
            outputs.append(publish(self._partial(self._shard(number)), self.out, name, rows))
        refused = self.quarantine.counts
        if refused:
            name = quarantine_path(self.subset, self.split)
            outputs.append(publish(self._partial(name), self.out, name, refused.total()))
        return Written(outputs, self._entry(refused))

    def close(self) -> None:
        """Closes what is open, leaving it under its temporary name."""
        self._close_shard()
        self.quarantine.close()

    def _entry(self, refused: Counter[str]) -> LedgerEntry:
        return LedgerEntry(
            subset=self.subset,
            split=self.split,
            read=self.read,
            kept=sum(self.kept),
            quarantined={name.value: refused[name] for name in Reason if refused[name]},
            noted={name.value: self.notes[name] for name in (*Note, *Reason) if self.notes[name]},
        )

    def _keep(self, rows: pa.RecordBatch) -> None:
        shard = self.shard or self._open_shard()
        self.kept[-1] += len(rows)
        self.notes.update(rows["notes"].flatten().to_pylist())
        if len(rows):
            shard.write_batch(rows)

    def _open_shard(self) -> pq.ParquetWriter:
        (self.out / self.subset).mkdir(exist_ok=True)
        # an open file, because pyarrow would take some paths for URLs
        self.file = self._partial(self._shard(len(self.kept))).open("wb")
        self.shard = pq.ParquetWriter(
            self.file,
            self.schema,
            compression="zstd",
            use_dictionary=_worth_a_dictionary(self.schema),
            store_schema=False,
        )
        self.kept.append(0)
        return self.shard

    def _discard(self) -> None:
        for number in range(len(self.kept)):
            self._partial(self._shard(number)).unlink()
        self.kept.clear()
        folder = self.out / self.subset
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()

    def _close_shard(self) -> None:
        if self.shard is not None:
            shard, self.shard = self.shard, None
            with self.file:
                shard.close()

    def _shard(self, number: int) -> str:
        return f"{self.subset}/{self.split}-{number:05d}.parquet"

    def _partial(self, name: str) -> Path:
        return self.out / f"{name}{PARTIAL}"


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
def open_shard(path: Path) -> Iterator[pq.ParquetFile]:
    """Opens a shard for reading.

    Raises:
        pa.ArrowException: It is not Parquet.
        OSError: It cannot be read.
    """
    with path.open("rb") as file, pq.ParquetFile(file) as shard:
        yield shard


def publish(partial: Path, out: Path, path: str, rows: int) -> FileEntry:
    """Gives a finished file its name; returns its line in the manifest."""
    final = out / path
    partial.replace(final)
    return FileEntry(path, rows, final.stat().st_size, digest(final))


def digest(path: Path) -> str:
    """The sha256 of a local file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

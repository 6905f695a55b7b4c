"""Rows of a built dataset, in order: kept ones from the shards, refused ones from quarantine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.dataset.manifest import LedgerEntry, Manifest
from pairsmith.dataset.quarantine import Refused, read_quarantine
from pairsmith.dataset.shards import open_shard
from pairsmith.errors import OutputError
from pairsmith.io.remote import StoragePath
from pairsmith.schema.rows import shard_schema
from pairsmith.sources.layouts import kind_of


def kept_rows(
    out: StoragePath, built: Manifest, subset: str | None = None, note: str | None = None
) -> Iterator[dict[str, Any]]:
    """The rows of the shards.

    Args:
        out: The folder of the build.
        built: Its manifest.
        subset: Only of this subset.
        note: Only with this note.

    Raises:
        OutputError: The build has no such subset, or a shard cannot be read.
    """
    for path in _paths(built, subset, ".parquet"):
        for batch in _batches(out, path, 256):
            if note is not None:
                batch = batch.filter(_having(batch["notes"], note))
            yield from batch.to_pylist()


def kept_batches(
    out: StoragePath, built: Manifest, entry: LedgerEntry, rows: int
) -> Iterator[pa.RecordBatch]:
    """The rows of one split's shards, in batches.

    Args:
        out: The folder of the build.
        built: Its manifest.
        entry: The split, by its entry in the ledger.
        rows: At most this many rows a batch.

    Raises:
        OutputError: A shard cannot be read, or the shards are not what the manifest says.
    """
    schema = shard_schema(kind_of(entry.subset), built.recipe.form, built.recipe.weighs)
    shards = [file.path for file in built.outputs_of(entry) if file.path.endswith(".parquet")]
    read = 0
    for path in shards:
        for batch in _batches(out, path, rows):
            if not batch.schema.equals(schema):
                raise _unreadable(out, path, "its columns are not those of the manifest's recipe")
            read += len(batch)
            yield batch
    if read != entry.kept:
        place = f"{entry.subset}/{entry.split}"
        raise OutputError(
            f"{place} holds {read} rows where the manifest says {entry.kept}.",
            f"Run pairsmith check {out}.",
        )


def _batches(out: StoragePath, path: str, rows: int) -> Iterator[pa.RecordBatch]:
    try:
        with open_shard(out / path) as shard:
            yield from shard.iter_batches(batch_size=rows)
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(out, path, error) from None


def refused_rows(
    out: StoragePath, built: Manifest, subset: str | None = None, reason: str | None = None
) -> Iterator[Refused]:
    """The rows of the quarantine; arguments and faults as `kept_rows`."""
    for path in _paths(built, subset, ".jsonl"):
        try:
            for row in read_quarantine(out / path):
                if reason in (None, row.reason):
                    yield row
        except (OSError, ValueError) as error:
            raise _unreadable(out, path, error) from None


def entries_of(built: Manifest, subset: str | None = None) -> list[LedgerEntry]:
    """The ledger's entries, all or those of one subset.

    Raises:
        OutputError: The build has no such subset.
    """
    subsets = list(dict.fromkeys(entry.subset for entry in built.ledger))
    if subset is not None and subset not in subsets:
        raise OutputError(f"The build has no subset {subset!r}.", f"It has {', '.join(subsets)}.")
    return [entry for entry in built.ledger if subset in (None, entry.subset)]


def _paths(built: Manifest, subset: str | None, ending: str) -> list[str]:
    entries = entries_of(built, subset)
    paths = [output.path for entry in entries for output in built.outputs_of(entry)]
    return [path for path in paths if path.endswith(ending)]


def _having(notes: pa.ListArray, note: str) -> pa.BooleanArray:
    rows = pc.list_parent_indices(notes).filter(pc.equal(pc.list_flatten(notes), note))
    return pc.is_in(pa.array(range(len(notes)), rows.type), rows)


def _unreadable(out: StoragePath, path: str, error: Exception | str) -> OutputError:
    return OutputError(f"{path} cannot be read: {error}.", f"Run pairsmith check {out}.")

"""Rows of a built dataset, in order: kept ones from the shards, refused ones from quarantine."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.dataset.manifest import LedgerEntry, Manifest
from pairsmith.dataset.quarantine import Refused, read_quarantine
from pairsmith.dataset.shards import open_shard
from pairsmith.errors import OutputError
from pairsmith.io.remote import StoragePath
from pairsmith.schema.rows import is_shard_schema, shard_schema
from pairsmith.sources.layouts import kind_of

UNREADABLE = (OSError, pa.ArrowException, UnicodeDecodeError)
"""What reading a damaged shard raises: the last where the name of a column is hit."""


def kept_rows(
    out: StoragePath,
    built: Manifest,
    subset: str | None = None,
    note: str | None = None,
    split: str | None = None,
) -> Iterator[dict[str, Any]]:
    """The rows of the shards.

    Args:
        out: The folder of the build.
        built: Its manifest.
        subset: Only of this subset.
        note: Only with this note.
        split: Only of splits with this name.

    Raises:
        OutputError: The build has no such subset or split, or a shard cannot be read.
    """
    for path in _paths(built, subset, split, ".parquet"):
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
    schema = shard_schema(kind_of(entry.subset), built.recipe.form, built.recipe.pair_columns)
    shards = [file.path for file in built.outputs_of(entry) if file.path.endswith(".parquet")]
    read = 0
    for path in shards:
        for batch in _batches(out, path, rows):
            if not is_shard_schema(batch.schema, schema):
                raise _unreadable(out, path, "its columns are not those of the manifest's recipe")
            read += len(batch)
            yield batch
    if read != entry.kept:
        place = f"{entry.subset}/{entry.split}"
        raise OutputError(
            f"{place} holds {read} rows where the manifest says {entry.kept}.",
            f"Run pairsmith check {out}.",
        )


def shard_rows(
    out: StoragePath, built: Manifest, path: str, first: int, rows: int, batch_rows: int
) -> Iterator[pa.RecordBatch]:
    """Some rows of a shard, in batches; row groups with none of them are not read.

    Args:
        out: The folder of the build.
        built: Its manifest.
        path: Of the shard.
        first: The first row, from 0.
        rows: How many.
        batch_rows: At most this many in a batch.

    Raises:
        OutputError: The shard cannot be read, or is not what the manifest says.
    """
    schema = shard_schema(
        kind_of(path.partition("/")[0]), built.recipe.form, built.recipe.pair_columns
    )
    read, start = 0, 0
    try:
        with open_shard(out / path) as shard:
            if not is_shard_schema(shard.schema_arrow, schema):
                raise _unreadable(out, path, "its columns are not those of the manifest's recipe")
            for group in range(shard.num_row_groups):
                count = shard.metadata.row_group(group).num_rows
                low, high = max(first - start, 0), min(first + rows - start, count)
                start += count
                if low < high:
                    read += high - low
                    some = shard.read_row_group(group).slice(low, high - low)
                    yield from some.to_batches(max_chunksize=batch_rows)
    except UNREADABLE as error:
        raise _unreadable(out, path, error) from None
    if read != rows:
        raise _unreadable(out, path, f"it holds {start} rows")


def kept_ids(out: StoragePath, built: Manifest, entry: LedgerEntry) -> Iterator[pa.StringArray]:
    """The ids of one split's kept rows, in batches; arguments and faults as `kept_rows`."""
    for file in built.outputs_of(entry):
        if file.path.endswith(".parquet"):
            for batch in _batches(out, file.path, 65_536, ["id"]):
                yield batch["id"]


def rows_by_id(
    out: StoragePath, built: Manifest, ids: Collection[str]
) -> dict[str, dict[str, Any] | Refused]:
    """The rows with these ids, kept or quarantined; an id of no row is left out.

    Args:
        out: The folder of the build.
        built: Its manifest.
        ids: Ids, as `harmless-base/train/3`.

    Raises:
        OutputError: A file of the build cannot be read.
    """
    found: dict[str, dict[str, Any] | Refused] = {}
    for entry in built.ledger:
        mine = {id for id in ids if id.startswith(f"{entry.subset}/{entry.split}/")}
        for file in built.outputs_of(entry):
            if mine <= found.keys():
                break
            if file.path.endswith(".parquet"):
                found.update((row["id"], row) for row in _pick(out, file.path, mine))
            else:
                held = refused_in(out, file.path)
                found.update((row.id, row) for row in held if row.id in mine)
    return found


def _pick(out: StoragePath, path: str, ids: Collection[str]) -> Iterator[dict[str, Any]]:
    """The rows of a shard with these ids; whole row groups are read only where one is in it."""
    wanted = pa.array(sorted(ids), pa.string())
    try:
        with open_shard(out / path) as shard:
            for group in range(shard.num_row_groups):
                some = pc.is_in(shard.read_row_group(group, columns=["id"])["id"], wanted)
                if pc.any(some).as_py():
                    yield from shard.read_row_group(group).filter(some).to_pylist()
    except UNREADABLE as error:
        raise _unreadable(out, path, error) from None


def _batches(
    out: StoragePath, path: str, rows: int, columns: list[str] | None = None
) -> Iterator[pa.RecordBatch]:
    try:
        with open_shard(out / path) as shard:
            yield from shard.iter_batches(batch_size=rows, columns=columns)
    except UNREADABLE as error:
        raise _unreadable(out, path, error) from None


def refused_rows(
    out: StoragePath,
    built: Manifest,
    subset: str | None = None,
    reason: str | None = None,
    split: str | None = None,
) -> Iterator[Refused]:
    """The rows of the quarantine; arguments and faults as `kept_rows`."""
    for path in _paths(built, subset, split, ".jsonl"):
        for row in refused_in(out, path):
            if reason in (None, row.reason):
                yield row


def refused_in(out: StoragePath, path: str) -> Iterator[Refused]:
    """The rows of one quarantine file.

    Raises:
        OutputError: It cannot be read.
    """
    try:
        yield from read_quarantine(out / path)
    except (OSError, ValueError) as error:
        raise _unreadable(out, path, error) from None


def entries_of(
    built: Manifest, subset: str | None = None, split: str | None = None
) -> list[LedgerEntry]:
    """The ledger's entries: all, those of one subset, or those of the splits of one name.

    Raises:
        OutputError: The build has no such subset, or that has no such split.
    """
    subsets = list(dict.fromkeys(entry.subset for entry in built.ledger))
    if subset is not None and subset not in subsets:
        raise OutputError(f"The build has no subset {subset!r}.", f"It has {', '.join(subsets)}.")
    entries = [entry for entry in built.ledger if subset in (None, entry.subset)]
    splits = list(dict.fromkeys(entry.split for entry in entries))
    if split is not None and split not in splits:
        whose = "The build" if subset is None else subset
        raise OutputError(f"{whose} has no split {split!r}.", f"It has {', '.join(splits)}.")
    return [entry for entry in entries if split in (None, entry.split)]


def _paths(built: Manifest, subset: str | None, split: str | None, ending: str) -> list[str]:
    entries = entries_of(built, subset, split)
    paths = [output.path for entry in entries for output in built.outputs_of(entry)]
    return [path for path in paths if path.endswith(ending)]


def _having(notes: pa.ListArray, note: str) -> pa.BooleanArray:
    rows = pc.list_parent_indices(notes).filter(pc.equal(pc.list_flatten(notes), note))
    return pc.is_in(pa.array(range(len(notes)), rows.type), rows)


def _unreadable(out: StoragePath, path: str, error: Exception | str) -> OutputError:
    return OutputError(f"{path} cannot be read: {error}.", f"Run pairsmith check {out}.")

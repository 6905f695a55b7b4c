"""Verification of a build: files against hashes, rows against counts, the ledger against both."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from pairsmith.dataset import card, folder
from pairsmith.dataset.manifest import FileEntry, LedgerEntry, Manifest, read_manifest
from pairsmith.dataset.quarantine import FOLDER, read_quarantine
from pairsmith.dataset.row_ids import numbers_of
from pairsmith.dataset.shards import open_shard
from pairsmith.errors import OutputError
from pairsmith.io import durable
from pairsmith.io.durable import sha256_of
from pairsmith.io.remote import StoragePath
from pairsmith.schema.recipe import Recipe
from pairsmith.schema.rows import DIALOGUE_SCORES, Kind, is_shard_schema, shard_schema
from pairsmith.sources.layouts import kind_of
from pairsmith.text.spans import Index


class Problem(NamedTuple):
    """A difference between a build and its manifest.

    Attributes:
        path: The file, below the folder; or the subset and split of a ledger entry.
        message: What was found, and what was expected.
    """

    path: str
    message: str


def check(out: str | Path) -> list[Problem]:
    """Compares a built dataset with its manifest.

    Files are hashed, rows counted, columns and notes looked at, ledger entries added up. The
    card may have been edited since, but for its configs.

    Args:
        out: The folder of the build, or its URL.

    Returns:
        The problems; empty where the build is intact.

    Raises:
        OutputError: There is no such folder, or it may not be read.
    """
    return _problems(folder.output(str(out)))


def _problems(out: StoragePath) -> list[Problem]:
    if isinstance(out, Path) and out.is_dir() and not os.access(out, os.R_OK | os.X_OK):
        raise OutputError(f"No permission to read {out}.")
    try:
        built = read_manifest(out)
    except OutputError as error:
        if not out.is_dir():
            raise
        return [Problem("manifest.json", str(error))]
    problems = list(_check_files(out, built))
    if not problems:
        problems += _check_ledger(out, built)
    return problems


def _check_files(out: StoragePath, built: Manifest) -> Iterator[Problem]:
    if durable.folder_exists(out / folder.STAGING):
        yield Problem(folder.STAGING, "a build was begun here: remove it, or build again")
    if not (out / card.NAME).is_file():
        yield Problem(card.NAME, "the dataset card is missing")
    listed = {entry.path for entry in built.outputs}
    folders = {entry.subset for entry in built.ledger} | {FOLDER}
    for name in durable.list_subfolders(out):
        parent, _, last = name.partition("/")
        if parent in folders and name not in listed and not last.startswith("."):
            yield Problem(name, "the manifest does not list it, but a reader may find it")
    for entry in built.outputs:
        yield from _check_file(out / entry.path, entry)


def _check_file(path: StoragePath, entry: FileEntry) -> Iterator[Problem]:
    try:
        size = path.stat().st_size
        same = size == entry.bytes and sha256_of(path) == entry.sha256
    except FileNotFoundError:
        yield Problem(entry.path, "it is missing")
    except OSError as error:
        yield Problem(entry.path, f"it cannot be read: {error.strerror}")
    else:
        if size != entry.bytes:
            yield Problem(entry.path, f"it has {size:,} bytes, expected {entry.bytes:,}")
        elif not same:
            yield Problem(entry.path, "its sha256 is not the manifest's: its content has changed")


def _check_ledger(out: StoragePath, built: Manifest) -> Iterator[Problem]:
    read, told = [e.rows for e in built.inputs], [e.source_rows for e in built.ledger]
    # files make some split, or one file several: then the sums tell
    several = len(read) != len(told) or bool(built.recipe.told)
    if (sum(read) != sum(told)) if several else (read != told):
        yield Problem("manifest.json", f"inputs have {read} rows, the ledger {told}")
    if not card.are_configs(card.read_configs(out), built):
        yield Problem(card.NAME, "its configs are not the build's: load_dataset opens other files")
    known = {output for entry in built.ledger for output in built.outputs_of(entry)}
    for output in built.outputs:
        if output not in known:
            yield Problem(output.path, "the ledger has no entry for it")
    for entry in built.ledger:
        yield from _check_entry(out, built, entry)


def _check_entry(out: StoragePath, built: Manifest, entry: LedgerEntry) -> Iterator[Problem]:
    name = f"{entry.subset}/{entry.split}"
    if not entry.balances:
        yield Problem(name, f"read {entry.read} is not kept and quarantined added up")
    parts: list[FileContents] = []
    for output in built.outputs_of(entry):
        try:
            part = _read(out / output.path, built.recipe, entry)
        except (pa.ArrowException, OSError, ValueError) as error:
            yield Problem(output.path, f"it is not what a build writes: {error}")
            continue
        if part.rows != output.rows:
            rows = f"{part.rows} rows, the manifest says {output.rows}"
            yield Problem(output.path, f"it has {rows}")
        parts.append(part)
    kept = sum(part.rows for part in parts if part.kept)
    notes = sum((part.notes for part in parts), Counter[str]())
    reasons = sum((part.reasons for part in parts), Counter[str]())
    for what, held, said in (
        ("kept rows", kept, entry.kept),
        ("quarantined rows", dict(reasons), entry.quarantined),
        ("notes", dict(notes), entry.noted),
    ):
        if held != said:
            yield Problem(name, f"{what}: {held} on disk, {said} in the ledger")
    numbers = _joined(part.numbers for part in parts)
    if any(len(np.unique(held)) < len(held) for held in numbers.values()):
        yield Problem(name, "ids are given twice")


def _joined(parts: Iterable[Mapping[str, Index]]) -> dict[str, Index]:
    """The numbers of several batches of ids, by what else stands in the ids."""
    held = defaultdict[str, list[Index]](list)
    for part in parts:
        for name, numbers in part.items():
            held[name].append(numbers)
    return {name: np.concatenate(numbers) for name, numbers in held.items()}


class FileContents(NamedTuple):
    """The content of a file.

    Attributes:
        numbers: Those of its rows, as `numbers_of` gives them.
        kept: Whether its rows are.
        notes, reasons: How many rows have each.
    """

    numbers: dict[str, Index]
    kept: bool
    notes: Counter[str]
    reasons: Counter[str]

    @property
    def rows(self) -> int:
        """How many there are."""
        return sum(len(numbers) for numbers in self.numbers.values())


def _read(path: StoragePath, recipe: Recipe, entry: LedgerEntry) -> FileContents:
    """Reads a shard or a quarantine file.

    Raises:
        ValueError: It is not what its name says.
    """
    place = f"{entry.subset}/{entry.split}"
    if path.suffix == ".parquet":
        return _read_shard(path, recipe, kind_of(entry.subset), place)
    rows = [(row.id, row.reason) for row in read_quarantine(path)]
    ids = pa.array([id for id, _ in rows], pa.string())
    return FileContents(
        numbers_of(ids, place), False, Counter(), Counter(reason for _, reason in rows)
    )


def _read_shard(path: StoragePath, recipe: Recipe, kind: Kind, place: str) -> FileContents:
    """Reads a shard.

    Raises:
        ValueError: Its columns are not a shard's, a column holds a null that may not, an id is
            of another place, or it has more rows than a shard may.
    """
    numbers: list[dict[str, Index]] = []
    notes = Counter[str]()
    may_be_null = {*DIALOGUE_SCORES.names, *recipe.pair_columns.carried.names, "tools"}
    with open_shard(path) as shard:
        columns, rows = shard.schema_arrow, shard.metadata.num_rows
        if not is_shard_schema(columns, shard_schema(kind, recipe.form, recipe.pair_columns)):
            raise ValueError(f"its columns are {', '.join(map(str, columns))}")
        for batch in shard.iter_batches():
            notes.update(batch["notes"].flatten().to_pylist())
            for name in set(columns.names) - may_be_null:
                if batch[name].null_count:
                    raise ValueError(f"the column {name} holds nulls")
            numbers.append(numbers_of(batch["id"], place))
    if rows > recipe.shard_rows and not recipe.reading_fields:  # a row may make several
        raise ValueError(f"it has {rows} rows, a shard at most {recipe.shard_rows}")
    return FileContents(_joined(numbers), True, notes, Counter())


FIRST = 3
"""The most problems of a build that a refusal tells; `pairsmith check` tells all."""


def check_whole(out: Path) -> None:
    """Checks that a build is as its manifest says, for what is to be said of it.

    Raises:
        OutputError: It is not, or there is no finished build.
    """
    _refuse(out, check(out))


def check_shards(out: StoragePath, built: Manifest) -> None:
    """Checks that the shards of a build are those that its manifest lists, by their hashes.

    What is learnt from rows names them by the hash of the manifest.

    Raises:
        OutputError: One is another, or is gone.
    """
    shards = [entry for entry in built.outputs if entry.path.endswith(".parquet")]
    _refuse(out, [one for entry in shards for one in _check_file(out / entry.path, entry)])


def _refuse(out: StoragePath, problems: Sequence[Problem]) -> None:
    """Refuses a build of which something is wrong."""
    if problems:
        told = [f"{path}: {message.rstrip('.')}" for path, message in problems[:FIRST]]
        more = f" And {len(problems) - FIRST} more." if len(problems) > FIRST else ""
        raise OutputError(
            f"{out} is not as it was built. {'. '.join(told)}.{more}",
            f"Run pairsmith check {out}, then build again.",
        )

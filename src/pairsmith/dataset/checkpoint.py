"""Checkpoints: the plan of an unfinished build, and what of it a new run keeps.

A shard is kept if its record is there, its files have the hashes in the record, and the source's
file still begins with the bytes that they were made from; one that has fewer rows than others,
only if the file still ends there. All else is removed.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from pairsmith.dataset import decisions, folder
from pairsmith.dataset.grown import staged
from pairsmith.dataset.manifest import FileEntry, LedgerEntry
from pairsmith.dataset.quarantine import quarantine_path
from pairsmith.dataset.shard_record import (
    ShardRecord,
    SourceRecord,
    read_shard,
    read_source,
    record_text,
)
from pairsmith.dataset.shards import ShardPath, entry_of, shard_stem
from pairsmith.errors import OutputError
from pairsmith.io import durable
from pairsmith.io.digests import CHUNK, Digest, MeteredFile, hash_file
from pairsmith.io.durable import finalize, is_unchanged, map_files, partial_path, write_text_durably
from pairsmith.io.identity import Known, identify
from pairsmith.io.locks import is_lock
from pairsmith.io.paths import FsspecPath, size
from pairsmith.io.remote import StoragePath
from pairsmith.sources.formats import format_of
from pairsmith.sources.layouts import SourceFile

COMPILED = "compiled"
"""The field of a plan that is false once a template was found to need rendering row by row."""

DECISIONS = "decisions"
"""The field of a plan with the rows that the decisions were made on, once there are any."""


class Finished(NamedTuple):
    """The finished part of one source file.

    Attributes:
        source: Its record; None where some of its shards are missing.
        shards: The numbers of its finished shards.
        known: What of the file they were made of; None where there are none.
    """

    source: SourceRecord | None
    shards: frozenset[int]
    known: Known | None = None


def shard_path(file: SourceFile, number: int) -> ShardPath:
    """The path of one shard of a file."""
    return ShardPath(file.kind, file.subset, file.split, file.path, number, file.nth)


def begin(staging: StoragePath, plan: dict[str, Any], force: bool) -> dict[str, Any]:
    """Writes the plan of a build, or resumes the one that is there.

    Args:
        staging: The folder that the build grows in.
        plan: As in JSON.
        force: Whether to remove what another build left.

    Returns:
        The plan, with `COMPILED` and `DECISIONS` of the one that is resumed.

    Raises:
        OutputError: Another build left finished shards there.
    """
    found = _read_plan(staging)
    if found is not None:
        was = {**found, COMPILED: plan[COMPILED], DECISIONS: plan[DECISIONS]}
        if was == plan:
            compiled = found.get(COMPILED) is not False
            return {**plan, COMPILED: compiled, DECISIONS: found.get(DECISIONS)}
        if not force and any(staging.glob("*/*.json")):
            raise OutputError(
                f"{staging.parent} holds an unfinished build of {_difference(was, plan)}.",
                "The command that began it goes on with it; --force starts anew.",
            )
    restart(staging, plan)
    return plan


def restart(staging: StoragePath, plan: dict[str, Any], spared: Collection[str] = ()) -> None:
    """Clears the folder, except for files of these names, and writes a plan."""
    folder.clear(staging, spared)
    write_plan(staging, plan)


def write_plan(staging: StoragePath, plan: dict[str, Any]) -> None:
    """Writes a plan, and keeps what is there."""
    write_text_durably(staging / folder.PLAN, json.dumps(plan, ensure_ascii=False, indent=1) + "\n")


def _read_plan(staging: StoragePath) -> dict[str, Any] | None:
    path = staging / folder.PLAN
    if path.is_symlink() or not path.is_file():
        return None
    try:
        plan = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return plan if isinstance(plan, dict) else None


def _difference(was: dict[str, Any], plan: dict[str, Any]) -> str:
    """How an unfinished build differs from this one, in words."""
    for name, what in (("inputs", "other files"), ("recipe", "another recipe")):
        old, new = was.get(name), plan[name]
        if old != new and isinstance(old, dict) and isinstance(new, dict):
            return f"{what} ({', '.join(differing(old, new))} differ)"
        if old != new:
            named = [str(item) for item in old] if isinstance(old, list) else [str(old)]
            return f"{what}: {', '.join(named)}"
    return "another version of pairsmith or pyarrow"


def differing(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """The names of the fields in which two recipes differ."""
    return [name for name in {**new, **old} if old.get(name) != new.get(name)]


def find_finished(
    staging: StoragePath, files: Sequence[SourceFile], shard_rows: int
) -> tuple[dict[str, Finished], list[str]]:
    """Finds what can be kept of an interrupted build, and removes everything else.

    Args:
        staging: The folder that the build grows in.
        files: The source's files.
        shard_rows: The rows of every shard but a file's last.

    Returns:
        From a file's `id_prefix` to its finished part; and sentences on files that have changed
        since.
    """
    finished: dict[str, Finished] = {}
    keep = {
        folder.PLAN,
        decisions.NAME,
        *(path.name for path in staging.iterdir() if is_lock(path.name)),
    }
    sentences = []
    for file in files:
        source = read_source(staging, source_path(file))
        shards = _shards(staging, file)
        identity = identify(file.place)
        if not source or hash_file(file.place) != source.whole:
            same = _unchanged(file, shards, shard_rows)
            if source or len(same) < len(shards):
                anew = "" if same else ": built anew"
                sentences.append(f"{file.path} has changed since the build was broken off{anew}.")
            source, shards = None, same
        if source and set(shards) == set(range(source.shards)):
            keep.add(source_path(file))
        else:
            source = None
        for number in shards:
            place = shard_path(file, number)
            keep |= {place.rows, place.refused, place.record}
        footer = format_of(file.path).footer
        known = [Known(identity, shard.source, footer) for shard in shards.values()]
        longest = max(known, key=lambda one: one.read.bytes, default=None)
        finished[file.id_prefix] = Finished(source, frozenset(shards), longest)
    durable.remove_all_but(staging, keep)
    return finished, sentences


def source_path(file: SourceFile) -> str:
    """The path of a source file's record."""
    return f"{file.subset}/{shard_stem(file.split, file.nth)}.json"


def _shards(staging: StoragePath, file: SourceFile) -> dict[int, ShardRecord]:
    """The shards of a file that are whole, by number."""
    stem = shard_stem(file.split, file.nth)
    names = [path.stem for path in (staging / file.subset).glob(f"{stem}-*.json")]
    digits = [name.removeprefix(f"{stem}-") for name in names]
    numbers = [int(number) for number in digits if number.isdecimal()]

    def whole(number: int) -> ShardRecord | None:
        place = shard_path(file, number)
        shard = read_shard(staging, place.record)
        return shard if shard and _is_whole(staging, place, shard) else None

    found = zip(numbers, map_files(staging, whole, numbers), strict=True)
    return {number: shard for number, shard in found if shard}


def _is_whole(staging: StoragePath, place: ShardPath, shard: ShardRecord) -> bool:
    files = [(place.rows, shard.rows), (place.refused, shard.refused)]
    return all(is_unchanged(staging, path, known) for path, known in files if known is not None)


def _unchanged(
    file: SourceFile, shards: dict[int, ShardRecord], shard_rows: int
) -> dict[int, ShardRecord]:
    """The shards whose rows the file still has, unchanged and not continued."""
    begun = set(_beginnings(file.place, {shard.source.bytes for shard in shards.values()}))
    length = size(file.place) if shards else 0
    footer = format_of(file.path).footer

    def is_same(shard: ShardRecord) -> bool:
        # a file that grew adds rows to its last shard; with a footer, it is another file
        ended = shard.source_rows != shard_rows or footer
        return shard.source in begun and (not ended or shard.source.bytes == length)

    return {number: shard for number, shard in shards.items() if is_same(shard)}


def _beginnings(place: FsspecPath, sizes: Iterable[int]) -> Iterator[Digest]:
    """The digests of a file's first bytes, for each of several sizes, in one pass."""
    wanted = sorted(sizes)
    if not wanted:
        return
    with MeteredFile(place) as metered:
        for size in wanted:
            while metered.read(min(CHUNK, size - metered.count)):
                pass
            yield metered.digest


def count_shards(out: str | Path) -> int:
    """The number of finished shards of an interrupted build."""
    staging = folder.output(str(out)) / folder.STAGING
    return len(list(staging.glob("*/*-[0-9]*.json")))


def record_source(staging: StoragePath, file: SourceFile, source: SourceRecord) -> None:
    """Records that all shards of a file are finished."""
    (staging / file.subset).mkdir(exist_ok=True)
    write_text_durably(staging / source_path(file), record_text(source, source_path(file)))


class Assembled(NamedTuple):
    """The output of a build for one split.

    Attributes:
        read: The files of the source.
        outputs: The shards and the quarantine file.
        grown: From a shard's path to its path in the folder that the build grew in, where that is
            not `grown.staged` of it.
        entry: The ledger entry.
    """

    read: list[FileEntry]
    outputs: list[FileEntry]
    grown: dict[str, str]
    entry: LedgerEntry


def assemble(staging: StoragePath, files: Sequence[SourceFile]) -> list[Assembled]:
    """Combines the records of a source whose shards are finished, split by split.

    A split without a kept row has no shard: none could be loaded.

    Args:
        staging: The folder that the build grows in.
        files: The source's files, those of a split in the order of their numbers.

    Raises:
        OutputError: Shards are missing.
    """
    splits: dict[tuple[str, str], list[SourceFile]] = {}
    for file in files:
        splits.setdefault((file.subset, file.split), []).append(file)
    return [_assemble(staging, mine) for mine in splits.values()]


def _assemble(staging: StoragePath, files: Sequence[SourceFile]) -> Assembled:
    """Combines the records of the files of one split."""
    read, shards, places = [], list[ShardRecord](), list[ShardPath]()
    for file in files:
        source, mine = _records(staging, file)
        rows = sum(shard.source_rows for shard in mine)
        read.append(FileEntry(file.path, rows, *source.whole))
        shards += mine
        places += [shard_path(file, number) for number in range(len(mine))]
    entry = entry_of(files[0].subset, files[0].split, shards)
    outputs = []
    if entry.kept:
        pairs = zip(places, shards, strict=True)
        outputs = [p.entry(s, number, len(shards)) for number, (p, s) in enumerate(pairs)]
    named = zip(outputs, places, strict=False)
    grown = {o.path: p.rows for o, p in named if p.rows != staged(o.path)}
    if entry.quarantined:
        outputs.append(_join_refused(staging, files[0], places, shards))
    return Assembled(read, outputs, grown, entry)


def _records(staging: StoragePath, file: SourceFile) -> tuple[SourceRecord, list[ShardRecord]]:
    """The records of a file and of its shards.

    Raises:
        OutputError: Some are missing.
    """
    source = read_source(staging, source_path(file))
    count = source.shards if source else 0
    records = [shard_path(file, number).record for number in range(count)]
    shards = [s for s in map_files(staging, partial(read_shard, staging), records) if s]
    if source is None or len(shards) < count:
        raise OutputError(
            f"Of {file.path}, {len(shards)} shards are there, not as many as were finished.",
            "Has something else removed them? The same command goes on.",
        )
    return source, shards


def _join_refused(
    staging: StoragePath,
    file: SourceFile,
    places: Sequence[ShardPath],
    shards: Sequence[ShardRecord],
) -> FileEntry:
    """Joins the quarantine parts of a split's shards."""
    path = quarantine_path(file.subset, file.split)
    grown = partial_path(staging / path)
    try:
        with grown.open("wb") as joined:
            for place, shard in zip(places, shards, strict=True):
                if shard.refused:
                    with (staging / place.refused).open("rb") as part:
                        shutil.copyfileobj(part, joined, 1 << 20)
        known = durable.digest_of(grown)
        finalize(grown, staging / path)
    finally:
        grown.unlink(missing_ok=True)
    rows = sum(sum(shard.quarantined.values()) for shard in shards)
    return FileEntry(path, rows, *known)

"""Proof of a build: files against hashes, rows against counts, the ledger against both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from pairsmith.errors import OutputError
from pairsmith.schema import DIALOGUE_SCORES, Form, Kind, shard_schema
from pairsmith.store import card
from pairsmith.store.manifest import FileEntry, LedgerEntry, Manifest, read_manifest
from pairsmith.store.quarantine import FOLDER, read_quarantine
from pairsmith.store.shards import digest


class Problem(NamedTuple):
    """Something about a build that is not as its manifest says.

    Attributes:
        path: The file, below the folder; or the subset and split of a ledger entry.
        message: What was found, and what was expected.
    """

    path: str
    message: str


def check(out: str | Path) -> list[Problem]:
    """Compares a built dataset with its manifest.

    Files are hashed, rows counted, columns and notes looked at, ledger entries added up. The
    card may have been edited since; only its absence is a problem.

    Args:
        out: The folder of the build.

    Returns:
        What is wrong; nothing where the build is whole.

    Raises:
        OutputError: There is no such folder.
    """
    out = Path(out)
    if not out.is_dir():
        raise OutputError(f"There is no folder {out}.", "Name the folder of a build.")
    try:
        built = read_manifest(out)
    except OutputError as error:
        return [Problem("manifest.json", str(error))]
    found = list(_check_files(out, built))
    if not found:
        found += _check_ledger(out, built)
    return found


def _check_files(out: Path, built: Manifest) -> Iterator[Problem]:
    if not (out / card.NAME).is_file():
        yield Problem(card.NAME, "the dataset card is missing")
    listed = {entry.path for entry in built.outputs}
    folders = {entry.subset for entry in built.ledger} | {FOLDER}
    for path in sorted(out.glob("*/*")):
        name = path.relative_to(out).as_posix()
        if path.parent.name in folders and name not in listed and not path.name.startswith("."):
            yield Problem(name, "the manifest does not list it, but a reader may find it")
    for entry in built.outputs:
        yield from _check_file(out / entry.path, entry)


def _check_file(path: Path, entry: FileEntry) -> Iterator[Problem]:
    try:
        found = path.stat().st_size
        same = found == entry.bytes and digest(path) == entry.sha256
    except FileNotFoundError:
        yield Problem(entry.path, "it is missing")
    except OSError as error:
        yield Problem(entry.path, f"it cannot be read: {error.strerror}")
    else:
        if found != entry.bytes:
            yield Problem(entry.path, f"it has {found:,} bytes, expected {entry.bytes:,}")
        elif not same:
            yield Problem(entry.path, "its sha256 is not the manifest's: its content has changed")


def _check_ledger(out: Path, built: Manifest) -> Iterator[Problem]:
    read = sum(entry.rows for entry in built.inputs)
    if read != built.totals.read:
        yield Problem("manifest.json", f"inputs have {read} rows, the ledger {built.totals.read}")
    told = {output for entry in built.ledger for output in built.outputs_of(entry)}
    for output in built.outputs:
        if output not in told:
            yield Problem(output.path, "the ledger has no entry for it")
    for entry in built.ledger:
        yield from _check_entry(out, built, entry)


def _check_entry(out: Path, built: Manifest, entry: LedgerEntry) -> Iterator[Problem]:
    name = f"{entry.subset}/{entry.split}"
    if not entry.balances:
        yield Problem(name, f"read {entry.read} is not kept and quarantined added up")
    kept, refused, notes = 0, Counter[str](), Counter[str]()
    for output in built.outputs_of(entry):
        try:
            if output.path.endswith(".parquet"):
                rows, noted = _count_shard(out / output.path, built.recipe.form)
                kept, notes = kept + rows, notes + noted
            else:
                reasons = Counter(row.reason for row in read_quarantine(out / output.path))
                rows, refused = reasons.total(), refused + reasons
        except (pa.ArrowException, OSError, ValueError) as error:
            yield Problem(output.path, f"it is not what a build writes: {error}")
            continue
        if rows != output.rows:
            yield Problem(output.path, f"it has {rows} rows, the manifest says {output.rows}")
    for what, found, said in (
        ("kept rows", kept, entry.kept),
        ("quarantined rows", dict(refused), entry.quarantined),
        ("notes", dict(notes), entry.noted),
    ):
        if found != said:
            yield Problem(name, f"{what}: {found} on disk, {said} in the ledger")


def _count_shard(path: Path, form: Form) -> tuple[int, Counter[str]]:
    """The rows of a shard, and its notes.

    Raises:
        ValueError: Its columns are not a shard's, or a column holds a null that may not.
    """
    notes = Counter[str]()
    with pq.ParquetFile(path) as shard:
        columns = shard.schema_arrow
        if not any(columns.equals(shard_schema(kind, form)) for kind in Kind):
            raise ValueError(f"its columns are {', '.join(map(str, columns))}")
        for batch in shard.iter_batches():
            notes.update(batch["notes"].flatten().to_pylist())
            for name in set(columns.names) - set(DIALOGUE_SCORES.names):
                if batch[name].null_count:
                    raise ValueError(f"the column {name} holds nulls")
        return shard.metadata.num_rows, notes

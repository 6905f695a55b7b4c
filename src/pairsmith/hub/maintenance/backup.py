"""A copy of a hub that is being served, which can be served in its place.

The database is copied first, in one state, and then every content that a commit in this copy
refers to; contents never change, and one that is referred to is kept for at least a day after it
is no longer. What was on its way in is left out: uploads under way, and contents without a commit.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from pairsmith.errors import OutputError
from pairsmith.hub.context import DATABASE, LOCK, Hub, locked, open_hub
from pairsmith.hub.core.blobs import Blobs, flush
from pairsmith.hub.core.modes import FOUND, close_to_others

MARK = "backup.json"
"""In a backup: whose it is. A backup that is served becomes a hub of its own, without it."""

LEFT_OUT = (
    "DELETE FROM blobs WHERE NOT EXISTS (SELECT 1 FROM files WHERE files.blob = blobs.sha256)",
    "DELETE FROM uploads",
    "DELETE FROM sessions",
)


class Backup(NamedTuple):
    """What a backup holds: contents and their bytes, and how many of them were new to it."""

    contents: int
    bytes: int
    new: int


def backup(root: Path, out: Path) -> Backup:
    """Copies a hub, or brings an earlier copy up to date.

    Where both lie on one file system contents are linked, not copied: that protects against
    deletion, not against a disk that fails.

    Args:
        root: The folder of the hub, which may be serving.
        out: A new or an empty folder, or that of an earlier backup of any hub.

    Raises:
        OutputError: `out` holds something else; or a content of the hub is missing.
    """
    _check_apart(root, out)
    with open_hub(root) as hub:
        _prepare(out)
        with locked(out):
            _check_out(out)  # again, now that nobody else changes it
            (out / MARK).write_text(_mark(root), encoding="utf-8")
            return _renew(hub, out)


def adopt(root: Path) -> None:
    """Makes a backup a hub of its own, which no later backup may overwrite."""
    (root / MARK).unlink(missing_ok=True)


def _check_apart(root: Path, out: Path) -> None:
    ours, theirs = root.resolve(), out.resolve()
    if ours == theirs or ours in theirs.parents or theirs in ours.parents:
        raise OutputError(f"{out} and {root} lie within each other.", "Name a folder elsewhere.")


def _prepare(out: Path) -> None:
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_out(out)
        close_to_others(out)
    except OSError as error:
        raise OutputError(f"{out} cannot be written: {error.strerror}.", "Name another.") from error


def _check_out(out: Path) -> None:
    names = {entry.name for entry in out.iterdir()} - {LOCK, FOUND}
    if names and MARK not in names:
        what = "is a hub that is, or was, served" if DATABASE in names else "holds something else"
        raise OutputError(
            f"{out} {what}, and is no backup.",
            "Name a new or an empty folder, or that of an earlier backup.",
        )


def _mark(root: Path) -> str:
    date = datetime.now(UTC).isoformat(timespec="seconds")
    return json.dumps({"of": str(root.resolve()), "date": date}) + "\n"


def _renew(hub: Hub, out: Path) -> Backup:
    """Copies the state of now beside the earlier one, then puts it in its place."""
    for path in out.glob(f"{DATABASE}.new-*"):  # of a process that died
        path.unlink()
    copy = out / f"{DATABASE}.new-{secrets.token_hex(4)}"
    try:
        hub.database.backup(copy)
        blobs = _leave_out(copy)
        new = _copy_blobs(hub.blobs, Blobs(out), blobs)
        _replace_database(copy, out / DATABASE)
    finally:
        _remove_database(copy)
    _remove_others(Blobs(out), set(blobs))
    return Backup(len(blobs), sum(blobs.values()), new)


def _leave_out(copy: Path) -> dict[str, int]:
    """Leaves out what is not kept; the contents that are, with their bytes."""
    with closing(sqlite3.connect(copy, isolation_level=None)) as db:
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("BEGIN IMMEDIATE")
        for statement in LEFT_OUT:
            db.execute(statement)
        db.execute("COMMIT")
        blobs = dict(db.execute("SELECT sha256, size FROM blobs").fetchall())
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return blobs


def _copy_blobs(source: Blobs, target: Blobs, blobs: dict[str, int]) -> int:
    """Copies the contents that are not there yet; how many those were."""
    new, folders = 0, {target.folder}
    for sha256, size in blobs.items():
        place = target.path(sha256)
        if place.exists() and place.stat().st_size == size:
            continue
        place.parent.mkdir(exist_ok=True)
        try:
            _copy_blob(source.path(sha256), place, target.staging / secrets.token_hex(8))
        except FileNotFoundError as error:
            raise OutputError(
                f"The content {sha256} of the hub is missing.",
                "`pairsmith hub verify` says whose it is. Where a repository was deleted"
                " meanwhile, the same command goes on.",
            ) from error
        new += 1
        folders.add(place.parent)
    for folder in folders:
        flush(folder)
    return new


def _copy_blob(source: Path, place: Path, beside: Path) -> None:
    """Links a content, or copies it where it cannot be linked; whole, or not at all."""
    try:
        os.link(source, beside)
    except FileNotFoundError:
        raise
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, beside)
        flush(beside)
    try:
        beside.replace(place)
    finally:
        beside.unlink(missing_ok=True)  # a rename onto a link to the same file leaves it


def _replace_database(copy: Path, place: Path) -> None:
    """Puts the new database in the place of the old, whose log must not be read with it."""
    flush(copy)
    if place.exists():
        with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(place)) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # whole without its log, in case we die
        _remove_logs(place)
    copy.replace(place)
    flush(place.parent)


def _remove_others(target: Blobs, blobs: set[str]) -> None:
    """Removes contents that the backup no longer refers to, and what an earlier one left."""
    for path in target.folder.glob("*/*"):
        if path.name not in blobs:
            path.unlink()
    for path in target.staging.iterdir():
        if path.is_file():
            path.unlink()


def _remove_database(path: Path) -> None:
    path.unlink(missing_ok=True)
    _remove_logs(path)


def _remove_logs(path: Path) -> None:
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)

"""A copy of a hub that is being served, which can be served in its place.

The database is copied first, in one state, and then every content that a commit in this copy
refers to, and the collections in it; contents never change, and one that is referred to is kept for
at least a day after it is no longer. What was on its way in is left out: uploads under way, and
contents without a commit.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import shutil
import sqlite3
from collections.abc import Iterable
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from pairsmith.errors import OutputError
from pairsmith.hub.collections import copying
from pairsmith.hub.context import DATABASE, LOCK, Hub, locked, open_hub
from pairsmith.hub.core.blobs import Blob, Blobs, flush, mark_damaged
from pairsmith.hub.core.modes import FOUND, close_to_others
from pairsmith.hub.maintenance.verify import uses, wrong_with

MARK = "backup.json"
"""In a backup: whose it is. A backup that is served becomes a hub of its own, without it."""

LEFT_OUT = (
    "DELETE FROM repos WHERE deleted IS NOT NULL",
    "DELETE FROM blobs WHERE NOT EXISTS (SELECT 1 FROM files WHERE files.blob = blobs.sha256)"
    " AND NOT EXISTS (SELECT 1 FROM attachments WHERE attachments.blob = blobs.sha256)",
    "DELETE FROM uploads",
    "DELETE FROM sessions",
)


class Backup(NamedTuple):
    """What a backup holds.

    Attributes:
        contents: How many contents.
        bytes: Their bytes.
        new: How many of them were copied now.
        lost: The contents that a commit refers to, and the collections, that the backup lacks, for
            the hub has them no more as they were: a sentence for each, with what is wrong and
            whose it is.
    """

    contents: int
    bytes: int
    new: int
    lost: tuple[str, ...] = ()


def backup(root: Path, out: Path, prove: bool = False) -> Backup:
    """Copies a hub, or brings an earlier copy up to date.

    Each content is hashed when it is first copied; one that the hub has lost, or has no more as it
    was, is told of, and a good copy of it that the backup has stays. A copy that was changed
    since, or that `verify` found damaged, is replaced.

    Where both lie on one file system contents are linked, not copied: that protects against
    deletion, not against a disk that fails.

    Args:
        root: The folder of the hub, which may be serving.
        out: A new or an empty folder, or that of an earlier backup of any hub.
        prove: Whether to hash the copies that are there, too.

    Raises:
        OutputError: `out` holds something else.
    """
    _check_apart(root, out)
    with open_hub(root) as hub:
        _prepare(out)
        with locked(out):
            _check_out(out)  # again, now that nobody else changes it
            (out / MARK).write_text(_mark(root), encoding="utf-8")
            return _renew(hub, out, prove)


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


def _renew(hub: Hub, out: Path, prove: bool) -> Backup:
    """Copies the state of now beside the earlier one, then puts it in its place."""
    for path in out.glob(f"{DATABASE}.new-*"):  # of a process that died
        path.unlink()
    copy = out / f"{DATABASE}.new-{secrets.token_hex(4)}"
    try:
        hub.database.backup(copy)
        blobs = _leave_out(copy)
        doubtful = _found_damaged(out / DATABASE) | _found_damaged(copy)
        made = _Copying(hub, Blobs(out), doubtful, prove)
        made.run(blobs)
        _mark_lost(copy, made.lost)
        lost = _copy_collections(hub.root, out, copy)
        _replace_database(copy, out / DATABASE)
    finally:
        _remove_database(copy)
    _remove_others(Blobs(out), {blob.sha256 for blob in blobs})
    kept = [blob for blob in blobs if blob.sha256 not in made.lost]
    size = sum(blob.size for blob in kept)
    return Backup(len(kept), size, made.new, (*made.lost.values(), *lost))


def _copy_collections(root: Path, out: Path, copy: Path) -> list[str]:
    """Copies the collections that a copy of the database knows; what is wrong with others."""
    with closing(sqlite3.connect(copy)) as db:
        rows = db.execute(
            "SELECT folder, users.name || '/' || collections.name FROM collections"
            " JOIN users ON users.id = collections.owner"
        )
        names = dict(rows.fetchall())
    lost = copying.copy_all(root, out, [*names])
    return [f"collections/{folder}: {said} It is {names[folder]}." for folder, said in lost.items()]


def _leave_out(copy: Path) -> list[Blob]:
    """Leaves out what is not kept; the contents that are."""
    with closing(sqlite3.connect(copy, isolation_level=None)) as db:
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("BEGIN IMMEDIATE")
        for statement in LEFT_OUT:
            db.execute(statement)
        db.execute("COMMIT")
        blobs = db.execute("SELECT sha256, size, sha1 FROM blobs").fetchall()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return [Blob(*row) for row in blobs]


def _found_damaged(place: Path) -> set[str]:
    """The contents that `verify` found damaged, by a database; none where there is no such one."""
    if not place.exists():
        return set()
    with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(place)) as db:
        return {row[0] for row in db.execute("SELECT blob FROM damaged")}
    return set()


def _mark_lost(copy: Path, lost: Iterable[str]) -> None:
    """Has the backup, if it is served, know what it lacks, and all else to be whole."""
    with closing(sqlite3.connect(copy, isolation_level=None)) as db:
        db.execute("DELETE FROM damaged")
        for sha256 in lost:
            mark_damaged(db, sha256)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


class _Copying:
    """Contents on their way into a backup.

    Attributes:
        new: How many were copied.
        lost: What is wrong with those that were not, by their hashes, in sentences.
    """

    def __init__(self, hub: Hub, target: Blobs, doubtful: set[str], prove: bool) -> None:
        self.new = 0
        self.lost: dict[str, str] = {}
        self._hub = hub
        self._target = target
        self._doubtful = doubtful
        self._prove = prove

    def run(self, blobs: Iterable[Blob]) -> None:
        """Copies those that are not there yet as they should be."""
        folders = {self._target.folder}
        for blob in blobs:
            source, place = self._hub.blobs.path(blob.sha256), self._target.path(blob.sha256)
            if self._has(blob, source, place):
                continue
            place.parent.mkdir(exist_ok=True)
            wrong = self._copy(blob, source, place)
            if not wrong:
                self.new += 1
                folders.add(place.parent)
            elif wrong_with(place, blob):
                self._miss(blob, wrong)
        for folder in folders:
            flush(folder)

    def _has(self, blob: Blob, source: Path, place: Path) -> bool:
        """Whether a copy is there that nothing speaks against: a look, not a proof."""
        if self._prove or blob.sha256 in self._doubtful:
            return not wrong_with(place, blob)
        try:
            there, here = place.stat(), source.stat()
        except OSError:
            return False
        if there.st_size != blob.size:
            return False
        return there.st_mtime_ns == here.st_mtime_ns or not wrong_with(place, blob)

    def _copy(self, blob: Blob, source: Path, place: Path) -> str:
        """Links a content, or copies it where it cannot be linked; whole, or not at all.

        Returns:
            What is wrong with it, where it is not copied; or ''.
        """
        beside = self._target.staging / secrets.token_hex(8)
        try:
            if wrong := _copy_file(source, beside) or wrong_with(beside, blob):
                return wrong
            beside.replace(place)
        finally:
            beside.unlink(missing_ok=True)  # a rename onto a link to the same file leaves it
        return ""

    def _miss(self, blob: Blob, wrong: str) -> None:
        where = uses(self._hub, blob.sha256)
        if where is not None:  # or its repository was deleted meanwhile
            path = self._hub.blobs.path(blob.sha256).relative_to(self._hub.root)
            self.lost[blob.sha256] = f"{path.as_posix()}: {wrong} {where}"


def _copy_file(source: Path, beside: Path) -> str:
    """Links or copies a file; what is wrong with it, or ''."""
    try:
        os.link(source, beside)
    except FileNotFoundError:
        return "The file is missing."
    except OSError:  # another file system, or one without links
        try:
            shutil.copyfile(source, beside)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise
            return f"The file cannot be read: {error.strerror}."
        shutil.copystat(source, beside)  # by its time a copy that was changed is told
        flush(beside)
    return ""


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

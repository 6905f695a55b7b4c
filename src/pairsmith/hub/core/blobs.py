"""The folder of blobs: contents by their SHA-256, each stored once.

A content comes in through a file in `incoming/`, is hashed on the way, and takes its place by a
rename after it was flushed to disk; so what lies under a hash is whole, whenever a process dies.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from pairsmith.hub.core.database import now
from pairsmith.hub.http.errors import HubError
from pairsmith.io import git

SPARE = 1 << 30  # bytes of the disk that are left to others


class Blob(NamedTuple):
    """A content that the hub has: its hash, its bytes, and git's object id of the same."""

    sha256: str
    size: int
    sha1: str


class Incoming:
    """A content on its way in. Written from one thread at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self._file = path.open("wb")
        self._sha256 = hashlib.sha256()

    def write(self, data: bytes | memoryview) -> None:
        """Takes the next bytes."""
        self._file.write(data)
        self._sha256.update(data)
        self.size += len(data)

    def finish(self) -> Blob:
        """Flushes it to disk; what it is, then."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return Blob(self._sha256.hexdigest(), self.size, git.id_of_file(self.path, self.size))

    def close(self) -> None:
        """Closes the file and takes it away, unless it was kept."""
        self._file.close()
        self.path.unlink(missing_ok=True)


class Blobs:
    """The contents of a hub, under `ROOT/blobs`, and those on their way, under `ROOT/incoming`."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "blobs"
        self.staging = root / "incoming"
        self.folder.mkdir(exist_ok=True)
        self.staging.mkdir(exist_ok=True)

    def path(self, sha256: str) -> Path:
        """Where a content lies. The hash comes from the database, never from a request."""
        return self.folder / sha256[:2] / sha256

    def check_room(self, size: int) -> None:
        """Checks that the disk has room for this many bytes more.

        Raises:
            HubError: 507, where it has not.
        """
        if size > shutil.disk_usage(self.staging).free - SPARE:
            raise HubError(507, f"There is no room on this hub's disk for {size:,} bytes.")

    @contextmanager
    def incoming(self) -> Iterator[Incoming]:
        """A file to write a content to; gone when the block ends, unless `keep` took it."""
        handle, name = tempfile.mkstemp(dir=self.staging)
        os.close(handle)
        content = Incoming(Path(name))
        try:
            yield content
        finally:
            content.close()

    def keep(self, db: sqlite3.Connection, content: Incoming, blob: Blob, repo: int) -> None:
        """Gives a finished content its place, as one that was sent to this repository.

        Within a write transaction, which is what keeps the collector away; the caller has
        compared `blob` with what was announced.
        """
        self.keep_all(db, [(content, blob)], repo)

    def keep_all(
        self, db: sqlite3.Connection, contents: Iterable[tuple[Incoming, Blob]], repo: int
    ) -> None:
        """The same for many, each folder flushed once: all who write wait for it."""
        folders = set()
        for content, blob in contents:
            place = self.path(blob.sha256)
            place.parent.mkdir(exist_ok=True)
            content.path.replace(place)
            folders.add(place.parent)
            db.execute(
                "INSERT INTO blobs VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET touched = ?",
                (*blob, now(), now()),
            )
            db.execute("INSERT OR IGNORE INTO holdings VALUES (?, ?)", (repo, blob.sha256))
        for folder in folders:
            flush(folder)


def blob_of_repo(db: sqlite3.Connection, repo: int, sha256: str) -> Blob | None:
    """A content that was sent to this repository, or None: others' contents are not told of."""
    row = db.execute(
        "SELECT sha256, size, sha1 FROM holdings JOIN blobs ON blob = sha256"
        " WHERE repo = ? AND sha256 = ?",
        (repo, sha256),
    ).fetchone()
    return Blob(*row) if row else None


def touch(db: sqlite3.Connection, sha256: str) -> None:
    """Has a content kept for a day from now, whether a commit refers to it by then or not."""
    db.execute("UPDATE blobs SET touched = ? WHERE sha256 = ?", (now(), sha256))


def flush(path: Path) -> None:
    """Has a file, or the entries of a folder (and with them a rename), outlive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

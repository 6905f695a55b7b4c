"""The folder of blobs: contents by their SHA-256, each stored once.

A content comes in through a file in `incoming/`, is hashed on the way, and takes its place by a
rename after it was flushed to disk; so what lies under a hash is whole, whenever a process dies.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from pairsmith.hub.core.database import ROWS, Database, now
from pairsmith.hub.core.room import Room
from pairsmith.hub.http.errors import HubError
from pairsmith.io import git

if TYPE_CHECKING:
    from hashlib import _Hash

SPARE = 1 << 30  # bytes of the disk that are left to others
LOOK = 8 << 20  # bytes that came in after which it is looked whether there is room for more
BACKLOG = 64  # contents after which those are flushed: with them all else that is flushed waits
BLOCK = 4 << 10  # bytes that the least content takes on a disk
FEW = 20  # contents that are noted among those who write a row or two


class Blob(NamedTuple):
    """A content that the hub has: its hash, its bytes, and git's object id of the same."""

    sha256: str
    size: int
    sha1: str


Sent = tuple[Path, Blob]
"""Where a content that came in whole lies, and what it is."""


class Incoming:
    """A content on its way in. Written from one thread at a time."""

    __slots__ = ("_looked", "_open", "_room", "path", "size")

    def __init__(self, path: Path, room: Room) -> None:
        self.path = path
        self.size = 0
        self._room = room
        self._looked = 0
        self._open: tuple[BinaryIO, _Hash] | None = (path.open("wb"), hashlib.sha256())

    def write(self, data: bytes | memoryview) -> None:
        """Takes the next bytes.

        Raises:
            HubError: 507, where the disk has no room for more.
        """
        if self.size - self._looked >= LOOK:
            self._room.check()
            self._looked = self.size
        if self._open is None:
            raise ValueError("This content is finished.")
        file, sha256 = self._open
        file.write(data)
        sha256.update(data)
        self.size += len(data)

    def flush(self) -> None:
        """Has what was written be there for whoever opens the file now."""
        if self._open is not None:
            self._open[0].flush()

    def finish(self) -> Blob:
        """Flushes it to disk; what it is, then."""
        if self._open is None:
            raise ValueError("This content is finished.")
        file, sha256 = self._open
        file.flush()
        os.fsync(file.fileno())
        file.close()
        self._open = None
        return Blob(sha256.hexdigest(), self.size, git.id_of_file(self.path, self.size))

    def close(self) -> None:
        """Closes the file and takes it away, unless it was kept."""
        if self._open is not None:
            self._open[0].close()
        self.path.unlink(missing_ok=True)


class Arriving:
    """Contents that come in one after the other, each of which is small, or many."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._bytes = LOOK
        self._whole: list[Sent] = []
        self._flushed = 0

    def add(self, pieces: Iterable[bytes]) -> Blob:
        """Takes a content in; what it is.

        Raises:
            HubError: 507, where the disk has no room for more.
        """
        handle, name = tempfile.mkstemp(dir=self._blobs.staging)
        path = Path(name)
        sha256, size = hashlib.sha256(), 0
        try:
            os.close(handle)
            with path.open("wb", buffering=0) as file:
                for piece in pieces:
                    self._check_room(len(piece))
                    file.write(piece)
                    sha256.update(piece)
                    size += len(piece)
            self._check_room(BLOCK)
            blob = Blob(sha256.hexdigest(), size, git.id_of_file(path, size))
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        self._whole.append((path, blob))
        if len(self._whole) - self._flushed >= BACKLOG:
            self._flush()
        return blob

    def finish(self) -> list[Sent]:
        """All of them, flushed to disk."""
        self._flush()
        return self._whole

    def close(self) -> None:
        """Takes away what was not kept."""
        for path, _ in self._whole:
            path.unlink(missing_ok=True)

    def _flush(self) -> None:
        for path, _ in self._whole[self._flushed :]:
            flush(path)
        self._flushed = len(self._whole)

    def _check_room(self, size: int) -> None:
        self._bytes += size
        if self._bytes >= LOOK:
            self._blobs.room.check()
            self._bytes = 0


class Blobs:
    """The contents of a hub, under `ROOT/blobs`, and those on their way, under `ROOT/incoming`.

    Attributes:
        room: What the disk has room for, which every content is held against.
    """

    def __init__(self, root: Path, spare: int | None = None) -> None:
        self.folder = root / "blobs"
        self.staging = root / "incoming"
        self.room = Room(root, SPARE if spare is None else spare)
        self.folder.mkdir(exist_ok=True)
        self.staging.mkdir(exist_ok=True)

    def path(self, sha256: str) -> Path:
        """Where a content lies. The hash comes from the database, never from a request."""
        return self.folder / sha256[:2] / sha256

    @contextmanager
    def incoming(self, size: int = 0) -> Iterator[Incoming]:
        """A file to write a content to; gone when the block ends, unless it was kept.

        Args:
            size: Its bytes, as far as they are known.

        Raises:
            HubError: 507, where the disk has no room for them.
        """
        self.room.check(size)
        content = self.begin()
        try:
            yield content
        finally:
            content.close()

    def begin(self) -> Incoming:
        """A file to write a content to, which the caller closes."""
        handle, name = tempfile.mkstemp(dir=self.staging)
        os.close(handle)
        return Incoming(Path(name), self.room)

    @contextmanager
    def several(self) -> Iterator[Arriving]:
        """Files to write contents to, one after the other; those that were not kept go."""
        arriving = Arriving(self)
        try:
            yield arriving
        finally:
            arriving.close()

    def keep(self, db: sqlite3.Connection, content: Incoming, blob: Blob, repo: int) -> None:
        """Gives a finished content its place, as one that was sent to this repository.

        Within a write transaction; the caller has compared `blob` with what was announced.
        """
        self.put_in_place([(content.path, blob)])
        note_sent(db, [blob], repo)

    def keep_all(
        self,
        database: Database,
        contents: Sequence[Sent],
        repo: int,
        check: Callable[[sqlite3.Connection], None],
        proposer: int | None = None,
    ) -> None:
        """The same for many, in transactions of their own that keep nobody waiting for long.

        Args:
            database: The hub's.
            contents: What came in, whole and as it was announced.
            repo: The number of the repository that they were sent to.
            check: Called before anything is kept, and at the end of each transaction; where it
                raises, what is not noted by then is not kept.
            proposer: The number of the account that sends them for a pull request; None for who
                may write to the repository.
        """
        with database.read() as db:
            check(db)
        ordered = sorted(contents, key=lambda sent: sent[1].sha256)  # few folders at a time
        for start in range(0, len(ordered), ROWS):
            some = ordered[start : start + ROWS]
            self.put_in_place(some)
            with database.write(many=len(some) > FEW) as db:
                note_sent(db, [blob for _, blob in some], repo, proposer)
                check(db)

    def put_in_place(self, contents: Sequence[Sent]) -> None:
        """Gives contents that are on disk their places, in stead of what lay there.

        No row needs to know them yet: the collector takes nothing away that came within a day.
        """
        folders = set()
        for path, blob in contents:
            place = self.path(blob.sha256)
            if place.parent not in folders:
                place.parent.mkdir(exist_ok=True)
                folders.add(place.parent)
            path.replace(place)
        for folder in folders:
            flush(folder)

    def open(self, sha256: str, size: int) -> BinaryIO:
        """A content, to be read.

        Raises:
            HubError: 410, where it is not there, or has another size.
        """
        try:
            file = self.path(sha256).open("rb")
        except OSError as error:
            raise content_lost() from error
        if os.fstat(file.fileno()).st_size != size:
            file.close()
            raise content_lost()
        return file

    def lost(self, db: sqlite3.Connection, contents: Iterable[tuple[str, int]]) -> set[str]:
        """Which of these contents cannot be served, and are to be sent again.

        Args:
            db: A transaction.
            contents: Their hashes, and their sizes as the database has them.
        """
        listed = dict(contents)
        named = json.dumps(list(listed))
        rows = db.execute(
            "SELECT blob FROM damaged WHERE blob IN (SELECT value FROM json_each(?))", (named,)
        )
        found = {row[0] for row in rows}
        return found | {sha256 for sha256, size in listed.items() if not self._has(sha256, size)}

    def _has(self, sha256: str, size: int) -> bool:
        try:
            return self.path(sha256).stat().st_size == size
        except OSError:
            return False


def note_sent(
    db: sqlite3.Connection, blobs: Iterable[Blob], repo: int, proposer: int | None = None
) -> None:
    """Notes contents that lie in their places as sent to a repository, which mends damaged ones.

    Args:
        db: A write transaction.
        blobs: The contents.
        repo: The number of the repository.
        proposer: Who sent them for a pull request, whose they are until that is merged; None for
            who may write to the repository.
    """
    values = {
        "blobs": json.dumps(list(blobs)), "repo": repo, "now": now(), "proposer": proposer,
    }  # fmt: skip
    for statement in (*NOTE_THERE, *NOTE_SENT):
        db.execute(statement, values)


def note_there(db: sqlite3.Connection, blobs: Iterable[Blob]) -> None:
    """Notes contents that lie in their places, and are no repository's."""
    values = {"blobs": json.dumps(list(blobs)), "now": now()}
    for statement in NOTE_THERE:
        db.execute(statement, values)


SHA256, SIZE, SHA1 = (f"json_extract(value, '$[{at}]')" for at in range(3))
NOTE_THERE = (
    f"INSERT INTO blobs SELECT {SHA256}, {SIZE}, {SHA1}, :now FROM json_each(:blobs) WHERE true"
    " ON CONFLICT DO UPDATE SET size = excluded.size, sha1 = excluded.sha1, touched = :now",
    f"DELETE FROM damaged WHERE blob IN (SELECT {SHA256} FROM json_each(:blobs))",
)
NOTE_SENT = (
    f"INSERT INTO holdings (repo, blob, size, proposer) SELECT :repo, {SHA256}, {SIZE}, :proposer"
    " FROM json_each(:blobs) WHERE true ON CONFLICT DO UPDATE SET proposer = NULL"
    " WHERE proposer IS NOT NULL AND excluded.proposer IS NULL",
)
"""Each one statement for all rows: one for each row would wait for Python as often."""


def take_over(db: sqlite3.Connection, repo: int, hashes: Iterable[str]) -> None:
    """Has contents that were sent for a pull request be the repository's as all others."""
    db.execute(
        "UPDATE holdings SET proposer = NULL WHERE repo = ? AND proposer IS NOT NULL"
        " AND blob IN (SELECT value FROM json_each(?))",
        (repo, json.dumps(list(hashes))),
    )


def mark_damaged(db: sqlite3.Connection, sha256: str) -> None:
    """Has a content not served again, before it was sent again; one that went, not at all."""
    db.execute(
        "INSERT OR IGNORE INTO damaged SELECT sha256, ? FROM blobs WHERE sha256 = ?",
        (now(), sha256),
    )


def mark_whole(db: sqlite3.Connection, sha256: str) -> None:
    """Takes that back, of a content that was found to be whole."""
    db.execute("DELETE FROM damaged WHERE blob = ?", (sha256,))


def content_lost() -> HubError:
    """A content that a commit refers to, and that is not there as it came."""
    message = (
        "The content of this file is lost or damaged on this hub, so it is not served. Its owner"
        " mends it by uploading the same file again."
    )
    # hf_hub_download names its cache as the fault, and this only as the cause of that; this header
    # does reach the user
    headers = {"Cache-Control": "no-store", "X-HF-Warning": f"Content lost; {message}"}
    return HubError(410, message, "ContentLost", headers)


def blob_of_repo(db: sqlite3.Connection, repo: int, sha256: str) -> Blob | None:
    """A content that was sent to this repository, or None: others' contents are not told of."""
    return blobs_of_repo(db, repo, [sha256]).get(sha256)


def blobs_of_repo(db: sqlite3.Connection, repo: int, hashes: Iterable[str]) -> dict[str, Blob]:
    """Those of these contents that were sent to this repository, by their hashes."""
    rows = db.execute(
        "SELECT sha256, blobs.size, sha1 FROM holdings JOIN blobs ON blob = sha256"
        " WHERE repo = ? AND blob IN (SELECT value FROM json_each(?))",
        (repo, json.dumps(list(hashes))),
    )
    return {row["sha256"]: Blob(*row) for row in rows}


def touch(db: sqlite3.Connection, hashes: Iterable[str]) -> None:
    """Has contents kept for a day from now, whether a commit refers to them by then or not."""
    db.execute(
        "UPDATE blobs SET touched = ? WHERE sha256 IN (SELECT value FROM json_each(?))",
        (now(), json.dumps(list(hashes))),
    )


def flush(path: Path) -> None:
    """Has a file, or the entries of a folder (and with them a rename), outlive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""Whether a file is still the one that was hashed, told without reading it where that can be.

A file that is read front to back is hashed as it is read. One that is read in any order, in parts,
or by several processes is hashed once and opened again; it must be the same file then. What the
file system tells of it decides, and where that differs, its bytes do: a copy of it, a changed mode
or one more link changes no row.
"""

from __future__ import annotations

import os
from time import sleep, time
from typing import NamedTuple

from fsspec.implementations.local import LocalFileSystem

from pairsmith.errors import SourceError
from pairsmith.io.digests import CHUNK, Digest, MeteredFile, hash_file
from pairsmith.io.paths import FsspecPath, size, translated_faults
from pairsmith.io.reading import SeekableFile

REMOTE = (
    "ETag", "etag", "blob_id", "generation", "VersionId", "Content-MD5", "md5Hash",
    "LastModified", "Last-Modified", "last_modified", "modified", "mtime", "created", "size",
)  # fmt: skip
"""What file systems call a version of an object."""

GRAIN = 0.02
"""Seconds within which two changes may be given one time: a tick of the kernel's clock has 1 to 10
ms. Where times are whole seconds, as on FAT, two."""
COARSE = 2.0


class Identity(NamedTuple):
    """The version of a file, as its file system tells it.

    Attributes:
        content: Changes when the content does: inode, size and time, or an ETag and the like.
        touched: On a disk, the time of the last change of anything, a link to it included.
    """

    content: tuple[object, ...]
    touched: int | None = None


class Known(NamedTuple):
    """Bytes of a file that were hashed.

    Attributes:
        identity: The file before that; see `identify`.
        read: The digest of its first bytes.
        ends: Whether the file ends behind them.
    """

    identity: Identity
    read: Digest
    ends: bool


def identify(place: FsspecPath) -> Identity:
    """Identifies a file by its path, before it is opened and hashed.

    Where the file has just been changed, this waits until another change would show.

    Raises:
        SourceError: It is not there, or cannot be reached.
    """
    with translated_faults(place):
        if not isinstance(place.fs, LocalFileSystem):
            return _remote(place)
        found = os.stat(place.path)  # noqa: PTH116  (bytes that are not UTF-8 too)
        if wait := _unsettled(found):
            sleep(wait)
            found = os.stat(place.path)  # noqa: PTH116
        return _local(found)


def _local(found: os.stat_result) -> Identity:
    content = (found.st_ino, found.st_size, found.st_mtime_ns)
    return Identity(content, found.st_ctime_ns)


def _unsettled(found: os.stat_result) -> float:
    """Seconds until a change would be given another time than the last one."""
    whole = not (found.st_mtime_ns % 10**9 or found.st_ctime_ns % 10**9)
    age = time() - max(found.st_mtime, found.st_ctime)
    return max((COARSE if whole else GRAIN) - age, 0) if age >= 0 else 0


def _remote(place: FsspecPath) -> Identity:
    place.fs.invalidate_cache(place.fs._parent(place.path))
    info = place.fs.info(place.path)
    return Identity(tuple(str(info[name]) for name in REMOTE if info.get(name) is not None))


class WatchedFile(MeteredFile):
    """A source's file, open, that notices when it is changed while it is read.

    Args:
        place: The file.
        name: What to call it in a fault.
        known: What it is to begin with; None where that is found out.

    Raises:
        SourceError: It is not there, cannot be read on, or is another one than is known.
    """

    def __init__(self, place: FsspecPath, name: str, known: Known | None = None) -> None:
        super().__init__(place)
        self.name, self.known = name, known
        self.identity = known.identity if known else None
        try:
            self.check(opened=True)
        except BaseException:
            self.close()
            raise

    def hash_whole(self) -> Digest:
        """Reads all of it for its hash; when it is read again, changes since then are noticed."""
        identify(self.place)  # waits until they would show
        self.identity = self._now()
        while self.read(CHUNK):
            pass
        return self.digest

    def again(self) -> SeekableFile:
        """The same open file, to be read in any order."""
        return SeekableFile(self.place, self.raw)

    def check(self, opened: bool = False) -> None:
        """Checks that the file is what it was, if that matters to what was read of it.

        Args:
            opened: Whether it has just been opened, and nothing was read of it yet.

        Raises:
            SourceError: It has changed.
        """
        if self.identity is None or (now := self._now()) == self.identity:
            return
        if not (opened or now.content == self.identity.content) or not self._is_same(now):
            raise changed(self.name)
        self.identity = now

    def _now(self) -> Identity:
        with translated_faults(self.place):
            if isinstance(self.place.fs, LocalFileSystem):
                return _local(os.fstat(self.raw.fileno()))
            return _remote(self.place)

    def _is_same(self, now: Identity) -> bool:
        """Whether the file has the bytes that are known, and is this one all the while."""
        read, ends = self.known[1:] if self.known else (self.digest, True)
        if ends and size(self.place) not in (0, read.bytes):
            return False
        return hash_file(self.place, read.bytes) == read and identify(self.place) == now


def changed(name: str) -> SourceError:
    """The fault of a file that is not what it was."""
    return SourceError(
        f"{name} was changed or replaced while it was read.",
        "Let nothing write to it, and give the same command again.",
    )

"""Files hashed while they are read."""

from __future__ import annotations

import hashlib
import io
from typing import Any, BinaryIO, NamedTuple

from pairsmith.io.paths import FsspecPath, faults_of

CHUNK = 1 << 20
"""Bytes asked of a decompressor at a time."""


class MeteredFile(io.RawIOBase):
    """A file that counts and hashes the bytes read from it, front to back.

    Raises:
        SourceError: It is not there, or cannot be read on.
    """

    def __init__(self, place: FsspecPath) -> None:
        self.place = place
        with faults_of(place):
            self.raw: BinaryIO = place.fs.open(place.path, "rb")
        self.count = 0
        self.sha256 = hashlib.sha256()

    @property
    def digest(self) -> Digest:
        """What was read so far."""
        return Digest(self.count, self.sha256.hexdigest())

    def readable(self) -> bool:
        """It is."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Reads on, counting and hashing."""
        with faults_of(self.place):
            data = self.raw.read(size)
        self.count += len(data)
        self.sha256.update(data)
        return data

    def readinto(self, buffer: Any) -> int:
        """Reads on into a buffer, counting and hashing."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Closes the file below too."""
        self.raw.close()
        super().close()


class Digest(NamedTuple):
    """The beginning of a file as it lies there, or all of it: what was read of it so far.

    Attributes:
        bytes: How many.
        sha256: Of those.
    """

    bytes: int
    sha256: str


def hash_file(place: FsspecPath, bytes: int | None = None) -> Digest:
    """Hashes a file as it lies there, compressed or not; or its first so many bytes."""
    with MeteredFile(place) as metered:
        while data := metered.read(CHUNK if bytes is None else min(CHUNK, bytes - metered.count)):
            del data
        return metered.digest

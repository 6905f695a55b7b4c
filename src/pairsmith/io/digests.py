"""Files hashed while they are read."""

from __future__ import annotations

import hashlib
import io
from typing import Any, BinaryIO, NamedTuple

from pairsmith.io.paths import FsspecPath, translated_faults

CHUNK = 1 << 20
"""Bytes asked of a decompressor at a time."""


class MeteredFile(io.RawIOBase):
    """A file that counts and hashes the bytes read from it, front to back.

    Raises:
        SourceError: It is not there, or cannot be read on.
    """

    def __init__(self, place: FsspecPath) -> None:
        self.place = place
        with translated_faults(place):
            self.raw: BinaryIO = place.fs.open(place.path, "rb")
        self.count = 0
        self.sha256 = hashlib.sha256()

    @property
    def digest(self) -> Digest:
        """The digest of the bytes read so far."""
        return Digest(self.count, self.sha256.hexdigest())

    def readable(self) -> bool:
        """True."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Reads on, counting and hashing."""
        with translated_faults(self.place):
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
    """The digest of a file as stored, compressed or not, or of its first bytes.

    Attributes:
        bytes: The number of bytes hashed.
        sha256: Their sha256, in hexadecimal.
    """

    bytes: int
    sha256: str


def hash_file(place: FsspecPath, bytes: int | None = None) -> Digest:
    """Hashes a file as stored, compressed or not.

    Args:
        place: The file.
        bytes: At most this many bytes from its start; None for all.
    """
    with MeteredFile(place) as metered:
        while data := metered.read(CHUNK if bytes is None else min(CHUNK, bytes - metered.count)):
            del data
        return metered.digest

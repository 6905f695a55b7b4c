"""Files read in any order, and parts of them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, BinaryIO

from pairsmith.io.digests import CHUNK
from pairsmith.io.paths import FsspecPath, translated_faults


class SeekableFile(io.RawIOBase):
    """A file read in any order, whose faults are sentences.

    Raises:
        SourceError: It is not there, cannot be read on, or its file system cannot seek.
    """

    def __init__(self, place: FsspecPath) -> None:
        self.place = place
        with translated_faults(place):
            self.raw: BinaryIO = place.fs.open(place.path, "rb")

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Reads on."""
        with translated_faults(self.place):
            return self.raw.read(size)

    def readinto(self, buffer: Any) -> int:
        """Reads on into a buffer."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Seeks to another offset."""
        with translated_faults(self.place):
            return self.raw.seek(offset, whence)

    def tell(self) -> int:
        """The offset that is read next."""
        return self.raw.tell()

    def close(self) -> None:
        """Closes the file below too."""
        self.raw.close()
        super().close()


def content_range(place: FsspecPath, start: int, stop: int) -> Iterator[bytes]:
    """The bytes of a plain file from `start` up to `stop`, in chunks."""
    with SeekableFile(place) as file:
        file.seek(start)
        while start < stop and (data := file.read(min(CHUNK, stop - start))):
            start += len(data)
            yield data

"""Files read in any order, and parts of them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, BinaryIO

from pairsmith.io.digests import CHUNK
from pairsmith.io.paths import FsspecPath, translated_faults


class SeekableFile(io.RawIOBase):
    """A file read in any order, whose faults are sentences.

    Args:
        place: The file.
        shared: The same, open; it stays open when this is closed. None to open it.

    Raises:
        SourceError: It is not there, cannot be read on, or its file system cannot seek.
    """

    def __init__(self, place: FsspecPath, shared: BinaryIO | None = None) -> None:
        self.place, self.shared = place, shared
        with translated_faults(place):
            self.raw: BinaryIO = shared or place.fs.open(place.path, "rb")
            if shared:
                shared.seek(0)

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
        """Closes the file below too, unless it is shared."""
        if self.shared is None:
            self.raw.close()
        super().close()


def content_range(file: SeekableFile, start: int, stop: int | None) -> Iterator[bytes]:
    """The bytes of a plain file from `start` up to `stop`, or to its end, in chunks."""
    file.seek(start)
    while data := file.read(CHUNK if stop is None else min(CHUNK, stop - start)):
        start += len(data)
        yield data

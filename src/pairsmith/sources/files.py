"""Where bytes come from: list, open, hash and decompress, on any file system fsspec knows."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Any, BinaryIO, NamedTuple

from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from pairsmith.errors import BrokenReadError, DamagedInputError, SourceError

CHUNK = 1 << 20
"""Bytes asked of a decompressor at a time."""

EXTRAS = {"s3": "s3", "s3a": "s3", "http": "http", "https": "http"}
"""The extra that brings the library for a protocol."""


class Place(NamedTuple):
    """A path on a file system."""

    fs: AbstractFileSystem
    path: str

    def join(self, *parts: str) -> Place:
        """A path below this one."""
        return Place(self.fs, "/".join([self.path.rstrip("/"), *parts]))

    @property
    def name(self) -> str:
        """The last part of the path."""
        return PurePosixPath(self.path.rstrip("/")).name


def locate(url: str) -> Place:
    """The file system and path of a local path or a URL such as `hf://` or `s3://`.

    Raises:
        SourceError: The protocol is unknown, its library is not installed, or it is out of reach.
    """
    if "://" not in url:
        return Place(LocalFileSystem(), os.path.abspath(url))  # noqa: PTH100  (bytes that are not UTF-8 too)
    protocol = url.partition("://")[0]
    try:
        fs, path = url_to_fs(url)
    except ImportError:
        extra = EXTRAS.get(protocol)
        hint = f"pip install 'pairsmith[{extra}]'" if extra else "Install its fsspec library."
        raise SourceError(f"Reading {protocol}:// needs a library that is missing.", hint) from None
    except Exception as error:  # whatever a protocol's library raises
        raise SourceError(f"{url} cannot be opened: {_first_line(error)}") from error
    return Place(fs, path)


def listing(place: Place) -> dict[str, str]:
    """The names in a folder, each with its type, `file`, `directory` or `other`, links followed.

    Hidden names are left out.

    Raises:
        SourceError: There is no such folder, or it cannot be read.
    """
    with faults_of(place):
        entries = place.fs.ls(place.path, detail=True, refresh=True)
    found = {PurePosixPath(e["name"].rstrip("/")).name: str(e["type"]) for e in entries}
    return {
        name: kind if kind in ("file", "directory") else _kind(place.join(name))
        for name, kind in sorted(found.items())
        if not name.startswith(".")
    }


def _kind(place: Place) -> str:
    try:
        kind = str(place.fs.info(place.path)["type"])
    except FileNotFoundError:
        return "other"  # a link that leads nowhere
    return kind if kind in ("file", "directory") else "other"


def is_folder(place: Place) -> bool:
    """Whether there is a folder, rather than a file.

    Raises:
        SourceError: There is neither, or it cannot be read.
    """
    with faults_of(place):
        kind = str(place.fs.info(place.path)["type"])
    if kind not in ("file", "directory"):
        raise SourceError(f"{place.path} is neither a file nor a folder.")
    return kind == "directory"


def size(place: Place) -> int:
    """The file's size in bytes; 0 where the file system does not tell."""
    with faults_of(place):
        return int(place.fs.info(place.path).get("size") or 0)


@contextmanager
def faults_of(place: Place) -> Iterator[None]:
    """Turns a file system's faults into sentences about one path.

    A remote file system's library raises what it likes when a network fails; all of that is a
    fault of reaching the place.
    """
    far = not isinstance(place.fs, LocalFileSystem)
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        reach = ", or it cannot be reached" if far else ""
        raise SourceError(f"There is no {place.path}{reach}.", "Check the spelling.") from None
    except PermissionError:
        raise SourceError(
            f"No permission to read {place.path}.", "Change its mode, or log in where it lies."
        ) from None
    except OSError as error:
        raise BrokenReadError(f"{place.path} cannot be read: {_first_line(error)}") from error
    except Exception as error:
        if not far:
            raise
        raise BrokenReadError(
            f"{place.path} cannot be reached: {_first_line(error)}", "Is the network up?"
        ) from error


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__


class MeteredFile(io.RawIOBase):
    """A file that counts and hashes the bytes read from it, front to back.

    Raises:
        SourceError: It is not there, or cannot be read on.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        with faults_of(place):
            self.raw: BinaryIO = place.fs.open(place.path, "rb")
        self.count = 0
        self.sha256 = hashlib.sha256()

    @property
    def prefix(self) -> Prefix:
        """What was read so far."""
        return Prefix(self.count, self.sha256.hexdigest())

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


class SeekableFile(io.RawIOBase):
    """A file read in any order, whose faults are sentences.

    Raises:
        SourceError: It is not there, cannot be read on, or its file system cannot seek.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        with faults_of(place):
            self.raw: BinaryIO = place.fs.open(place.path, "rb")

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Reads on."""
        with faults_of(self.place):
            return self.raw.read(size)

    def readinto(self, buffer: Any) -> int:
        """Reads on into a buffer."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Goes to another place."""
        with faults_of(self.place):
            return self.raw.seek(offset, whence)

    def tell(self) -> int:
        """The place that is read next."""
        return self.raw.tell()

    def close(self) -> None:
        """Closes the file below too."""
        self.raw.close()
        super().close()


class Prefix(NamedTuple):
    """The beginning of a file as it lies there, or all of it: what was read of it so far.

    Attributes:
        bytes: How many.
        sha256: Of those.
    """

    bytes: int
    sha256: str


def hash_file(place: Place, bytes: int | None = None) -> Prefix:
    """Hashes a file as it lies there, compressed or not; or its first so many bytes."""
    with MeteredFile(place) as metered:
        while data := metered.read(CHUNK if bytes is None else min(CHUNK, bytes - metered.count)):
            del data
        return metered.prefix


def content_range(place: Place, start: int, stop: int) -> Iterator[bytes]:
    """The bytes of a plain file from `start` up to `stop`, in chunks."""
    with SeekableFile(place) as file:
        file.seek(start)
        while start < stop and (data := file.read(min(CHUNK, stop - start))):
            start += len(data)
            yield data


def decompressed(metered: MeteredFile, name: str) -> Iterator[bytes]:
    """A file's content in chunks, decompressed as its name's ending says.

    Whatever decompresses before a fault is yielded before the fault is raised.

    Raises:
        DamagedInputError: The compressed data stop short or make no sense.
    """
    from isal.igzip_lib import IsalError

    zstd = _zstd()
    damage: Any = (EOFError, IsalError, zstd.ZstdError)
    if name.endswith(".gz"):
        chunks = _gunzip(metered)
    elif name.endswith(".zst"):
        # read1, because read would lose what it has gathered when the fault comes
        file = zstd.ZstdFile(metered)
        chunks = iter(lambda: file.read1(CHUNK), b"")
    else:
        chunks = iter(lambda: metered.read(CHUNK), b"")
    try:
        yield from chunks
    except damage as error:
        raise DamagedInputError(
            f"{name} is cut short or damaged: its compressed data end at byte {metered.count:,} "
            f"({str(error).rstrip('.')}).",
            "Fetch a whole copy.",
        ) from None


def _gunzip(metered: MeteredFile) -> Iterator[bytes]:
    """The members of a gzip file (RFC 1952), zero bytes between and behind them passed over.

    The file objects of gzip and isal hold back what they have when a file stops short; a
    decompressor gives all that it can.
    """
    from isal.igzip_lib import DECOMP_GZIP, IgzipDecompressor

    member = None
    data = metered.read(CHUNK)
    while data or member is None or not member.eof:
        if member is None:
            member = IgzipDecompressor(flag=DECOMP_GZIP)
        elif member.eof:
            data = data.lstrip(b"\0")
            if data:
                member = IgzipDecompressor(flag=DECOMP_GZIP)
            data = data or metered.read(CHUNK)
            continue
        if member.needs_input and not data:
            raise EOFError("the end-of-stream marker is missing")
        yield member.decompress(data, CHUNK)
        data = member.unused_data if member.eof else b""
        if not data and (member.eof or member.needs_input):
            data = metered.read(CHUNK)


def _zstd() -> Any:
    try:
        from compression import zstd  # Python 3.14 on
    except ImportError:
        from backports import zstd
    return zstd

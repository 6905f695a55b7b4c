"""Shards: which chunks of which xorbs make up which files (huggingface.co/docs/xet/shard).

A shard is a header and two sections of entries of 48 bytes, each section closed by an entry whose
hash is all ones: the files, then the xorbs that were new to the client. A footer may follow. Of
the second section nothing is used here; it is walked to check that the shard is whole.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterator
from mmap import ACCESS_READ, MADV_DONTNEED, mmap
from pathlib import Path
from typing import NamedTuple

from pairsmith.hub.http.errors import HubError, bad_request
from pairsmith.hub.xet.uploads import MAX_UPLOAD_XORBS
from pairsmith.hub.xet.xorb import MAX_CHUNK_BYTES, MAX_CHUNKS

MAX_SHARD_BYTES = 65 << 20  # 64 MiB, as the protocol has it, and room for the footer
MAX_FILES = 100_000
_turns = threading.BoundedSemaphore(2)  # shards that are in memory as a whole
TAG = b"HFRepoMetaData\0" + bytes.fromhex("556967456a7b815783a5bdd95ccdd14aa9")
VERSION = 2
HEADER = struct.Struct("<32sQQ")
ENTRY = struct.Struct("<32s4I")
END = b"\xff" * 32
VERIFIED = 1 << 31  # flags of a file: an entry for each segment follows with its BLAKE3
DESCRIBED = 1 << 30  # one with the file's SHA-256 follows


class Segment(NamedTuple):
    """Chunks `first` up to and without `end` of a xorb, `size` bytes unpacked."""

    xorb: str
    first: int
    end: int
    size: int


class File(NamedTuple):
    """A file of a shard: its SHA-256, its bytes, and where its segments stand in the shard."""

    sha256: str
    size: int
    place: int
    entries: int


class Shard:
    """A shard, in memory or mapped into it.

    Attributes:
        files: Its files.
        xorbs: The names of all xorbs that its files are made of.

    Raises:
        HubError: 400 where it is not one, or not whole.
    """

    def __init__(self, data: bytes | mmap) -> None:
        self._data = data
        self.files: list[File] = []
        self.xorbs: set[str] = set()
        _check_header(data)
        self._skip_xorbs(self._read_files(HEADER.size))

    @property
    def size(self) -> int:
        """The bytes of all its files."""
        return sum(file.size for file in self.files)

    def segments(self, file: File) -> Iterator[Segment]:
        """What a file is made of, in order."""
        for number in range(file.entries):
            yield self._segment(file.place + number * ENTRY.size)

    def _read_files(self, place: int) -> int:
        while True:
            hash, flags, count, _, _ = self._entry(place)
            place += ENTRY.size
            if hash == END:
                return place
            if not flags & DESCRIBED:
                raise bad_request("A file of the shard comes without its SHA-256.")
            if len(self.files) == MAX_FILES:
                raise bad_request(f"The shard has more than the {MAX_FILES:,} files it may have.")
            first = place
            place += count * ENTRY.size * (2 if flags & VERIFIED else 1)
            sha256, *_ = self._entry(place)  # and all before it is there, too
            place += ENTRY.size
            self.files.append(self._file(text(sha256), first, count))

    def _file(self, sha256: str, place: int, entries: int) -> File:
        file = File(sha256, 0, place, entries)
        size = 0
        for segment in self.segments(file):
            self.xorbs.add(segment.xorb)
            if len(self.xorbs) > MAX_UPLOAD_XORBS:
                raise bad_request(f"The shard names more than {MAX_UPLOAD_XORBS:,} xorbs.")
            size += segment.size
        return file._replace(size=size)

    def _segment(self, place: int) -> Segment:
        hash, _, size, first, end = self._entry(place)
        if not first < end <= MAX_CHUNKS or size > (end - first) * MAX_CHUNK_BYTES:
            raise bad_request(f"A segment of the shard, chunks {first} to {end}, cannot be.")
        return Segment(text(hash), first, end, size)

    def _skip_xorbs(self, place: int) -> None:
        while True:
            hash, _, count, _, _ = self._entry(place)
            if hash == END:
                return
            place += (1 + count) * ENTRY.size

    def _entry(self, place: int) -> tuple[bytes, int, int, int, int]:
        if place + ENTRY.size > len(self._data):
            raise _cut_short()
        found: tuple[bytes, int, int, int, int] = ENTRY.unpack_from(self._data, place)
        return found


def read(path: Path) -> Shard:
    """The shard in a file, which may be removed then.

    Raises:
        HubError: 400 where it is not one, or not whole.
    """
    with _turns, path.open("rb") as file:
        if not path.stat().st_size:
            raise _cut_short()
        data = mmap(file.fileno(), 0, access=ACCESS_READ)
        found = Shard(data)
        data.madvise(MADV_DONTNEED)  # it is read again entry by entry, as far as it is worked at
    return found


def text(hash: bytes) -> str:
    """A hash as addresses and people have it: four little-endian numbers, in hex."""
    return "".join(f"{number:016x}" for number in struct.unpack("<4Q", hash))


def _check_header(data: bytes | mmap) -> None:
    if len(data) < HEADER.size:
        raise _cut_short()
    tag, version, _ = HEADER.unpack_from(data)
    if tag != TAG:
        raise bad_request("This is not a shard: it does not begin as one.")
    if version != VERSION:
        raise bad_request(f"The shard is of version {version}; {VERSION} was expected.")


def _cut_short() -> HubError:
    return bad_request("The shard is cut short.")

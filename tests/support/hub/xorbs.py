"""Xorbs and shards made by hand, straight from the specification, to send what no client would."""

from __future__ import annotations

import hashlib
import struct
from typing import NamedTuple

import lz4.frame

TAG = b"HFRepoMetaData\0" + bytes.fromhex("556967456a7b815783a5bdd95ccdd14aa9")
END = b"\xff" * 32 + bytes(16)


def chunk(data: bytes, scheme: int = 0, *, size: int | None = None, version: int = 0) -> bytes:
    """A packed chunk; `size` is what its header says instead of the truth."""
    packed = data
    if scheme == 2:
        packed = b"".join(data[place::4] for place in range(4))
    if scheme in (1, 2):
        packed = lz4.frame.compress(packed)
    return header(len(packed), scheme, len(data) if size is None else size, version) + packed


def header(packed: int, scheme: int, size: int, version: int = 0) -> bytes:
    return bytes([version]) + packed.to_bytes(3, "little") + bytes([scheme]) + three(size)


def three(number: int) -> bytes:
    return number.to_bytes(3, "little")


def footer(*, lie: int = 0) -> bytes:
    """A footer as clients add it: what stands in it does not matter, its length does."""
    content = b"XETBLOB\1" + bytes(84)
    return content + struct.pack("<I", len(content) + lie)


def name(xorb: bytes) -> str:
    """A name for a xorb; the hub takes the client's word for it."""
    return hashlib.sha256(b"a name for" + xorb).hexdigest()


class Part(NamedTuple):
    """A segment of a file, as a shard tells it."""

    xorb: str
    first: int
    end: int
    size: int


def file(sha256: str, *parts: Part, verified: bool = True, described: bool = True) -> bytes:
    flags = (1 << 31 if verified else 0) | (1 << 30 if described else 0)
    entries = [entry(bytes(32), flags, len(parts), 0, 0)]
    entries += [entry(raw(part.xorb), 0, part.size, part.first, part.end) for part in parts]
    entries += [entry(b"\7" * 32, 0, 0, 0, 0) for part in parts if verified]
    entries += [entry(raw(sha256), 0, 0, 0, 0)] if described else []
    return b"".join(entries)


def shard(*files: bytes, tag: bytes = TAG, version: int = 2, new: int = 3) -> bytes:
    """A shard with these files, and one xorb of `new` chunks in its second section."""
    xorbs = entry(b"\1" * 32, 0, new, 0, 0) + entry(b"\2" * 32, 0, 0, 0, 0) * new
    return tag + struct.pack("<QQ", version, 0) + b"".join(files) + END + xorbs + END


def entry(hash: bytes, *numbers: int) -> bytes:
    return hash + struct.pack("<4I", *numbers)


def raw(hash: str) -> bytes:
    """A hash as it lies in a shard: eight bytes at a time, each turned around."""
    plain = bytes.fromhex(hash)
    return b"".join(plain[place : place + 8][::-1] for place in range(0, 32, 8))

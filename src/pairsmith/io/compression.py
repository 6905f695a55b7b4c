"""A file's content, decompressed as its name's ending says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pairsmith.errors import DamagedInputError
from pairsmith.io.digests import CHUNK, MeteredFile

ENDINGS = (".gz", ".zst")
"""What names of compressed files end with."""


def is_compressed(name: str) -> bool:
    """Whether a file is compressed, by its name."""
    return name.endswith(ENDINGS)


def without_compression(name: str) -> str:
    """A file's name without the ending that tells of compression; `a.jsonl.gz` is `a.jsonl`."""
    return name.rpartition(".")[0] if is_compressed(name) else name


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

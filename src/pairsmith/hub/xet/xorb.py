"""Xorbs: runs of packed chunks, as the Xet protocol sends them (huggingface.co/docs/xet/xorb).

A chunk is a header of eight bytes (version, packed size, scheme, size) and its packed bytes. A
footer may follow the last chunk; it says nothing that the headers do not, so it is only measured.
A xorb's name is a BLAKE3 tree over its chunks. It is not checked: a xorb is known to the upload
that sent it alone, and what is kept is a whole file, by the SHA-256 that this hub reckons itself.
"""

from __future__ import annotations

import os
import re
from array import array
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import lz4.frame
import numpy as np

from pairsmith.hub.http.errors import HubError, bad_request

NAME = re.compile(r"[0-9a-f]{64}")
MAX_XORB_BYTES = 65 << 20  # 64 MiB, as the protocol has it, and room for headers and the footer
MAX_CHUNK_BYTES = 128 << 10  # unpacked
MAX_CHUNKS = 8192  # as the clients have it
HEADER = 8
FOOTER = b"XETBLOB"


class Xorb:
    """A xorb on disk, its chunks found and none of them unpacked yet.

    Raises:
        HubError: 400 where its headers do not add up to the file.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        try:
            self._starts = _chunk_starts(self._file.fileno())
        except BaseException:
            self._file.close()
            raise

    def __len__(self) -> int:
        return len(self._starts)

    def chunk(self, number: int) -> bytes:
        """A chunk, unpacked.

        Raises:
            HubError: 400 where it does not unpack to what its header says.
        """
        start = self._starts[number]
        packed, scheme, size = _parsed(os.pread(self._file.fileno(), HEADER, start), number)
        data = os.pread(self._file.fileno(), packed, start + HEADER)
        return SCHEMES[scheme](data, size, number)

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


def checked_name(name: str) -> str:
    """A xorb's name, which is the name of its file here.

    Raises:
        HubError: 400 where it is not 64 hex digits.
    """
    if not NAME.fullmatch(name):
        raise bad_request("A xorb is named by 64 hex digits, in lower case.")
    return name


def check(path: Path) -> None:
    """Checks that a xorb is whole and that every chunk of it unpacks.

    Raises:
        HubError: 400 where not.
    """
    with closing(Xorb(path)) as xorb:
        for number in range(len(xorb)):
            xorb.chunk(number)


def _chunk_starts(file: int) -> array[int]:
    """Where each chunk's header lies."""
    end = os.fstat(file).st_size
    starts = array("Q")
    place = 0
    while place < end:
        head = os.pread(file, HEADER, place)
        if head.startswith(FOOTER):
            _check_footer(file, place, end)
            break
        packed, _, _ = _parsed(head, len(starts))
        starts.append(place)
        place += HEADER + packed
        if place > end:
            raise _fault(len(starts) - 1, "is cut short")
        if len(starts) > MAX_CHUNKS:
            raise bad_request(f"The xorb has more than the {MAX_CHUNKS} chunks that one may have.")
    if not starts:
        raise bad_request("The xorb has no chunk.")
    return starts


def _parsed(head: bytes, number: int) -> tuple[int, int, int]:
    """The packed size, the scheme and the size that a chunk's header tells."""
    if len(head) < HEADER:
        raise _fault(number, "is cut short")
    packed = int.from_bytes(head[1:4], "little")
    size = int.from_bytes(head[5:8], "little")
    if head[0] != 0:
        raise _fault(number, f"is of version {head[0]}; 0 was expected")
    if head[4] not in SCHEMES:
        raise _fault(number, f"is packed by scheme {head[4]}; 0, 1 and 2 are known")
    if size > MAX_CHUNK_BYTES or packed > 2 * MAX_CHUNK_BYTES:
        raise _fault(number, f"is larger than the {MAX_CHUNK_BYTES:,} bytes that one may have")
    return packed, head[4], size


def _check_footer(file: int, place: int, end: int) -> None:
    """A footer ends in its own length, without the four bytes that tell it."""
    length = int.from_bytes(os.pread(file, 4, max(place, end - 4)), "little")
    if length + 4 != end - place:
        raise bad_request("The xorb's footer is not as long as it says.")


def _plain(data: bytes, size: int, number: int) -> bytes:
    if len(data) != size:
        raise _fault(number, f"has {len(data):,} bytes; its header says {size:,}")
    return data


def _lz4(data: bytes, size: int, number: int) -> bytes:
    """Unpacks an LZ4 frame, and no further than one byte beyond what its header says."""
    frame = lz4.frame.LZ4FrameDecompressor()
    try:
        found: bytes = frame.decompress(data, max_length=size + 1)
    except (RuntimeError, ValueError, MemoryError) as error:
        raise _fault(number, "is not an LZ4 frame") from error
    if len(found) != size or not frame.eof or frame.unused_data:
        raise _fault(number, f"does not unpack to the {size:,} bytes that its header says")
    return found


def _grouped_lz4(data: bytes, size: int, number: int) -> bytes:
    """Unpacks an LZ4 frame of the first bytes of all fours, then all second ones, and so on."""
    grouped = np.frombuffer(_lz4(data, size, number), np.uint8)
    found = np.empty(size, np.uint8)
    start = 0
    for place in range(4):
        length = len(found[place::4])
        found[place::4] = grouped[start : start + length]
        start += length
    return found.tobytes()


def _fault(number: int, what: str) -> HubError:
    return bad_request(f"Chunk {number} of the xorb {what}.")


SCHEMES: dict[int, Callable[[bytes, int, int], bytes]] = {0: _plain, 1: _lz4, 2: _grouped_lz4}

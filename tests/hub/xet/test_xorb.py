"""Xorbs: every scheme, and every way to be wrong."""

from __future__ import annotations

import random
import tracemalloc
from contextlib import closing

import lz4.frame
import pytest

from pairsmith.hub.http.errors import HubError
from pairsmith.hub.xet.xorb import MAX_CHUNK_BYTES, MAX_CHUNKS, Xorb, check, checked_name
from support.hub import xorbs

TEXT = b"\n\nHuman: Is it raining?\n\nAssistant: It is." * 700


@pytest.fixture
def written(tmp_path):
    def write(data: bytes):
        path = tmp_path / "xorb"
        path.write_bytes(data)
        return path

    return write


@pytest.mark.parametrize("scheme", [0, 1, 2])
@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 6, 7, 1000, len(TEXT)])
def test_a_chunk_unpacks_to_what_was_packed(written, scheme, size):
    path = written(xorbs.chunk(TEXT[:size], scheme) + xorbs.footer())
    with closing(Xorb(path)) as xorb:
        assert len(xorb) == 1
        assert xorb.chunk(0) == TEXT[:size]


def test_chunks_of_several_schemes_stand_in_one_xorb(written):
    contents = [random.Random(number).randbytes(number * 997) for number in range(1, 30)]
    packed = (xorbs.chunk(data, number % 3) for number, data in enumerate(contents))
    with closing(Xorb(written(b"".join(packed)))) as xorb:
        assert [xorb.chunk(number) for number in range(len(xorb))] == contents


def test_the_largest_chunk_is_taken(written):
    path = written(xorbs.chunk(bytes(MAX_CHUNK_BYTES), 1))
    check(path)
    with closing(Xorb(path)) as xorb:
        assert xorb.chunk(0) == bytes(MAX_CHUNK_BYTES)


def bomb(size: int) -> bytes:
    """A frame that unpacks to far more than its header says."""
    packed = lz4.frame.compress(bytes(40 << 20))
    return xorbs.header(len(packed), 1, size) + packed


WRONG = {
    "empty": (b"", "no chunk"),
    "only a footer": (xorbs.footer(), "no chunk"),
    "cut in a header": (xorbs.chunk(TEXT, 1) + b"\0\1\0", "Chunk 1 .* cut short"),
    "cut in a chunk": (xorbs.chunk(TEXT, 1)[:-1], "Chunk 0 .* cut short"),
    "no xorb at all": (b"PAR1" + TEXT, "version 80"),
    "a later version": (xorbs.chunk(TEXT, version=1), "version 1; 0 was expected"),
    "an unknown scheme": (xorbs.chunk(TEXT, 3), "scheme 3"),
    "plain, says more": (xorbs.chunk(TEXT, size=len(TEXT) + 1), "its header says"),
    "plain, says less": (xorbs.chunk(TEXT, size=len(TEXT) - 1), "its header says"),
    "packed, says more": (xorbs.chunk(TEXT, 1, size=len(TEXT) + 1), "does not unpack to"),
    "packed, says less": (xorbs.chunk(TEXT, 1, size=len(TEXT) - 1), "does not unpack to"),
    "packed, says nothing": (xorbs.chunk(TEXT, 2, size=0), "does not unpack to"),
    "grouped, says more": (xorbs.chunk(TEXT, 2, size=len(TEXT) + 1), "does not unpack to"),
    "not LZ4": (xorbs.header(9, 1, 5) + b"not LZ4..", "not an LZ4 frame"),
    "nothing packed": (xorbs.header(0, 1, 0), "does not unpack to"),
    "a frame cut short": (
        xorbs.header(60, 1, len(TEXT)) + lz4.frame.compress(TEXT)[:60],
        "does not unpack to",
    ),
    "two frames": (
        xorbs.header(2 * len(lz4.frame.compress(TEXT)), 1, len(TEXT))
        + 2 * lz4.frame.compress(TEXT),
        "does not unpack to",
    ),
    "a bomb": (bomb(MAX_CHUNK_BYTES), "does not unpack to"),
    "says too much": (xorbs.header(10, 1, MAX_CHUNK_BYTES + 1) + bytes(10), "larger than"),
    "too much packed": (
        xorbs.header(2 * MAX_CHUNK_BYTES + 1, 0, 4) + bytes(2 * MAX_CHUNK_BYTES + 1),
        "larger than",
    ),
    "too many chunks": (xorbs.chunk(b"") * (MAX_CHUNKS + 1), "more than the 8192 chunks"),
    "a footer that lies": (xorbs.chunk(TEXT) + xorbs.footer(lie=4), "footer"),
    "a footer cut short": (xorbs.chunk(TEXT) + b"XETBLOB\1", "footer"),
    "more after the footer": (xorbs.chunk(TEXT) + xorbs.footer() + TEXT, "footer"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_no_xorb_is_refused(written, kind):
    data, message = WRONG[kind]
    with pytest.raises(HubError, match=message) as caught:
        check(written(data))
    assert caught.value.status == 400


def test_a_bomb_is_not_unpacked_any_further_than_its_header_says(written):
    path = written(bomb(1000))
    tracemalloc.start()
    with pytest.raises(HubError, match="does not unpack to"):
        check(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


@pytest.mark.parametrize(
    "bad", ["", "ab", "A" * 64, "g" * 64, "../" * 20 + "abcd", "a" * 64 + "\n"]
)
def test_a_name_is_64_hex_digits(bad):
    with pytest.raises(HubError, match="64 hex digits"):
        checked_name(bad)
    assert checked_name("0af" + "1" * 61)

"""Shards: what they say, and every way to be wrong."""

from __future__ import annotations

import pytest

from pairsmith.hub.http.errors import HubError
from pairsmith.hub.xet import shard as module
from pairsmith.hub.xet.shard import Segment, Shard
from support.hub import xorbs
from support.hub.xorbs import Part

A, B = "0123456789abcdef" * 4, "fedcba9876543210" * 4
SHA = "00112233445566778899aabbccddeeff" * 2
GOOD = xorbs.file(SHA, Part(A, 0, 3, 300), Part(B, 7, 8, 50))


@pytest.mark.parametrize("verified", [True, False])
def test_it_tells_the_files_and_what_they_are_made_of(verified):
    first = xorbs.file(SHA, Part(A, 0, 3, 300), Part(B, 7, 8, 50), verified=verified)
    shard = Shard(xorbs.shard(first, xorbs.file(B), xorbs.file(A, Part(A, 1, 2, 1))))
    assert [(file.sha256, file.size) for file in shard.files] == [(SHA, 350), (B, 0), (A, 1)]
    assert [list(shard.segments(file)) for file in shard.files] == [
        [Segment(A, 0, 3, 300), Segment(B, 7, 8, 50)],
        [],
        [Segment(A, 1, 2, 1)],
    ]
    assert shard.xorbs == {A, B}
    assert shard.size == 351


def test_hashes_are_turned_around_as_the_specification_shows():
    told = "07060504030201000f0e0d0c0b0a090817161514131211101f1e1d1c1b1a1918"
    assert module.text(bytes(range(32))) == told
    assert xorbs.raw(told) == bytes(range(32))


def test_a_footer_may_follow_and_files_may_be_none():
    assert Shard(xorbs.shard() + bytes(200)).files == []


@pytest.mark.parametrize("length", range(0, len(xorbs.shard(GOOD)), 16))
def test_cut_short_anywhere_it_is_refused(length):
    with pytest.raises(HubError, match="cut short") as caught:
        Shard(xorbs.shard(GOOD)[:length])
    assert caught.value.status == 400


WRONG = {
    "another tag": (xorbs.shard(GOOD, tag=b"PAR1" * 8), "not a shard"),
    "another version": (xorbs.shard(GOOD, version=3), "version 3; 2 was expected"),
    "no sha256": (xorbs.shard(xorbs.file(SHA, described=False)), "without its SHA-256"),
    "an empty range": (xorbs.shard(xorbs.file(SHA, Part(A, 3, 3, 0))), "chunks 3 to 3"),
    "a range backwards": (xorbs.shard(xorbs.file(SHA, Part(A, 3, 1, 5))), "chunks 3 to 1"),
    "a range too long": (xorbs.shard(xorbs.file(SHA, Part(A, 0, 8193, 5))), "chunks 0 to 8193"),
    "a range to nowhere": (xorbs.shard(xorbs.file(SHA, Part(A, 0, 2**32 - 1, 5))), "cannot be"),
    "more than can be": (xorbs.shard(xorbs.file(SHA, Part(A, 0, 1, 2**17 + 1))), "cannot be"),
    "more segments than bytes": (
        xorbs.shard(xorbs.entry(bytes(32), 3 << 30, 2**32 - 1, 0, 0)),
        "cut short",
    ),
    "more new chunks than bytes": (
        xorbs.shard(GOOD).replace(
            xorbs.entry(b"\1" * 32, 0, 3, 0, 0), xorbs.entry(b"\1" * 32, 0, 2**32 - 1, 0, 0)
        ),
        "cut short",
    ),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_no_shard_is_refused(kind):
    data, message = WRONG[kind]
    with pytest.raises(HubError, match=message) as caught:
        Shard(data)
    assert caught.value.status == 400


def test_more_files_than_it_may_have(monkeypatch):
    monkeypatch.setattr(module, "MAX_FILES", 2)
    assert len(Shard(xorbs.shard(*[xorbs.file(SHA)] * 2)).files) == 2
    with pytest.raises(HubError, match="more than the 2 files"):
        Shard(xorbs.shard(*[xorbs.file(SHA)] * 3))

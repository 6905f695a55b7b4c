"""Reads that fail are tried again, and damage costs only the shards behind it."""

import gzip
import itertools
import json
import random

import pytest

from pairsmith.building import partition
from pairsmith.dataset import checkpoint
from pairsmith.errors import BrokenReadError, DamagedInputError
from pairsmith.io import retries
from pairsmith.io.digests import MeteredFile
from support.broken import begun, build, finished, fresh
from support.mixture import hashes, pair
from support.slow import quick, slow


class Flaky:
    """Reads of one file that fail, so many times, once so many bytes of it are read."""

    def __init__(self, monkeypatch, name, after, times):  # with --from, no shape is looked for
        self.real, self.name, self.after, self.left = MeteredFile.read, name, after, times
        monkeypatch.setattr(MeteredFile, "read", lambda file, size=-1: self.read(file, size))
        for module in (partition, retries):
            monkeypatch.setattr(module, "PAUSE", 0)

    def read(self, file, size):
        if file.place.path.endswith(self.name) and file.count >= self.after and self.left:
            self.left -= 1
            raise_broken(file)
        return self.real(file, min(size, 1 << 16) if size > 0 else size)


def raise_broken(file):
    raise BrokenReadError(f"{file.place.path} cannot be read: Input/output error")


LONG_ROWS = 1200


@pytest.fixture
def long(tmp_path):
    """A gzip file of 30 shards, and a short one."""
    folder = tmp_path / "in"
    folder.mkdir()
    chance = random.Random(1)
    rows = [
        json.dumps({**pair(number), "more": chance.randbytes(1000).hex()}).encode()
        for number in range(LONG_ROWS)
    ]
    (folder / "train.jsonl.gz").write_bytes(gzip.compress(b"\n".join(rows), 1, mtime=0))
    (folder / "test.jsonl").write_bytes(rows[0])
    return folder


@pytest.mark.parametrize("times", quick([1, 2], 2))
def test_a_read_that_fails_is_tried_again(long, tmp_path, monkeypatch, times):
    usual = fresh(long, tmp_path, from_="hh")
    seen = []
    Flaky(monkeypatch, "train.jsonl.gz", 1 << 20, times)
    build(long, tmp_path / "out", from_="hh", progress=seen.append)
    assert hashes(tmp_path / "out") == usual
    assert all(a.rows <= b.rows and a.done <= b.done for a, b in itertools.pairwise(seen))


@slow
def test_a_read_that_always_fails_names_the_file_and_keeps_the_shards(long, tmp_path, monkeypatch):
    usual = fresh(long, tmp_path, from_="hh")
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        Flaky(patch, "train.jsonl.gz", 1 << 20, 10**9)
        with pytest.raises(BrokenReadError) as caught:
            build(long, out, from_="hh", batch_rows=10)
    assert caught.value.message.startswith("train.jsonl.gz: ")
    assert caught.value.message.endswith("Input/output error (tried 3 times).")
    assert "the same command goes on" in caught.value.hint
    kept = begun(out)
    assert len(kept) >= 5
    build(long, out, from_="hh")
    held = finished(out)
    assert all(held[name] == mark for name, mark in kept.items())
    assert hashes(out) == usual


@slow
def test_a_read_that_fails_while_parts_are_found(long, tmp_path, monkeypatch):
    path = long / "train.jsonl"
    (path).write_bytes(gzip.decompress((long / "train.jsonl.gz").read_bytes()))
    (long / "train.jsonl.gz").unlink()
    usual = fresh(long, tmp_path, from_="hh")
    with monkeypatch.context() as patch:
        Flaky(patch, "train.jsonl", 1 << 20, 2)
        build(long, tmp_path / "out", from_="hh", workers=2)
    assert hashes(tmp_path / "out") == usual
    Flaky(monkeypatch, "train.jsonl", 1 << 20, 10**9)
    with pytest.raises(BrokenReadError, match=r"^train\.jsonl: .*\(tried 3 times\)"):
        build(long, tmp_path / "other", from_="hh", workers=2)


@pytest.mark.parametrize("workers", quick([1, 2]))
@pytest.mark.parametrize("how", quick(["cut", "flipped"]))
def test_a_whole_copy_goes_on_from_before_the_damage(long, tmp_path, monkeypatch, how, workers):
    from pairsmith.io import compression, digests

    usual = fresh(long, tmp_path)
    for module in (digests, compression, checkpoint):
        monkeypatch.setattr(module, "CHUNK", 1 << 14)  # a file of few chunks is damaged all over
    path, out = long / "train.jsonl.gz", tmp_path / "out"
    whole = path.read_bytes()
    place = len(whole) * 2 // 3
    path.write_bytes(
        whole[:place] + (bytes([whole[place] ^ 255]) + whole[place + 1 :]) * (how != "cut")
    )
    with pytest.raises(DamagedInputError, match=r"train\.jsonl\.gz"):
        build(long, out, batch_rows=10)
    kept = begun(out)
    path.write_bytes(whole)
    build(long, out, workers=workers)
    assert hashes(out) == usual
    held = finished(out)
    same = [name for name, mark in kept.items() if held.get(name) == mark]
    assert len(same) >= 10

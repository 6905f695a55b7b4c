"""Builds that are broken off, and what tells their finished shards from others like them."""

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

import pairsmith
from pairsmith.dataset.checkpoint import count_shards
from support.mixture import hashes

SHARD_ROWS = 40


class Broken(NamedTuple):
    """A build that was broken off.

    Attributes:
        source: What it is of.
        out: Where it was to go.
        usual: The hashes of the same build, unbroken.
    """

    source: Path
    out: Path
    usual: dict[str, str]

    def copy(self, folder: Path) -> "Broken":
        """A copy of source and build below a folder, to be changed."""
        shutil.copytree(self.source.parent, folder / "in")
        shutil.copytree(self.out, folder / "out")
        return Broken(folder / "in" / self.source.name, folder / "out", self.usual)


class Killed(BaseException):
    """What nothing catches."""


def build(source, out, **options):
    options = {"template": "llama2", "shard_rows": SHARD_ROWS, "workers": 1, **options}
    return pairsmith.build(source, out, **options)


def fresh(source, tmp_path, **options):
    """The hashes of an unbroken build."""
    build(source, tmp_path / "fresh", **options)
    return hashes(tmp_path / "fresh")


def break_off(source, out, shards=3, **options):
    """Ends a build, as it were, once so many shards are finished; small blocks, so in mid-file."""

    def watch(_):
        if count_shards(out) >= shards:
            raise Killed

    with pytest.raises(Killed):
        build(source, out, progress=watch, **{"batch_rows": 10, **options})
    assert count_shards(out) >= shards
    return begun(out)


def begun(out):
    """What tells the finished shards of a broken-off build from others like them, by path."""
    staging = out / "unfinished"
    records = staging.glob("*/*-[0-9]*.json")
    paths = [path.with_suffix(".parquet") for path in records]
    return {
        path.relative_to(staging).with_suffix("").as_posix(): (held.st_ino, held.st_mtime_ns)
        for path in paths
        for held in [path.stat()]
    }


def finished(out):
    """The same of a build that is whole."""
    return {
        path.relative_to(out).as_posix().partition("-of-")[0]: (held.st_ino, held.st_mtime_ns)
        for path in out.glob("*/*.parquet")
        for held in [path.stat()]
    }

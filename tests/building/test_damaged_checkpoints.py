"""Records and shards of a broken-off build that lie, or were harmed, are not believed."""

import json
import os
from pathlib import Path

import pytest

from support.broken import begun, build, finished
from support.mixture import hashes
from support.slow import quick


def set_field(*names, value):
    """Changes a field of a record."""

    def change(path):
        held = json.loads(path.read_text())
        inner = held
        for name in names[:-1]:
            inner = inner[name]
        inner[names[-1]] = value
        path.write_text(json.dumps(held))

    return change


def of_another(path):
    path.write_bytes(path.with_name("train-00001.json").read_bytes())


def shard_of_another(path):
    of_another(path)
    for ending in (".parquet",):
        other = path.with_name(f"train-00001{ending}")
        path.with_suffix(ending).write_bytes(other.read_bytes())
    quarantine = path.parent.parent / "quarantine"
    data = (quarantine / "pairs-train-00001.jsonl").read_bytes()
    (quarantine / "pairs-train-00000.jsonl").write_bytes(data)


RECORDS = {
    "no-json": lambda path: path.write_text("{"),
    "deep": lambda path: path.write_text("[" * 100_000),
    "empty": lambda path: path.write_text(""),
    "bytes": lambda path: path.write_bytes(b"\xff\xfe"),
    "list": lambda path: path.write_text("[]"),
    "object": lambda path: path.write_text("{}"),
    "null": lambda path: path.write_text("null"),
    "negative": set_field("read", value=-1),
    "kept-lies": set_field("kept", value=39),
    "noted-lies": set_field("noted", value={"near_empty_reply": 5}),
    "text": set_field("kept", value="40"),
    "source-text": set_field("source", "bytes", value="1"),
    "source-list": set_field("source", value=[1, 2]),
    "more": set_field("more", value=1),
    "infinite": set_field("source", "bytes", value=float("inf")),
    "refused-true": set_field("refused", value=True),
    "another": of_another,
    "all-of-another": shard_of_another,
    "gone": Path.unlink,
    "fifo": lambda path: (path.unlink(), os.mkfifo(path)),
    "folder": lambda path: (path.unlink(), (path / "deep").mkdir(parents=True)),
    "link-nowhere": lambda path: (path.unlink(), path.symlink_to("nowhere")),
}
QUICK_RECORDS = ("no-json", "kept-lies", "another", "gone")


@pytest.mark.parametrize("name", quick(RECORDS, *QUICK_RECORDS))
def test_a_record_that_lies_is_not_believed(broken, name):
    source, out, usual = broken
    RECORDS[name](out / "unfinished" / "pairs" / "train-00000.json")
    build(source, out)
    assert hashes(out) == usual


SOURCES = {
    "no-shards": set_field("shards", value=0),
    "negative": set_field("shards", value=-1),
    "rows": set_field("rows", value=-1),
    "infinite": set_field("rows", value=float("inf")),
    "odd": set_field("whole", value=3),
    "no-json": lambda path: path.write_text("{"),
    "fifo": lambda path: (path.unlink(), os.mkfifo(path)),
}


@pytest.mark.parametrize("name", quick(SOURCES, "no-shards", "infinite", "fifo"))
def test_a_files_record_that_lies_is_not_believed(halted, name):
    source, out, usual = halted
    SOURCES[name](out / "unfinished" / "pairs" / "train.json")
    build(source, out)
    assert hashes(out) == usual


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def link_to_a_copy(path):
    copy = path.parent.parent.parent.parent / f"copy{path.suffix}"
    path.rename(copy)
    path.symlink_to(copy)


SHARDS = {
    "flipped": flip,
    "short": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "gone": Path.unlink,
    "folder": lambda path: (path.unlink(), (path / "deep").mkdir(parents=True)),
    "link": link_to_a_copy,
    "fifo": lambda path: (path.unlink(), os.mkfifo(path)),
}


@pytest.mark.parametrize(
    "path", quick(["pairs/train-00000.parquet", "quarantine/pairs-train-00000.jsonl"])
)
@pytest.mark.parametrize("change", SHARDS.values(), ids=SHARDS)
def test_a_corrupted_shard_is_not_believed(broken, tmp_path, path, change):
    source, out, usual = broken
    kept = begun(out)
    change(out / "unfinished" / path)
    copies = {path: path.read_bytes() for path in tmp_path.glob("copy*")}
    build(source, out)
    assert hashes(out) == usual
    assert not any(path.is_symlink() for path in out.rglob("*"))
    assert all(path.read_bytes() == data for path, data in copies.items())
    assert finished(out)["pairs/train-00001"] == kept["pairs/train-00001"]


@pytest.mark.parametrize("name", ["pairs", "quarantine"])
def test_a_folder_that_became_a_link_is_not_followed(broken, tmp_path, name):
    source, out, usual = broken
    away = tmp_path / "away"
    (out / "unfinished" / name).rename(away)
    (out / "unfinished" / name).symlink_to(away)
    before = hashes(away)
    build(source, out)
    assert hashes(away) == before
    assert not any(path.is_symlink() for path in out.rglob("*"))
    assert hashes(out) == usual


def test_strays_are_removed_and_not_followed(broken, tmp_path):
    source, out, usual = broken
    away = tmp_path / "away"
    away.mkdir()
    (away / "mine.txt").write_text("mine")
    staging = out / "unfinished"
    (staging / "stray.txt").write_text("x")
    (staging / "pairs" / "train-99999.json").write_text("{}")
    (staging / "pairs" / "train-\u0663.json").write_text("{}")
    (staging / "pairs" / "train-00000.parquet.abcd.partial").write_text("x")
    (staging / "pairs" / "deep" / "er").mkdir(parents=True)
    (staging / "other").symlink_to(away)
    (staging / "pairs" / "linked.json").symlink_to(away / "mine.txt")
    os.mkfifo(staging / "pipe")
    build(source, out)
    assert hashes(out) == usual
    assert (away / "mine.txt").read_text() == "mine"

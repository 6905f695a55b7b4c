"""Several files make one split: ids by file, shards through, gone on with, cut anywhere."""

import json

import pyarrow as pa
import pytest
from datasets import load_dataset

import pairsmith
from pairsmith import Annotator
from pairsmith.dataset.manifest import read_manifest
from pairsmith.dataset.row_ids import read_row_ids
from pairsmith.dataset.rows import kept_rows, refused_rows
from pairsmith.errors import DamagedInputError, OutputError
from support.folders import lay_out, rows, write
from support.slow import slow

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture
def source(tmp_path):
    """Three files of train, of which the second has a bad row, and one of validation."""
    folder = lay_out(
        tmp_path / "in", {"train/a.jsonl": 5, "train/b.jsonl": 4, "train/c.csv": 3, "dev.jsonl": 2}
    )
    with (folder / "train" / "b.jsonl").open("a") as file:
        file.write("no row\n")
    return folder


def outputs(out):
    return [(entry.path, entry.sha256) for entry in read_manifest(out).outputs]


def ids_of(out):
    built = read_manifest(out)
    held = [row["id"] for row in kept_rows(out, built)]
    return held + [row.id for row in refused_rows(out, built)]


def test_rows_are_numbered_by_file(source, tmp_path):
    out = tmp_path / "out"
    built = pairsmith.build(source, out, shard_rows=2)
    assert ids_of(out) == [
        "pairs/validation/1", "pairs/validation/2",
        *(f"pairs/train/0-{n}" for n in range(1, 6)), *(f"pairs/train/1-{n}" for n in range(1, 5)),
        *(f"pairs/train/2-{n}" for n in range(1, 4)), "pairs/train/1-5",
    ]  # fmt: skip
    paths = [entry.path for entry in built.outputs if "train-" in entry.path]
    assert paths == [f"pairs/train-{n:05}-of-00008.parquet" for n in range(8)]
    assert [(e.path, e.rows) for e in built.inputs] == [
        ("dev.jsonl", 2), ("train/a.jsonl", 5), ("train/b.jsonl", 5), ("train/c.csv", 3),
    ]  # fmt: skip
    assert [(e.subset, e.split, e.read, e.kept) for e in built.ledger] == [
        ("pairs", "validation", 2, 2), ("pairs", "train", 13, 12),
    ]  # fmt: skip
    assert pairsmith.check(out) == []
    assert not (out / "unfinished").exists()
    loaded = load_dataset(str(out), cache_dir=str(tmp_path / "cache"))
    assert {split: len(loaded[split]) for split in loaded} == {"train": 12, "validation": 2}
    assert pairsmith.build(source, out, shard_rows=2).reused


@slow
def test_whoever_works_makes_the_same_bytes(source, tmp_path):
    pairsmith.build(source, tmp_path / "one", shard_rows=2)
    pairsmith.build(source, tmp_path / "two", shard_rows=2, workers=2)
    assert outputs(tmp_path / "one") == outputs(tmp_path / "two")


def test_a_build_that_was_broken_off_goes_on(source, tmp_path):
    pairsmith.build(source, tmp_path / "whole", shard_rows=2)
    bad = source / "train" / "c.csv"
    good = bad.read_bytes()
    bad.write_bytes(good + b'"Is it?,b')
    with pytest.raises(DamagedInputError, match="c.csv: of the row that begins in line 5"):
        pairsmith.build(source, tmp_path / "out", shard_rows=2)
    bad.write_bytes(good)
    built = pairsmith.build(source, tmp_path / "out", shard_rows=2)
    assert any(remark.startswith("Went on from") for remark in built.remarks)
    assert outputs(tmp_path / "out") == outputs(tmp_path / "whole")


def test_every_row_has_a_place_and_can_be_annotated(source, tmp_path):
    out = tmp_path / "out"
    built = pairsmith.build(source, out)
    ids, held = read_row_ids(out, built), ids_of(out)
    assert sorted(ids.find(pa.array(held)).tolist()) == list(range(len(held)))
    strange = ["pairs/train/1", "pairs/train/3-1", "pairs/train/0-6", "pairs/train/0-1/1", "x"]
    assert ids.find(pa.array(strange)).tolist() == [-1] * 5
    said = [{"id": "pairs/train/1-2", "label": "dull"}, {"id": "pairs/validation/1"}]
    pairsmith.annotate(out, "mine", said, Annotator("me", "1"))
    again = pairsmith.build(source, tmp_path / "again", apply=[str(out / "annotations" / "mine")])
    assert again.totals.quarantined == {"malformed": 1, "annotated": 2}
    assert set(held) - {row["id"] for row in kept_rows(tmp_path / "again", again)} == {
        "pairs/train/1-2", "pairs/validation/1", "pairs/train/1-5",
    }  # fmt: skip


def test_other_files_or_splits_are_another_build(source, tmp_path):
    path = write(tmp_path / "a.jsonl", rows(2))
    pairsmith.build(path, tmp_path / "out")
    with pytest.raises(OutputError, match="a build of these files as pairs/train"):
        pairsmith.build(path, tmp_path / "out", split="test")


def test_check_finds_ids_that_come_twice(source, tmp_path):
    out = tmp_path / "out"
    pairsmith.build(source, out)
    manifest = json.loads((out / "manifest.json").read_text())
    manifest["inputs"][1]["rows"] += 1
    (out / "manifest.json").write_text(json.dumps(manifest))
    [problem] = pairsmith.check(out)
    assert "inputs have [2, 6, 5, 3] rows, the ledger [2, 13]" in problem.message

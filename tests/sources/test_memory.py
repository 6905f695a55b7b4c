"""Rows in memory and standard input are sources as files are."""

import datetime
import gzip
import io
import json
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

import pairsmith
from pairsmith.dataset.manifest import read_manifest
from pairsmith.errors import SourceError
from support.folders import rows, write

datasets = pytest.importorskip("datasets")
pd = pytest.importorskip("pandas")
pytestmark = pytest.mark.filterwarnings("default")

HELD = rows(12)
TABLE = pa.Table.from_pylist(HELD)
SOURCES = {
    "list": lambda: HELD,
    "iterable": lambda: iter(HELD),
    "table": lambda: TABLE,
    "reader": lambda: TABLE.to_reader(),
    "batch": lambda: TABLE.to_batches()[0],
    "frame": lambda: pd.DataFrame(HELD, index=range(5, 17)),
    "dataset": lambda: datasets.Dataset.from_list(HELD),
    "shuffled": lambda: datasets.Dataset.from_list(HELD[::-1]).select(range(11, -1, -1)),
    "stream": lambda: datasets.Dataset.from_list(HELD).to_iterable_dataset(),
}


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    folder = tmp_path_factory.mktemp("expected")
    write(folder / "train.jsonl", HELD)
    return shards(pairsmith.build(folder / "train.jsonl", folder / "out"))


def shards(built):
    return [(entry.path, entry.sha256) for entry in built.outputs]


@pytest.mark.parametrize("name", SOURCES)
def test_rows_in_memory_make_what_a_file_of_them_makes(name, expected, tmp_path):
    built = pairsmith.build(SOURCES[name](), tmp_path / "out")
    assert shards(built) == expected
    [read] = built.inputs
    assert read.path in ("memory/train.arrow", "memory/train.jsonl")
    assert read.rows == 12
    assert pairsmith.build(SOURCES[name](), tmp_path / "out").reused
    assert pairsmith.check(tmp_path / "out") == []


def test_splits_are_told_by_a_mapping(tmp_path):
    held = datasets.DatasetDict(
        {"train": datasets.Dataset.from_list(HELD), "test": datasets.Dataset.from_list(HELD[:2])}
    )
    built = pairsmith.build(held, tmp_path / "out")
    assert [(e.split, e.read) for e in built.ledger] == [("test", 2), ("train", 12)]
    built = pairsmith.build({"train": HELD, "dev": TABLE[:3]}, tmp_path / "out2")
    assert [(e.split, e.read) for e in built.ledger] == [("train", 12), ("validation", 3)]
    one = datasets.Dataset.from_list(HELD, split="test")
    assert [e.split for e in pairsmith.build(one, tmp_path / "out3").ledger] == ["test"]


def test_values_that_are_not_of_json(tmp_path):
    more = {"n": np.int64(3), "when": datetime.date(2026, 1, 2), "tags": ("a", "b")}
    built = pairsmith.build([{**HELD[0], **more}], tmp_path / "out")
    assert built.totals.kept == 1


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (5, "A int is no source"), (None, "A NoneType is no source"),
        ([{}, 1], "Row 2 is a int, not a dictionary"),
        ([{"prompt": object()}], "Row 1 cannot be written as JSON: a object"),
        ({"train": "a.jsonl"}, "A str is no rows"), ({}, "The mapping has no splits"),
        ({1: HELD}, "1 cannot name a split"), ({"dev": HELD, "val": HELD}, "are the split valid"),
        ([], "No source is named"),
    ],
)  # fmt: skip
def test_what_is_no_rows(source, message, tmp_path):
    with pytest.raises(SourceError, match=message):
        pairsmith.build(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_frames_of_other_libraries_are_told_by_what_they_have(expected, tmp_path):
    class Frame:
        """As a frame of polars: columns as a stream of Arrow."""

        def __arrow_c_stream__(self, requested_schema=None):
            return TABLE.__arrow_c_stream__(requested_schema)

    assert shards(pairsmith.build(Frame(), tmp_path / "out")) == expected


def stdin(monkeypatch, data):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


LINES = "".join(json.dumps(row) + "\n" for row in HELD).encode()


@pytest.mark.parametrize("data", [LINES, json.dumps(HELD).encode(), gzip.compress(LINES, mtime=0)])
def test_standard_input_is_json(data, monkeypatch, expected, tmp_path):
    stdin(monkeypatch, data)
    built = pairsmith.build("-", tmp_path / "out")
    assert shards(built) == expected
    assert built.inputs[0].path.startswith("stdin.jsonl")


def test_standard_input_is_what_it_is_said_to_be(monkeypatch, expected, tmp_path):
    data = write(tmp_path / "a.csv", HELD).read_bytes()
    stdin(monkeypatch, data)
    with pytest.raises(SourceError, match="Standard input is no JSON"):
        pairsmith.build("-", tmp_path / "out")
    stdin(monkeypatch, data)
    assert shards(pairsmith.build("-", tmp_path / "out", format="csv")) == expected
    with pytest.raises(SourceError, match="There is no format 'xls'"):
        pairsmith.build("-", tmp_path / "out", format="xls")
    with pytest.raises(SourceError, match="--format is for standard input"):
        pairsmith.build(tmp_path / "a.csv", tmp_path / "out", format="csv")


def test_the_command_line_takes_several_and_standard_input(tmp_path):
    write(tmp_path / "a.jsonl", rows(3, 100))
    write(tmp_path / "dev.csv", rows(2, 200))
    command = [sys.executable, "-m", "pairsmith", "build", "a.jsonl", "-", "dev.csv", "out"]
    done = subprocess.run(command, input=LINES, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    built = read_manifest(tmp_path / "out")
    assert [(e.split, e.read) for e in built.ledger] == [("train", 15), ("validation", 2)]

"""Annotations: what is said comes back, what is wrong is refused, and nothing is half written."""

import json
import shutil
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pairsmith
from pairsmith.dataset import annotation_writer
from pairsmith.dataset.annotation_writer import UNSAID, remove_annotation
from pairsmith.dataset.manifest import read_manifest
from pairsmith.dataset.rows import kept_rows, refused_rows
from pairsmith.errors import AnnotationError
from pairsmith.io.durable import sha256_of
from pairsmith.publishing.bundle import Bundle
from pairsmith.publishing.owned import owned_files
from pairsmith.schema.annotations import STATEMENTS
from support.annotated import FIRST, ME, SAID, SECOND, said_by, tree
from support.examples import examples
from support.slow import quick


@pytest.fixture
def out(sample_messages, tmp_path):
    return shutil.copytree(sample_messages, tmp_path / "out")


@pytest.fixture(scope="module")
def row_ids(sample_messages):
    """The ids of all rows of the sample, kept and quarantined."""
    built = read_manifest(sample_messages)
    kept = [row["id"] for row in kept_rows(sample_messages, built)]
    return [*kept, *(row.id for row in refused_rows(sample_messages, built))]


# What is written


def test_what_is_said_comes_back(out):
    written = pairsmith.annotate(out, "mine", SAID, ME, not_said={"too long": 3})
    found = pairsmith.read_annotation(out, "mine")
    assert found == written
    assert said_by(found) == SAID
    assert said_by(found, label="good") == SAID[1:2]
    assert [len(batch) for batch in found.batches(rows=2)] == [2, 1]
    assert found.of([FIRST, "harmless-base/train/4"], "bad") == {
        FIRST: [{k: v for k, v in held.items() if k != "id"} for held in SAID[::2]]
    }
    assert pairsmith.list_annotations(out) == ["mine"]
    assert pairsmith.check(out) == []


def test_the_manifest_tells_what_was_said_of_which_build(out):
    pairsmith.annotate(out, "mine", SAID, ME, not_said={"too long": 3})
    held = json.loads((out / "annotations/mine/manifest.json").read_text())
    built = json.loads((out / "manifest.json").read_text())
    assert held["format"] == 1
    assert held["pairsmith"] == pairsmith.__version__
    assert held["annotator"] == {"name": "a reader", "version": "1"}
    assert held["recipe"] == {"seed": 7}
    assert held["actions"] == {"bad": "drop"}
    assert held["build"]["manifest"] == sha256_of(out / "manifest.json")
    assert held["build"]["inputs"] == {e["path"]: e["sha256"] for e in built["inputs"]}
    assert held["build"]["from"] == "hh"
    assert held["labels"] == {"bad": 2, "good": 1}
    rows = sum(entry["read"] for entry in built["ledger"])
    assert held["rows"] == {"said": 2, "not_said": {"too long": 3, UNSAID: rows - 5}}
    [part] = held["files"]
    path = out / "annotations/mine" / part["path"]
    assert (part["rows"], part["bytes"]) == (3, path.stat().st_size)
    assert part["sha256"] == sha256_of(path)
    assert pq.read_schema(path).names == ["id", "label", "score", "detail"]


def test_columns_of_the_annotators_own_stay(out):
    held = [{"id": FIRST, "votes": [1, 2], "by": "me"}, {"id": SECOND, "votes": [], "by": None}]
    pairsmith.annotate(out, "mine", held, ME)
    empty = {"label": None, "score": None, "detail": None}
    found = said_by(pairsmith.read_annotation(out, "mine"))
    assert found == [{**row, **empty} for row in held]
    assert list(found[0]) == ["id", "label", "score", "detail", "votes", "by"]


words = st.none() | st.text(max_size=8)
numbers = st.none() | st.floats(allow_nan=False, allow_infinity=False)


@examples(25)
@given(data=st.data())
def test_any_statements_come_back_however_they_are_given(
    sample_messages, tmp_path_factory, row_ids, data
):
    out = tmp_path_factory.mktemp("any") / "out"
    shutil.copytree(sample_messages, out)
    columns = {"id": st.sampled_from(row_ids), "label": words, "score": numbers, "detail": words}
    held = data.draw(st.lists(st.fixed_dictionaries(columns), max_size=20))
    table = pa.Table.from_pylist(held, STATEMENTS)
    size = data.draw(st.integers(1, 7))
    written = [
        pairsmith.annotate(out, name, given, ME)
        for name, given in (("a", table), ("a", held), ("a", table.to_batches(size)))
    ]
    assert said_by(written[-1]) == held
    assert written[0] == written[1] == written[2]
    assert len({each.sha256 for each in written}) == 1
    assert written[0].said == len({row["id"] for row in held})
    assert written[0].said + sum(written[0].not_said.values()) == len(row_ids)
    assert {"a", *tree(out)} >= {"a", f"annotations/a/{written[0].files[0].path}"}
    assert len([path for path in tree(out) if path.startswith("annotations/")]) == 2


def test_many_statements_make_several_parts_and_the_same_bytes(out, monkeypatch):
    monkeypatch.setattr(annotation_writer, "GROUP_ROWS", 7)
    monkeypatch.setattr(annotation_writer, "PART_ROWS", 21)
    table = pa.table({"id": [FIRST] * 50, "score": range(50)})
    one = pairsmith.annotate(out, "mine", table, ME)
    before = tree(out)
    pairsmith.annotate(out, "mine", table.to_batches(3), ME)
    assert tree(out) == before
    assert [entry.rows for entry in one.files] == [21, 21, 8]
    assert [row["score"] for row in said_by(one)] == [float(n) for n in range(50)]
    assert pq.ParquetFile(one.folder / one.files[0].path).num_row_groups == 3


def test_numbers_of_other_types_are_taken(out):
    table = pa.table(
        {
            "id": pa.array([FIRST, SECOND], pa.large_string()),
            "score": pa.array([0.5, None], pa.float32()),
            "label": pa.array(["a", "b"]).dictionary_encode(),
            "detail": pa.nulls(2),
        }
    )
    pairsmith.annotate(out, "mine", table, ME)
    found = said_by(pairsmith.read_annotation(out, "mine"))
    assert [(row["label"], row["score"]) for row in found] == [("a", 0.5), ("b", None)]


def test_an_annotation_that_says_nothing(out):
    written = pairsmith.annotate(out, "mine", [], ME)
    assert said_by(written) == []
    assert [entry.rows for entry in written.files] == [0]
    assert (written.said, written.labels) == (0, {})


# What is replaced


def test_an_annotation_is_replaced_and_other_files_stay(out):
    first = pairsmith.annotate(out, "mine", SAID, ME)
    pairsmith.annotate(out, "other", SAID, ME)
    (first.folder / "notes.txt").write_text("my own")
    second = pairsmith.annotate(out, "mine", SAID[:1], ME)
    assert said_by(pairsmith.read_annotation(out, "mine")) == SAID[:1]
    names = {path.name for path in second.folder.iterdir()}
    assert names == {"manifest.json", "notes.txt", second.files[0].path}
    assert pairsmith.list_annotations(out) == ["mine", "other"]
    remove_annotation(out, "mine")
    remove_annotation(out, "other")
    assert [path.name for path in (out / "annotations").rglob("*")] == ["mine", "notes.txt"]


KILLED = """
import os, sys
import pairsmith
from pairsmith.dataset import annotation_writer
setattr(annotation_writer, sys.argv[2], lambda *_: os._exit(9))
said = [{"id": sys.argv[3], "label": "later"}]
pairsmith.annotate(sys.argv[1], "mine", said, pairsmith.Annotator("a reader", "2"))
"""


@pytest.mark.parametrize("earlier", quick([True, False]))
@pytest.mark.parametrize("step", ["finalize", "write_text_durably", "_remove_others"])
def test_a_kill_leaves_the_earlier_one_or_the_new_one(out, step, earlier):
    if earlier:
        pairsmith.annotate(out, "mine", SAID, ME)
    command = [sys.executable, "-c", KILLED, str(out), step, FIRST]
    assert subprocess.run(command, check=False).returncode == 9
    if step == "_remove_others":
        assert pairsmith.read_annotation(out, "mine").labels == {"later": 1}
    elif earlier:
        assert said_by(pairsmith.read_annotation(out, "mine")) == SAID
    else:
        with pytest.raises(AnnotationError, match=r"no finished annotation"):
            pairsmith.read_annotation(out, "mine")
        assert pairsmith.list_annotations(out) == []
    assert pairsmith.check(out) == []
    last = pairsmith.annotate(out, "mine", SAID[:1], ME)
    assert {p.name for p in last.folder.iterdir()} == {"manifest.json", last.files[0].path}


def test_two_writers_do_not_mix(out):
    pairsmith.annotate(out, "mine", SAID, ME)

    def slow():
        yield SAID[0]
        with pytest.raises(AnnotationError, match="Another process"):
            pairsmith.annotate(out, "mine", SAID, ME)
        pairsmith.annotate(out, "other", SAID, ME)

    pairsmith.annotate(out, "mine", slow(), ME)
    assert said_by(pairsmith.read_annotation(out, "mine")) == SAID[:1]


# Which build it is of


def test_the_same_rows_by_their_hashes_keep_their_annotations(out):
    written = pairsmith.annotate(out, "mine", SAID, ME)
    pairsmith.build("sample", out, template="llama2", shard_rows=3, force=True)
    assert read_manifest(out).recipe.chat_format == "llama2"
    assert pairsmith.read_annotation(out, "mine") == written
    assert pairsmith.check(out) == []


def write_rows(path, count, words="Mostly."):
    row = {"prompt": "Is tea hot?", "chosen": words, "rejected": "No."}
    path.write_text("".join(json.dumps(row) + "\n" for _ in range(count)))
    return path


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"words": "Always."}, "of other contents of tea.jsonl"),
        ({"subset": "cups"}, "of tea.jsonl as tea/train"),
        ({"split": "test"}, "of tea.jsonl as tea/train"),
        ({"from_": "alpaca-output"}, "of rows read as trl-text"),
    ],
)
def test_an_annotation_of_another_build_is_refused(tmp_path, change, said):
    options = {"subset": "tea", "from_": "trl-text"}
    source = write_rows(tmp_path / "tea.jsonl", 3)
    pairsmith.build(source, tmp_path / "out", **options)
    pairsmith.annotate(tmp_path / "out", "mine", [{"id": "tea/train/1"}], ME)
    write_rows(source, 3, change.pop("words", "Mostly."))
    pairsmith.build(source, tmp_path / "out", force=True, **options | change)
    with pytest.raises(AnnotationError, match=said) as caught:
        pairsmith.read_annotation(tmp_path / "out", "mine")
    assert "Annotate this build" in caught.value.hint
    assert pairsmith.list_annotations(tmp_path / "out") == ["mine"]


def test_annotations_are_not_published(out):
    pairsmith.annotate(out, "mine", SAID, ME)
    paths = [owned.path for owned in owned_files(Bundle(out, read_manifest(out)))]
    assert "manifest.json" in paths
    assert not [path for path in paths if path.startswith("annotations")]


def test_a_folder_of_annotations_alone_can_be_built_into(out):
    pairsmith.annotate(out, "mine", SAID, ME)
    for path in out.iterdir():
        if path.name != "annotations":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    pairsmith.build("sample", out)
    assert said_by(pairsmith.read_annotation(out, "mine")) == SAID

"""Sources that are no sources: each in one clear sentence."""

import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import feather

import pairsmith
from pairsmith.dataset import folder
from pairsmith.errors import SourceError
from support.good_rows import ROWS


def layout(tmp_path, *names):
    for name in names:
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(ROWS[0])
    (tmp_path / "in").mkdir(exist_ok=True)
    return tmp_path / "in"


@pytest.mark.parametrize(
    ("names", "message", "hint"),
    [
        ([], "There are no preference data in .* It is empty", "Expected train.jsonl"),
        (["LICENSE", "harmless-base/a.txt"], "no preference data.*LICENSE, harmless-base/a", ""),
        (["Übung/train.jsonl", "bung/test.jsonl"], "bung and Übung would both", "Rename"),
        (["My Data/train.jsonl", "my-data/test.jsonl"], "would both be the subset my-data", "Ren"),
        (["Ü/train.jsonl"], "'Ü' cannot name a subset", "small letters"),
        (["quarantine/train.jsonl"], "'quarantine' cannot name a subset", "small letters"),
        (["mine/train.json.bz2"], "mine/train.json.bz2 is not a file that can be read", "Exp"),
        (["train.parquet.gz"], "train.parquet.gz is not a file that can be read", "Expected"),
        (["test.zip", "train.jsonl"], "test.zip is not a file that can be read", "Expected"),
        (["test.jsonl", "test.parquet"], "pairs has two files for test", "Leave one"),
        (["harmless-base/train.jsonl", "harmless-base/train.jsonl.gz"], "two files for train", ""),
        (["harmless-base/train.jsonl", "all.jsonl"], "^all.jsonl in .* no split, while", "a word"),
        (["train.jsonl", "b/c.jsonl", "d.jsonl"], "^b/c.jsonl, d.jsonl in .* no split", "them"),
        (["train_test.jsonl"], "The name of train_test.jsonl says train and test", "--split"),
        (["test/train.jsonl"], "called after train and lies in a folder called after test", ""),
    ],
)
def test_a_folder_that_is_not_laid_out_as_released(tmp_path, names, message, hint):
    with pytest.raises(SourceError, match=message) as caught:
        pairsmith.build(layout(tmp_path, *names), tmp_path / "out")
    assert hint in caught.value.hint
    assert not (tmp_path / "out").exists()


def test_an_output_inside_the_source_is_not_taken_for_data(tmp_path):
    folder = layout(tmp_path, "helpful-base/test.jsonl")
    pairsmith.build(folder, folder / "out")
    assert pairsmith.build(folder, folder / "out").reused


def test_a_file_name_that_is_not_text(tmp_path):
    name = os.fsdecode(b"\xff.jsonl")
    (tmp_path / name).write_bytes(ROWS[0])
    with pytest.raises(SourceError, match="is not UTF-8"):
        pairsmith.build(tmp_path / name, tmp_path / "out")


def test_links_are_followed(tmp_path):
    layout(tmp_path, "helpful-base/test.jsonl", "helpful-online/train.jsonl")
    linked = tmp_path / "linked"
    (linked / "helpful-base").mkdir(parents=True)
    real = tmp_path / "in"
    (linked / "helpful-base" / "test.jsonl").symlink_to(real / "helpful-base" / "test.jsonl")
    (linked / "helpful-online").symlink_to(real / "helpful-online")
    assert pairsmith.build(linked, tmp_path / "out").totals.read == 2


@pytest.mark.parametrize("kind", ["dangling", "folder", "fifo", "bz2", "subset"])
def test_what_cannot_be_read_is_not_passed_over(tmp_path, kind):
    folder = layout(tmp_path, "helpful-base/test.jsonl")
    train = folder / "helpful-base" / "train.jsonl"
    if kind == "dangling":
        train.symlink_to("nowhere")
    elif kind == "folder":
        train.mkdir()
    elif kind == "fifo":
        os.mkfifo(train)
    elif kind == "bz2":
        train.with_suffix(".jsonl.bz2").touch()
    else:
        (folder / "helpful-online").touch()
    message = "is not a f(ile that can be read|older)"
    with pytest.raises(SourceError, match=message):
        pairsmith.build(folder, tmp_path / "out")


def test_a_source_that_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "train.jsonl")
    with pytest.raises(SourceError, match="is neither a file nor a folder"):
        pairsmith.build(tmp_path / "train.jsonl", tmp_path / "out")


def test_other_files_beside_the_layout_do_no_harm(tmp_path):
    folder = layout(
        tmp_path, "LICENSE", ".git/config", "docs/a.json", "dataset_infos.json",
        "dataset_info.json", "README.md", "train.py", "train.yaml", "scripts/train.py",
        "helpful-base/info.json", "helpful-base/test.jsonl", "helpful-base/train.md",
    )  # fmt: skip
    assert pairsmith.build(folder, tmp_path / "out").totals.read == 1


def test_a_folder_of_other_subsets_and_files_of_its_own(tmp_path):
    folder = layout(tmp_path, "mine/train.jsonl", "yours_2/test.json", "train.jsonl", "test.json")
    built = pairsmith.build(folder, tmp_path / "out")
    assert [(entry.subset, entry.split) for entry in built.ledger] == [
        ("mine", "train"), ("pairs", "test"), ("pairs", "train"), ("yours_2", "test"),
    ]  # fmt: skip
    assert built.recipe.origin == "other"
    assert [entry.path for entry in built.inputs] == [
        "mine/train.jsonl", "test.json", "train.jsonl", "yours_2/test.json",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        ("nowhere", {}, "There is no .*nowhere"),
        ("nowhere/train.jsonl", {}, "There is no .*nowhere/train.jsonl"),
        ("train.doc", {}, "train.doc is not a file of preference data by its name"),
        ("nonsense://x", {}, "nonsense://x cannot be opened"),
        ("zip://x.jsonl::nowhere.zip", {}, "cannot be opened"),
        ("a::b.jsonl", {}, "There is no .*a::b.jsonl"),
        ("train.jsonl", {"split": "De v"}, "'De v' cannot name a split"),
        ("train.jsonl", {"subset": "../up"}, "'../up' cannot name a subset"),
        ("train.jsonl", {"subset": "quarantine"}, "'quarantine' cannot name a subset"),
        ("train.jsonl", {"subset": folder.STAGING}, "'unfinished' cannot name a subset"),
        ("a\0b", {}, "names no source"),
        ("sample", {"subset": "mine"}, "sample is a folder"),
    ],
)
def test_a_source_that_cannot_be_read(tmp_path, monkeypatch, source, options, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.doc").touch()
    (tmp_path / "train.jsonl").write_bytes(ROWS[0])
    with pytest.raises(SourceError, match=message):
        pairsmith.build(source, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("odd.csv", b"q,w\n1,2,3\n4\n", "row 1: the row has 3 fields, the first line 2; row 2:"),
        ("odd.tsv", b"prompt\tchosen\trejected\na\tb\n", "row 1: the row has 2 fields"),
        ("odd.csv", b"q,w\n\xff,a\n", "row 1: a field is not UTF-8. Its columns: q, w."),
        ("odd.parquet", {"q": [None, None]}, "row 1: all its fields are null; row 2: all"),
        ("odd.parquet", {"q": []}, "has no rows, and columns of no shape that is known. Its col"),
        ("odd.arrow", {"q": [None]}, "row 1: all its fields are null. Its columns: q."),
    ],
    ids=["fields", "known-names", "bytes", "nulls", "empty", "arrow"],
)
def test_a_table_without_a_row_that_can_be_read_says_what_was_found(name, content, said, tmp_path):
    path = tmp_path / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        table = pa.table(content, pa.schema([("q", pa.string())]))
        (pq.write_table if name.endswith("parquet") else feather.write_feather)(table, path)
    with pytest.raises(SourceError) as caught:
        pairsmith.build(path, tmp_path / "out")
    assert said in caught.value.message
    assert "no column" not in caught.value.message
    assert not (tmp_path / "out").exists()

"""What has no place in a folder is named, in one sentence, with what to do."""

import pytest

import pairsmith
from pairsmith.errors import SourceError
from pairsmith.sources.layouts import look
from support.folders import lay_out, rows, write


def card(files, name="tea"):
    return f"---\nconfigs:\n- config_name: {name}\n  data_files: {files}\n---\n"


FAULTS = {
    "missing-shard": (
        {"data/train-00000-of-00003.parquet": 2, "data/train-00002-of-00003.parquet": 2},
        "1 is missing: train-00001-of-00003",
    ),
    "missing-many": (
        {"train-00004-of-00009.jsonl": 2},
        "8 are missing: train-00000-of-00009, .*00001.*00002-of-00009 and 5 more",
    ),
    "shard-twice": (
        {"data/train-00000-of-00001-a.jsonl": 2, "data/train-00000-of-00001-b.jsonl": 2},
        "00001-a.jsonl and data/train-00000-of-00001-b.jsonl are one shard twice",
    ),
    "two-counts": (
        {"train-00000-of-00001.jsonl": 2, "train-00001-of-00002.jsonl": 2},
        "shards of two different numbers of shards",
    ),
    "beyond": ({"train-00002-of-00002.jsonl": 2}, "numbered beyond the 2 shards"),
    "card-names-nothing": (
        {"README.md": card("gone/*.jsonl"), "train.jsonl": 1},
        r"The config tea of README.md in .* names gone/\*.jsonl, and there is no such file",
    ),
    "card-costs-minutes": (
        {"README.md": f"---\nconfigs: {'[' * 200_000}\n---\n", "train.jsonl": 1},
        "The configs of README.md in .* cannot be read: it has lists within lists, 51 deep",
    ),
    "card-counts-by-sixty": (
        {"README.md": f"---\nconfigs: 1{':1' * 400}.5\n---\n", "train.jsonl": 1},
        "The configs of README.md in .* cannot be read: it holds a number of 803 characters",
    ),
    "card-is-no-yaml": (
        {"README.md": "---\nconfigs: [\n---\n", "train.jsonl": 1},
        "The configs of README.md in .* cannot be read: no YAML",
    ),
    "card-leaves-the-folder": (
        {"README.md": card("../a.jsonl"), "train.jsonl": 1}, "lies outside of the folder",
    ),
    "card-names-a-file-twice": (
        {
            "README.md": "---\nconfigs:\n- config_name: tea\n  data_files:\n"
            "  - {split: train, path: '*.jsonl'}\n  - {split: test, path: 'a*'}\n---\n",
            "a.jsonl": 1, "b.jsonl": 1,
        },
        "a.jsonl in .* is named twice by the configs of README.md: by tea, train and by tea, test",
    ),
    "card-of-one-subset": (
        {
            "README.md": "---\nconfigs:\n- {config_name: Tea, data_files: a.jsonl}\n"
            "- {config_name: tea, data_files: b.jsonl}\n---\n",
            "a.jsonl": 1, "b.jsonl": 1,
        },
        "The configs Tea and tea of README.md in .* would both be the subset tea",
    ),
    "card-names-what-cannot-be-read": (
        {"README.md": card("a.xlsx"), "a.xlsx": "1"}, "a.xlsx is not a file that can be read",
    ),
    "no-place": (
        {"train.jsonl": 1, "more.ndjson": 1, "x/part1.json": 2},
        "^more.ndjson, x/part1.json in .*: their names tell no split, while others",
    ),
    "unrelated": (
        {"notes.txt": "a", "run.py": "b", "deep/er/config.json": "{}"},
        "There are no preference data in .* Found: deep/er/config.json, notes.txt, run.py",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_what_has_no_place_is_a_fault(name, tmp_path):
    files, message = FAULTS[name]
    with pytest.raises(SourceError, match=message) as caught:
        pairsmith.build(lay_out(tmp_path / "in", files), tmp_path / "out")
    assert caught.value.hint
    assert not (tmp_path / "out").exists()


def test_one_shard_by_itself_has_to_be_meant(tmp_path):
    path = write(tmp_path / "train-00001-of-00002.jsonl", rows(2))
    with pytest.raises(SourceError, match="1 is missing: train-00000-of-00002"):
        look(str(path))
    assert [file.split for file in look(str(path), split="train").files] == ["train"]


def test_what_is_not_read_is_named_but_not_at_any_length(tmp_path):
    files = {f"notes/{number:02}.txt": "a" for number in range(20)}
    built = pairsmith.build(lay_out(tmp_path / "in", files | {"train.jsonl": 1}), tmp_path / "out")
    [remark] = built.remarks
    assert remark.startswith("Not read, as no data by their names: notes/00.txt, notes/01.txt")
    assert "notes/11.txt and 8 more." in remark
    assert "notes/12.txt" not in remark


def test_what_a_card_does_not_name_is_named(tmp_path):
    files = {"README.md": card("a.jsonl"), "a.jsonl": 2, "b.jsonl": 1, "LICENSE": "MIT"}
    found = look(str(lay_out(tmp_path / "in", files)))
    assert [(file.subset, file.split, file.path) for file in found.files] == [
        ("tea", "train", "a.jsonl")
    ]
    assert found.remarks == ["Not read, as no config of README.md names them: LICENSE, b.jsonl."]


def test_json_that_is_no_data_is_passed_by_and_said(tmp_path):
    files = {"train.jsonl": 1, "settings.json": '{"a": 1}', "list.json": "[1, 2, 3]"}
    found = look(str(lay_out(tmp_path / "in", files)))
    assert [file.path for file in found.files] == ["train.jsonl"]
    assert "list.json, settings.json" in found.remarks[0]


def test_links_in_circles_end(tmp_path):
    folder = lay_out(tmp_path / "in", {"train.jsonl": 1})
    (folder / "up").symlink_to(folder)
    with pytest.raises(SourceError, match="lies more than 16 folders deep"):
        look(str(folder))


def test_patterns_and_several_sources(tmp_path):
    lay_out(tmp_path, {"a/train.jsonl": 3, "a/x.jsonl": 2, "b/train.jsonl": 1, "b/dev.csv": 4})

    def places(*sources, **options):
        return [(f.subset, f.split, f.nth, f.path) for f in look(sources, **options).files]

    a, b = str(tmp_path / "a"), str(tmp_path / "b")
    assert places(f"{a}/*.jsonl") == [
        ("pairs", "train", 0, "train.jsonl"),
        ("pairs", "train", 1, "x.jsonl"),
    ]
    assert places(f"{tmp_path}/*/train.jsonl") == [
        ("a", "train", None, "a/train.jsonl"),
        ("b", "train", None, "b/train.jsonl"),
    ]
    assert places(f"{b}/*", f"{a}/x.jsonl") == [
        ("pairs", "validation", None, "dev.csv"),
        ("pairs", "train", 0, "train.jsonl"),
        ("pairs", "train", 1, "x.jsonl"),
    ]
    assert places(f"{a}/train.jsonl", f"{b}/train.jsonl", subset="tea") == [
        ("tea", "train", 0, "a/train.jsonl"),
        ("tea", "train", 1, "b/train.jsonl"),
    ]
    with pytest.raises(SourceError, match="is given twice"):
        look([f"{a}/x.jsonl", f"{a}/*.jsonl"])
    with pytest.raises(SourceError, match="No file is called"):
        look(f"{a}/*.csv")

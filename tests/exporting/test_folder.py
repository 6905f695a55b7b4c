"""Where an export is written, what it refuses, and what a failed one leaves behind."""

import json
import os
import shutil

import pytest

import pairsmith
from pairsmith import PairsmithError
from pairsmith.exporting import write


def test_an_empty_folder_will_do_and_a_full_one_will_not(sample_messages, tmp_path):
    (tmp_path / "dest").mkdir()
    pairsmith.export(sample_messages, tmp_path / "dest", trainer="trl")
    with pytest.raises(PairsmithError, match="holds something else") as caught:
        pairsmith.export(sample_messages, tmp_path / "dest", trainer="trl")
    assert "An earlier export is not written over. Name a new" in caught.value.hint


def test_not_into_a_build(sample_messages, tmp_path):
    out = shutil.copytree(sample_messages, tmp_path / "out")
    with pytest.raises(PairsmithError, match="holds something else: manifest.json"):
        pairsmith.export(out, out, trainer="trl")
    assert pairsmith.check(out) == []


@pytest.mark.parametrize(
    ("dest", "said"),
    [("s3://bucket/x", "is a URL"), ("", "names no folder"), ("file", "is a file")],
)
def test_what_is_no_folder(sample_messages, tmp_path, monkeypatch, dest, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(PairsmithError, match=said):
        pairsmith.export(sample_messages, dest, trainer="trl")


def test_what_is_no_build(tmp_path):
    with pytest.raises(PairsmithError, match="no finished build"):
        pairsmith.export(tmp_path, tmp_path / "dest", trainer="trl")
    assert not (tmp_path / "dest").exists()


def test_an_unknown_trainer(sample_messages, tmp_path):
    with pytest.raises(PairsmithError, match="no trainer 'dpo'") as caught:
        pairsmith.export(sample_messages, tmp_path / "dest", trainer="dpo")
    assert "trl, trl-reward, trl-kto, axolotl" in caught.value.hint


def test_dialogues_alone(tmp_path):
    row = {"transcript": "\n\nHuman: Hi?\n\nAssistant: Hello."}
    (tmp_path / "red_team_attempts.jsonl").write_text(json.dumps(row))
    pairsmith.build(tmp_path / "red_team_attempts.jsonl", tmp_path / "out")
    with pytest.raises(PairsmithError, match="holds no pairs"):
        pairsmith.export(tmp_path / "out", tmp_path / "dest", trainer="trl")


def test_nothing_that_the_trainer_has_a_place_for(tmp_path):
    row = {side: f"\n\nAssistant: {side}" for side in ("chosen", "rejected")}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row))
    pairsmith.build(tmp_path / "rows.jsonl", tmp_path / "out", policies={"bad_roles": "keep"})
    with pytest.raises(PairsmithError, match="no place for any .* bad_roles 1"):
        pairsmith.export(tmp_path / "out", tmp_path / "dest", trainer="llamafactory")
    assert not (tmp_path / "dest").exists()


@pytest.mark.parametrize("there", [False, True], ids=["new", "empty"])
def test_what_is_refused_leaves_folders_as_they_were(there, tmp_path):
    row = {side: f"\n\nAssistant: {side}" for side in ("chosen", "rejected")}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row))
    pairsmith.build(tmp_path / "rows.jsonl", tmp_path / "out", policies={"bad_roles": "keep"})
    if there:
        (tmp_path / "a" / "b").mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(PairsmithError, match="no place for any"):
        pairsmith.export(tmp_path / "out", tmp_path / "a" / "b", trainer="llamafactory")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.fixture
def damaged(sample_messages, tmp_path):
    """A build, the last shard of which does not open."""
    out = shutil.copytree(sample_messages, tmp_path / "out")
    (out / "helpful-rejection-sampled" / "train-00000-of-00001.parquet").write_bytes(b"PAR1")
    return out


def test_a_shard_that_does_not_open_leaves_nothing(damaged, tmp_path):
    with pytest.raises(PairsmithError, match="cannot be read") as caught:
        pairsmith.export(damaged, tmp_path / "dest", trainer="trl")
    assert "pairsmith check" in caught.value.hint
    assert not (tmp_path / "dest").exists()


def test_a_shard_of_other_columns(sample_messages, sample_text, tmp_path):
    out = shutil.copytree(sample_messages, tmp_path / "out")
    name = "harmless-base/train-00000-of-00001.parquet"
    shutil.copy(sample_text / name, out / name)
    with pytest.raises(PairsmithError, match="its columns are not"):
        pairsmith.export(out, tmp_path / "dest", trainer="trl")


def test_a_shard_of_other_rows(sample_messages, tmp_path):
    out = shutil.copytree(sample_messages, tmp_path / "out")
    for split in ("train", "test"):
        name = out / "harmless-base" / f"{split}-00000-of-00001.parquet"
        name.rename(name.with_suffix(".x"))
    (out / "harmless-base" / "train-00000-of-00001.x").rename(
        out / "harmless-base" / "test-00000-of-00001.parquet"
    )
    (out / "harmless-base" / "test-00000-of-00001.x").rename(
        out / "harmless-base" / "train-00000-of-00001.parquet"
    )
    with pytest.raises(PairsmithError, match="holds 10 rows where the manifest says 3"):
        pairsmith.export(out, tmp_path / "dest", trainer="trl")


def test_a_full_disk_is_a_sentence_and_leaves_nothing(sample_messages, tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(write, "_write", fail)
    with pytest.raises(PairsmithError, match="cannot be written: No space left") as caught:
        pairsmith.export(sample_messages, tmp_path / "dest", trainer="trl")
    assert "Make room" in caught.value.hint
    assert not (tmp_path / "dest").exists()


def test_while_it_grows_nothing_has_its_name(sample_messages, tmp_path, monkeypatch):
    seen = []
    original = write._write

    def look(*args):
        seen.append(sorted(path.name for path in (tmp_path / "dest").iterdir()))
        return original(*args)

    monkeypatch.setattr(write, "_write", look)
    pairsmith.export(sample_messages, tmp_path / "dest", trainer="trl")
    assert set(map(tuple, seen)) == {("unfinished",)}
    assert not (tmp_path / "dest" / "unfinished").exists()


def test_after_a_kill_the_same_command_starts_again(sample_messages, tmp_path):
    staging = tmp_path / "dest" / "unfinished"
    (staging / "harmless-base").mkdir(parents=True)
    (staging / "pairsmith.lock").touch()
    (staging / "harmless-base" / "train.jsonl").write_text("half")
    written = pairsmith.export(sample_messages, tmp_path / "dest", trainer="trl")
    assert sorted(path.name for path in (tmp_path / "dest").iterdir()) == sorted(
        {file.subset for file in written.files} | {"train.py", "README.md", "export.json"}
    )

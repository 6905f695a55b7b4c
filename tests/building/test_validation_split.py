"""A split `validation`, and any other name, through all that is done with a build."""

import json

import pytest
from typer.testing import CliRunner

import pairsmith
from pairsmith.cli import app
from pairsmith.dataset.manifest import read_manifest
from pairsmith.dataset.rows import refused_rows
from support.defects import told
from support.folders import write


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Train with a copy of a row of validation and one of test_more, which are not each other's."""
    folder = tmp_path_factory.mktemp("source") / "in"
    write(folder / "train.jsonl", [told(n) for n in range(20)])
    write(folder / "validation.jsonl", [told(3), *[told(n) for n in range(100, 105)]])
    write(folder / "data" / "test_more-00000-of-00001.jsonl", [told(5), told(200)])
    return folder


@pytest.fixture(scope="module")
def out(source, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "out"
    pairsmith.build(source, out)
    return out


def test_it_is_built_and_whole(out):
    built = read_manifest(out)
    assert [(e.split, e.read) for e in built.ledger] == [
        ("test_more", 2), ("train", 20), ("validation", 6),
    ]  # fmt: skip
    assert pairsmith.check(out) == []
    card = (out / "README.md").read_text()
    splits = [line.split()[-1] for line in card.splitlines() if "- split:" in line]
    assert splits[:3] == ["train", "validation", "test_more"]
    assert 'split="train"' in card


def test_it_is_shown_by_id(out):
    done = CliRunner().invoke(app, ["show", str(out), "--id", "pairs/validation/2", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["id"] == "pairs/validation/2"


def test_it_is_exported_to_evaluate_with(out, tmp_path):
    pairsmith.export(out, tmp_path / "files", trainer="trl")
    script = (tmp_path / "files" / "train.py").read_text()
    trained, _, tested = script.partition('"test"')
    assert "pairs/train.jsonl" in trained
    assert "pairs/validation.jsonl" not in trained
    assert "pairs/validation.jsonl" in tested
    assert "pairs/test_more.jsonl" in tested


def test_its_rows_are_divided_anew(source, tmp_path):
    [share] = pairsmith.split(source, tmp_path / "anew", test=0.5)
    assert share.read == 28
    assert share.train + share.test == 28
    assert {path.name for path in (tmp_path / "anew" / "pairs").iterdir()} == {
        "train.jsonl.gz", "test.jsonl.gz",
    }  # fmt: skip


def test_the_audit_takes_it_for_held_out(out):
    pytest.importorskip("duckdb")
    report = pairsmith.audit(out, questions=["leaks", "duplicates"])
    leaks = next(answer for answer in report.answers if answer.question == "leaks")
    assert leaks.numbers["train_rows"]["same_prompt"] == 2
    assert leaks.numbers["test_conversations"] == 8


def test_a_build_drops_what_leaks_from_it_and_keeps_it(source, tmp_path):
    pytest.importorskip("duckdb")
    built = pairsmith.build(source, tmp_path / "out", drop=["leaks"])
    dropped = {row.id for row in refused_rows(tmp_path / "out", built)}
    assert dropped == {"pairs/train/4", "pairs/train/6"}

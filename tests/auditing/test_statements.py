"""What an audit says of rows: those that were planted, and no other ones."""

import json

import pytest

import pairsmith
from pairsmith.auditing.answer import Answer, Finding, as_table
from pairsmith.auditing.statements import REASONS
from pairsmith.errors import AnnotationError, OutputError
from pairsmith.schema.reasons import DROPS
from support.annotated import said_by
from support.defects import PLANTED, told, write_planted, write_source
from support.planted import plant
from support.slow import slow
from support.standins import STANDINS, hostile

QUESTIONS = ["duplicates", "near", "leaks"]


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    folder = tmp_path_factory.mktemp("planted")
    pairsmith.build(write_planted(folder / "in"), folder / "out")
    pairsmith.audit(folder / "out", questions=QUESTIONS)
    return pairsmith.read_annotation(folder / "out", "audit")


@pytest.mark.parametrize("name", PLANTED)
def test_the_rows_that_an_action_would_take_out_are_named_and_no_others(audited, name):
    """`PLANTED` is what `test_row_decisions` finds dropped."""
    found = {row["id"]: row["detail"] for row in said_by(audited, label=DROPS[name].value)}
    assert found.keys() == PLANTED[name].keys()
    assert all(words in found[id] for id, words in PLANTED[name].items())
    assert all("/train/" in id for id in found)


def test_the_manifest_says_what_the_labels_are_good_for(audited):
    assert audited.annotator.name == "pairsmith audit"
    assert audited.annotator.version == pairsmith.__version__
    assert audited.annotator.recipe == {"questions": QUESTIONS, "tokenizer": None}
    assert audited.annotator.actions == dict.fromkeys(REASONS, "drop")
    assert set(audited.annotator.reasons.values()) == {reason.value for reason in DROPS.values()}
    assert {row["question"] for row in said_by(audited)} <= {*QUESTIONS}
    scores = {row["score"] for row in said_by(audited, label="near_duplicate")}
    assert all(0.8 <= score < 1 for score in scores)


def test_planted_truth_is_said_row_by_row(tmp_path):
    known = plant(tmp_path / "in", seed=3)
    pairsmith.build(tmp_path / "in", tmp_path / "out")
    pairsmith.audit(tmp_path / "out", questions=["duplicates", "leaks"])
    found = pairsmith.read_annotation(tmp_path / "out", "audit")
    said = {label: {row["id"] for row in said_by(found, label=label)} for label in found.labels}
    train = {id for id in known.duplicates if "/train/" in id}
    assert said["duplicate"] == train <= known.duplicates.keys()
    details = {row["id"]: row["detail"] for row in said_by(found, label="duplicate")}
    assert details == {id: f"the same pair as {known.duplicates[id]}" for id in train}
    assert said["cycle"] == set().union(*known.cycles)
    assert said["flipped"] == set().union(*known.flipped)
    leaks = ("same_prompt", "goes_on", "begins", "same_beginning", "same_opening")
    assert {kind: said[kind] for kind in leaks} == {kind: known.leaks[kind] for kind in leaks}
    assert found.said + sum(found.not_said.values()) == known.rows


@slow
def test_equal_audits_give_equal_bytes_and_replace_each_other(tmp_path):
    for name in ("a", "b"):
        pairsmith.build("sample", tmp_path / name)
        pairsmith.audit(tmp_path / name, questions=STANDINS)
    pairsmith.audit(tmp_path / "b", questions={"hostile": hostile})
    other = pairsmith.read_annotation(tmp_path / "b", "audit")
    assert other.annotator.recipe["questions"] == ["host ile<"]
    assert other.statements == 40
    pairsmith.audit(tmp_path / "b", questions=STANDINS)
    paths = sorted((tmp_path / "a/annotations/audit").iterdir())
    for path in paths:
        assert path.read_bytes() == (tmp_path / "b/annotations/audit" / path.name).read_bytes()
    assert len([*(tmp_path / "b/annotations/audit").iterdir()]) == len(paths)
    held = json.loads((tmp_path / "a/annotations/audit/manifest.json").read_text())
    assert held["rows"]["not_said"]["not a pair"] > 0
    assert pairsmith.check(tmp_path / "b") == []


def finding(*rows):
    def ask(study):
        return Answer(
            "mine", "Mine", "Mine.", {}, as_table([Finding("flipped", [*rows], 1.0, "x")])
        )

    return {"mine": ask}


def test_a_question_of_ones_own_names_no_row_of_test_for_an_action(tmp_path):
    source = write_source(tmp_path / "in", one_train=[told(1)], one_test=[told(2)])
    pairsmith.build(source, tmp_path / "out")
    pairsmith.audit(tmp_path / "out", questions=finding("one/test/1", "one/train/1"))
    found = said_by(pairsmith.read_annotation(tmp_path / "out", "audit"))
    assert [(row["id"], row["label"], row["score"]) for row in found] == [
        ("one/train/1", "flipped", 1.0)
    ]


def test_a_finding_of_rows_that_there_are_not_is_a_fault_and_nothing_is_written(tmp_path):
    source = write_source(tmp_path / "in", one_train=[told(1)])
    pairsmith.build(source, tmp_path / "out")
    with pytest.raises(AnnotationError, match="no row 'one/train/7'"):
        pairsmith.audit(tmp_path / "out", questions=finding("one/train/7"))
    (tmp_path / "out/annotations").write_text("mine")
    with pytest.raises(OutputError, match="is not a folder"):
        pairsmith.audit(tmp_path / "out", questions=finding("one/train/1"))
    assert not (tmp_path / "out/audit").exists()


def test_without_findings_nothing_is_said(tmp_path):
    source = write_source(tmp_path / "in", one_train=[told(1), told(2)])
    pairsmith.build(source, tmp_path / "out")
    pairsmith.audit(tmp_path / "out", questions=["leaks"])
    found = pairsmith.read_annotation(tmp_path / "out", "audit")
    assert (found.statements, found.said) == (0, 0)

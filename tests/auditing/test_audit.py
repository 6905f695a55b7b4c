"""pairsmith.audit: what it refuses, asks and writes, and what the build is like afterwards."""

import json
import shutil

import pyarrow.parquet as pq
import pytest

import pairsmith
from pairsmith import PairsmithError, extras
from pairsmith.auditing import audit
from pairsmith.auditing.answer import Answer
from pairsmith.io.durable import sha256_of
from support.standins import STANDINS, hostile, longest, never, nothing

FILES = ["audit.json", "findings.parquet", "report.html"]


def test_the_files_of_an_audit(out):
    made = pairsmith.audit(out, questions=STANDINS)
    assert sorted(path.name for path in (out / "audit").iterdir()) == FILES
    held = json.loads((out / "audit" / "audit.json").read_text())
    assert held == json.loads(json.dumps(made.to_dict()))
    assert held["pairsmith"] == pairsmith.__version__
    assert held["manifest"] == sha256_of(out / "manifest.json")
    assert held["rows"] == {"kept": 47, "quarantined": 13, "unread": 0}
    assert list(held["questions"]) == list(STANDINS)
    table = pq.read_table(out / "audit" / "findings.parquet")
    assert table.column_names == ["question", "kind", "rows", "score", "sentence"]
    counts = {name: answer["findings"] for name, answer in held["questions"].items()}
    assert counts == {"openings": 0, "longest": 20, "nothing": 0, "never": 0}
    assert table["question"].to_pylist() == ["longest"] * 20


def test_a_question_without_an_answer_says_why(out):
    made = pairsmith.audit(out, questions={"never": never, "longest": longest})
    first, second = made.answers
    assert first.unanswered == "There is one subset, and this compares two."
    assert (first.question, first.title, first.sentence) == ("never", "Never answered", "")
    assert not second.unanswered


def test_a_fault_of_a_question_is_not_hidden(out):
    def broken(study):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        pairsmith.audit(out, questions={"broken": broken})
    assert not (out / "audit").exists()


def test_a_number_that_is_none_in_json_is_not_written(out):
    def strange(study):
        return Answer("strange", "Strange", "Strange.", {"mean": float("nan")})

    with pytest.raises(ValueError, match="not JSON compliant"):
        pairsmith.audit(out, questions={"strange": strange})


def test_equal_builds_give_equal_bytes(tmp_path):
    for name in ("a/tea", "b/tea"):
        pairsmith.build("sample", tmp_path / name)
        pairsmith.audit(tmp_path / name, questions=STANDINS)
    pairsmith.audit(tmp_path / "b/tea", questions=STANDINS)
    for file in [*FILES, "../README.md"]:
        assert (tmp_path / f"a/tea/audit/{file}").read_bytes() == (
            tmp_path / f"b/tea/audit/{file}"
        ).read_bytes()


def test_a_build_with_an_audit_is_whole_and_opens(out, tmp_path):
    datasets = pytest.importorskip("datasets")
    before = datasets.load_dataset(str(out), cache_dir=str(tmp_path / "cache"))
    pairsmith.audit(out, questions=STANDINS)
    assert pairsmith.check(out) == []
    after = datasets.load_dataset(str(out), cache_dir=str(tmp_path / "other"))
    assert {s: after[s].to_list() for s in after} == {s: before[s].to_list() for s in before}
    subset = datasets.load_dataset(str(out), "helpful-base", cache_dir=str(tmp_path / "third"))
    assert subset["train"].num_rows == 8


def otherwise(study):
    return Answer("nothing", "Nothing", "There is something to find.")


def test_an_earlier_audit_is_replaced_and_other_files_stay(out):
    pairsmith.audit(out, questions=STANDINS)
    left = out / "audit" / "report.html.0a1b2c3d.partial"
    for path in (left, out / "audit" / "mine.txt"):
        path.write_text("x")
    made = pairsmith.audit(out, questions={"nothing": otherwise})
    assert made.is_written
    assert made.former == tuple(name for name in STANDINS if name != "nothing")
    assert sorted(path.name for path in (out / "audit").iterdir()) == sorted([*FILES, "mine.txt"])
    assert pq.read_table(out / "audit" / "findings.parquet").num_rows == 0
    assert list(json.loads((out / "audit/audit.json").read_text())["questions"]) == ["nothing"]


def contents(out):
    return {path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def test_an_earlier_audit_that_says_all_this_and_more_stays(out):
    pairsmith.audit(out, questions=STANDINS)
    before = contents(out)
    made = pairsmith.audit(out, questions={"nothing": nothing})
    assert not made.is_written
    assert made.former == tuple(name for name in STANDINS if name != "nothing")
    assert contents(out) == before


@pytest.mark.parametrize(
    "gone", ["audit/findings.parquet", "audit/report.html", "annotations/audit/manifest.json"]
)
def test_an_earlier_audit_that_lacks_a_file_is_replaced(gone, out):
    pairsmith.audit(out, questions=STANDINS)
    (out / gone).unlink()
    assert pairsmith.audit(out, questions={"nothing": nothing}).is_written
    assert (out / gone).is_file()


def test_an_audit_of_another_build_is_not_asked(out):
    pairsmith.audit(out, questions=STANDINS)
    path = out / "audit" / "audit.json"
    path.write_text(path.read_text().replace('"manifest": "', '"manifest": "0'))
    made = pairsmith.audit(out, questions={"nothing": nothing})
    assert (made.is_written, made.former) == (True, ())


def test_a_build_that_is_not_whole_is_refused_with_what_check_says(out):
    shard = out / "harmless-base" / "train-00000-of-00001.parquet"
    shard.write_bytes(b"x" + shard.read_bytes()[1:])
    (out / "README.md").unlink()
    with pytest.raises(PairsmithError) as caught:
        pairsmith.audit(out, questions=STANDINS)
    for problem in pairsmith.check(out):
        assert f"{problem.path}: {problem.message}" in caught.value.message
    assert not (out / "audit").exists()


@pytest.mark.parametrize(
    ("questions", "said"),
    [
        (["duplicates", "doubles"], "There is no question 'doubles'."),
        ([], "No question is named."),
        ({}, "No question is named."),
    ],
)
def test_questions_that_are_none(out, questions, said):
    with pytest.raises(PairsmithError) as caught:
        pairsmith.audit(out, questions=questions)
    assert caught.value.message == said
    assert "Questions: duplicates, near, leaks" in caught.value.hint


def test_names_are_asked_in_one_order(monkeypatch, out):
    monkeypatch.setattr(audit, "QUESTIONS", STANDINS)
    made = pairsmith.audit(out, questions=["never", "longest", "never"])
    assert [answer.question for answer in made.answers] == ["longest", "never"]


def test_progress_tells_each_step(out):
    seen = []
    pairsmith.audit(out, questions=STANDINS, progress=seen.append)
    assert [step.path for step in seen] == ["check", "keys", *STANDINS, "report"]
    assert [step.done for step in seen] == list(range(7))
    assert {(step.rows, step.total) for step in seen} == {(47, 7)}


def test_a_missing_library_names_the_extra(monkeypatch, out):
    monkeypatch.setitem(extras.EXTRAS, "audit", ("duckdb", "no_such_library"))
    with pytest.raises(PairsmithError, match="no_such_library not found") as caught:
        pairsmith.audit(out, questions=STANDINS)
    assert caught.value.hint == extras.hint("audit")


def test_no_build_no_pairs_and_no_place(tmp_path, sample_text):
    with pytest.raises(PairsmithError, match="There is no folder"):
        pairsmith.audit(tmp_path / "nowhere", questions=STANDINS)
    source = tmp_path / "red-team-attempts"
    source.mkdir()
    shutil.copy(ask_source(), source)
    pairsmith.build(source, tmp_path / "dialogues")
    with pytest.raises(PairsmithError, match="holds no pairs") as refused:
        pairsmith.audit(tmp_path / "dialogues", questions=STANDINS)
    assert f"pairsmith explore {tmp_path / 'dialogues'}" in refused.value.hint
    out = shutil.copytree(sample_text, tmp_path / "out")
    (out / "audit").write_text("mine")
    with pytest.raises(PairsmithError, match="is not a folder"):
        pairsmith.audit(out, questions=STANDINS)
    assert (out / "audit").read_text() == "mine"


def ask_source():
    """The sample's dialogues."""
    from pairsmith.sources import layouts

    [file] = [f for f in layouts.find("sample") if f.subset == "red-team-attempts"]
    return file.place.path


def test_a_subset_called_audit_is_refused(tmp_path, sample_text):
    (tmp_path / "train.jsonl").write_text("{}\n")
    with pytest.raises(PairsmithError, match="'audit' cannot name a subset"):
        pairsmith.build(tmp_path / "train.jsonl", tmp_path / "x", subset="audit")
    out = shutil.copytree(sample_text, tmp_path / "out")
    text = (out / "manifest.json").read_text().replace('"helpful-online', '"audit')
    (out / "manifest.json").write_text(text.replace("-helpful-online", "-audit"))
    with pytest.raises(PairsmithError, match="has a subset called audit"):
        pairsmith.audit(out, questions=STANDINS)


def test_quarantined_rows_have_texts_too(out):
    pairsmith.audit(out, questions={"longest": longest})
    page = (out / "audit" / "report.html").read_text()
    assert ", quarantined" in page


def test_a_finding_may_have_any_characters(out):
    pairsmith.audit(out, questions={"hostile": hostile})
    [row] = pq.read_table(out / "audit" / "findings.parquet").to_pylist()
    assert row["score"] is None
    assert "\u202e" in row["sentence"]

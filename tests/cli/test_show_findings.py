"""pairsmith show --finding: the rows that an audit named, each with the finding's sentence."""

import json
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import pairsmith
from pairsmith.auditing import audit
from support.defects import row, told, turned, write_source

TRAIN, TEST = "one/train", "one/test"


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """Two equal rows and one turned round in train, one of test in train; not to be changed."""
    folder = tmp_path_factory.mktemp("found")
    near = row("Tell me of case 3, please.", "It is sage.", "It is rue.")
    rows = [told(1), told(2), told(1), turned(told(2)), near, told(4)]
    write_source(folder / "in", one_train=rows, one_test=[told(3), told(9)])
    pairsmith.build(folder / "in", folder / "out")
    audit.audit(folder / "out", questions=["duplicates", "leaks"])
    return folder / "out"


@pytest.fixture
def copied(out, tmp_path):
    return shutil.copytree(out, tmp_path / "out")


def shown(run, out, *options):
    code, printed, errors = run("show", out, "--json", *options)
    assert code == 0, errors
    return [json.loads(line) for line in printed.splitlines()]


def test_rows_of_a_kind_come_with_its_sentence(run, out):
    rows = shown(run, out, "--finding", "duplicates:duplicate")
    assert [held["id"] for held in rows] == [f"{TRAIN}/3", f"{TRAIN}/1"]
    for held in rows:
        [said] = held["said"]
        assert said["label"] == "duplicate"
        assert f"{TRAIN}/1" in said["detail"]


def test_rows_of_all_kinds_are_cut_and_sieved(run, out):
    every = [held["id"] for held in shown(run, out, "--finding", "duplicates", "-n", 9)]
    assert sorted(every) == [f"{TRAIN}/{n}" for n in (1, 2, 3, 4)]
    assert [h["id"] for h in shown(run, out, "--finding", "duplicates", "--from", 3)] == every[2:]
    [test] = shown(run, out, "--finding", "leaks", "--split", "test")
    assert test["id"] == f"{TEST}/1"
    assert len(shown(run, out, "--finding", "leaks", "--search", "case 3")) == 2
    assert shown(run, out, "--finding", "leaks", "--search", "sage thyme") == []
    assert len(shown(run, out, "--finding", "duplicates", "--random", 2)) == 2


def test_what_was_found_of_one_row(run, out):
    [held] = shown(run, out, "--finding", "leaks", "--id", f"{TEST}/1")
    assert held["said"][0]["label"] == "same_prompt"
    [held] = shown(run, out, "--finding", "leaks", "--id", f"{TRAIN}/6")
    assert held["said"] == []
    _, printed, _ = run("show", out, "--finding", "leaks")
    assert printed.count("said   same_prompt  ") == 2


def test_of_one_row_some_findings_are_told_and_the_others_counted(run, copied):
    path = copied / "audit" / "findings.parquet"
    table = pq.read_table(path)
    pq.write_table(
        pa.concat_tables([table.filter(table["kind"].to_numpy() == "duplicate")] * 23), path
    )
    first, second = shown(run, copied, "--finding", "duplicates")
    assert first["said"] == second["said"]
    assert len(first["said"]) == 21
    assert first["said"][-1]["detail"] == "and 3 more findings"


@pytest.mark.parametrize(
    ("asked", "said", "hint"),
    [
        ("length", "was not asked 'length'", "It was asked: duplicates, leaks."),
        ("", "was not asked ''", "pairsmith audit "),
        ("duplicates:odd", "found no 'odd'", "duplicate 1"),
        ("duplicates:", "found no ''", "flipped 1"),
    ],
    ids=["question", "none", "kind", "no-kind"],
)
def test_what_was_not_found_is_a_sentence(run, out, asked, said, hint):
    code, printed, errors = run("show", out, "--finding", asked)
    assert (code, printed) == (2, "")
    assert said in errors
    assert hint in errors


def test_a_build_without_an_audit_names_the_command(run, sample_text):
    code, printed, errors = run("show", sample_text, "--finding", "duplicates")
    assert (code, printed) == (2, "")
    assert f"Run pairsmith audit {sample_text}" in errors.replace("\n", "")


def test_the_audit_of_another_build_is_not_believed(run, copied):
    with (copied / "manifest.json").open("a") as file:
        file.write("\n")
    code, _, errors = run("show", copied, "--finding", "duplicates")
    assert code == 2
    assert "is of another build" in errors


@pytest.mark.parametrize("name", ["audit.json", "findings.parquet"])
@pytest.mark.parametrize(
    "content", [b"", b"[]", b"PAR1", b'{"manifest": 1, "questions": {"a": 1}}']
)
def test_a_damaged_audit_is_a_sentence(run, copied, name, content):
    (copied / "audit" / name).write_bytes(content)
    code, printed, errors = run("show", copied, "--finding", "duplicates")
    assert (code, printed) == (2, "")
    assert "cannot be read" in errors


def test_a_question_without_an_answer_says_why(run, tmp_path):
    write_source(tmp_path / "in", one_train=[told(1), told(2)])
    pairsmith.build(tmp_path / "in", tmp_path / "out")
    audit.audit(tmp_path / "out", questions=["leaks"])
    code, _, errors = run("show", tmp_path / "out", "--finding", "leaks")
    assert code == 2
    assert "No kept row is of the test split." in errors


def test_two_who_name_rows_are_one_too_many(run, out):
    code, _, errors = run("show", out, "--finding", "leaks", "--annotation", "audit")
    assert code == 2
    assert "--annotation and --finding each name rows." in errors

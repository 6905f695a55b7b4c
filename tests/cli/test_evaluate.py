"""pairsmith evaluate: what it prints, and how it ends."""

import json

import pytest

from support.scored import annotate, plant


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    out, scores = plant(tmp_path_factory.mktemp("planted"), 40)
    annotate(out, "model", scores)
    return out


def test_the_verdict_and_where_the_report_is(run, out):
    code, printed, errors = run("evaluate", out, "--scores", "model", "--no-words")
    assert (code, errors) == (0, "")
    lines = printed.splitlines()
    assert len(lines) == 6
    assert lines[0].startswith("Accuracy. It agrees with ")
    assert lines[-1] == f"The report: {out / 'evaluations' / 'model' / 'report.html'}"


def test_json_is_the_file(run, out, tmp_path):
    code, printed, _ = run(
        "evaluate", out, "--scores", "model", "--no-words", "--json", "--out", tmp_path / "there"
    )
    assert code == 0
    assert printed == (tmp_path / "there" / "evaluation.json").read_text()
    assert json.loads(printed)["bootstrap"]["seed"] == 0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--scores", "none"], "There is no annotation"),
        (["--scores", "No Name"], "cannot name an annotation"),
        (["--scores", "model", "--against", "model"], "against itself"),
    ],
    ids=["none", "no name", "itself"],
)
def test_what_cannot_be_evaluated_is_a_sentence(run, out, given, said):
    code, printed, errors = run("evaluate", out, *given)
    assert (code, printed) == (2, "")
    assert said in errors
    assert "Traceback" not in errors


def test_rewardbench_reads_a_file(run, tmp_path):
    file = tmp_path / "scores.jsonl"
    file.write_text('{"subset": "math-prm", "chosen_score": 1, "rejected_score": 0}\n')
    code, printed, errors = run("evaluate", file, "--rewardbench", 1)
    assert (code, errors) == (0, "")
    assert printed.startswith("RewardBench 1: 100.0 % (too few for an interval) of 1 rows.\n")
    assert "  Reasoning: 100.0 %" in printed
    code, printed, _ = run("evaluate", file, "--rewardbench", 1, "--json")
    assert json.loads(printed)["version"] == 1


@pytest.mark.parametrize(
    "given", [[], ["--rewardbench", "1", "--scores", "a"]], ids=["none", "both"]
)
def test_scores_are_named_once(run, out, given):
    code, printed, errors = run("evaluate", out, *given)
    assert (code, printed) == (2, "")
    assert "--scores" in errors or "--rewardbench" in errors

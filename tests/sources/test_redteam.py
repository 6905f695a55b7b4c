"""Red-team rows: lines or an array, either spelling of the score, scores of the right types."""

import json

import pytest

import pairsmith
from pairsmith.sources.formats.json_text import read_records
from pairsmith.sources.redteam import SCORE, SCORE_AS_RELEASED, read_dialogues
from support.slow import quick

ROW = {
    "min_harmlessness_score_transcript": -0.5, "num_params": "13B", "model_type": "rlhf",
    "rating": 2.0, "task_description": "I asked nicely.", SCORE_AS_RELEASED: 1.25,
    "red_team_member_id": 7, "is_upworker": True, "tags": ["one", "two"],
    "transcript": "\n\nHuman: May I?\n\nAssistant: You may.",
}  # fmt: skip


def read(rows):
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    (block,) = read_records(iter([data]), "f")
    return read_dialogues(block).to_pylist()


def test_both_spellings_of_the_score_are_read_and_one_is_written():
    correct = {SCORE if k == SCORE_AS_RELEASED else k: v for k, v in ROW.items()}
    first, second = read([ROW, correct])
    assert first == second
    assert first[SCORE] == 1.25
    assert SCORE_AS_RELEASED not in first


def test_two_values_for_the_score_are_a_fault():
    odd, even = read([{**ROW, SCORE: 3.0}, {**ROW, SCORE: 1.25}])
    assert odd["fault"] == f"the fields {SCORE} and {SCORE_AS_RELEASED} differ"
    assert even["fault"] is None


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"transcript": None}, "the field transcript is null, not text"),
        ({"rating": "high"}, "the field rating is text, not a number"),
        (
            {"red_team_member_id": 1.5},
            "the field red_team_member_id is a number, not a whole number",
        ),
        ({"is_upworker": "yes"}, "the field is_upworker is text, not a truth value"),
        ({"rating": float("nan")}, "the field rating is not a finite number"),
        ({"rating": float("inf")}, "the field rating is not a finite number"),
        ({"tags": "one"}, "the field tags is text, not a list"),
        ({"tags": ["one", 2]}, "the field tags holds one that is a number, not text"),
    ],
)
def test_a_field_of_another_type_is_a_fault(change, fault):
    assert read([{**ROW, **change}])[0]["fault"] == fault


def test_scores_may_be_null_or_missing_and_a_rating_may_be_whole():
    bare, whole = read([{"transcript": ROW["transcript"], "tags": None}, {**ROW, "rating": 4}])
    assert bare["fault"] is None
    assert bare["rating"] is None
    assert whole["rating"] == 4.0


@pytest.mark.parametrize("name", quick(["red_team_attempts.jsonl", "train.jsonl"]))
def test_lines_and_an_array_make_the_same_shard(tmp_path, name):
    rows = [ROW, {**ROW, "rating": 0.0}, {**ROW, "transcript": 5}]
    sums = set()
    for form in ("lines", "array"):
        folder = tmp_path / form / "red-team-attempts"
        folder.mkdir(parents=True)
        text = json.dumps(rows) if form == "array" else "\n".join(json.dumps(r) for r in rows)
        (folder / name).write_text(text)
        built = pairsmith.build(folder.parent, tmp_path / f"{form}-out", template="llama2")
        assert built.totals.kept == 2
        sums.add(built.outputs[1].sha256)
    assert len(sums) == 1

"""What cannot be evaluated, or only in part: dialogues, scores that are none, other builds."""

import json
import shutil

import pytest

import pairsmith
from pairsmith.errors import AnnotationError, OutputError, PairsmithError, RecipeError
from support.annotated import tree
from support.built import refused_of, shards_of
from support.scored import SCORER, annotate, plant
from support.slow import quick, slow


def pairsmith_rows(out, subset):
    return [row for row in shards_of(out) if row["id"].startswith(subset)]


def one_of(**changed):
    """A single statement on the first row, with columns changed."""
    row = {"id": "tea/test/1", "chosen_score": 1.0, "rejected_score": 0.0, **changed}
    return {name: value for name, value in row.items() if value != "gone"}


BAD = {
    "no columns": ([one_of(chosen_score="gone", rejected_score="gone")], "holds no scores"),
    "one column": ([one_of(rejected_score="gone")], "holds no scores"),
    "text": ([one_of(chosen_score="high")], "its column chosen_score is string"),
    "not a number": ([one_of(rejected_score=float("nan"))], "rejected_score of tea/test/1 is no"),
    "infinite": ([one_of(chosen_score=float("inf"))], "chosen_score of tea/test/1 is no finite"),
    "twice": ([one_of(), one_of()], "scores tea/test/1 2 times"),
    "no sides": ([one_of(chosen_score=None), one_of(id="tea/test/2", chosen_score=None)], "scores"),
}


@pytest.mark.parametrize("kind", quick(list(BAD), *BAD))
def test_scores_that_are_none_are_refused(out, kind):
    statements, said = BAD[kind]
    if kind == "no sides":
        statements = [{**row, "chosen_score": None} for row in statements]
    pairsmith.annotate(out, "bad", statements, SCORER)
    before = tree(out)
    with pytest.raises(AnnotationError, match=said):
        pairsmith.evaluate(out, "bad", words=False)
    assert tree(out) == before


def test_what_cannot_be_evaluated_is_refused(out, tmp_path, scores, monkeypatch):
    with pytest.raises(AnnotationError, match="There is no annotation"):
        pairsmith.evaluate(out, "none")
    with pytest.raises(RecipeError, match="against itself"):
        pairsmith.evaluate(out, "model", against="model")
    with pytest.raises(OutputError, match="no folder"):
        pairsmith.evaluate(tmp_path / "nowhere", "model")
    with pytest.raises(OutputError, match="holds a build"):
        pairsmith.evaluate(out, "model", to=out)
    with pytest.raises(OutputError, match="of the build itself"):
        pairsmith.evaluate(out, "model", to=out / "tea" / "there")
    (tmp_path / "report.html").write_text("mine")
    with pytest.raises(OutputError, match="of something else"):
        pairsmith.evaluate(out, "model", to=tmp_path)
    assert (tmp_path / "report.html").read_text() == "mine"
    (out / "evaluations").write_text("mine")
    with pytest.raises(OutputError, match="not a folder"):
        pairsmith.evaluate(out, "model")
    monkeypatch.setitem(pairsmith.extras.EXTRAS, "audit", ("no_such_library",))
    with pytest.raises(RecipeError, match="An evaluation needs"):
        pairsmith.evaluate(out, "model")


@slow
def test_scores_of_other_rows_are_refused(out, tmp_path):
    other, scores = plant(tmp_path / "other", 30, seed=9)
    annotate(other, "model", scores)
    shutil.rmtree(out / "annotations")
    shutil.copytree(other / "annotations", out / "annotations")
    with pytest.raises(AnnotationError, match="of another build"):
        pairsmith.evaluate(out, "model")


@slow
def test_labels_turned_round_since_make_scores_void(out, planted, scores):
    judged = pairsmith.Annotator("a reader", "1", actions={"wrong": "flip"})
    pairsmith.annotate(
        out, "reader", [{"id": "tea/train/1", "label": "wrong", "score": 0.1}], judged
    )
    source = str(planted[0].parent / "source")
    pairsmith.build(source, out, apply=["reader"], force=True)
    with pytest.raises(PairsmithError, match="turned round"):
        pairsmith.evaluate(out, "model", words=False)


@slow
def test_scores_of_another_recipe_are_used_and_said_to_be(out, planted):
    pairsmith.build(str(planted[0].parent / "source"), out, template="chatml", force=True)
    made = pairsmith.evaluate(out, "model", words=False)
    assert any("another build of the same rows" in remark for remark in made.numbers["remarks"])
    assert made.numbers["accuracy"]["all"]["rows"] == 240


def test_dialogues_alone_are_compared_with_what_the_source_says(tmp_path, sample_messages):
    out = shutil.copytree(sample_messages, tmp_path / "out")
    dialogues = list(pairsmith_rows(out, "red-team"))
    annotate_dialogues(out, {row["id"]: number for number, row in enumerate(dialogues)})
    made = pairsmith.evaluate(out, "model")
    assert "accuracy" not in made.numbers
    assert "Not applicable" in made.verdict[0]
    assert len(made.verdict) == 5
    assert made.numbers["dialogues"]["dialogues"] == len(dialogues)
    assert set(made.numbers["dialogues"]["rank_correlation"]) == {
        "min_harmlessness_score_transcript", "rating"
    }  # fmt: skip


@slow
def test_dialogues_are_not_chosen_from(tmp_path, sample_messages):
    out = shutil.copytree(sample_messages, tmp_path / "out")
    rows = pairsmith_rows(out, "red-team")
    annotate_dialogues(out, {row["id"]: number for number, row in enumerate(rows)})
    pairsmith.annotate(out, "other", [one_of(id=rows[0]["id"])], SCORER)
    with pytest.raises(AnnotationError, match="nothing to choose from"):
        pairsmith.evaluate(out, "model", against="other", words=False)


@slow
def test_a_build_that_kept_no_pair_is_a_sentence(tmp_path):
    (tmp_path / "tea").mkdir()
    same = "\n\nHuman: tea?\n\nAssistant: yes"
    (tmp_path / "tea" / "test.jsonl").write_text(json.dumps({"chosen": same, "rejected": same}))
    out = tmp_path / "out"
    pairsmith.build(str(tmp_path / "tea"), out)
    [refused] = refused_of(out)
    annotate(out, "model", {refused["id"]: (1.0, 0.0)})
    with pytest.raises(AnnotationError, match="none of the 0 kept pairs"):
        pairsmith.evaluate(out, "model", words=False)


@slow
def test_whole_numbers_are_scores(out, scores):
    statements = [one_of(id=id, chosen_score=2**60, rejected_score=1) for id in scores]
    pairsmith.annotate(out, "whole", statements, SCORER)
    made = pairsmith.evaluate(out, "whole", words=False)
    assert made.numbers["accuracy"]["all"]["estimate"] == 1
    assert "contradicts no label" in made.verdict[1]


def annotate_dialogues(out, scores):
    statements = [
        {"id": id, "label": "dialogue", "score": float(s), "turn_scores": [float(s)]}
        for id, s in scores.items()
    ]
    return pairsmith.annotate(out, "model", statements, SCORER)

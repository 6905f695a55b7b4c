"""At its end a training scores the rows that were held out, and says how good it is."""

import json

import pytest

import pairsmith
from pairsmith import Annotator
from support.slow import slow
from support.training import train_quietly

pytest.importorskip("trl")
pytest.importorskip("sklearn")


HELD_OUT = ["pairs/test/1", "pairs/test/2", "pairs/test/3"]


@slow
def test_the_run_says_how_good_it_is(small, tmp_path):
    settings = {"learning_rate": 1e-2, "num_train_epochs": 3.0, "evaluate": True}
    made = train_quietly(small.messages, tmp_path / "Tea Run", small.model, **settings)
    assert made.scores == "tea-run"
    assert len(made.verdict) == 5
    said = pairsmith.read_annotation(small.messages, "tea-run")
    (batch,) = said.batches()
    assert batch["id"].to_pylist() == HELD_OUT
    assert said.annotator.recipe["rows"] == "held out"
    rows = batch.to_pylist()
    margins = [row["chosen_score"] - row["rejected_score"] for row in rows]
    held = made.manifest.metrics
    assert held["held_out_accuracy"] == sum(margin > 0 for margin in margins) / 3 == 1
    assert held["held_out_rows"] == 3
    numbers = json.loads((made.folder / "evaluation" / "evaluation.json").read_text())
    assert numbers["accuracy"]["all"]["estimate"] == held["held_out_accuracy"]
    outputs = {entry.path for entry in made.manifest.outputs}
    assert {"evaluation/evaluation.json", "evaluation/report.html"} <= outputs
    assert made.verdict[0].split(":")[0] in (made.folder / "README.md").read_text()
    assert not (made.folder / "checkpoints").exists()
    scored = pairsmith.score(small.messages, made.folder, name="all")
    by_id = {row["id"]: row["score"] for batch in scored.batches() for row in batch.to_pylist()}
    for id, margin in zip(HELD_OUT, margins, strict=True):
        assert by_id[id] == pytest.approx(margin, abs=1e-4)


@slow
def test_scores_of_another_model_stay(small, tmp_path):
    said = [{"id": "pairs/test/1", "score": 1.0}]
    pairsmith.annotate(small.text, "taken", said, Annotator("a person", "1"))
    made = train_quietly(small.text, tmp_path / "taken", small.model, max_steps=1, evaluate=True)
    assert made.scores.startswith("taken-")
    assert pairsmith.read_annotation(small.text, "taken").annotator.name == "a person"


@slow
def test_nothing_held_out_is_told(small, tmp_path):
    pairsmith.build(small.source / "train.jsonl", tmp_path / "b", subset="teas", split="train")
    made = train_quietly(tmp_path / "b", tmp_path / "run", small.model, max_steps=1, evaluate=True)
    assert "It was not evaluated: no pairs are held out." in made.remarks
    assert made.verdict == ()
    assert "It was not evaluated on rows" in (made.folder / "README.md").read_text()

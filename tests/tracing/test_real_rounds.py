"""Two rounds of real commands: samples of two models, their pairs, and what both tables say."""

import json

import pytest

import pairsmith
from support.chains import write_base
from support.models.folders import write_causal
from support.slow import slow
from support.training import train_quietly

pytestmark = slow
HOW = {"best_of": 4, "max_tokens": 8}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """source ▸ build ▸ reward model ▸ samples ▸ build ▸ policy ▸ samples."""
    pytest.importorskip("trl")
    place = tmp_path_factory.mktemp("world")
    source, model = write_base(place / "teas", 8, 6), write_causal(place / "model")
    pairsmith.build(source, place / "one")
    train_quietly(place / "one", place / "rm", model, max_steps=2)
    pairsmith.generate(
        place / "one", place / "samples-1", model=model, score=place / "rm", round="1", **HOW
    )
    pairsmith.build([str(source), str(place / "samples-1")], place / "two", carry=["round"])
    pairsmith.score(place / "two", place / "rm", name="rm")
    settings = {"max_steps": 2, "learning_rate": 1e-2, "max_length": 256, "evaluate": False}
    pairsmith.train_dpo(
        place / "two", place / "dpo", model_name_or_path=str(model), held_out=str(place / "one"),
        **settings,
    )  # fmt: skip
    pairsmith.generate(
        place / "one",
        place / "samples-2",
        model=place / "dpo",
        score=place / "rm",
        round="2",
        **HOW,
    )
    return place


def test_the_last_samples_lead_to_the_first_file(world):
    found = pairsmith.lineage(world / "samples-2")
    assert found.is_whole, found.problems
    nodes = found.chain.nodes
    assert {(nodes[e.child].label, e.role, nodes[e.parent].label) for e in found.chain.edges} == {
        ("samples-2", "prompts", "one"),
        ("samples-2", "model", "dpo"),
        ("samples-2", "score", "rm"),
        ("dpo", "base", "model"),
        ("dpo", "build", "two"),
        ("dpo", "held_out", "one"),
        ("two", "source", "teas"),
        ("two", "source", "samples-1"),
        ("samples-1", "prompts", "one"),
        ("samples-1", "model", "model"),
        ("samples-1", "score", "rm"),
        ("rm", "base", "model"),
        ("rm", "build", "one"),
        ("one", "source", "teas"),
    }
    assert {node.made.round for node in nodes if node.made.kind == "samples"} == {"1", "2"}


def test_a_line_of_samples_that_was_changed_is_named(world):
    [path] = (world / "samples-1").glob("*/train.jsonl")
    held = path.read_bytes()
    path.write_bytes(held.replace(b'"round"', b'"Round"', 1))
    try:
        verdict = pairsmith.lineage(world / "samples-2").verdict
    finally:
        path.write_bytes(held)
    name = path.relative_to(world / "samples-1").as_posix()
    assert verdict.startswith(f"samples-1: {name} was changed: its sha256 is "), verdict


def test_rounds_of_both(world):
    samples = [world / f"samples-{n}" for n in (1, 2)]
    found = pairsmith.rounds(world / "two", samples=samples)
    assert found.is_clean
    told = json.loads(found.to_json())
    assert [one["round"] for one in told["rounds"]] == ["", "1"]
    ledger = json.loads((world / "samples-1" / "manifest.json").read_text())["ledger"]
    kept = {place: account["kept"] for place, account in ledger.items() if account["kept"]}
    assert told["rounds"][1]["kept"] == kept
    [model] = told["accuracy"]
    assert model["learnt_from"] == [""]
    # the samples of the first round were put in order by this very model
    assert model["rounds"][1]["all"]["share"] == 1.0
    assert model["rounds"][1]["is_new"] is True
    first, second = told["elo"]["snapshots"]
    assert [first["round"], second["round"]] == ["1", "2"]
    assert first["prompts"] == second["prompts"] == 6
    assert told["elo"]["prompts"] == "held out"
    assert abs(second["mean_score"] - first["mean_score"]) * 173.7178 == pytest.approx(
        abs(second["by_scores"]["estimate"]), rel=1e-4
    )

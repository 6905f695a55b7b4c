"""A chain of real commands: a model that was trained, what it said of rows, what that changed."""

import pytest

import pairsmith
from support.models.folders import write_causal
from support.slow import slow
from support.training import pairs_file, train_quietly

pytestmark = slow


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    """source ▸ build ▸ reward model ▸ scores ▸ build ▸ reward model, and an evaluation."""
    pytest.importorskip("trl")
    place = tmp_path_factory.mktemp("chain")
    source = pairs_file(place / "teas", train=22, test=6)
    model = write_causal(place / "model", hidden=24)  # no other folder around has the same one
    pairsmith.build(source, place / "one")
    train_quietly(place / "one", place / "rm", model, max_steps=2)
    pairsmith.score(place / "one", place / "rm", name="rm")
    pairsmith.evaluate(place / "one", "rm", words=False)
    scores = pairsmith.read_annotation(place / "one", "rm")
    doubts = pairsmith.Annotator("somebody", "1", {"scores": "rm", "sha256": scores.sha256})
    rows = [id for batch in scores.batches() for id in batch["id"].to_pylist()]
    first, *others = [id for id in rows if "/train/" in id]
    pairsmith.annotate(place / "one", "doubts", [said(first, "wrong", None)], doubts)
    pairsmith.build(source, place / "two", apply=[f"{place}/one/annotations/doubts"])
    told = [said(id, "sure", 0.9) for id in others]
    pairsmith.annotate(place / "two", "trust", told, pairsmith.Annotator("somebody", "1"))
    train_quietly(place / "two", place / "rm-2", place / "rm", max_steps=1, confidence="trust")
    return place


def said(id, label, score):
    return {"id": id, "label": label, "score": score, "detail": None}


def links(found):
    nodes = found.chain.nodes
    return {(nodes[e.child].label, e.role, nodes[e.parent].label) for e in found.chain.edges}


def test_the_last_model_leads_to_the_first_file(chain):
    found = pairsmith.lineage(chain / "rm-2")
    assert found.is_whole, found.problems
    assert links(found) == {
        ("rm-2", "base", "rm"),
        ("rm-2", "build", "two"),
        ("two", "source", "teas"),
        ("rm-2", "confidence", "two/annotations/trust"),
        ("two/annotations/trust", "build", "two"),
        ("two", "apply", "one/annotations/doubts"),
        ("one/annotations/doubts", "build", "one"),
        ("one/annotations/doubts", "scores", "one/annotations/rm"),
        ("one/annotations/rm", "build", "one"),
        ("one/annotations/rm", "model", "rm"),
        ("rm", "base", "model"),
        ("rm", "build", "one"),
        ("one", "source", "teas"),
    }


def test_an_evaluation_leads_there_too(chain):
    found = pairsmith.lineage(chain / "one" / "evaluations" / "rm")
    assert found.is_whole, found.problems
    assert {("one/evaluations/rm", "build", "one"), ("one", "source", "teas")} <= links(found)


def test_every_file_of_the_chain_is_proved(chain):
    """A byte more in any of them, and the first line names it."""
    wanted = {
        "one/annotations/rm": "part-",
        "rm": "model.safetensors",
        "two": "/train-00000-of-00001.parquet",
        "model": "config.json",
    }
    for folder, name in wanted.items():
        path = next(p for p in sorted((chain / folder).rglob("*")) if name in p.as_posix())
        held = path.read_bytes()
        path.write_bytes(held + b" ")
        try:
            verdict = pairsmith.lineage(chain / "rm-2").verdict
        finally:
            path.write_bytes(held)
        if folder == "model":
            assert verdict.startswith("rm: its parent 'base' was changed, model: "), verdict
        else:
            assert verdict.startswith(f"{folder}: "), verdict
            assert f"{path.name} was changed: its sha256 is" in verdict


def test_rounds_know_what_a_model_learnt_from(chain):
    told = pairsmith.rounds(chain / "two", scores=[]).to_dict()
    assert [one["round"] for one in told["rounds"]] == [""]
    [model] = pairsmith.rounds(chain / "one").to_dict()["accuracy"]
    assert model["learnt_from"] == [""]
    assert model["rounds"][0]["all"]["rows"] == 28

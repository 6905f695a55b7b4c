"""A run of DPO: what it holds and says, and every row of the real file in its ledger."""

import json

import pytest

import pairsmith
from support.models.folders import write_causal, write_scorer
from support.slow import slow
from support.training import train_policy

pytest.importorskip("trl")


@slow
def test_the_run_holds_a_policy_and_what_it_writes(small, tmp_path):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    scorer, told = write_scorer(tmp_path / "scorer"), []
    made = train_policy(
        small.messages, tmp_path / "run", small.model, max_steps=4, learning_rate=1e-2,
        evaluate=True, score=str(scorer), progress=told.append,
    )  # fmt: skip
    evaluating = {one.what: (one.done, one.total) for one in told if one.phase == "evaluating"}
    assert evaluating == {"held-out rows": (3, 3), "replies": (6, 6)}
    model = AutoModelForCausalLM.from_pretrained(made.folder)
    tokenizer = AutoTokenizer.from_pretrained(made.folder)
    assert model.generate(**tokenizer("fern", return_tensors="pt"), max_new_tokens=2).numel() > 0
    assert model.generation_config.do_sample  # servers that follow it sample
    held = made.manifest
    assert held.kind == "dpo"
    assert held.base["name"] == "model"
    assert held.others["score"]["name"] == "scorer"
    assert held.ledger["pairs/train"] == {"read": 22, "trained": 22}
    lines = [
        json.loads(line)
        for line in (made.folder / "evaluation" / "samples.jsonl").read_text().splitlines()
    ]
    assert [line["id"] for line in lines] == [f"pairs/test/{n}" for n in (1, 2, 3)]
    sides = [line[side] for line in lines for side in ("before", "after")]
    assert {*sides[0]} == {"text", "seed", "tokens", "finish_reason", "scores"}
    assert lines[0]["before"]["seed"] == lines[0]["after"]["seed"]
    numbers = json.loads((made.folder / "evaluation" / "evaluation.json").read_text())
    scored = [[line[side]["scores"]["score"] for side in ("before", "after")] for line in lines]
    known = [after for before, after in scored if before is not None and after is not None]
    told = numbers["samples"]["scores"]["score"]["after"]
    missing = numbers["samples"]["scores"]["score"]["not_scored"]
    assert told["rows"] == len(known) == 3 - missing > 0
    assert told["estimate"] == pytest.approx(sum(known) / len(known))
    assert numbers["samples"]["kl"]["estimate"] > 0
    assert numbers["log_ratio"]["difference"]["estimate"] > 0
    assert held.metrics["held_out_accuracy"] == numbers["accuracy"]["all"]["share"]
    card = (made.folder / "README.md").read_text()
    assert made.verdict[0] in card
    assert lines[0]["after"]["text"] not in card
    said = {entry.path for entry in held.outputs}
    assert {"evaluation/evaluation.json", "evaluation/samples.jsonl"} <= said


@slow
def test_replies_are_scored_by_the_ids_that_a_score_reads(small, tmp_path):
    """The scores of replies are those that `pairsmith score` gives the same conversations."""
    from pairsmith.scoring.texts import score_texts

    scorer = write_scorer(tmp_path / "scorer")
    made = train_policy(
        small.messages, tmp_path / "run", small.model, max_steps=1, evaluate=True,
        score=str(scorer),
    )  # fmt: skip
    lines = (made.folder / "evaluation" / "samples.jsonl").read_text().splitlines()
    known = [
        line for line in map(json.loads, lines) if line["after"]["scores"]["score"] is not None
    ]
    assert known
    for line in known:
        said = [*line["prompt"], {"role": "assistant", "content": line["after"]["text"]}]
        (found,) = score_texts([said], str(scorer))
        assert line["after"]["scores"]["score"] == pytest.approx(found.score, abs=1e-5)


@slow
@pytest.mark.parametrize("form", ["text", "messages"])
def test_every_row_of_the_real_file_is_accounted_for(real, tmp_path, form):
    shares = pairsmith.split(real, tmp_path / "divided", test=0.1)
    options = {"template": "llama2"} if form == "text" else {}
    built = pairsmith.build(tmp_path / "divided", tmp_path / "out", **options)
    write_causal(tmp_path / "model")
    made = train_policy(
        tmp_path / "out", tmp_path / "run", tmp_path / "model", max_steps=1, max_length=512
    )
    ledger = made.manifest.ledger
    for held in ledger.values():
        assert held["read"] == sum(count for name, count in held.items() if name != "read")
    kept = {f"{entry.subset}/{entry.split}": entry.kept for entry in built.ledger}
    assert {place: held["read"] for place, held in ledger.items()} == kept
    assert sum(kept.values()) + sum(built.totals.quarantined.values()) == 2312
    assert sum(share.read for share in shares) == 2312
    train = ledger["harmless-base/train"]
    assert train["cut"] > 50
    assert train["prompt_fills"] > 20
    told = pairsmith.preview(tmp_path / "out", tmp_path / "model", rows=0, max_length=512).totals
    assert train["prompt_fills"] <= told.dropped
    assert train["cut"] <= told.cut.rows

"""A preference model trained on a build: what the run holds, what its ledger says."""

import json

import pytest

import pairsmith
from support.models.folders import write_causal
from support.training import pairs_file, train_quietly

pytest.importorskip("trl")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A build of few pairs as text and as messages, and a tiny model. Not to be changed."""
    place = tmp_path_factory.mktemp("training")
    source = pairs_file(place / "teas", train=12, test=3)
    pairsmith.build(source, place / "text", template="llama2")
    pairsmith.build(source, place / "messages")
    write_causal(place / "model")
    return place


@pytest.fixture(scope="module")
def run(folder):
    """A run on the text. Not to be changed."""
    return train_quietly(folder / "text", folder / "run", folder / "model")


def test_the_run_holds_a_model_that_transformers_load(run, folder):
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    model = AutoModelForSequenceClassification.from_pretrained(run.folder)
    tokenizer = AutoTokenizer.from_pretrained(run.folder)
    assert model.config.num_labels == 1
    assert tokenizer.pad_token_id not in (tokenizer.eos_token_id, tokenizer.bos_token_id)
    assert model.config.pad_token_id == tokenizer.pad_token_id
    scores = model(**tokenizer(["a fern", "a rose"], return_tensors="pt", padding=True)).logits
    assert scores.shape == (2, 1)


def test_the_ledger_balances_and_is_what_the_trainer_has(run):
    held = run.manifest.ledger
    assert held["pairs/train"] == {"read": 12, "trained": 12}
    assert held["pairs/test"] == {"read": 3, "trained": 0, "held_out": 3}


def test_the_run_says_what_it_is_of(run, folder):
    from hashlib import sha256

    held = json.loads((run.folder / "manifest.json").read_text())
    built = (folder / "text/manifest.json").read_bytes()
    assert held["build"]["sha256"] == sha256(built).hexdigest()
    for entry in held["outputs"]:
        data = (run.folder / entry["path"]).read_bytes()
        assert (len(data), sha256(data).hexdigest()) == (entry["bytes"], entry["sha256"])
    on_disk = {path.name for path in run.folder.iterdir()} - {"manifest.json"}
    assert on_disk == {entry["path"] for entry in held["outputs"]}
    lines = [json.loads(line) for line in (run.folder / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2]
    card = (run.folder / "README.md").read_text()
    assert held["build"]["sha256"] in card
    assert "| pairs | train | 12 | 12 | 0 |" in card

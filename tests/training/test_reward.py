"""A preference model trained on a build: what the run holds, what its ledger says."""

import json
from hashlib import sha256

import pytest

import pairsmith
from pairsmith.scoring.texts import score_texts
from support.slow import quick, slow
from support.training import stop_after, train_quietly, weights_of

pytest.importorskip("trl")


@pytest.fixture(scope="module")
def run(small, tmp_path_factory):
    """A run on text, and what was told on the way. Not to be changed."""
    told = []
    place = tmp_path_factory.mktemp("run") / "run"
    made = train_quietly(small.text, place, small.model, max_steps=2, progress=told.append)
    return made, told


def test_the_run_holds_a_model_that_transformers_load(run):
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    made, _ = run
    model = AutoModelForSequenceClassification.from_pretrained(made.folder)
    tokenizer = AutoTokenizer.from_pretrained(made.folder)
    assert model.config.num_labels == 1
    assert tokenizer.pad_token_id not in (tokenizer.eos_token_id, tokenizer.bos_token_id)
    assert model.config.pad_token_id == tokenizer.pad_token_id
    assert made.remarks[0].endswith("<|pad|> was added.")
    texts = ["fern", "fern tea garden"]
    together = model(**tokenizer(texts, return_tensors="pt", padding=True)).logits
    alone = model(**tokenizer(texts[:1], return_tensors="pt")).logits
    assert together[0].item() == pytest.approx(alone[0].item(), abs=1e-6)


def test_the_ledger_balances_and_every_split_is_in_it(run):
    assert run[0].manifest.ledger == {
        "pairs/test": {"read": 3, "trained": 0, "held_out": 3},
        "pairs/train": {"read": 22, "trained": 22},
    }


def test_the_run_says_what_it_is_of(run, small):
    folder = run[0].folder
    held = json.loads((folder / "manifest.json").read_text())
    built = (small.text / "manifest.json").read_bytes()
    assert held["build"]["sha256"] == sha256(built).hexdigest()
    for entry in held["outputs"]:
        data = (folder / entry["path"]).read_bytes()
        assert (len(data), sha256(data).hexdigest()) == (entry["bytes"], entry["sha256"])
    on_disk = {path.name for path in folder.iterdir()} - {"manifest.json"}
    assert on_disk == {entry["path"] for entry in held["outputs"]}
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2]
    assert held["metrics"]["loss"] == pytest.approx((lines[0]["loss"] + lines[1]["loss"]) / 2)
    card = (folder / "README.md").read_text()
    assert held["build"]["sha256"] in card
    assert held["base"]["sha256"] in card
    assert "| pairs | train | 22 | 22 | 0 |" in card


def test_progress_is_told(run):
    rows = [step for step in run[1] if step.phase == "rows"]
    steps = [step for step in run[1] if step.phase == "training"]
    assert [(step.what, step.done, step.total) for step in rows] == [("pairs/train", 22, 22)]
    assert [(step.done, step.total) for step in steps] == [(1, 2), (2, 2)]
    assert all(0 < step.loss < 2 and 0 <= step.accuracy <= 1 for step in steps)
    assert all(step.tokens_per_second > 0 for step in steps)
    assert steps[-1].seconds_left == 0


def test_the_library_prints_nothing(small, tmp_path, capfd):
    train_quietly(small.messages, tmp_path / "run", small.model, max_steps=1)
    assert capfd.readouterr() == ("", "")


@slow
def test_a_finished_run_is_reused_and_its_own_settings_make_it_again(run, small, tmp_path):
    made, _ = run
    before = (made.folder / "manifest.json").stat().st_mtime_ns
    again = train_quietly(small.text, made.folder, small.model, max_steps=2)
    assert again.reused
    assert (made.folder / "manifest.json").stat().st_mtime_ns == before
    import pairsmith

    other = pairsmith.train_reward(small.text, tmp_path / "2", config=made.folder / "config.yaml")
    assert not other.reused
    assert weights_of(other.folder) == weights_of(made.folder)


@slow
def test_another_seed_makes_other_weights(run, small, tmp_path):
    train_quietly(small.text, tmp_path / "run", small.model, max_steps=2, seed=43)
    assert weights_of(tmp_path / "run") != weights_of(run[0].folder)


@slow
def test_a_run_by_other_settings_stays_until_it_is_forced_and_another_is_whole(small, tmp_path):
    from pairsmith.errors import OutputError

    place = tmp_path / "run"
    train_quietly(small.text, place, small.model, max_steps=1)
    first = weights_of(place)
    with pytest.raises(OutputError, match="seed is 42 there and 7 here"):
        train_quietly(small.text, place, small.model, max_steps=1, seed=7)
    with pytest.raises(OutputError, match="of another build"):
        train_quietly(small.messages, place, small.model, max_steps=1)
    other = {"max_steps": 3, "seed": 7, "force": True}
    with pytest.raises(KeyboardInterrupt):
        train_quietly(small.text, place, small.model, progress=stop_after(2), **other)
    assert weights_of(place) == first
    made = train_quietly(small.text, place, small.model, **other)
    assert made.manifest.metrics["steps"] == 3
    assert weights_of(place) != first
    assert not (place / "checkpoints").exists()


@pytest.mark.parametrize("marked", quick(["chosen", "rejected"], "rejected"))
def test_it_learns_which_side_was_chosen(marked, small, tmp_path):
    """A word that one side alone has is found in a few steps, and its sign is that of the side."""
    other = {"chosen": "rejected", "rejected": "chosen"}[marked]
    rows = [
        {
            "prompt": f"Tea number {number}?",
            marked: f"fern garden {number % 3}",
            other: f"tea garden {number % 3}",
        }
        for number in range(48)
    ]
    source = tmp_path / "rows.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    build = tmp_path / "build"
    pairsmith.build(source, build, subset="teas", split="train", template="llama2")
    made = train_quietly(
        build, tmp_path / "run", small.model, num_train_epochs=8, max_steps=-1,
        learning_rate=3e-2, per_device_train_batch_size=12, max_length=64,
    )  # fmt: skip
    texts = [f"[INST] Tea number 99? [/INST] {word} garden 1 </s>" for word in ("fern", "tea")]
    fern, tea = (scored.score for scored in score_texts(texts, str(made.folder)))
    assert (fern > tea) == (marked == "chosen")
    assert abs(fern - tea) > 0.5

"""pairsmith train reward: what the screen says, and what is refused in a sentence."""

import json
import shlex
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer

import pairsmith
from pairsmith.cli.training import train_and_draw
from pairsmith.models.run_folder import RunManifest
from pairsmith.schema.rows import Form
from pairsmith.training.checkpoints import seal
from support.models.folders import write_causal
from support.slow import quick, slow
from support.tiny import llama_tokenizer
from support.training import pairs_file, train_quietly

pytest.importorskip("trl")

RUN = RunManifest(
    pairsmith="1",
    kind="reward",
    build={"name": "my teas", "sha256": "0" * 64},
    base={"name": "tiny", "sha256": "1" * 64},
    form=Form.TEXT,
    template=None,
    config={},
    ledger={"teas/train": {"read": 3, "trained": 3}},
    metrics={},
    versions={},
)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Builds of 22 pairs and a tiny model. Not to be changed."""
    place = tmp_path_factory.mktemp("small")
    source = pairs_file(place / "teas", train=22, test=3)
    pairsmith.build(source, place / "text", template="llama2")
    pairsmith.build(source, place / "messages")
    pairsmith.build(source / "train.jsonl", place / "alone", subset="teas", split="train")
    return SimpleNamespace(folder=place, model=write_causal(place / "model"))


@pytest.fixture(scope="module")
def others(small):
    """Models that will not do, or not without a word."""
    import torch
    from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForSequenceClassification

    plain = llama_tokenizer(["tea"])
    plain.chat_template = None
    write_causal(small.folder / "no_template", tokenizer=plain)
    endless = llama_tokenizer(["tea"])
    endless.eos_token = endless.pad_token = None
    endless.chat_template = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
    write_causal(small.folder / "no_eos", tokenizer=endless)
    many = LlamaConfig(
        vocab_size=300, hidden_size=16, intermediate_size=16, num_hidden_layers=1,
        num_attention_heads=2, num_labels=3, pad_token_id=0,
    )  # fmt: skip
    LlamaForSequenceClassification(many).save_pretrained(small.folder / "three")
    llama_tokenizer(["tea"]).save_pretrained(small.folder / "three")
    AutoModelForCausalLM.from_pretrained(small.model).save_pretrained(small.folder / "narrow")
    words = [f"tea{number} steeps{number} long{number}" for number in range(400)]
    llama_tokenizer(words, vocabulary=900).save_pretrained(small.folder / "narrow")
    broken = AutoModelForCausalLM.from_pretrained(small.model)
    with torch.no_grad():
        broken.model.norm.weight.fill_(float("nan"))
    broken.save_pretrained(small.folder / "broken")
    llama_tokenizer(["How do I water the fern"]).save_pretrained(small.folder / "broken")
    return small


QUICK = [
    "--max-length", 256, "--max-steps", 1, "--per-device-train-batch-size", 4, "--no-evaluate",
]  # fmt: skip


def test_the_screen_and_json(run, small, tmp_path):
    place = tmp_path / "run"
    line = ["train", "reward", small.folder / "messages", place, "--model", small.model, *QUICK]
    code, printed, _ = run(*line)
    assert code == 0
    assert "read 25 = trained 22 + held_out 3" in printed
    assert "accuracy" in printed
    assert f"pairsmith score {small.folder / 'messages'} --model {place}" in " ".join(
        printed.split()
    )
    assert "pairsmith evaluate" in printed
    code, printed, _ = run(*line, "--json")
    held = json.loads(printed)
    assert (code, held["reused"], held["kind"]) == (0, True, "reward")
    code, _, errors = run(*line, "--seed", 7)
    assert code == 2
    assert "seed is 42 there and 7 here" in errors


REFUSED = [
    ("messages", ["--model", "no_template"], "has no chat template, and the rows are messages"),
    ("text", ["--model", "no_eos"], "has no EOS token"),
    ("text", ["--model", "three"], "has 3 labels"),
    ("text", ["--model", "narrow"], "The tokenizer of"),
    ("text", ["--model", "broken"], "is no finite number in step 1, of the rows pairs/train/"),
    ("text", ["--model", "nowhere"], "nowhere"),
    ("text", ["--model", "text"], "is no model's folder"),
    ("text", [], "No model is named"),
    ("text", ["--model", "model", "--max-length", 5], "No row is left to train on: read 25 ="),
    ("text", ["--model", "model", "--max-length", 9999], "positions for 4,096 tokens"),
    ("text", ["--model", "model", "--subset", "coffee"], "no subset 'coffee'"),
    ("text", ["--model", "model", "--margin"], "The build has no margins"),
    ("text", ["--model", "model", "--confidence", "label"], "no column label_confidence"),
    ("text", ["--model", "model", "--confidence", "absent"], "There is no annotation"),
    ("text", ["--model", "model", "--config", "no.yaml"], "no.yaml cannot be read"),
    ("model", ["--model", "model"], "holds no finished build"),
]


@pytest.mark.parametrize(
    ("build", "options", "said"),
    quick(REFUSED, REFUSED[0], REFUSED[4], REFUSED[7], REFUSED[8]),
    ids=[
        "template", "eos", "labels", "vocabulary", "nan", "absent", "no-model", "unnamed",
        "too-long", "positions", "subset", "margin", "label", "annotation", "config", "build",
    ],
)  # fmt: skip
def test_what_cannot_be_is_a_sentence(run, others, tmp_path, build, options, said):
    named = [
        str(others.folder / word) if before == "--model" else word
        for before, word in zip([None, *options], options, strict=False)
    ]
    line = [*QUICK, *named]
    code, printed, errors = run("train", "reward", others.folder / build, tmp_path / "r", *line)
    assert (code, printed) == (2, "")
    assert said in errors
    assert "Traceback" not in errors
    assert not (tmp_path / "r" / "manifest.json").exists()


@slow
def test_a_subset_without_test_is_told_and_goes_on(small, tmp_path):
    made = train_quietly(small.folder / "alone", tmp_path / "run", small.model, max_steps=1)
    assert "No rows are held out for evaluation of teas." in made.remarks


@pytest.mark.parametrize("name", quick(["thesis.txt", "manifest.json"]))
@pytest.mark.parametrize("force", [(), ("--force",)], ids=["plain", "force"])
def test_a_folder_that_holds_something_else(run, small, tmp_path, name, force):
    (tmp_path / name).write_text("{}")
    line = [small.folder / "text", tmp_path, "--model", small.model, *QUICK, *force]
    code, _, errors = run("train", "reward", *line)
    assert code == 2
    assert "holds something else" in errors
    assert [path.name for path in tmp_path.iterdir()] == [name]


@slow
def test_a_tokenizer_without_pad_and_eos_gets_a_pad(others, tmp_path):
    made = train_quietly(
        others.folder / "messages", tmp_path / "run", others.folder / "no_eos", max_steps=1
    )
    assert any("<|pad|> was added" in remark for remark in made.remarks)


def test_settings_of_a_file_that_are_none(run, small, tmp_path):
    (tmp_path / "c.yaml").write_text("lerning_rate: 1e-5\n")
    line = [small.folder / "text", tmp_path / "run", "--model", small.model]
    code, _, errors = run("train", "reward", *line, "--config", tmp_path / "c.yaml")
    assert code == 2
    assert "a field 'lerning_rate', which is none" in errors
    assert "Did you mean learning_rate?" in errors


@slow
def test_settings_that_the_trainer_refuses(run, small, tmp_path):
    (tmp_path / "c.yaml").write_text("lr_scheduler_type: sideways\n")
    line = [small.folder / "text", tmp_path / "run", "--model", small.model]
    code, _, errors = run("train", "reward", *line, "--config", tmp_path / "c.yaml")
    assert code == 2
    assert "The trainer refuses the settings" in errors


def test_the_commands_that_come_next_can_be_typed_as_they_stand(capsys):
    """Folders with spaces and quotes are quoted for a shell."""
    from pairsmith.cli.render.training import draw
    from pairsmith.training.job import TrainedModel

    build, run = "my teas", "it's a run"
    draw(TrainedModel(Path(run), RUN, scores="held"), build, run, as_json=False)
    lines = capsys.readouterr().out.splitlines()
    said = [shlex.split(line[line.index("pairsmith ") :]) for line in lines if "pairsmith " in line]
    assert said == [
        ["pairsmith", "evaluate", build, "--scores", "held"],
        ["pairsmith", "score", build, "--model", run, "--name", "held"],
    ]


def test_a_training_that_is_stopped_says_where_it_goes_on(tmp_path, capsys):
    def stop(*_given, **_named):
        raise KeyboardInterrupt

    run = tmp_path / "run"
    with pytest.raises(typer.Exit):
        train_and_draw(stop, "build", str(run), as_json=False)
    assert "the same command begins again" in capsys.readouterr().err
    (run / "checkpoints" / "checkpoint-3").mkdir(parents=True)
    seal(run / "checkpoints" / "checkpoint-3")
    with pytest.raises(typer.Exit):
        train_and_draw(stop, "build", str(run), as_json=False)
    assert "goes on from the last whole checkpoint" in capsys.readouterr().err

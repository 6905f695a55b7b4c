"""pairsmith train dpo: what the screen says, and what is refused in a sentence."""

import json

import pytest

import pairsmith
from support.models.folders import write_causal, write_scorer
from support.slow import quick, slow
from support.tiny import llama_tokenizer
from support.training import pairs_file, train_quietly

pytest.importorskip("trl")
QUICK = [
    "--max-length", 256, "--max-steps", 1, "--per-device-train-batch-size", 4, "--no-evaluate",
]  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Builds of 22 pairs, `text` and `messages`; models that will do, and that will not."""
    import torch
    from transformers import AutoModelForCausalLM

    folder = tmp_path_factory.mktemp("small")
    source = pairs_file(folder / "teas", train=22, test=3)
    pairsmith.build(source, folder / "text", template="llama2")
    pairsmith.build(source, folder / "messages")
    write_causal(folder / "model")
    write_scorer(folder / "scorer")
    plain = llama_tokenizer(["tea"])
    plain.chat_template = None
    write_causal(folder / "no_template", tokenizer=plain)
    broken = AutoModelForCausalLM.from_pretrained(folder / "model")
    with torch.no_grad():
        broken.model.norm.weight.fill_(float("nan"))
    write_causal(folder / "broken")
    broken.save_pretrained(folder / "broken")
    words = [f"tea{number} steeps{number} long{number}" for number in range(400)]
    AutoModelForCausalLM.from_pretrained(folder / "model").save_pretrained(folder / "narrow")
    llama_tokenizer(words, vocabulary=900).save_pretrained(folder / "narrow")
    return folder


@slow
def test_the_screen_and_json(run, place, tmp_path):
    line = ["train", "dpo", place / "messages", tmp_path / "run", "--model", place / "model"]
    # the first step warms up; without another the policy is where it began, without an accuracy
    line += ["--score", place / "scorer", *QUICK[:-1], "--max-steps", 3, "--learning-rate", 0.01]
    code, printed, _ = run(*line)
    assert code == 0
    assert "read 25 = trained 22 + held_out 3" in printed
    assert "Accuracy of the implicit reward: " in printed
    assert "\nscore: " in printed
    code, printed, _ = run(*line, "--json")
    held = json.loads(printed)
    assert (code, held["reused"], held["kind"]) == (0, True, "dpo")
    assert held["others"]["score"]["name"] == "scorer"
    code, _, errors = run(*line, "--beta", 0.5)
    assert code == 2
    assert "beta is 0.1 there and 0.5 here" in errors


REFUSED = [
    ("messages", ["--model", "no_template"], "has no chat template, and the rows are messages"),
    ("text", ["--model", "broken"], "is no finite number in step 1, of the rows pairs/train/"),
    ("text", ["--model", "scorer"], "gives scores, and writes no replies"),
    ("text", ["--model", "narrow"], "The tokenizer of"),
    ("text", ["--model", "model", "--max-length", 5], "= trained 0 + held_out 3 + prompt_fills 22"),
    ("text", ["--model", "model", "--margin"], "The build has no margins"),
    ("text", ["--model", "model", "--score", "model"], "named by --score, gives no scores"),
    ("text", ["--model", "model", "--score", "judge"], "trained on messages, and the build holds"),
    ("text", ["--model", "model", "--loss-type", "nca"], "'nca' is no loss of TRL's"),
    ("text", ["--model", "model", "--held-out", "messages"], "opens with the question of"),
    ("text", ["--model", "model", "--held-out", "model"], "holds no finished build"),
]


@pytest.mark.parametrize(
    ("build", "options", "said"),
    quick(REFUSED, *(REFUSED[place] for place in (0, 2, 4, 8))),
    ids=[
        "template", "nan", "scorer", "vocabulary", "context", "margin", "score", "form", "loss",
        "held-out", "no-build",
    ],
)  # fmt: skip
def test_what_cannot_be_is_a_sentence(run, place, tmp_path, build, options, said):
    if "judge" in options and not (place / "judge").exists():
        train_quietly(place / "messages", place / "judge", place / "model", max_steps=1)
    folders = ("--model", "--score", "--held-out")
    named = [
        str(place / word) if before in folders else word
        for before, word in zip([None, *options], options, strict=False)
    ]
    code, printed, errors = run("train", "dpo", place / build, tmp_path / "r", *QUICK, *named)
    assert (code, printed) == (2, "")
    assert said in " ".join(errors.split())
    assert "Traceback" not in errors
    assert not (tmp_path / "r" / "manifest.json").exists()

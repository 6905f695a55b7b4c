"""The real TRL trains on an export with the script that lies beside it."""

import functools
import runpy
import sys

import pytest

import pairsmith
from support.exported import pairs_of
from support.slow import slow
from support.tiny import llama_model, llama_tokenizer

trl = pytest.importorskip("trl")
pytest.importorskip("datasets")
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module")
def model(sample_messages, tmp_path_factory):
    """A folder with a tiny model and its tokenizer."""
    folder = tmp_path_factory.mktemp("model")
    rows = [row for rows in pairs_of(sample_messages).values() for row in rows]
    tokenizer = llama_tokenizer([turn["content"] for row in rows for turn in row["prompt"]])
    tokenizer.save_pretrained(folder)
    llama_model(len(tokenizer)).save_pretrained(folder)
    return folder


@pytest.fixture
def run(model, tmp_path, monkeypatch):
    """Runs an export's train.py for two steps; returns its trainer."""
    quick = {
        "max_steps": 2, "per_device_train_batch_size": 4, "logging_steps": 1, "use_cpu": True,
        "bf16": False, "save_strategy": "no", "report_to": [], "disable_tqdm": True,
    }  # fmt: skip

    def command(out, trainer):
        dest = tmp_path / "export"
        pairsmith.export(out, dest, trainer=trainer)
        for name in ("DPOConfig", "KTOConfig"):
            monkeypatch.setattr(trl, name, functools.partial(getattr(trl, name), **quick))
        monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
        monkeypatch.setattr(sys, "argv", ["train.py", str(model)])
        monkeypatch.chdir(tmp_path)
        return runpy.run_path(str(dest / "train.py"))["trainer"]

    return command


@slow  # a few steps are made by tests/trainers in any case
@pytest.mark.parametrize("build", ["sample_text", "sample_system"])
def test_dpo(build, run, request):
    out = request.getfixturevalue(build)
    trained = run(out, "trl")
    ids = [row["id"] for rows in pairs_of(out, "train").values() for row in rows]
    assert list(trained.train_dataset["id"]) == ids
    assert len(trained.eval_dataset) == sum(map(len, pairs_of(out, "test").values()))
    assert [entry["loss"] > 0 for entry in trained.state.log_history if "loss" in entry] == [
        True
    ] * 2


@slow
def test_kto_meets_each_prompt_with_the_reply_to_another(sample_system, run):
    trained = run(sample_system, "trl-kto")
    rows = trained.train_dataset
    pairs = [pair for pairs in pairs_of(sample_system, "train").values() for pair in pairs]
    assert len(rows) == 2 * len(pairs)
    assert sum(rows["label"]) == len(pairs)
    replies = {}
    for row in rows:
        replies.setdefault(row["id"], []).append(row["completion_ids"])
    own = [row["id"] for row in rows if row["KL_completion_ids"] in replies[row["id"]]]
    assert not own

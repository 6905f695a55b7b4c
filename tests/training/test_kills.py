"""A training that is killed at any moment, and begun again, ends as one that was left alone."""

import json
import random

import pytest

import pairsmith
from pairsmith.training import run as running
from support.annotated import tree
from support.models.commands import run_command, succeed
from support.models.folders import write_causal
from support.slow import slow
from support.training import pairs_file, train_quietly

pytest.importorskip("trl")
KILLS = 20
STEPS = 20
SETTINGS = (
    *("--per-device-train-batch-size", "2"),
    *("--gradient-accumulation-steps", "2"),
    *("--learning-rate", "1e-3"),
    *("--max-steps", str(STEPS)),
)
VOLATILE = ("tokens_per_second",)
"""What of a line of metrics is of the clock."""


@pytest.fixture(scope="module", params=["reward", "dpo"])
def command(request, tmp_path_factory):
    """The command that trains on a build, but for where to."""
    folder = tmp_path_factory.mktemp("kills")
    pairsmith.build(pairs_file(folder / "rows", train=52), folder / "build")
    write_causal(folder / "model")
    return ("train", request.param, folder / "build"), ("--model", folder / "model", *SETTINGS)


def metrics_of(run):
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [{key: line[key] for key in line if key not in VOLATILE} for line in lines]


def assert_same(run, whole):
    """Whether a run is what another is, but for what the clock wrote."""
    mine, theirs = (json.loads((one / "manifest.json").read_text()) for one in (run, whole))
    assert mine["metrics"] == pytest.approx(theirs["metrics"], abs=1e-5)
    assert mine["metrics"]["steps"] == STEPS
    assert mine["ledger"] == theirs["ledger"]
    assert metrics_of(run) == [pytest.approx(line, abs=1e-5) for line in metrics_of(whole)]
    files, expected = tree(run), tree(whole)
    assert files.keys() == expected.keys()
    assert files["model.safetensors"] == expected["model.safetensors"]


@slow
def test_killed_at_any_moment_it_ends_alike(command, tmp_path):
    (begin, end), run, whole = command, tmp_path / "run", tmp_path / "whole"
    succeed("--version")  # the process that others are forked from takes a while to begin
    seconds = succeed(*begin, whole, *end).seconds
    chance = random.Random(7)
    killed, moments = 0, 0
    while killed < KILLS:
        outcome = run_command(*begin, run, *end, kill_after=chance.uniform(0.1, seconds))
        if outcome.status is None:
            killed += 1
            continue
        assert outcome.status == 0, outcome
        moments += 1
        assert_same(run, whole)
        run = tmp_path / f"run{moments}"
    succeed(*begin, run, *end)
    assert_same(run, whole)


@slow
def test_broken_off_behind_its_last_step_it_takes_no_step_more(command, tmp_path, monkeypatch):
    """The last checkpoint is of the last step, in the middle of the rows: there it goes on from."""
    (_, method, build), (_, model, *_) = command
    train = getattr(pairsmith, f"train_{method}")
    whole, run = tmp_path / "whole", tmp_path / "run"
    train_quietly(build, whole, model, train, max_steps=2)

    def break_off(*_given):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(running, "finish", break_off)
        with pytest.raises(KeyboardInterrupt):
            train_quietly(build, run, model, train, max_steps=2)
    again = train_quietly(build, run, model, train, max_steps=2)
    assert again.manifest.metrics["steps"] == 2
    assert (run / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()

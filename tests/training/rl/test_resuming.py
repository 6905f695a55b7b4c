"""A training that is broken off, anywhere, ends as one that was left alone: the same replies."""

import json
import random

import pytest

from pairsmith.training import run as running
from support.annotated import tree
from support.models.commands import run_command, succeed
from support.rl import metrics_of, train_rl_quietly
from support.slow import slow
from support.training import stop_after

pytest.importorskip("trl")
KILLS = 12
CYCLES = {"per_device_train_batch_size": 8, "gradient_accumulation_steps": 2}
WAYS = {
    "rloo": {},
    "grpo": {"method": "grpo"},
    "adapters": {"use_peft": True},
    "again": {"config": "steps_per_generation: 4\nnum_iterations: 2\n", **CYCLES},
}
"""By name, options; the last learns four steps from the same replies."""


@slow
@pytest.mark.parametrize("way", WAYS)
def test_broken_off_and_begun_again_it_is_the_same(way, words, tmp_path):
    asked = {**WAYS[way], "save_steps": 3, "max_steps": 8}
    config = tmp_path / "config.yaml"
    config.write_text(f"save_steps: {asked.pop('save_steps')}\n{asked.pop('config', '')}")
    given = (words.messages, words.policy, words.likes)
    whole, broken = (tmp_path / name for name in ("whole", "broken"))
    train_rl_quietly(given[0], whole, *given[1:], config=config, **asked)
    for step in (5, 7):  # epochs have four steps, or less
        with pytest.raises(KeyboardInterrupt):
            train_rl_quietly(
                given[0], broken, *given[1:], config=config, progress=stop_after(step), **asked
            )
        assert (broken / "checkpoints" / "metrics.jsonl").is_file()
    train_rl_quietly(given[0], broken, *given[1:], config=config, **asked)
    assert metrics_of(broken) == metrics_of(whole)
    assert tree(broken)["model.safetensors"] == tree(whole)["model.safetensors"]


@slow
def test_broken_off_behind_a_stop_it_stops_at_the_same_step(words, tmp_path, monkeypatch):
    asked = {"watch": str(words.dislikes), "beta": 0.0, "max_steps": 40}
    config = tmp_path / "config.yaml"
    config.write_text("save_steps: 5\n")  # the last checkpoint is of the step of the stop
    given = (words.messages, words.policy, words.likes)
    whole = train_rl_quietly(given[0], tmp_path / "whole", *given[1:], config=config, **asked)

    def break_off(*_given):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(running, "finish", break_off)
        with pytest.raises(KeyboardInterrupt):
            train_rl_quietly(given[0], tmp_path / "run", *given[1:], config=config, **asked)
    again = train_rl_quietly(given[0], tmp_path / "run", *given[1:], config=config, **asked)
    assert again.manifest.metrics == whole.manifest.metrics
    assert again.manifest.metrics["kept_step"] == 5
    files, expected = tree(again.folder), tree(whole.folder)
    assert files["model.safetensors"] == expected["model.safetensors"]


@slow
def test_killed_at_any_moment_it_ends_alike(words, tmp_path):
    begin = ("train", "rl", words.messages)
    end = (
        *("--model", words.policy, "--reward", words.likes, "--watch", words.dislikes),
        *("--per-device-train-batch-size", "32", "--gradient-accumulation-steps", "1"),
        *("--learning-rate", "2e-2", "--max-completion-length", "8", "--max-steps", "20"),
        "--no-stop",
    )
    run, whole = tmp_path / "run", tmp_path / "whole"
    succeed("--version")  # the process that others are forked from takes a while to begin
    seconds = succeed(*begin, whole, *end).seconds
    chance, killed, ended = random.Random(7), 0, 0
    while killed < KILLS:
        outcome = run_command(*begin, run, *end, kill_after=chance.uniform(0.1, seconds))
        if outcome.status is None:
            killed += 1
            continue
        assert outcome.status == 0, outcome
        assert_same(run, whole)
        ended += 1
        run = tmp_path / f"run{ended}"
    succeed(*begin, run, *end)
    assert_same(run, whole)


def assert_same(run, whole):
    """Whether a run is what another is, but for what the clock wrote."""
    mine, theirs = (json.loads((one / "manifest.json").read_text()) for one in (run, whole))
    assert mine["metrics"] == pytest.approx(theirs["metrics"], abs=1e-6)
    assert mine["ledger"] == theirs["ledger"]
    assert metrics_of(run) == metrics_of(whole)
    files, expected = tree(run), tree(whole)
    assert files.keys() == expected.keys()
    for name in ("model.safetensors", "evaluation/samples.jsonl"):
        assert files[name] == expected[name]

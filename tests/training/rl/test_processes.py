"""Several processes reply, reward and learn together, and the first alone writes the run."""

import json

import pytest

from support.launching import launch
from support.rl import metrics_of
from support.slow import slow

pytest.importorskip("accelerate")


@slow
@pytest.mark.parametrize("method", ["rloo", "grpo"])
def test_two_processes_make_one_run(words, tmp_path, method):
    run = tmp_path / "run"
    line = [
        words.messages, run, "--model", words.policy, "--reward", words.likes, "--watch",
        words.dislikes, "--method", method, "--per-device-train-batch-size", 16, "--max-steps", 12,
        "--learning-rate", 2e-2, "--max-completion-length", 8, "--no-stop", "--json",
    ]  # fmt: skip
    done = launch("rl", *line, "--gradient-accumulation-steps", 1)
    assert done.returncode == 0, done.stderr
    held = json.loads(done.stdout)  # printed once
    assert held["metrics"]["processes"] == 2
    assert held["ledger"]["pairs/train"] == {"read": 64, "trained": 32, "duplicate": 32}
    on_disk = {str(path.relative_to(run)) for path in run.rglob("*") if path.is_file()}
    assert on_disk - {"manifest.json"} == {entry["path"] for entry in held["outputs"]}
    lines = metrics_of(run)
    assert [one["step"] for one in lines] == list(range(1, 13))
    assert all(one["watch"] == pytest.approx(-one["reward"], abs=1e-5) for one in lines)
    assert held["metrics"]["held_out_reward_gain_low"] > 0

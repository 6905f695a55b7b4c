"""Several processes train together, and the first alone writes the run."""

import json

import pytest

from support.launching import launch
from support.slow import slow

pytest.importorskip("accelerate")


@slow
@pytest.mark.parametrize("method", ["reward", "dpo"])
def test_two_processes_make_one_run(small, tmp_path, method):
    line = [
        small.messages, tmp_path / "run", "--model", small.model, "--max-length", 256,
        "--per-device-train-batch-size", 4, "--json", "--no-evaluate",
    ]  # fmt: skip
    done = launch(method, *line, "--gradient-accumulation-steps", 1)
    assert done.returncode == 0, done.stderr
    held = json.loads(done.stdout)  # printed once
    assert held["metrics"]["processes"] == 2
    assert held["metrics"]["steps"] == 3  # of eight pairs, four a process
    assert held["ledger"]["pairs/train"] == {"read": 22, "trained": 22}
    on_disk = {path.name for path in (tmp_path / "run").iterdir()} - {"manifest.json"}
    assert on_disk == {entry["path"] for entry in held["outputs"]}
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [1, 2, 3]

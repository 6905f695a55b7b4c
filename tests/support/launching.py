"""Trainings by several processes of this machine, as accelerate launches them."""

import os
import subprocess
import sys
from pathlib import Path


def launch(method, *line):
    """Two processes on this machine's CPU, by accelerate's own launcher."""
    launcher = [
        Path(sys.executable).with_name("accelerate"), "launch", "--multi_gpu",
        "--num_processes", 2, "--num_machines", 1, "--mixed_precision", "no",
        "--dynamo_backend", "no", "--main_process_port", 0,
    ]  # fmt: skip
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [str(word) for word in (*launcher, "-m", "pairsmith", "train", method, *line)],
        env=environment, capture_output=True, text=True, check=False, timeout=280,
    )  # fmt: skip

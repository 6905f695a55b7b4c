"""A reward pushed too far, and a reward learnt from people who err: what each costs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import commands
import world
from rounds import REWARD, TOKENS, choose

STEPS = (10, 20, 40, 80)
"""Of the runs that are pushed without KL, each longer than the one before."""
RL = {
    "learning_rate": 1e-3, "per_device_train_batch_size": 64, "max_completion_length": TOKENS,
    "lr_scheduler_type": "constant",
}  # fmt: skip
SLIPS = (0.0, 0.1, 0.2, 0.3, 0.4)


def push(steps: int, watch: str, name: str, **options: Any) -> tuple[str, list[str]]:
    """Trains the base model against the first preference model.

    Args:
        steps: How many.
        watch: The preference model that watches.
        name: Of the run.
        options: `beta`, `stop`.

    Returns:
        The run's folder, and what it says of itself.
    """
    run = f"pushed/{name}"
    made = commands.train(
        "rl", "round-1/pairs", run, model_name_or_path="base",
        reward="round-1/reward", watch=watch, max_steps=steps, **RL, **options,
    )  # fmt: skip
    said = [line for line in made.remarks if "Over-optimised" in line]
    for line in said:
        print(line)
    return run, said


def read_steps(run: str) -> list[dict[str, float]]:
    """The metrics of a run, a step each."""
    lines = Path(run, "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def noisy(slips: float, drafts: list[list[dict[str, Any]]], seed: int) -> str:
    """A preference model from the choices of people who press the wrong button so often.

    Returns:
        Its folder.
    """
    here = f"noise/{round(100 * slips)}"
    choose(drafts, Path(here, "chosen"), world.Raters(slips=slips, seed=seed))
    commands.build([f"{here}/chosen"], f"{here}/pairs")
    commands.train("reward", f"{here}/pairs", f"{here}/reward", model_name_or_path="base", **REWARD)
    return f"{here}/reward"

"""A reward pushed too far, and a reward learnt from people who err: what each costs."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import commands
import world
from rounds import REWARD, TEST, TOKENS, choose

import pairsmith

STEPS = (10, 20, 40, 60)
"""Of the runs that are pushed without KL, each longer than the one before."""
RL = {
    "learning_rate": 5e-4,
    "per_device_train_batch_size": 64,
    "max_completion_length": TOKENS,
}
SLIPS = (0.05, 0.15, 0.25, 0.35)


def push(name: str, steps: int, **options: Any) -> pairsmith.TrainedModel:
    """Trains the base model against the first preference model.

    Args:
        name: Of the run, in `pushed/`.
        steps: How many.
        options: `beta`, `watch`.
    """
    made = commands.train(
        "rl", "round-1/pairs", f"pushed/{name}", model_name_or_path="base",
        reward="round-1/reward", max_steps=steps, **RL, **options,
    )  # fmt: skip
    for line in made.remarks:
        print(f"# {line}")
    return made


def learn_watcher(seed: int) -> str:
    """Has people compare replies of policies that were pushed more and more, and learns from it.

    A preference model knows only such replies as it has seen. To watch a push, it has to have seen
    where pushes lead.

    Returns:
        The folder of the preference model.
    """
    policies = ["base", *(f"pushed/{steps}" for steps in STEPS)]
    drafts = [
        commands.generate(
            "prompts.jsonl", f"watcher/draft-{place}", model=policy,
            best_of=1, max_tokens=TOKENS, test=TEST, round="pushed", seed=place,
        )
        for place, policy in enumerate(policies)
    ]  # fmt: skip
    beside = [draft for pair in pairwise(drafts) for draft in pair]
    choose(beside, Path("watcher/chosen"), world.Raters(seed=seed))
    commands.build(["round-1/chosen", "watcher/chosen"], "watcher/pairs")
    commands.train("reward", "watcher/pairs", "watcher/reward", model_name_or_path="base", **REWARD)
    return "watcher/reward"


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

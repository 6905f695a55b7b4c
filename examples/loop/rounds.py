"""One round: people choose, a preference model learns it, the best of 16 replies teach a policy."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import commands
from world import Raters

TEST = 0.2
DRAFTS = 4
"""Replies of a model that people see for a prompt, two at a time."""
TOKENS = 64
"""The most tokens of a reply; those of the base model have some 20."""
REWARD = {"learning_rate": 1e-3, "num_train_epochs": 2.0, "per_device_train_batch_size": 16}
DPO = {
    "learning_rate": 3e-4, "beta": 0.1, "loss_type": ["sigmoid", "sft"],
    "per_device_train_batch_size": 32,
}  # fmt: skip
"""The loss on the best reply itself, beside that on the pair, holds the policy to whole sentences:
without it the second round writes none any more."""


def go_round(number: int, policy: str, raters: Raters) -> str:
    """Goes one round from a policy to the next.

    Args:
        number: 1 for the first.
        policy: The folder of the model that it begins with.
        raters: Who chooses.

    Returns:
        The folder of the policy that came of it.
    """
    here, tag = f"round-{number}", str(number)
    before = [f"round-{earlier}" for earlier in range(1, number + 1)]
    drafts = drafts_of(number, policy)
    choose(drafts, Path(here, "chosen"), raters)
    commands.build([f"{one}/chosen" for one in before], f"{here}/pairs")
    commands.train("reward", f"{here}/pairs", f"{here}/reward", model_name_or_path="base", **REWARD)
    commands.generate(
        f"{here}/pairs", f"{here}/best", model=policy, score=f"{here}/reward",
        best_of=16, against="random", max_tokens=TOKENS, round=tag, seed=number,
    )  # fmt: skip
    commands.build([f"{one}/best" for one in before], f"{here}/mixed")
    commands.train(
        "dpo", f"{here}/mixed", f"{here}/policy", model_name_or_path=policy,
        held_out="round-1/pairs", **DPO,
    )  # fmt: skip
    return f"{here}/policy"


def drafts_of(number: int, policy: str) -> list[list[dict[str, Any]]]:
    """Replies of a policy to all prompts, a reply a draft."""
    return [
        commands.generate(
            "prompts.jsonl", f"round-{number}/draft-{draft}", model=policy,
            best_of=1, max_tokens=TOKENS, test=TEST, round=str(number), seed=10 * number + draft,
        )
        for draft in range(1, DRAFTS + 1)
    ]  # fmt: skip


def choose(drafts: Sequence[list[dict[str, Any]]], out: Path, raters: Raters) -> None:
    """Has people choose between drafts, the first and the second, the third and the fourth.

    Args:
        drafts: Rows of folders of samples, one sample of the same prompts in each.
        out: A source to write: `pairs/train.jsonl` and `pairs/test.jsonl`. It is left where it is.
        raters: The people.
    """
    if out.exists():
        return
    print(f"# people choose: {out}", flush=True)
    growing = out.with_name(f"{out.name}.part")
    (growing / "pairs").mkdir(parents=True, exist_ok=True)
    lines: dict[str, list[str]] = {"train": [], "test": []}
    for first, second in zip(drafts[::2], drafts[1::2], strict=True):
        for one, other in zip(first, second, strict=True):
            if pair := _choose(one, other, raters):
                lines[one["id"].split("/")[1]].append(json.dumps(pair) + "\n")
    for split, held in lines.items():
        (growing / "pairs" / f"{split}.jsonl").write_text("".join(held), encoding="utf-8")
    growing.rename(out)  # whole, or not at all


def _choose(one: dict[str, Any], other: dict[str, Any], raters: Raters) -> dict[str, Any] | None:
    """The pair that people make of two rows of samples; None of empty or equal ones."""
    question, first, second = (
        one["prompt"][-1]["content"], one["samples"][0]["text"], other["samples"][0]["text"]
    )  # fmt: skip
    if not first or not second or first == second:
        return None
    chosen, rejected = first, second
    if not raters.choose(question, first, second):
        chosen, rejected = second, first
    return {
        "prompt": one["prompt"],
        "chosen": [{"role": "assistant", "content": chosen}],
        "rejected": [{"role": "assistant", "content": rejected}],
        "round": one["round"],
    }

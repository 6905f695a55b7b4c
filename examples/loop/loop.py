"""From people's choices to policies, and round again: `python examples/loop/loop.py OUT`.

Needs the extras `train` and `audit`. In a small world it is known what a reply is worth, so that it
can be seen whether the loop makes better policies: people choose between replies of a model, a
preference model learns what they choose, the best of 16 replies teach the next policy. Every step
is printed as the command that does it. What came of it is in OUT/results.json and OUT/loop.png.
Broken off, the same command goes on.
"""

from __future__ import annotations

import argparse
import json
import os
import warnings
from pathlib import Path
from typing import Any

import commands
import measure
import push
import torch
from base import make_base
from picture import draw
from rounds import TOKENS, drafts_of, go_round
from world import Raters, questions

import pairsmith


def go_rounds(number: int, seed: int) -> dict[str, Any]:
    """Goes the rounds, and measures policies by true utility and the last preference model."""
    policies = [str(make_base(Path("base"), seed))]
    for place in range(1, number + 1):
        policies.append(go_round(place, policies[-1], Raters(seed=seed)))
    last = f"round-{number}"
    places = [f"judged/{place}" for place in range(number + 1)]
    judged = [
        measure.judge(policy, f"{last}/reward", place, TOKENS)
        for policy, place in zip(policies, places, strict=True)
    ]
    for place in range(1, number + 1):
        commands.score(f"{last}/pairs", f"round-{place}/reward", f"reward-{place}")
    commands.told(
        "rounds", f"{last}/pairs", *(word for place in places for word in ("--samples", place))
    )
    told = pairsmith.rounds(f"{last}/pairs", samples=places).numbers
    gaps = [one["by_wins"] for one in told["elo"]["snapshots"][1:]]
    by_model = [(0.0, 0.0), *((gap["estimate"], gap["estimate"] - gap["low"]) for gap in gaps)]
    found = []
    for place, one in enumerate(judged):
        line = {**measure.line_of(one), "elo_true": measure.elo(judged)[place]}
        line |= {"elo_model": by_model[place], "policy": policies[place]}
        if place:
            line["rise"] = measure.rise(judged[place - 1], one)
            line["best_of"] = measure.best_of(f"round-{place}/best")
        found.append(line)
    return {"rounds": found, "leaks": told["leaks"]["rows"], "accuracy": told["accuracy"]}


def push_far(seed: int) -> dict[str, Any]:
    """Trains against the first preference model, without KL and with it, and has one watch."""
    for steps in push.STEPS:
        push.push(f"{steps}", steps, beta=0.0)
    watch, found = push.learn_watcher(seed), {}
    made = push.push("watched", push.STEPS[-1], beta=0.0, watch=watch)
    push.push("with-kl", push.STEPS[-1], watch=watch)
    for name in ("0", *map(str, push.STEPS), "watched", "with-kl"):
        run, out = (f"pushed/{name}" if name != "0" else "base"), f"pushed/judged-{name}"
        judged = measure.judge(run, "round-1/reward", out, TOKENS)
        found[name] = {**measure.line_of(judged), "watch": measure.score_of(watch, out)}
    numbers = made.manifest.metrics
    return {"runs": found, "said": made.remarks, "stopped_at": numbers.get("stopped_at")}


def err(seed: int) -> list[dict[str, Any]]:
    """Trains preference models from people who press the wrong button more and more often."""
    found = []
    for slips in push.SLIPS:
        reward = push.noisy(slips, drafts_of(1, "base"), seed)
        commands.generate(
            "round-1/pairs", f"{reward}-best", model="base", score=reward,
            split="test", best_of=16, max_tokens=TOKENS, seed=1,
        )  # fmt: skip
        gold = measure.best_of(f"{reward}-best")["best"]
        found.append({"slips": slips, "accuracy": measure.accuracy(reward), "gold": gold})
    return found


def main() -> None:
    """Goes the rounds, pushes a reward, lets people err, and draws what came of it."""
    args = read_arguments()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)  # models are too small for more
    args.out.mkdir(parents=True, exist_ok=True)
    os.chdir(args.out)
    prompts = [json.dumps({"prompt": question}) + "\n" for question in questions()]
    Path("prompts.jsonl").write_text("".join(prompts), encoding="utf-8")
    found = go_rounds(args.rounds, args.seed)
    for place, one in enumerate(found["rounds"]):
        rise = f", {one['rise']} more than before" if place else ""
        print(f"round {place}: true utility {one['utility']}{rise}; KL {one['kl']} nats")
    if not args.rounds_only:
        found |= {"pushed": push_far(args.seed), "noise": err(args.seed)}
        draw(found, Path("loop.png"))
    Path("results.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    last = f"round-{args.rounds}/policy"
    commands.told("lineage", last)
    print(pairsmith.lineage(last).to_text())


def read_arguments() -> argparse.Namespace:
    """What is typed behind the command."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("out", type=Path)
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--rounds-only", action="store_true", help="neither push nor let err")
    return asked.parse_args()


if __name__ == "__main__":
    main()

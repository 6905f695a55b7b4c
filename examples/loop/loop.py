"""The loop in a small world: `python examples/loop/loop.py OUT`."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

import torch
from base import make_base
from rounds import go_round
from world import Raters, questions


def main() -> None:
    """Goes the rounds, measures, draws."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("out", type=Path)
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("--rounds", type=int, default=3)
    args = asked.parse_args()
    torch.set_num_threads(1)
    args.out.mkdir(parents=True, exist_ok=True)
    os.chdir(args.out)
    prompts = [json.dumps({"prompt": question}) + "\n" for question in questions()]
    Path("prompts.jsonl").write_text("".join(prompts), encoding="utf-8")
    policy = str(make_base(Path("base"), args.seed))
    for number in range(1, args.rounds + 1):
        policy = go_round(number, policy, Raters(temperature=0.6, seed=args.seed))


if __name__ == "__main__":
    main()

"""pairsmith's functions, each told as the command that does the same."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pairsmith

FLAGS = {"model_name_or_path": "model"}
RUN = {"max_length": 192, "gradient_accumulation_steps": 1, "seed": 0}
"""What all trainings share; a step is a batch."""


def build(sources: Sequence[str], out: str) -> None:
    """Builds sources, the round of each row kept as a column."""
    told("build", *sources, out, carry="round")
    pairsmith.build(list(sources), out, carry=["round"])


def generate(prompts: str, out: str, **options: Any) -> list[dict[str, Any]]:
    """Samples a model; the rows that came of it, with pairs and without."""
    told("generate", prompts, out, **options)
    pairsmith.generate(prompts, out, **options)
    return rows_of(out)


def rows_of(folder: Path | str) -> list[dict[str, Any]]:
    """All rows of a folder of samples, in order."""
    return [
        json.loads(line)
        for path in sorted(Path(folder).rglob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]


def train(method: str, data: str, run: str, **options: Any) -> pairsmith.TrainedModel:
    """Trains by a method: reward, dpo or rl."""
    evaluate = options.pop("evaluate", False)
    options = {**RUN, **options}
    told(f"train {method}", data, run, **options, **({} if evaluate else {"no_evaluate": True}))
    functions = {
        "reward": pairsmith.train_reward, "dpo": pairsmith.train_dpo, "rl": pairsmith.train_rl
    }  # fmt: skip
    return functions[method](data, run, evaluate=evaluate, **options)


def score(data: str, model: str, name: str) -> None:
    """Scores a build's pairs, kept beside it as an annotation."""
    told("score", data, model=model, name=name)
    pairsmith.score(data, model=model, name=name)


def told(command: str, *places: str, **options: Any) -> None:
    """Prints a command as it is typed in the folder of the loop."""
    words = ["pairsmith", *command.split(), *places]
    for name, value in options.items():
        flag = "--" + FLAGS.get(name, name).replace("_", "-")
        flag, value = (f"--no-{name}", True) if value is False else (flag, value)
        text = ",".join(value) if isinstance(value, list) else f"{value}"
        words += [flag] if value is True else [flag, text]
    print("$ " + shlex.join(words), flush=True)

"""A policy on held-out rows: which reply it prefers, how far it has moved, what it writes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from pairsmith.dataset.annotations import local_build
from pairsmith.dataset.questions import first_questions
from pairsmith.errors import PairsmithError
from pairsmith.models.loading import load_scorer
from pairsmith.models.policies import load_policy
from pairsmith.statistics.bootstrap import Bootstrap
from pairsmith.statistics.intervals import wilson
from pairsmith.training.dpo.log_ratios import Compared, LogRatios, Wanted, compare_replies
from pairsmith.training.dpo.report import to_markdown, to_verdict
from pairsmith.training.dpo.samples import (
    Written,
    numbers_of,
    save_samples,
    score_replies,
    write_replies,
)
from pairsmith.training.job import Job
from pairsmith.training.method import Found

FOLDER, NAME, SAMPLES = "evaluation", "evaluation.json", "samples.jsonl"
"""In a run: the numbers, and the replies before and after side by side."""


def evaluate_policy(job: Job, finished: Path, _staging: Path) -> Found:
    """Compares the finished policy with the model that it began as; no fault of it is the run's.

    Args:
        job: The run.
        finished: The folder of the model.
    """
    try:
        return _evaluate(job, finished)
    except PairsmithError as error:
        return Found(why=error.message.rstrip("."))
    except RuntimeError as error:  # of torch's: a GPU without room for two models, say
        return Found(why=(str(error).splitlines() or ["?"])[0].rstrip(".")[:200])


def _evaluate(job: Job, finished: Path) -> Found:
    settings, recipe = job.settings, job.built.recipe
    device = "cpu" if settings.get("use_cpu") else "auto"
    before = load_policy(settings["model_name_or_path"], recipe.form, device=device)
    models = Compared(load_policy(str(finished), recipe.form, device=device), before)
    subsets = frozenset(settings["subset"])
    ratios = compare_replies(job.out, job.built, models, Wanted(subsets, settings["max_length"]))
    if not ratios.ids:
        return Found(why="no pairs are held out")
    written = write_replies(job.out, job.built, models, subsets, settings["seed"])
    if written is not None and settings["score"]:
        scorer = load_scorer(settings["score"], recipe.form, device=device)
        written = replace(written, scores=score_replies(written, scorer, job.built))
    numbers = _numbers(job, ratios, written)
    folder = finished / FOLDER
    folder.mkdir(exist_ok=True)
    text = json.dumps(numbers, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / NAME).write_text(text + "\n", encoding="utf-8", newline="\n")
    if written is not None:
        save_samples(folder / SAMPLES, written)
    return Found(to_markdown(numbers), tuple(numbers["verdict"]), _kept(numbers))


def _numbers(job: Job, ratios: LogRatios, written: Written | None) -> dict[str, Any]:
    """As `evaluation.json` holds them."""
    groups = _conversations(job)
    chosen, rejected = ratios.values.T
    right = chosen > rejected
    places = np.array(ratios.places)
    boot = Bootstrap(_codes(groups, ratios.ids), seed=job.settings["seed"])
    numbers: dict[str, Any] = {
        "rows": {"compared": len(ratios.ids), **ratios.left_out},
        "accuracy": {
            "all": wilson(int(right.sum()), len(right)).to_dict(),
            "by_place": {
                place: wilson(
                    int(right[places == place].sum()), int((places == place).sum())
                ).to_dict()
                for place in dict.fromkeys(ratios.places)
            },
        },
        "log_ratio": {
            "chosen": boot.mean(chosen).to_dict(),
            "rejected": boot.mean(rejected).to_dict(),
            "difference": boot.mean(chosen - rejected).to_dict(),
        },
        "beta": job.settings["beta"],
    }
    if written is not None:
        codes = _codes(groups, [row["id"] for row in written.rows])
        numbers["samples"] = numbers_of(written, Bootstrap(codes, seed=job.settings["seed"]))
    return {"verdict": to_verdict(numbers), **numbers}


def _conversations(job: Job) -> dict[str, bytes]:
    """By id, the key of the question that a row's conversation opens with, where that is told."""
    return {
        id: key
        for asked in first_questions(local_build(str(job.out)))
        for id, key in zip(asked.ids, asked.keys, strict=True)
        if key is not None
    }


def _codes(groups: Mapping[str, bytes], ids: list[str]) -> Any:
    """The conversation of each row as a number; a row without a question is one by itself."""
    keys = [groups.get(id, id) for id in ids]
    places = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    return np.array([places[key] for key in keys], np.int64)


def _kept(numbers: Mapping[str, Any]) -> dict[str, float]:
    """What the manifest keeps."""
    share = numbers["accuracy"]["all"]
    held = {
        "held_out_accuracy": share["share"],
        "held_out_accuracy_low": share["low"],
        "held_out_accuracy_high": share["high"],
        "held_out_rows": share["rows"],
        "held_out_log_ratio_chosen": numbers["log_ratio"]["chosen"]["estimate"],
        "held_out_log_ratio_rejected": numbers["log_ratio"]["rejected"]["estimate"],
    }
    samples = numbers.get("samples")
    if samples:
        held["sampled_kl"] = samples["kl"]["estimate"]
        for name in ("tokens", "score"):
            if name in samples:
                held[f"sampled_{name}_before"] = samples[name]["before"]["estimate"]
                held[f"sampled_{name}_after"] = samples[name]["after"]["estimate"]
    return {name: float(value) for name, value in held.items() if value is not None}

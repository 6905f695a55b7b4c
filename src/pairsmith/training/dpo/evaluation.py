"""A policy on held-out rows: which reply it prefers, how far it has moved, what it writes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pairsmith.dataset.annotations import local_build
from pairsmith.dataset.questions import first_questions
from pairsmith.errors import PairsmithError
from pairsmith.models.policies import load_policy
from pairsmith.statistics.bootstrap import Bootstrap
from pairsmith.statistics.intervals import wilson
from pairsmith.training.dpo.log_ratios import Compared, LogRatios, Wanted, compare_replies
from pairsmith.training.dpo.report import to_markdown, to_verdict
from pairsmith.training.dpo.samples import reply_to_held_out
from pairsmith.training.job import Job
from pairsmith.training.judges import load_judge, opened
from pairsmith.training.method import Found
from pairsmith.training.progress import Tell
from pairsmith.training.samples import save_evaluation


def evaluate_policy(job: Job, finished: Path, _staging: Path, tell: Tell) -> Found:
    """Compares the finished policy with the model that it began as; no fault of it is the run's.

    Args:
        job: The run.
        finished: The folder of the model.
        tell: Called with how far it is.
    """
    try:
        return _evaluate(job, finished, tell)
    except PairsmithError as error:
        return Found(why=error.message.rstrip("."))
    except RuntimeError as error:  # of torch's: a GPU without room for two models, say
        return Found(why=(str(error).splitlines() or ["?"])[0].rstrip(".")[:200])


def _evaluate(job: Job, finished: Path, tell: Tell) -> Found:
    settings, form = job.settings, job.built.recipe.form
    device = "cpu" if settings.get("use_cpu") else "auto"
    before = load_policy(settings["model_name_or_path"], form, device=device)
    models = Compared(load_policy(str(finished), form, device=device), before)
    wanted = Wanted(frozenset(settings["subset"]), settings["max_length"])
    ratios = compare_replies(job.out, job.built, models, wanted, tell)
    if not ratios.ids:
        return Found(why="no pairs are held out")
    groups = _conversations(job)
    replies = reply_to_held_out(job.out, job.built, models, settings, groups, tell)
    if replies is not None and settings["score"]:
        judge = load_judge(settings["score"], form, device)
        with opened(job.built, [judge]):
            replies.score("score", judge)
    numbers = _numbers(job, ratios, groups)
    lines = to_verdict(numbers, replies)
    samples = {} if replies is None else {"samples": replies.to_dict()}
    save_evaluation(finished, {"verdict": lines, **numbers, **samples}, replies)
    kept = {**_kept(numbers), **({} if replies is None else replies.numbers())}
    return Found(to_markdown(numbers, lines, replies), tuple(lines), kept)


def _numbers(job: Job, ratios: LogRatios, groups: Mapping[str, bytes]) -> dict[str, Any]:
    """As `evaluation.json` holds them."""
    chosen, rejected = ratios.values.T
    right = chosen > rejected
    places = np.array(ratios.places)
    boot = Bootstrap(_codes(groups, ratios.ids), seed=job.settings["seed"])
    return {
        "rows": {"compared": len(ratios.ids), **ratios.left_out},
        "accuracy": {
            "all": wilson(int(right.sum()), len(right)).to_dict(),
            "ties": int((chosen == rejected).sum()),
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
    return {name: float(value) for name, value in held.items() if value is not None}

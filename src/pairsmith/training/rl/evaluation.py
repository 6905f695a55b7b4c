"""A policy on prompts that were held out, before and after: rewards, divergence, length, replies.

In a run: `evaluation/evaluation.json`, the numbers; `evaluation/samples.jsonl`, a row a prompt with
both replies.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from pairsmith.errors import PairsmithError
from pairsmith.models.generation.replies import reply_reader
from pairsmith.models.generation.sample import Sample, Sampling, seed_of
from pairsmith.models.policies import Policy, load_policy
from pairsmith.training.job import Job
from pairsmith.training.method import Found
from pairsmith.training.rl import bench
from pairsmith.training.rl.drift import Drift, Mean, measure_drift
from pairsmith.training.rl.prompts import open_prompts, read_prompts
from pairsmith.training.rl.rewards import Asked

HELD_OUT = "held_out.arrow"
"""Where a run grows: the prompts for its evaluation."""

FOLDER = "evaluation"


def evaluate_policy(job: Job, finished: Path, _scratch: Path) -> Found:
    """Evaluates a finished policy; a fault of it is no fault of the run."""
    try:
        asked = read_prompts(job.place.growing / HELD_OUT)
        if not asked:
            return Found(why="no prompts are held out")
        return _evaluate(job, finished, asked)
    except PairsmithError as error:
        return Found(why=error.message.rstrip("."))
    except RuntimeError as error:  # of torch's: a GPU without room for it, say
        return Found(why=(str(error).splitlines() or ["?"])[0].rstrip(".")[:200])


def _evaluate(job: Job, finished: Path, asked: list[Asked]) -> Found:
    settings, device = job.settings, str(job.args.device)
    form = job.built.recipe.form
    start: Policy = load_policy(settings["model_name_or_path"], form, device=device)
    now: Policy = load_policy(str(finished), form, device=device)
    sampling = Sampling(settings["temperature"] or 1.0, 1.0, settings["max_completion_length"])
    seeds = [seed_of(settings["seed"], one.said, 0) for one in asked]
    with open_prompts(job.built, now.tokenizer, now.name) as prompts:
        reader = reply_reader(now, [one.said for one in asked], prompts.chat)
    drift = measure_drift(start, now, [one.ids for one in asked], seeds, sampling, reader)
    scores = _score(job, asked, drift, device)
    numbers = _numbers(drift, scores)
    _write(finished / FOLDER, asked, drift, scores, numbers)
    told = _table(drift, scores)
    markdown = "\n".join(
        ["| | start | this policy | difference |", "| --- | ---: | ---: | ---: |"]
        + [f"| {name} | {before} | {after} | {gap} |" for name, before, after, gap in told]
    )
    verdict = tuple(f"{name}: {before} before, {after} after" for name, before, after, _ in told)
    return Found(
        f"{markdown}\n", (*verdict, f"KL from the start: {drift.kl} nats a reply"), numbers
    )


def _score(
    job: Job, asked: list[Asked], drift: Drift, device: str
) -> dict[str, tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]:
    """By role, what each preference model says of the replies before and after."""
    judges = bench.load_judges(job, device)
    sides = [[one.text for one in side] for side in (drift.before, drift.after)]
    with bench.opened(job.built, judges):
        roles = bench.roles_of(job.settings)
        return {
            role: (judge.score(asked, sides[0]), judge.score(asked, sides[1]))
            for role, judge in zip(roles, judges, strict=True)
        }


def _numbers(drift: Drift, scores: dict[str, Any]) -> dict[str, float]:
    made = {"held_out_prompts": float(len(drift.after)), **drift.kl.numbers("held_out_kl")}
    before, after = drift.lengths
    made |= before.numbers("held_out_length_before") | after.numbers("held_out_length")
    for role, (then, now) in scores.items():
        made |= Mean.of(then).numbers(f"held_out_{role}_before")
        made |= Mean.of(now).numbers(f"held_out_{role}")
        made |= Mean.of(now - then).numbers(f"held_out_{role}_gain")
    return {name: float(value) for name, value in made.items()}


def _table(drift: Drift, scores: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    rows = [
        (role, str(Mean.of(then)), str(Mean.of(now)), str(Mean.of(now - then)))
        for role, (then, now) in scores.items()
    ]
    before, after = drift.lengths
    rows.append(("tokens of a reply", str(before), str(after), str(drift.growth)))
    cut = drift.cut
    rows.append(("replies without an end", f"{cut[0]:.0%}", f"{cut[1]:.0%}", ""))
    return rows


def _write(
    folder: Path,
    asked: list[Asked],
    drift: Drift,
    scores: dict[str, Any],
    numbers: dict[str, float],
) -> None:
    folder.mkdir(exist_ok=True)
    text = json.dumps(numbers, indent=2)
    (folder / "evaluation.json").write_text(f"{text}\n", encoding="utf-8", newline="\n")
    with (folder / "samples.jsonl").open("w", encoding="utf-8", newline="\n") as file:
        for place, one in enumerate(asked):
            sides = {"before": drift.before[place], "after": drift.after[place]}
            held = {
                name: _told(
                    sample, {role: float(both[side][place]) for role, both in scores.items()}
                )
                for side, (name, sample) in enumerate(sides.items())
            }
            kl = float(drift.divergences[place])
            row = {"id": one.id, "prompt": one.said, **held, "kl": kl}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _told(sample: Sample, scores: dict[str, float]) -> dict[str, Any]:
    return {
        "text": sample.text,
        "seed": sample.seed,
        "tokens": sample.tokens,
        "finish_reason": sample.finish_reason,
        "scores": scores,
    }

"""A policy on prompts that were held out, before and after: rewards, divergence, length."""

from __future__ import annotations

from pathlib import Path

from pairsmith.errors import PairsmithError
from pairsmith.models.generation.replies import reply_reader
from pairsmith.models.generation.sample import Sampling
from pairsmith.models.policies import Policy, load_policy
from pairsmith.training.job import Job
from pairsmith.training.judges import Asked, opened
from pairsmith.training.method import Found
from pairsmith.training.progress import Tell
from pairsmith.training.rl import bench
from pairsmith.training.rl.prompts import open_prompts, read_prompts
from pairsmith.training.samples import How, save_evaluation, write_replies

HELD_OUT = "held_out.arrow"
"""Where a run grows: the prompts for its evaluation."""


def evaluate_policy(job: Job, finished: Path, _scratch: Path, tell: Tell) -> Found:
    """Evaluates a finished policy; a fault of it is no fault of the run."""
    try:
        asked = read_prompts(job.place.growing / HELD_OUT)
        if not asked:
            return Found(why="no prompts are held out")
        return _evaluate(job, finished, asked, tell)
    except PairsmithError as error:
        return Found(why=error.message.rstrip("."))
    except RuntimeError as error:  # of torch's: a GPU without room for it, say
        return Found(why=(str(error).splitlines() or ["?"])[0].rstrip(".")[:200])


def _evaluate(job: Job, finished: Path, asked: list[Asked], tell: Tell) -> Found:
    settings, device = job.settings, str(job.args.device)
    form = job.built.recipe.form
    start: Policy = load_policy(settings["model_name_or_path"], form, device=device)
    now: Policy = load_policy(str(finished), form, device=device)
    sampling = Sampling(settings["temperature"] or 1.0, 1.0, settings["max_completion_length"])
    with open_prompts(job.built, now.tokenizer, now.name) as prompts:
        reader = reply_reader(now, [one.said for one in asked], prompts.chat)
    replies = write_replies(start, now, asked, How(sampling, settings["seed"], reader, tell))
    judges = bench.load_judges(job, device)
    with opened(job.built, judges):
        for role, judge in zip(bench.roles_of(settings), judges, strict=True):
            replies.score(role, judge)
    save_evaluation(finished, {"samples": replies.to_dict()}, replies)
    return Found(replies.to_markdown(), replies.verdict(), replies.numbers())

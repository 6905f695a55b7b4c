"""The preference models of a run: which there are, and loaded."""

from __future__ import annotations

from typing import Any

from pairsmith.models.loading import Scorer
from pairsmith.training.fit import name_model
from pairsmith.training.job import Job
from pairsmith.training.judges import Judge, load_judge
from pairsmith.training.method import Settings

ROLES = ("reward", "watch")


def roles_of(settings: Settings) -> dict[str, str]:
    """The preference models of a run by role: the one that rewards, and one that watches if any."""
    return {role: str(settings[role]) for role in ROLES if settings.get(role)}


def load_judges(job: Job, device: str) -> list[Judge]:
    """The preference models of a run, in the order of roles.

    Args:
        job: The run.
        device: Where they compute.

    Raises:
        ModelError: One cannot be loaded.
    """
    form = job.built.recipe.form
    return [load_judge(name, form, device) for name in roles_of(job.settings).values()]


def named_judges(job: Job) -> list[Judge]:
    """The same without weights: what they would read can be told, and nothing scored."""
    form = job.built.recipe.form
    named = [name_model(name, form) for name in roles_of(job.settings).values()]
    nothing: Any = None
    return [
        Judge(Scorer(nothing, one.tokenizer, one.name, "", form, None, "cpu"), None, one.room)
        for one in named
    ]

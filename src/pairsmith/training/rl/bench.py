"""The preference models of a run: which there are, loaded, and made ready to read conversations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from pairsmith.dataset.manifest import Manifest
from pairsmith.models.loading import Scorer, load_scorer
from pairsmith.tokens.preview import open_writer
from pairsmith.training.job import Job
from pairsmith.training.method import Settings
from pairsmith.training.rl.fit import name_model
from pairsmith.training.rl.rewards import Judge

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
    judges = []
    for name in roles_of(job.settings).values():
        scorer = load_scorer(name, form, device=device)
        judges.append(Judge(scorer, None, name_model(name, form).room))
    return judges


def named_judges(job: Job) -> list[Judge]:
    """The same without weights: what they would read can be told, and nothing scored."""
    form = job.built.recipe.form
    named = [name_model(name, form) for name in roles_of(job.settings).values()]
    nothing: Any = None
    return [
        Judge(Scorer(nothing, one.tokenizer, one.name, "", form, None, "cpu"), None, one.room)
        for one in named
    ]


@contextmanager
def opened(built: Manifest, judges: Sequence[Judge]) -> Iterator[None]:
    """Has preference models write messages by their templates, for as long as this is open."""
    with ExitStack() as stack:
        for judge in judges:
            writer = open_writer(built, judge.scorer.tokenizer, judge.scorer.name)
            judge.chat = stack.enter_context(writer)
        yield

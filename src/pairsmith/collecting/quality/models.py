"""Models rated by the choices between their replies."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from pairsmith.collecting.project import Mode
from pairsmith.collecting.quality.read import Choice
from pairsmith.collecting.quality.record import Rated, Ratings
from pairsmith.statistics.elo import Elo, fit_elo

FEW_PEOPLE = 6
"""Of fewer people, intervals are by conversation: leaving out one of a few says little."""


def rate_models(choices: Iterable[Choice], mode: Mode) -> Ratings | None:
    """Rates models by who wins; in red-team mode the reply that was not picked does.

    Choices of one person depend on each other, and all of one conversation are one person's, so
    intervals are by person, where there are `FEW_PEOPLE` or more; else by conversation.

    Args:
        choices: All.
        mode: The project's.

    Returns:
        The ratings; None where no two models were compared.
    """
    held = [
        (one, one.models)
        for one in choices
        if one.counts and one.models and one.models[0] != one.models[1] and one.opinion is not None
    ]
    if not held:
        return None
    names = sorted({name for _, models in held for name in models})
    first, second = (np.array([names.index(models[n]) for _, models in held]) for n in (0, 1))
    harmful = mode == Mode.RED_TEAM
    won = np.array([_won(one, harmful) for one, _ in held])
    by = "person" if len({one.who for one, _ in held}) >= FEW_PEOPLE else "conversation"
    keys = [one.who if by == "person" else one.conversation for one, _ in held]
    groups = np.unique(keys, return_inverse=True)[1]
    found = fit_elo(first, second, won, len(names), groups)
    return Ratings(_ranked(found, names), by, found.groups or 0)


def _won(one: Choice, harmful: bool) -> float:
    """1 where the reply on A wins, 0 where that on B does."""
    if not one.side:
        return 0.5
    return float((one.side < 0) != harmful)


def _ranked(found: Elo, names: list[str]) -> tuple[Rated, ...]:
    order = sorted(range(len(names)), key=lambda n: (bool(found.reasons[n]), -found.ratings[n]))
    best = order[0]
    return tuple(
        Rated(
            names[n],
            int(found.comparisons[n]),
            None if found.reasons[n] else float(found.ratings[n]),
            found.difference(best, n),
            found.reasons[n],
        )
        for n in order
    )

"""Elo of snapshots of a model: by comparisons of their samples, and by the mean of their scores.

Two numbers for each snapshot against the first one. The samples of one prompt are compared by the
score of one preference model, and ratings are fitted to wins and ties (`statistics/elo.py`); and a
score's unit being 173.7 Elo, the mean difference of scores is one as well. They agree where scores
differ alike from prompt to prompt; the second one believes the scores' scale, the first only their
order. Intervals of both are over prompts.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import sqrt
from typing import Any

import numpy as np

from pairsmith.comparing.samples import Snapshot
from pairsmith.errors import OutputError
from pairsmith.statistics.elo import ELO_PER_LOGIT, Elo, fit_elo
from pairsmith.statistics.intervals import student

Scores = dict[bytes, float]
"""By prompt, the score of the sample that counts."""


def rate(snapshots: Sequence[Snapshot], best: bool) -> dict[str, Any]:
    """Rates snapshots, as JSON holds it.

    Args:
        snapshots: Of one scorer; the first is what the others are held against.
        best: Whether of each prompt the best sample counts; else its first.

    Raises:
        OutputError: Two have no prompt in common.
    """
    held_out = all(any(is_held for _, is_held in one.scores) for one in snapshots)
    scores = [_scores_of(one, held_out, best) for one in snapshots]
    for place, one in enumerate(scores[1:], 1):
        if not one.keys() & scores[0].keys():
            names = snapshots[0].name, snapshots[place].name
            raise OutputError(
                f"{names[0]} and {names[1]} have no prompt in common.",
                "Generate both from one build's prompts.",
            )
    fitted = _fit(scores)
    return {
        "prompts": "held out" if held_out else "all",
        "sample": "best" if best else "first",
        "against": snapshots[0].name,
        "snapshots": [
            {
                "name": one.name,
                "model": one.model,
                "round": one.round,
                "prompts": len(scores[place]),
                "comparisons": int(fitted.comparisons[place]),
                "mean_score": _short(float(np.mean([*scores[place].values()]))),
                "by_wins": _by_wins(fitted, place),
                "by_scores": _by_scores(scores[place], scores[0]) if place else None,
            }
            for place, one in enumerate(snapshots)
        ],
    }


def _scores_of(snapshot: Snapshot, held_out: bool, best: bool) -> Scores:
    """The score of each prompt that counts."""
    return {
        prompt: max(scores) if best else scores[0]
        for (prompt, is_held), scores in snapshot.scores.items()
        if is_held or not held_out
    }


def _fit(scores: Sequence[Scores]) -> Elo:
    """Ratings by all comparisons of two snapshots' samples on one prompt."""
    prompts = {prompt: place for place, prompt in enumerate(sorted({p for s in scores for p in s}))}
    first, second, won, groups = [], [], [], []
    for one, other in combinations(range(len(scores)), 2):
        for prompt in sorted(scores[one].keys() & scores[other].keys()):
            apart = scores[one][prompt] - scores[other][prompt]
            first.append(one)
            second.append(other)
            won.append(0.5 if apart == 0 else float(apart > 0))
            groups.append(prompts[prompt])
    return fit_elo(
        np.array(first, np.int64),
        np.array(second, np.int64),
        np.array(won, np.float64),
        len(scores),
        np.array(groups, np.int64),
    )


def _by_wins(fitted: Elo, place: int) -> dict[str, Any] | None:
    """How far a snapshot is rated above the first; None for that one."""
    if not place:
        return None
    gap = fitted.difference(place, 0)
    told = {name: _short(getattr(gap, name)) for name in ("estimate", "se", "low", "high")}
    return told | {"reason": gap.reason or None}


def _by_scores(scores: Scores, others: Scores) -> dict[str, Any]:
    """The mean difference of scores to the first snapshot's, in Elo, by Student's t."""
    apart = np.array([scores[p] - others[p] for p in sorted(scores.keys() & others.keys())])
    apart = apart * ELO_PER_LOGIT
    count, mean = len(apart), float(np.mean(apart))
    told = {"estimate": _short(mean), "prompts": count}
    if count < 2:
        return told | {"se": None, "low": None, "high": None, "reason": "one prompt has no spread"}
    se = float(np.std(apart, ddof=1)) / sqrt(count)
    half = student(count - 1) * se
    ends = {"se": se, "low": mean - half, "high": mean + half}
    return told | {name: _short(end) for name, end in ends.items()} | {"reason": None}


def _short(value: float | None) -> float | None:
    """A number with seven significant digits: the rest differs between machines."""
    return None if value is None else float(f"{value:.7g}")

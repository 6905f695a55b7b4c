"""Accuracy: how often a model prefers the chosen reply, where, and against what needs no model.

A tie is wrong, for the model as for what it is compared with: whoever cannot tell two replies apart
has not told which is better.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from pairsmith.evaluating.calibration import bins_of
from pairsmith.evaluating.lengths import NAMES, groups_by_length
from pairsmith.evaluating.rows import Rows
from pairsmith.scoring.linear import to_probability
from pairsmith.statistics.bootstrap import LEVEL, Bootstrap, Estimate, Floats, interval
from pairsmith.text.spans import Index

PEOPLE = 0.63
"""How often researchers and crowd workers agreed on which reply is better."""
PEOPLE_FROM = "researchers with crowd workers, Bai and others, 2022, arXiv:2204.05862"
TURNS = 6
"""Turns from this one on are one group."""


def is_right(margins: Floats) -> Floats:
    """1 where chosen has the higher score, else 0: a tie is wrong."""
    return (margins > 0).astype(np.float64)


def compare(margins: Floats, rows: Rows, boot: Bootstrap) -> dict[str, Any]:
    """What is compared with the model, on the same rows: by name, its accuracy and the gap.

    Args:
        margins: n margins of the model.
        rows: The n rows.
        boot: Of these.

    Returns:
        By name: `accuracy`, and `model_less_this`, with the interval of the difference; None where
        there is no such baseline.
    """
    shorter = (rows.characters[:, 1] - rows.characters[:, 0]).astype(np.float64)
    held: dict[str, Floats | None] = {
        "shorter": shorter,
        "longer": -shorter,
        "hashed_words": rows.words,
    }
    right = is_right(margins)
    return {
        name: None
        if judge is None
        else {
            "accuracy": boot.mean(is_right(judge)).to_dict(),
            "model_less_this": boot.mean(right - is_right(judge)).to_dict(),
            "ties": int((judge == 0).sum()),
        }
        for name, judge in held.items()
    }


class Groups(NamedTuple):
    """A division of n rows.

    Attributes:
        title: By what they are divided.
        names: The names of the groups.
        codes: n places in `names`; -1 for a row that is in none.
    """

    title: str
    names: list[str]
    codes: Index


def groups_of(rows: Rows) -> list[Groups]:
    """The divisions of rows whose accuracy is told."""
    turn = np.minimum(rows.turn, TURNS) - 1
    held = [
        Groups("turn", [*map(str, range(1, TURNS)), f"{TURNS} and later"], turn.astype(np.int64)),
        Groups("length", list(NAMES), groups_by_length(rows.characters)),
    ]
    if rows.words is not None:
        doubts = np.where(rows.words > 0, 0, np.where(rows.words < 0, 1, -1)).astype(np.int64)
        held.append(Groups("hashed words", ["agree with the label", "contradict it"], doubts))
    return held


def by_group(margins: Floats, groups: Groups, boot: Bootstrap) -> dict[str, Any]:
    """The accuracy in each group that has rows."""
    found = boot.means(is_right(margins), groups.codes, len(groups.names))
    return {
        name: accuracy.to_dict()
        for name, accuracy in zip(groups.names, found, strict=True)
        if accuracy.rows
    }


def by_margin(margins: Floats, boot: Bootstrap) -> list[dict[str, Any]]:
    """The accuracy by |margin|, in bins of about equal counts, and what a calibrated one has."""
    if not len(margins):
        return []
    places, sure = bins_of(margins), np.abs(margins)
    count = int(places.max()) + 1
    found = boot.means(is_right(margins), places, count)
    expected = np.bincount(places, to_probability(sure)) / np.bincount(places)
    return [
        {
            "from": _rounded(sure[places == place].min()),
            "to": _rounded(sure[places == place].max()),
            "accuracy": found[place].to_dict(),
            "if_calibrated": _rounded(expected[place]),
        }
        for place in range(count)
    ]


class Apart(NamedTuple):
    """A group whose accuracy differs from that of all other rows, beyond chance.

    Attributes:
        title, name: The division and the group.
        accuracy: In the group.
        difference: Less that of all other rows.
    """

    title: str
    name: str
    accuracy: Estimate
    difference: float


def find_apart(margins: Floats, divisions: list[Groups], boot: Bootstrap) -> list[Apart]:
    """The groups in which the model is worse or better than elsewhere, worst first.

    The intervals of the differences are so wide that with a chance of 95 % all of them hold at
    once (Bonferroni).
    """
    right = is_right(margins)
    tried = sum(len(groups.names) for groups in divisions if len(np.unique(groups.codes)) > 1)
    found = []
    for groups in divisions:
        count = len(groups.names)
        sums, ones = (boot.summed(of, groups.codes, count) for of in (right, np.ones(len(right))))
        drawn = boot.drawn(np.hstack([sums, ones]))
        hits, rows = drawn[:, :count], drawn[:, count:]
        differences = _less_rest(hits, rows)
        middles = _less_rest(sums.sum(axis=0)[None], ones.sum(axis=0)[None])[0]
        accuracies = boot.means(right, groups.codes, count)
        for place, name in enumerate(groups.names):
            low, high = interval(differences[:, place], 1 - (1 - LEVEL) / max(tried, 1))
            if accuracies[place].sure and low is not None and high is not None and low * high > 0:
                middle = float(middles[place])
                found.append(Apart(groups.title, name, accuracies[place], middle))
    return sorted(found, key=lambda apart: apart.difference)


def _less_rest(hits: Floats, rows: Floats) -> Floats:
    """The share of hits in each group less that in all others."""
    every, total = (of.sum(axis=1, keepdims=True) for of in (hits, rows))
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = hits / rows - (every - hits) / (total - rows)
    return found


def _rounded(value: float) -> float:
    return float(f"{float(value):.7g}")

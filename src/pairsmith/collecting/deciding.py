"""What opinions on items make of their labels, and whether another opinion is wanted.

The rule is that of `statistics.adjudication`: a label is an opinion too, and more people are asked
where it is not decided. How often each person is right is estimated from what has come so far, and
again as more comes: an item that seemed decided may be open again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pairsmith.collecting.board import Board, Opinion
from pairsmith.collecting.items import GOLD
from pairsmith.collecting.project import Mode

KEEP, FLIP = 0.995, 0.9
"""How sure it takes to keep and to flip a label. Simulated 40 times: 200 pairs of which 20 were
flipped, 16 people who are right in 80 % of cases, three opinions each and at most 15: 97 % of the
flips are mended, 0.7 % of the others harmed, by 4.9 opinions a pair; 90 % and 2 % are met in 95 %
of the runs. With 0.99, 0.85 and at most 11 it is 93 %, 1.2 %, 4.4 opinions and 68 % of the runs."""

CERTAIN = 0.99
"""How far a label is believed on which somebody decided for all."""

STEP = 1.1
"""Estimates are renewed when the number of opinions has grown by this factor."""


class Decided(NamedTuple):
    """What opinions make of a label.

    Attributes:
        right: The probability that it is right, rounded to four digits.
        verdict: `keep`, `flip` or `undecided`.
    """

    right: float
    verdict: str


class Estimates:
    """How often people are right, by what has come so far; none before anything has."""

    def __init__(self) -> None:
        self.count = 0
        self.decided: dict[str, Decided] = {}
        self._accuracy: dict[str, float] = {}
        self._prior = 0.0

    def update(self, board: Board, mode: Mode, always: bool = False) -> bool:
        """Renews the estimates where enough opinions have come since; returns whether it did.

        Args:
            board: All tasks.
            mode: The project's.
            always: Whether anything that has come is enough.
        """
        count = sum(task.counts for task in board.tasks.values())
        if count == self.count or (not always and count < self.count * STEP):
            return False
        self.count = count
        self._fit(opinions_by_item(board, mode))
        return True

    def is_undecided(self, said: Sequence[Opinion]) -> bool:
        """Whether opinions on an item leave it open if its label is right."""
        from pairsmith.statistics.adjudication import ACCURACY, PRIOR, Rule, decide

        accuracy = [self._accuracy.get(opinion.who, ACCURACY) for opinion in said]
        strengths = [opinion.strength for opinion in said]
        rule = Rule(KEEP, FLIP, most=len(said) + 1)
        return decide(strengths, accuracy, self._prior or PRIOR, rule).wants_more

    def _fit(self, opinions: Mapping[str, Sequence[Opinion]]) -> None:
        import numpy as np

        from pairsmith.statistics.adjudication import Rule, fit_opinions

        people: dict[str, int] = {}
        flat = [
            (row, people.setdefault(opinion.who, len(people)), float(opinion.strength))
            for row, said in enumerate(opinions.values())
            for opinion in said
        ]
        if not flat:
            return
        rows, sources, strengths = (np.array(column) for column in zip(*flat, strict=True))
        found = fit_opinions(rows, sources, strengths)
        self._prior = found.prior
        self._accuracy = dict(zip(people, found.accuracy.tolist(), strict=True))
        decided = zip(opinions, found.decide(Rule(KEEP, FLIP)), strict=True)
        self.decided = {item: Decided(round(one.right, 4), one.verdict) for item, one in decided}


def opinions_by_item(board: Board, mode: Mode) -> dict[str, list[Opinion]]:
    """The opinions on each item that has any, items of a known answer aside, sorted by item."""
    items = sorted(item for item in board.of_item if not item.startswith(GOLD))
    held = {item: board.opinions(item, mode) for item in items}
    return {item: said for item, said in held.items() if said}


def decide_labels(
    board: Board, mode: Mode, accuracy: float | None = None, ruled: bool = True
) -> dict[str, Decided]:
    """What all opinions make of the labels of their items.

    Args:
        board: All tasks.
        mode: The project's.
        accuracy: How often every person is right; None to estimate it of each from the items that
            several judged.
        ruled: Whether decisions for all count, and not the opinions alone.
    """
    from pairsmith.statistics.adjudication import PRIOR, Rule, decide

    for_all = {
        item: Decided(CERTAIN, "keep") if agrees else Decided(round(1 - CERTAIN, 4), "flip")
        for item, agrees in board.adjudicated.items()
        if ruled
    }
    if accuracy is None:
        estimates = Estimates()
        estimates.update(board, mode, always=True)
        return {**estimates.decided, **for_all}
    found = {}
    for item, said in opinions_by_item(board, mode).items():
        strengths = [opinion.strength for opinion in said]
        one = decide(strengths, [accuracy] * len(said), PRIOR, Rule(KEEP, FLIP))
        found[item] = Decided(round(one.right, 4), one.verdict)
    return {**found, **for_all}

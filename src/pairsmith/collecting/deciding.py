"""What opinions on items make of their labels, and whether another opinion is wanted.

The rule is that of `statistics.adjudication`: a label is an opinion too, and more people are asked
where it is not decided.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pairsmith.collecting.board import Opinion

ASSUMED = 0.8
"""How often a person is taken to be right while opinions come in; once they are there it is
estimated."""


def is_undecided(said: Sequence[Opinion]) -> bool:
    """Whether opinions on an item leave it open if its label is right."""
    from pairsmith.statistics.adjudication import Rule, decide

    strengths = [opinion.strength for opinion in said]
    rule = Rule(most=len(said) + 1)
    return decide(strengths, [ASSUMED] * len(said), rule=rule).wants_more


def decide_labels(
    opinions: Mapping[str, Sequence[Opinion]], accuracy: float | None = None
) -> dict[str, tuple[float, str]]:
    """The probability that each label is right, and what to do with it.

    Args:
        opinions: Those on each item, one or more.
        accuracy: How often every person is right; None to estimate it of each from the items that
            several judged.

    Returns:
        By item the probability, rounded to four digits, and `keep`, `flip` or `undecided`.
    """
    import numpy as np

    from pairsmith.statistics.adjudication import Rule, decide, fit_opinions

    if accuracy is not None:
        found = {
            item: decide([o.strength for o in said], [accuracy] * len(said))
            for item, said in opinions.items()
        }
        return {item: (round(held.right, 4), held.verdict) for item, held in found.items()}
    people: dict[str, int] = {}
    flat = [
        (row, people.setdefault(opinion.who, len(people)), float(opinion.strength))
        for row, said in enumerate(opinions.values())
        for opinion in said
    ]
    if not flat:
        return {}
    rows, sources, strengths = (np.array(column) for column in zip(*flat, strict=True))
    decided = fit_opinions(rows, sources, strengths).decide(Rule())
    pairs = zip(opinions, decided, strict=True)
    return {item: (round(held.right, 4), held.verdict) for item, held in pairs}

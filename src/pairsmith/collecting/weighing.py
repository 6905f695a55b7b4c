"""How sure opinions make one of a label, and whether another opinion is wanted.

Equal people, who err independently of each other, and a label that is right more often than not:
the plain rule. A rule that knows how often each person is right can be put in its place, see `More`
and `opinions.Weigh`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from pairsmith.collecting.board import Opinion

ACCURACY, PRIOR = 0.8, 0.9
"""How often a person is taken to be right, and a label, where nothing is known of either."""

SURE_WRONG, SURE_RIGHT = 0.1, 0.98
"""Outside of these a label is decided. Simulated, with people who are right in 80 % of cases and
10 % of labels wrong, three opinions a row and more where they do not decide:

| at most | on average | wrong labels mended | right labels harmed |
| --- | --- | --- | --- |
| 3 | 3.0 | 51 % | 0.8 % |
| 7 | 4.1 | 85 % | 0.6 % |
| 11 | 4.3 | 94 % | 0.4 % |
| 15 | 4.3 | 96 % | 0.4 % |
"""


def weigh(
    opinions: Mapping[str, Sequence[Opinion]], accuracy: float = ACCURACY, prior: float = PRIOR
) -> dict[str, float]:
    """The probability that each label is right, by Bayes' rule, with equal people.

    With p the prior and q how often a person is right, of n people a agree and d do not:

        P = 1 / (1 + (1 - p) / p · (q / (1 - q))^(d - a))

    Who finds both replies bad says nothing of the label.

    Args:
        opinions: Those on each item.
        accuracy: q, above ½ and below 1.
        prior: p, above 0 and below 1.

    >>> from pairsmith.collecting.board import Task
    >>> task = Task("t", "ann", "x", False, None, 0.0)
    >>> said = [Opinion(who, -2, None, task) for who in ("ann", "ben", "cleo")]
    >>> weigh({"x": said, "y": said[:1]})
    {'x': 0.1233, 'y': 0.6923}
    """
    weight = math.log(accuracy / (1 - accuracy))
    start = math.log(prior / (1 - prior))
    found = {}
    for item, said in opinions.items():
        votes = sum((o.strength > 0) - (o.strength < 0) for o in said)
        found[item] = round(1 / (1 + math.exp(-(start + weight * votes))), 4)
    return found


def is_undecided(said: Sequence[Opinion]) -> bool:
    """Whether opinions on an item leave it open if its label is right."""
    return SURE_WRONG < weigh({"": said})[""] < SURE_RIGHT

"""How few have most: of unequal counts, the fewest that have a share of the whole, and Gini's."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pairsmith.statistics.bootstrap import Estimate, Floats, interval

SHARES = (0.5, 0.8, 0.9)
"""Shares of the whole for which the smallest number of holders is given."""
FEW = 20
"""Of fewer that have something, there are no intervals."""
DRAWS, HELD = 2_000, 20_000_000
"""How often they are drawn; the most numbers in all, or about."""


class Inequality(NamedTuple):
    """How unequal counts are.

    Attributes:
        fewest: The least share of those that have something that has each of `SHARES`.
        gini: From 0, where all have as much, to nearly 1, where one has all.
    """

    fewest: tuple[Estimate, ...]
    gini: Estimate


def measure_inequality(counts: Floats, seed: int, of: str) -> Inequality:
    """How unequal counts are, with intervals by draws of those that have them.

    >>> found = measure_inequality(np.array([6.0, 2.0, 1.0, 1.0]), 0, "members")
    >>> [share.estimate for share in found.fewest], round(found.gini.estimate, 3)
    ([0.25, 0.5, 0.75], 0.4)

    Args:
        counts: n whole numbers above 0, of rows.
        seed: Of the draws.
        of: What has them, in the plural.
    """
    ordered = -np.sort(-counts)
    middle = _measure(ordered[None])[0].tolist()
    drawn = _draw(ordered, seed)
    ends = [interval(column) for column in drawn.T] if len(drawn) else [(None, None)] * len(middle)
    rows, members = int(counts.sum()), len(counts)
    told = [
        Estimate(value, *end, rows, members, of) for value, end in zip(middle, ends, strict=True)
    ]
    return Inequality(tuple(told[:-1]), told[-1])


def _measure(counts: Floats) -> Floats:
    """The fewest of each share, then Gini's coefficient: shape (draws, measures).

    With x ascending and i from 1 it is Σ (2 i - n - 1) x_i / (n Σ x).

    Args:
        counts: Descending ones, of shape (draws, n).
    """
    members = counts.shape[1]
    total = counts.sum(axis=1)
    reached = np.cumsum(counts, axis=1) / total[:, None]
    fewest = [((reached < share - 1e-9).sum(axis=1) + 1) / members for share in SHARES]
    factors = members - 1 - 2 * np.arange(members)
    return np.column_stack([*fewest, counts @ factors / (members * total)])


def _draw(counts: Floats, seed: int) -> Floats:
    members = len(counts)
    if members < FEW:
        return np.zeros((0, 0))
    chance = np.random.default_rng(seed)
    left = max(100, min(DRAWS, HELD // members))
    parts = []
    while left > 0:
        some = max(1, min(left, 1_000_000 // members))
        drawn = counts[chance.integers(members, size=(some, members))]
        parts.append(_measure(-np.sort(-drawn, axis=1)))
        left -= some
    return np.concatenate(parts)

"""Correlations with intervals."""

from __future__ import annotations

import numpy as np

from pairsmith.statistics.bootstrap import Bootstrap, Estimate, Floats

LARGE = 1e100
"""Numbers beyond this are scaled before they are squared."""


def correlate(left: Floats, right: Floats, boot: Bootstrap) -> Estimate:
    """Pearson's correlation of two numbers of n rows, with its interval."""
    one, other = standardise(left), standardise(right)
    columns = [np.ones(len(one)), one, other, one * other, one**2, other**2]
    return correlated(np.hstack([boot.summed(column) for column in columns]), boot, len(one))


def standardise(values: Floats) -> Floats:
    """Values less their mean, by their deviation: sums of squares stay precise."""
    largest = float(np.abs(values).max()) if len(values) else 0.0
    if largest > LARGE:  # their squares are no numbers
        values = values / largest
    spread = float(values.std()) if len(values) else 0.0
    middle = float(values.mean()) if len(values) else 0.0
    return (values - middle) / spread if spread else np.zeros(np.shape(values))


def correlated(sums: Floats, boot: Bootstrap, rows: int) -> Estimate:
    """The correlation, given the six sums of each group: of 1, x, y, xy, xx and yy."""
    middle = pearson(sums.sum(axis=0)[None])[0]
    return boot.estimate(float(middle), pearson(boot.drawn(sums)), rows, boot.count)


def pearson(sums: Floats) -> Floats:
    """Correlations, given sums of 1, x, y, xy, xx and yy in each row."""
    count, x, y, xy, xx, yy = sums.T
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt((count * xx - x**2) * (count * yy - y**2))
        found: Floats = (count * xy - x * y) / spread
    return found


def ranks(values: Floats) -> Floats:
    """Ranks from the least on, the mean of theirs for equal values (Spearman).

    >>> ranks(np.array([3.0, 1.0, 3.0])).tolist()
    [2.5, 1.0, 2.5]

    Args:
        values: n numbers.
    """
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    found: Floats = (np.cumsum(counts) - (counts - 1) / 2)[places]
    return found

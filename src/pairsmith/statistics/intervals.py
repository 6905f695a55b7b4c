"""95 % confidence intervals of a proportion, and of the difference of two paired proportions.

Both assume independent rows. Rows of one conversation are correlated, so the true intervals are
somewhat wider.
"""

from __future__ import annotations

from math import pi, sqrt, tan
from typing import Any, NamedTuple

import numpy as np

Z = 1.959963984540054
"""The 97.5 % quantile of the standard normal distribution."""


class Share(NamedTuple):
    """A proportion and its confidence interval.

    Attributes:
        hits: The number of rows with the property.
        rows: The number of all rows; at least one.
        share: `hits / rows`, from 0 to 1.
        low, high: The ends of its 95 % Wilson interval.
    """

    hits: int
    rows: int
    share: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{percent(self.share)} ({percent(self.low)} to {percent(self.high)})"

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, as values that JSON can hold."""
        return self._asdict()


class Difference(NamedTuple):
    """The difference of two proportions of the same rows, and its confidence interval.

    Attributes:
        difference: The first proportion minus the second, from -1 to 1.
        low, high: The ends of its 95 % interval.
    """

    difference: float
    low: float
    high: float

    def __str__(self) -> str:
        low, high = (f"{100 * end:+.2f}" for end in (self.low, self.high))
        return f"{100 * self.difference:+.2f} points ({low} to {high})"


def percent(share: float) -> str:
    """Formats a share of 1 as a percentage with one decimal.

    >>> percent(0.125)
    '12.5 %'
    """
    return f"{100 * share:.1f} %"


def wilson(hits: int, rows: int) -> Share:
    """Computes Wilson's score interval of a proportion, at 95 %.

    Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927),
    209-212; without continuity correction. Unlike the normal approximation it stays within 0 to 1.

    >>> share = wilson(8, 10)
    >>> round(share.low, 4), round(share.high, 4)
    (0.4902, 0.9433)

    Args:
        hits: The number of rows with the property, from 0 to `rows`.
        rows: The number of all rows; at least one.
    """
    share = hits / rows
    middle = share + Z**2 / (2 * rows)
    half = Z * sqrt(share * (1 - share) / rows + Z**2 / (4 * rows**2))
    low, high = ((middle + side * half) / (1 + Z**2 / rows) for side in (-1, 1))
    # 0 and 1 are the exact limits there; floating-point arithmetic misses them slightly
    return Share(hits, rows, share, low if hits else 0.0, high if hits < rows else 1.0)


def student(df: float) -> float:
    """The 97.5 % quantile of Student's t: how many standard errors an interval reaches.

    With t = √df · tan θ the density is in proportion to cos(θ)^(df - 1), which is summed here, so
    that no other library is needed; right to six digits.

    >>> round(student(1), 3), round(student(10), 3)
    (12.706, 2.228)

    Args:
        df: The degrees of freedom, at least 1; infinite for the normal distribution.
    """
    if df > 10_000:  # the first term of its expansion
        return Z * (1 + (Z**2 + 1) / (4 * df))
    angles = np.linspace(0, pi / 2, 100_001)
    density = np.cos(angles) ** (df - 1)
    sums = np.concatenate([[0.0], np.cumsum(density[1:] + density[:-1])])
    return sqrt(df) * tan(float(np.interp(0.95 * sums[-1], sums, angles)))


def newcombe(both: int, first: int, second: int, neither: int) -> Difference:
    """Computes the difference of two paired proportions, first minus second, at 95 %.

    Method 10 of Newcombe, Improved confidence intervals for the difference between binomial
    proportions based on paired data, Statistics in Medicine 17 (1998), 2635-2650: the Wilson
    intervals of the two proportions, combined by their correlation.

    >>> found = newcombe(both=36, first=12, second=2, neither=0)
    >>> round(found.difference, 4), round(found.low, 4), round(found.high, 4)
    (0.2, 0.0569, 0.3404)

    Args:
        both: The number of rows with both properties.
        first: The number of rows with the first property only.
        second: The number of rows with the second property only.
        neither: The number of rows with none; the four counts sum to at least one.
    """
    rows = both + first + second + neither
    one, other = wilson(both + first, rows), wilson(both + second, rows)
    correlation = _correlate(both, first, second, neither)
    difference = (first - second) / rows
    down = _combine(one.share - one.low, other.high - other.share, correlation)
    up = _combine(one.high - one.share, other.share - other.low, correlation)
    return Difference(difference, difference - down, difference + up)


def _combine(left: float, right: float, correlation: float) -> float:
    """The half-width of a difference, from the half-widths of its two terms."""
    return sqrt(max(left**2 - 2 * correlation * left * right + right**2, 0.0))


def _correlate(both: int, first: int, second: int, neither: int) -> float:
    """The phi coefficient of a 2 × 2 table, its numerator corrected for continuity; else 0."""
    margins = (both + first) * (second + neither) * (both + second) * (first + neither)
    if not margins:
        return 0.0
    product = both * neither - first * second
    half = (both + first + second + neither) / 2
    corrected = product if product < 0 else max(product - half, 0.0)
    return float(corrected / sqrt(margins))

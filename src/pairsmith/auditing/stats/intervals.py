"""Intervals at 95 %: of a proportion, and of the difference of two that were seen on the same rows.

Both presume that rows are independent; those of one conversation are not quite, so that the true
intervals are somewhat wider.
"""

from __future__ import annotations

from math import sqrt
from typing import Any, NamedTuple

Z = 1.959963984540054
"""The 97.5 % point of the normal distribution."""


class Share(NamedTuple):
    """A proportion and its interval.

    Attributes:
        hits: Rows of which something holds.
        rows: Rows; at least one.
        share: The one by the other.
        low, high: The Wilson interval.
    """

    hits: int
    rows: int
    share: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{percent(self.share)} ({percent(self.low)} to {percent(self.high)})"

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return self._asdict()


class Difference(NamedTuple):
    """The difference of two proportions of the same rows, and its interval."""

    difference: float
    low: float
    high: float

    def __str__(self) -> str:
        low, high = (f"{100 * end:+.2f}" for end in (self.low, self.high))
        return f"{100 * self.difference:+.2f} points ({low} to {high})"


def percent(share: float) -> str:
    """A share as text."""
    return f"{100 * share:.1f} %"


def wilson(hits: int, rows: int) -> Share:
    """The score interval of a proportion (Wilson, 1927).

    Args:
        hits: Rows of which something holds.
        rows: Rows; at least one.
    """
    share = hits / rows
    middle = share + Z**2 / (2 * rows)
    half = Z * sqrt(share * (1 - share) / rows + Z**2 / (4 * rows**2))
    low, high = ((middle + side * half) / (1 + Z**2 / rows) for side in (-1, 1))
    # at the ends the limits are exact, and arithmetic is not
    return Share(hits, rows, share, low if hits else 0.0, high if hits < rows else 1.0)


def newcombe(both: int, first: int, second: int, neither: int) -> Difference:
    """The difference of two paired proportions, first less second.

    Method 10 of Newcombe (1998), Statistics in Medicine 17, 2635-2650: Wilson intervals of either,
    put together with the correlation of the two.

    Args:
        both: Rows of which both hold.
        first: Rows of which the first alone holds.
        second: Rows of which the second alone holds.
        neither: Rows of which none holds; with the others at least one.
    """
    rows = both + first + second + neither
    one, other = wilson(both + first, rows), wilson(both + second, rows)
    correlation = _correlate(both, first, second, neither)
    difference = (first - second) / rows
    down = _joined(one.share - one.low, other.high - other.share, correlation)
    up = _joined(one.high - one.share, other.share - other.low, correlation)
    return Difference(difference, difference - down, difference + up)


def _joined(left: float, right: float, correlation: float) -> float:
    return sqrt(max(left**2 - 2 * correlation * left * right + right**2, 0.0))


def _correlate(both: int, first: int, second: int, neither: int) -> float:
    """The phi coefficient of a two by two table, its numerator corrected for continuity."""
    margins = (both + first) * (second + neither) * (both + second) * (first + neither)
    if not margins:
        return 0.0
    product = both * neither - first * second
    half = (both + first + second + neither) / 2
    corrected = product if product < 0 else max(product - half, 0.0)
    return float(corrected / sqrt(margins))

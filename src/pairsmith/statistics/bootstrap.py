"""Intervals by a bootstrap over groups of rows, all draws of a statistic at once.

Rows that have one origin are not independent of each other: about four comparisons of HH-RLHF come
from one conversation, and the attacks of one red-team member have one author. So whole groups are
drawn with replacement (Davison and Hinkley, Bootstrap Methods and their Application, 1997, section
3.8), and the interval of a statistic is that between the 2.5 % and the 97.5 % quantile of its
draws.

A statistic here is a function of sums over rows. The sums of each group are computed once, as a
matrix; the draws are then a product of matrices: how often each group was drawn, times the sums of
each.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairsmith.text.spans import Index, Mask

Floats = NDArray[np.float64]

DRAWS = 2_000
"""How often groups are drawn."""
FEW = 20
"""With fewer groups than this, there is no interval: too few to draw from."""
LEVEL = 0.95
"""Of the intervals."""
HELD = 60_000_000
"""Numbers of draws kept in memory, a byte each; beyond that they are drawn again."""
AT_ONCE = 2_000_000
"""At most about this many numbers of a matrix of draws are held at once."""


class Estimate(NamedTuple):
    """A number with its interval.

    Attributes:
        estimate: The number; None if there are no rows.
        low, high: The ends of its 95 % interval; None where there are too few groups.
        rows: The rows that it is of.
        groups: The groups that these are of.
        of: What a group is, in the plural.
    """

    estimate: float | None
    low: float | None
    high: float | None
    rows: int
    groups: int
    of: str = "conversations"

    @property
    def sure(self) -> bool:
        """Whether there is an interval."""
        return self.low is not None and self.high is not None

    def above(self, value: float) -> bool:
        """Whether the whole interval lies above a value."""
        return self.low is not None and self.low > value

    def below(self, value: float) -> bool:
        """Whether the whole interval lies below a value."""
        return self.high is not None and self.high < value

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, as values that JSON can hold."""
        numbers = (_short(value) for value in self[:3])
        held = dict(zip(self._fields[:3], numbers, strict=True))
        counted = {**held, "rows": self.rows, self.of: self.groups}
        return counted if self.sure else {**counted, "remark": f"too few {self.of} for an interval"}


def _short(value: float | None) -> float | None:
    """A number with seven significant digits: the rest differs between machines."""
    return value if value is None or isinstance(value, int) else float(f"{value:.7g}")


class Bootstrap:
    """Draws of the groups of n rows, the same ones for each statistic.

    Args:
        groups: The group of each of n rows, such as its conversation: any numbers.
        draws: How often groups are drawn.
        seed: Of the draws.
        of: What a group is, in the plural.
    """

    def __init__(
        self, groups: Index, draws: int = DRAWS, seed: int = 0, of: str = "conversations"
    ) -> None:
        held, codes = np.unique(groups, return_inverse=True)
        self.of = of
        self.codes: Index = codes.astype(np.int64)
        self.count = len(held)
        self.draws, self.seed = draws, seed
        self.held: list[NDArray[np.uint8]] = []

    def summed(self, values: Floats, parts: Index | None = None, count: int = 1) -> Floats:
        """The sums of each group, in parts: shape (groups, `count`).

        Args:
            values: n numbers.
            parts: The part of each row, from 0; -1 for none. Without it all rows are in one.
            count: The number of parts.
        """
        if parts is None:
            held = np.bincount(self.codes, values, self.count).astype(np.float64)
            return held[:, None]
        some = parts >= 0
        cells = self.codes[some] * count + parts[some]
        sums = np.bincount(cells, values[some], self.count * count).astype(np.float64)
        return sums.reshape(self.count, count)

    def drawn(self, sums: Floats) -> Floats:
        """The sums over the groups of each draw: shape (draws, k).

        Args:
            sums: The k sums of each group, as `summed` gives them.
        """
        return np.concatenate([times @ sums for times in self._times()])

    def _times(self) -> Iterator[Floats]:
        """How often each group is in draws, some at a time: shape (draws, groups)."""
        for times in self.held or self._drawn_times():
            yield times.astype(np.float64)

    def _drawn_times(self) -> Iterator[NDArray[np.uint8]]:
        """The same, drawn from the seed; kept for the next statistic where they are not many."""
        chance = np.random.default_rng(self.seed)
        step = max(1, AT_ONCE // max(self.count, 1))
        keep = self.draws * self.count <= HELD
        for first in range(0, self.draws, step):
            some = min(step, self.draws - first)
            picked = chance.integers(self.count, size=(some, self.count))
            cells = picked + self.count * np.arange(some)[:, None]
            counts = np.bincount(cells.ravel(), minlength=some * self.count)
            # of any group, more than 255 in a draw have a chance of nothing
            times = np.minimum(counts, 255).astype(np.uint8).reshape(some, self.count)
            if keep:
                self.held.append(times)
            yield times

    def means(self, values: Floats, parts: Index | None = None, count: int = 1) -> list[Estimate]:
        """The mean of values in each part, with its interval; arguments as `summed`."""
        sums = self.summed(values, parts, count)
        rows = self.summed(np.ones(len(values)), parts, count)
        drawn = self.drawn(np.hstack([sums, rows]))
        of_draws = _divide(drawn[:, :count], drawn[:, count:])
        middles = _divide(sums.sum(axis=0), rows.sum(axis=0))
        return [
            self.estimate(
                float(middles[place]),
                of_draws[:, place],
                int(rows[:, place].sum()),
                int((rows[:, place] > 0).sum()),
            )
            for place in range(count)
        ]

    def mean(self, values: Floats, which: Mask | None = None) -> Estimate:
        """The mean of values, with its interval.

        Args:
            values: n numbers.
            which: n flags: the rows that it is of; None for all.
        """
        parts = None if which is None else np.where(which, 0, -1).astype(np.int64)
        return self.means(values, parts)[0]

    def estimate(self, middle: float, draws: Floats, rows: int, groups: int) -> Estimate:
        """A number with the interval that its draws give.

        Args:
            middle: The number; not finite where there is none.
            draws: What it is in each draw; not finite where a draw gives none.
            rows: The rows that it is of.
            groups: Those that these are of.
        """
        if not rows or not np.isfinite(middle):
            return Estimate(None, None, None, rows, groups, self.of)
        low, high = interval(draws) if groups >= FEW else (None, None)
        return Estimate(middle, low, high, rows, groups, self.of)


def interval(draws: Floats, level: float = LEVEL) -> tuple[float | None, float | None]:
    """The percentile interval of draws; those that are not finite say nothing.

    Returns:
        Its ends; None where half of the draws or more say nothing.
    """
    said = draws[np.isfinite(draws)]
    if 2 * len(said) <= len(draws):
        return None, None
    low, high = np.quantile(said, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _divide(above: Floats, below: Floats) -> Floats:
    """Quotients; not a number where they are none."""
    found: Floats = np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below != 0)
    return found

"""Odds ratios of many things at once, within strata, with intervals that allow for groups.

The odds ratio is that of Mantel and Haenszel (J. Natl. Cancer Inst. 22 (1959), 719-748): with a
and b the successes and failures that have a thing, c and d those that do not, and n all of a
stratum, the sum of a d / n by the sum of b c / n.

Its interval is that of its logarithm, by leaving out one group at a time. Only groups that have the
thing tell much of it, so that their rows which have it give the degrees of freedom.
"""

from __future__ import annotations

from math import exp
from typing import NamedTuple

import numpy as np

from pairsmith.statistics.bootstrap import Bootstrap, Floats
from pairsmith.statistics.leaving_out import infer
from pairsmith.text.spans import Index, Mask

ADDED = 0.5
"""To each cell of a table with an empty one, as Haldane and Anscombe do (1956)."""
FAR = 700.0
"""Logarithms beyond this have no number."""


class Odds(NamedTuple):
    """An odds ratio.

    Attributes:
        estimate: It; None where all, or none, have the thing, or all or none are successes.
        low, high: The ends of its 95 % interval; None where there is none.
        p: The probability of one as far from 1 where there is no difference; None as well.
        rows: The rows that have the thing.
        groups: The groups that these are of.
        is_added: Whether there is no ratio within strata, or would be none without one group, as
            where a cell is empty: then strata are one table, with `ADDED` in each of its cells.
    """

    estimate: float | None
    low: float | None
    high: float | None
    p: float | None
    rows: int
    groups: int
    is_added: bool = False


def measure_odds(has: Mask, success: Mask, strata: Index, groups: Index) -> Odds:
    """The odds ratio of success of those that have a thing, against those that do not.

    >>> has = np.array([True] * 6 + [False] * 6)
    >>> wins = np.array([True] * 4 + [False] * 4 + [True] * 2 + [False] * 2)
    >>> one = np.zeros(12, int)
    >>> round(measure_odds(has, wins, one, np.arange(12)).estimate, 3)
    4.0

    Args:
        has: n flags.
        success: n flags.
        strata: n numbers, from 0.
        groups: The group of each row: any numbers.
    """
    rows, members = int(has.sum()), len(np.unique(groups[has]))
    nothing = Odds(None, None, None, None, rows, members)
    if not 0 < rows < len(has) or not 0 < success.sum() < len(success):
        return nothing
    boot = Bootstrap(groups, of="members")
    cells = _count(has, success, strata, boot)
    whole = cells.sum(axis=0)
    without = whole - cells
    middle, others = _log_ratio(whole), _log_ratio(without)
    is_added = not (np.isfinite(middle) and np.isfinite(others).all())
    if is_added:
        whole, without = (held.sum(axis=-1, keepdims=True) + ADDED for held in (whole, without))
        middle, others = _log_ratio(whole), _log_ratio(without)
    held = boot.summed(has.astype(np.float64))[:, 0]
    sure = infer(float(middle), others, held)
    low, high = (None if end is None else exp(min(max(end, -FAR), FAR)) for end in sure[:2])
    return Odds(exp(float(middle)), low, high, sure.p, rows, members, is_added)


def _count(has: Mask, success: Mask, strata: Index, boot: Bootstrap) -> Floats:
    """The four cells of each stratum in each group: shape (groups, 4, strata)."""
    count = int(strata.max()) + 1
    kinds = 2 * (~has).astype(np.int64) + (~success).astype(np.int64)
    held = boot.summed(np.ones(len(has)), kinds * count + strata, 4 * count)
    return held.reshape(boot.count, 4, count)


def _log_ratio(cells: Floats) -> Floats:
    """The logarithm of the ratio, given cells of shape (…, 4, strata)."""
    a, b, c, d = np.moveaxis(cells, -2, 0)
    rows = np.maximum(a + b + c + d, 1e-300)
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = np.log((a * d / rows).sum(axis=-1)) - np.log((b * c / rows).sum(axis=-1))
    return found

"""Intervals of any number by leaving out one group of rows at a time.

A few members make most attacks, and then draws of whole members are too narrow: of a statistic that
rests on 8 members' worth of rows, percentile intervals hold the truth in 91 % of cases, not 95 %.
The jackknife over groups is wide enough for groups of very unequal size (MacKinnon, Nielsen and
Webb, Cluster-robust inference: a guide to empirical practice, J. Econometrics 232 (2023), 272-299,
CV3), with G groups:

    se² = (G - 1) / G · Σ_g (θ_(g) - θ)²

and its degrees of freedom are as many as there are groups in effect, by Kish (Survey Sampling,
1965, section 11.7): with w_g the share of the rows that group g holds, 1 / Σ w_g². That is G where
all are of one size. Together they hold the truth in 95 to 96 % of draws of such members.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pairsmith.statistics.bootstrap import LEVEL, Bootstrap, Estimate, Floats
from pairsmith.text.spans import Mask


class Certainty(NamedTuple):
    """How sure a number is; all None where nothing can be said.

    Attributes:
        low, high: The ends of its 95 % interval.
        p: The probability of a number as far from the one that it is held against.
    """

    low: float | None = None
    high: float | None = None
    p: float | None = None


def infer(middle: float, without: Floats, held: Floats, against: float = 0.0) -> Certainty:
    """The interval of a number, and how likely one as far off is by chance.

    Args:
        middle: The number.
        without: What it is without each of G groups; not finite where there is none then.
        held: How many of the rows that tell of it each group holds.
        against: What the number is where nothing is the case.
    """
    from scipy.special import stdtr, stdtrit

    count = int((held > 0).sum())
    if count < 2 or not np.isfinite(middle) or not np.isfinite(without).all():
        return Certainty()
    error = float(np.sqrt((count - 1) / count * ((without - middle) ** 2).sum()))
    if not error > 1e-12 * max(abs(middle), 1.0):
        return Certainty()
    freedom = float(held.sum()) ** 2 / float((held**2).sum())
    half = float(stdtrit(freedom, (1 + LEVEL) / 2)) * error
    chance = 2 * float(stdtr(freedom, -abs(middle - against) / error))
    return Certainty(middle - half, middle + half, chance)


class Inferred(NamedTuple):
    """A number and how sure it is.

    Attributes:
        estimate: The number with its interval.
        p: The probability of one as far from what it is held against; None without an interval.
    """

    estimate: Estimate
    p: float | None


def of_rows(middle: float, sure: Certainty, used: Mask, boot: Bootstrap) -> Inferred:
    """A number with what it is of.

    Args:
        middle: The number; not finite where there is none.
        sure: How sure it is.
        used: n flags: the rows that it is of.
        boot: The groups of these n rows.
    """
    rows, groups = int(used.sum()), len(np.unique(boot.codes[used]))
    known = float(middle) if rows and np.isfinite(middle) else None
    return Inferred(Estimate(known, sure.low, sure.high, rows, groups, boot.of), sure.p)


def infer_mean(values: Floats, boot: Bootstrap, used: Mask) -> Inferred:
    """The mean of some of n numbers, held against 0.

    >>> boot = Bootstrap(np.array([0, 0, 1, 2]), of="members")
    >>> values = np.array([1.0, 2.0, 3.0, 2.0])
    >>> infer_mean(values, boot, values > 0).estimate.estimate
    2.0

    Args:
        values: The numbers; finite where they are used.
        boot: The groups of these n rows.
        used: n flags.
    """
    sums = boot.summed(np.where(used, values, 0.0))[:, 0]
    rows = boot.summed(used.astype(np.float64))[:, 0]
    if not rows.sum():
        return of_rows(np.nan, Certainty(), used, boot)
    middle = float(sums.sum() / rows.sum())
    some = rows > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        without = (sums.sum() - sums[some]) / (rows.sum() - rows[some])
    return of_rows(middle, infer(middle, without, rows[some]), used, boot)


def infer_correlation(left: Floats, right: Floats, boot: Bootstrap) -> Inferred:
    """Pearson's correlation of two numbers of n rows, held against 0; of ranks, Spearman's."""
    from pairsmith.statistics.correlation import pearson, standardise

    one, other = standardise(left), standardise(right)
    columns = [np.ones(len(one)), one, other, one * other, one**2, other**2]
    sums = np.hstack([boot.summed(column) for column in columns])
    whole = sums.sum(axis=0)
    middle = float(pearson(whole[None])[0])
    sure = infer(middle, pearson(whole - sums), sums[:, 0])
    low, high = (None if end is None else min(max(end, -1.0), 1.0) for end in sure[:2])
    return of_rows(middle, sure._replace(low=low, high=high), np.ones(len(one), bool), boot)

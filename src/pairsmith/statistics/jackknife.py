"""Standard errors of regressions by leaving out one group of rows at a time.

Rows of one red-team member resemble each other in more ways than a model of them says, and an
outcome of 0 or 1 has another variance in each cell. So the error of a coefficient is taken from
the statistic without each member in turn (the cluster jackknife, CV3 in MacKinnon, Nielsen and
Webb, Fast and reliable jackknife and bootstrap methods for cluster-robust inference, Journal of
Applied Econometrics 38 (2023), 671-694; Cameron and Miller, A practitioner's guide to
cluster-robust inference, Journal of Human Resources 50 (2015), section VI):

    se² = f · Σ_g (b_(g) - b)²

With groups of one size, f is the (G - 1) / G of every jackknife. A few members make most attacks,
and then this is too much. Were the model true, b would be efficient, and Var(b_(g) - b) would be
Var(b_(g)) - Var(b) (Hausman, Specification tests in econometrics, Econometrica 46 (1978),
1251-1271, lemma 2.1). So f is such that se² is then right on average, which is what CR2 asks for
too (Bell and McCaffrey, Bias reduction in standard errors for linear regression with multi-stage
samples, Survey Methodology 28 (2002), 169-181):

    f = Var(b) / Σ_g (Var(b_(g)) - Var(b))

And se² is itself a guess from few members. Its degrees of freedom are those of Satterthwaite
(ibid., section 4), 2 E(se²)² / Var(se²), which has a closed form in the share of the information
on b that each group holds, here by u_g = Var(b_(g)) / Var(b) - 1:

    df = (Σ u_g)² / (Σ u_g² + (Σ u_g²)² - Σ u_g⁴)

It is G - 1 where all groups hold the same, and few where few hold most.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pairsmith.statistics.bootstrap import LEVEL, Floats
from pairsmith.text.spans import Index

BLOCKS = 1_000
"""Of more groups than this, the smaller ones are left out several at a time."""


class Inference(NamedTuple):
    """k numbers with standard errors; not a number where nothing can be said.

    Attributes:
        estimate: The numbers.
        se: Their standard errors.
        low, high: The ends of their 95 % intervals, by Student's t.
        p: The probabilities of numbers as far from 0 where the truth is 0.
        df: The degrees of freedom.
    """

    estimate: Floats
    se: Floats
    low: Floats
    high: Floats
    p: Floats
    df: Floats


def blocks_of(rows: Index) -> Index:
    """Which groups are left out together: each by itself, unless there are too many.

    The largest ones stay alone, and the others are dealt out evenly; a union of groups is as
    independent of the rest as a group is.

    >>> blocks_of(np.array([3, 5, 1])).tolist()
    [1, 0, 2]

    Args:
        rows: The size of each of G groups.

    Returns:
        G numbers, from 0 to at most `BLOCKS` - 1.
    """
    alone = BLOCKS // 2
    rank = np.empty(len(rows), np.int64)
    rank[np.argsort(-rows, kind="stable")] = np.arange(len(rows))
    if len(rows) <= BLOCKS:
        return rank
    return np.where(rank < alone, rank, alone + (rank - alone) % (BLOCKS - alone))


def infer(
    estimate: Floats, without: Floats, variance: Floats, variance_without: Floats
) -> Inference:
    """Standard errors, intervals and probabilities of k numbers.

    Args:
        estimate: The k numbers.
        without: What they are without each of G groups: shape (G, k); not a number where they
            rest on that group.
        variance: Their k variances as the model has them, in any unit.
        variance_without: The same without each group, in that unit: shape (G, k).
    """
    from scipy.special import stdtr, stdtrit

    with np.errstate(divide="ignore", invalid="ignore"):
        grown = np.clip(variance_without / variance - 1, 0, None)  # u_g
        squares = ((without - estimate) ** 2).sum(axis=0)
        se = np.sqrt(squares / grown.sum(axis=0))
        second = (grown**2).sum(axis=0)
        df = grown.sum(axis=0) ** 2 / (second + second**2 - (grown**4).sum(axis=0))
        df = np.where(np.isfinite(se) & (se > 0), np.maximum(df, 1.0), np.nan)
        half = stdtrit(df, (1 + LEVEL) / 2) * se
        p = 2 * stdtr(df, -np.abs(estimate / se))
    se = np.where(np.isfinite(df), se, np.nan)
    return Inference(estimate, se, estimate - half, estimate + half, p, df)

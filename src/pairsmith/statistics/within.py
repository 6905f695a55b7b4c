"""Means of what was attacked by somebody of average skill, however the attackers were shared out.

A random intercept for each member takes out who attacked whom only where members came to the models
by chance. Where the better ones attacked one model more, a part of their skill is taken for a
weakness of that model: the more, the fewer attacks they made. So what is between models (or any
columns that vary within members) is estimated from differences within members alone, which needs no
such chance (Mundlak, On the pooling of time series and cross section data, Econometrica 46 (1978),
69-85), and only the level of all, how an average member fares, by the random intercept:

    b = (X' M X)^-1 X' M y,   M = I - 1 1' / n_g in each group
    a = 1' W (y - X b) / 1' W 1,   W the inverse of the covariance of y - X b in its mixed model

A mean is a + b_j. Errors are by leaving out one member at a time in both steps, see `jackknife.py`;
the variance that scales them is that of the two steps, as if they were independent of each other:
σ² (x' (X' M X)^-1 x + 1 / 1' W 1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pairsmith.statistics.bootstrap import Floats
from pairsmith.statistics.jackknife import Inference, blocks_of, infer
from pairsmith.statistics.mixed import (
    Mixed,
    fit_mixed,
    independent,
    number_groups,
    solve,
    sum_groups,
    weighted,
)
from pairsmith.text.spans import Index


@dataclass(frozen=True, eq=False)
class Within:
    """The fitted level and the k coefficients of n rows.

    Attributes:
        level: The mixed model of what the coefficients leave: its one coefficient is a.
        coefficients: b; not a number for columns that are left out.
        left_out: Columns that vary in no group, or as sums of multiples of earlier ones.
        inner: Z' M Z by block of groups, Z being the columns that are kept, and y.
        between: Z' W Z of a column of ones, the same columns, and y.
    """

    level: Mixed
    coefficients: Floats
    left_out: tuple[int, ...]
    inner: Floats
    between: Floats

    def contrast(self, level: Floats, weights: Floats) -> Inference:
        """Sums of multiples of the level and of coefficients, with errors by the jackknife.

        Args:
            level: m factors of the level: 1 for a mean, 0 for a difference.
            weights: m times k factors of the coefficients, shape (m, k).

        Returns:
            m numbers; not a number where one wants a column that is left out, or rests on one
            group alone.
        """
        kept = np.setdiff1d(np.arange(len(self.coefficients)), self.left_out)
        lost = (weights[:, list(self.left_out)] != 0).any(axis=1) | (self.level.sigma2 <= 0)
        inner, between = self.inner.sum(axis=0), self.between.sum(axis=0)
        some = weights[:, kept]
        estimate, variance = _both(inner[None], between[None], inner, level, some)
        without, variances = _both(inner - self.inner, between - self.between, inner, level, some)
        return infer(np.where(lost, np.nan, estimate[0]), without, variance[0], variances)


def fit_within(y: Floats, x: Floats, groups: Index) -> Within:
    """Fits both steps.

    Args:
        y: n outcomes.
        x: The columns, shape (n, k): none of ones, and of a variable with several values one for
            each but one.
        groups: The group of each row: any numbers.

    Raises:
        ValueError: Something is no number, or there are not more rows than columns.
    """
    if not np.isfinite(x).all():
        raise ValueError("columns hold what is no number")
    held, codes = number_groups(groups)
    sizes: Any = np.bincount(codes, minlength=len(held))
    centred = x - (sum_groups(x, codes, len(held)) / sizes[:, None])[codes]
    kept = independent(centred.T @ centred, np.sum(x**2, axis=0))
    columns = np.column_stack([np.ones(len(y)), x[:, kept], y])
    summed = sum_groups(columns, codes, len(held))
    blocks = blocks_of(sizes)
    inner = weighted(columns, summed, 1 / sizes, codes, blocks)[:, 1:, 1:]
    whole = inner.sum(axis=0)
    found = solve(whole[None], whole, np.eye(len(kept)))[0][0]
    level = fit_mixed(y - x[:, kept] @ found, np.ones((len(y), 1)), groups)
    factors = level.ratio / (1 + level.ratio * sizes)
    coefficients = np.full(x.shape[1], np.nan)
    coefficients[kept] = found
    left_out = tuple(int(c) for c in np.setdiff1d(np.arange(x.shape[1]), kept))
    between = weighted(columns, summed, factors, codes, blocks)
    return Within(level, coefficients, left_out, inner, between)


def _both(
    inner: Floats, between: Floats, scale: Floats, level: Floats, weights: Floats
) -> tuple[Floats, Floats]:
    """Sums and their variances over σ², of B times both: shapes (B, m)."""
    ones = between[:, 0, 0][:, None]
    ones = np.where(ones > 0, ones, np.nan)  # nobody is left
    means = between[:, 0, 1:] / ones  # of the columns and of y
    # a is the mean of y less b times the mean of x
    full = weights[None] - level[:, None] * means[:, None, :-1]
    found, variances = solve(inner, scale, full)
    return found + level * means[:, [-1]], variances + level**2 / ones

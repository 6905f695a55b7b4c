"""The linear mixed model with a random intercept for each group: who attacked is taken out.

    y = X b + u_g + e,   u_g ~ N(0, τ²) for each group g,   e ~ N(0, σ²) for each row

(Laird and Ware, Random-effects models for longitudinal data, Biometrics 38 (1982), 963-974.) With
λ = τ² / σ², the inverse of a group's covariance is (I - c_g 1 1') / σ², c_g = λ / (1 + λ n_g), by
Woodbury. So all that the likelihood needs are sums of products of columns, once over all rows and
once over the sums of groups, and those only by the size of the groups: after one pass over the
rows, a λ costs next to nothing. Restricted maximum likelihood (REML) then is a search in one number
(Bates, Mächler, Bolker and Walker, Fitting linear mixed-effects models using lme4, Journal of
Statistical Software 67 (2015), 1-48, section 3.4), with n rows, k columns, W for the inverse of the
covariance times σ², and RSS the least (y - X b)' W (y - X b):

    d(λ) = (n - k) log RSS + Σ_g log(1 + λ n_g) + log |X' W X|

A worked example: in the first group of two rows y is 1 and 3, in the second 5 and 7. The mean is 4;
σ² is the mean square within, (1 + 1 + 1 + 1) / 2 = 2; the means of groups, 2 and 6, have the
variance 8 = τ² + σ² / 2, so τ² = 7; and a group's effect is its mean less 4, shrunk by
τ² / (τ² + σ² / 2) = 7 / 8.

>>> found = fit_mixed(np.array([1.0, 3, 5, 7]), np.ones((4, 1)), np.array([0, 0, 1, 1]))
>>> found.coefficients.round(6).tolist(), round(found.sigma2, 6), round(found.tau2, 6)
([4.0], 2.0, 7.0)
>>> found.effects.round(6).tolist()
[-1.75, 1.75]
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from pairsmith.statistics.bootstrap import Floats
from pairsmith.statistics.jackknife import Inference, blocks_of, infer
from pairsmith.text.spans import Index

COLLINEAR = 1e-9
"""A column of which the others leave no larger share unexplained is one of them."""
RATIOS = np.exp(np.linspace(np.log(1e-6), np.log(1e6), 17))
"""Where the ratio of variances is looked for first."""
HALVINGS = 40
"""How often the room around the best of these is halved then."""


@dataclass(frozen=True, eq=False)
class Mixed:
    """A fitted model of n rows, k columns and G groups.

    Attributes:
        coefficients: The k coefficients; not a number for columns that are left out.
        covariance: Theirs, shape (k, k), as the model has it: `contrast` trusts it less.
        sigma2: The variance of rows within a group.
        tau2: The variance of groups.
        groups: The G distinct groups, ascending.
        effects: How far each lies from 0, shrunk (BLUP).
        effect_se: The standard errors of these as predictions, the coefficients being guesses too.
        rows: n.
        left_out: Columns that are sums of multiples of earlier ones.
        converged: Whether the ratio of the variances was found; no where rows do not differ within
            groups at all.
    """

    coefficients: Floats
    covariance: Floats
    sigma2: float
    tau2: float
    groups: Index
    effects: Floats
    effect_se: Floats
    rows: int
    left_out: tuple[int, ...]
    converged: bool
    _rows: tuple[Floats, Index] = field(repr=False)

    @property
    def ratio(self) -> float:
        """τ² / σ²; 0 where there is neither."""
        return self.tau2 / self.sigma2 if self.sigma2 else 0.0

    @cached_property
    def _blocks(self) -> Floats:
        """Z' W Z of the rows of each block of groups."""
        columns, codes = self._rows
        sizes: Any = np.bincount(codes, minlength=len(self.groups))
        summed = sum_groups(columns, codes, len(sizes))
        factors: Floats = self.ratio / (1 + self.ratio * sizes)
        return weighted(columns, summed, factors, codes, blocks_of(sizes))

    def contrast(self, weights: Floats) -> Inference:
        """Sums of multiples of coefficients, with errors that allow for all likeness in groups.

        Args:
            weights: m sums, shape (m, k): the factor of each coefficient.

        Returns:
            m numbers; not a number where one wants a column that is left out, or rests on one
            group alone.
        """
        kept = np.setdiff1d(np.arange(len(self.coefficients)), self.left_out)
        lost = (weights[:, list(self.left_out)] != 0).any(axis=1)
        some = weights[:, kept]
        whole = self._blocks.sum(axis=0)
        estimate, variance = (found[0] for found in solve(whole[None], whole, some))
        without, variances = solve(whole - self._blocks, whole, some)
        lost |= self.sigma2 <= 0
        return infer(np.where(lost, np.nan, estimate), without, variance, variances)


class Sums(NamedTuple):
    """Sums of products of p = k + 1 columns, the last of which is y.

    Attributes:
        rows: n.
        total: Over all rows, shape (p, p).
        sizes: The S different sizes of groups.
        counts: How many groups have each.
        between: Products of the sums of groups, by size: shape (S, p · p).
    """

    rows: int
    total: Floats
    sizes: Floats
    counts: Floats
    between: Floats


class Point(NamedTuple):
    """The model at one ratio of variances.

    Attributes:
        deviance: d(λ).
        slope: Its derivative.
        coefficients: b.
        inverse: The inverse of X' W X.
        rss: The weighted sum of squares of residuals.
    """

    deviance: float
    slope: float
    coefficients: Floats
    inverse: Floats
    rss: float


def fit_mixed(y: Floats, x: Floats, groups: Index) -> Mixed:
    """Fits the model by REML.

    Args:
        y: n outcomes.
        x: The columns, shape (n, k), that of ones among them if there is to be one.
        groups: The group of each row: any numbers.

    Raises:
        ValueError: Something is no number, or there are not more rows than columns.
    """
    if not (np.isfinite(y).all() and np.isfinite(x).all()):
        raise ValueError("outcomes or columns hold what is no number")
    held, codes = number_groups(groups)
    total = x.shape[1]
    columns = np.empty((len(y), total + 1), order="F")
    columns[:, :-1], columns[:, -1] = x, y
    inner = columns.T @ columns
    kept = independent(inner[:-1, :-1])
    if len(y) <= len(kept):
        raise ValueError(f"{len(y)} rows cannot tell {len(kept)} columns")
    if len(kept) < total:
        some = np.append(kept, total)
        columns, inner = columns[:, some], inner[np.ix_(some, some)]
    sizes = np.bincount(codes, minlength=len(held)).astype(np.float64)
    summed = sum_groups(columns, codes, len(held))
    sums = _sums(inner, summed, sizes, len(y))
    ratio, converged = _search(sums)
    point = _at(sums, ratio)
    factors = ratio / (1 + ratio * sizes)  # c_g
    sigma2 = point.rss / (len(y) - len(kept))
    beyond = summed[:, -1] - summed[:, :-1] @ point.coefficients
    spread = np.einsum("gi,ij,gj->g", summed[:, :-1], point.inverse, summed[:, :-1])
    coefficients = np.full(total, np.nan)
    covariance = np.full((total, total), np.nan)
    coefficients[kept] = point.coefficients
    covariance[np.ix_(kept, kept)] = sigma2 * point.inverse
    return Mixed(
        coefficients, covariance, sigma2, ratio * sigma2, held.astype(np.int64),
        effects=factors * beyond,
        effect_se=np.sqrt(sigma2 * (factors + factors**2 * spread)),
        rows=len(y),
        left_out=tuple(int(c) for c in np.setdiff1d(np.arange(total), kept)),
        converged=converged,
        _rows=(columns, codes),
    )  # fmt: skip


def number_groups(groups: Index) -> tuple[Index, Index]:
    """The distinct groups, ascending, and the place of each row's among them."""
    low, high = int(groups.min(initial=0)), int(groups.max(initial=0))
    if high - low > 10 * len(groups):
        held, codes = np.unique(groups, return_inverse=True)
        return held.astype(np.int64), codes.astype(np.int64)
    there = np.bincount(groups - low) > 0  # faster than to sort
    return np.flatnonzero(there) + low, (np.cumsum(there) - 1)[groups - low]


def independent(inner: Floats, squares: Floats | None = None) -> Index:
    """The columns of x that are no sums of multiples of earlier ones, ascending.

    Args:
        inner: x' x.
        squares: What a column's rest is held against; None for its own sum of squares.
    """
    scale = np.sqrt(np.diag(inner) if squares is None else squares)
    kept: list[int] = []
    # Gauss: what the columns so far leave of the others
    rests = inner / np.outer(scale, scale).clip(min=np.finfo(float).tiny)
    for column in range(len(inner)):
        rest = rests[column, column]
        if scale[column] > 0 and rest > COLLINEAR:
            kept.append(column)
            rests = rests - np.outer(rests[:, column], rests[column]) / rest
    return np.array(kept, np.int64)


def sum_groups(columns: Floats, codes: Index, count: int) -> Floats:
    """Sums of columns by group, shape (count, p)."""
    held = [np.bincount(codes, column, count) for column in columns.T]
    return np.stack(held, axis=1).astype(np.float64)


def weighted(
    columns: Floats, summed: Floats, factors: Floats, codes: Index, blocks: Index
) -> Floats:
    """Z' W Z of the rows of each block of groups, shape (blocks, p, p).

    Args:
        columns: Z, shape (n, p).
        summed: Its sums by group, shape (G, p).
        factors: c_g of each group.
        codes: The group of each row.
        blocks: The block of each group.
    """
    count, width = int(blocks.max()) + 1, columns.shape[1]
    of_row = blocks[codes]
    made = np.empty((count, width, width))
    for place in range(width):
        within = sum_groups(columns * columns[:, [place]], of_row, count)
        between = sum_groups(summed * (factors * summed[:, place])[:, None], blocks, count)
        made[:, place] = within - between
    return made


def _sums(total: Floats, summed: Floats, sizes: Floats, rows: int) -> Sums:
    different, of_size, counts = np.unique(sizes, return_inverse=True, return_counts=True)
    between = np.hstack(
        [
            sum_groups(summed * summed[:, [place]], of_size, len(different))
            for place in range(len(total))
        ]
    )
    return Sums(rows, total, different, counts.astype(np.float64), between)


def _search(sums: Sums) -> tuple[float, bool]:
    """The ratio of variances with the least deviance, and whether there is one."""
    points = [_at(sums, ratio) for ratio in (0.0, *RATIOS)]
    if points[0].rss <= 0:
        return 0.0, True  # the columns say all of y
    deviances = np.array([point.deviance for point in points])
    # in a flat one, of groups that cannot be told from rows or columns, 0 is the answer
    best = int(np.argmin(deviances - 1e-9 * np.abs(deviances[0]) * (np.arange(len(points)) == 0)))
    if best == 0 and points[0].slope >= -1e-9:
        return 0.0, True
    if best == len(RATIOS):
        return float(RATIOS[-1]), False
    if not np.isfinite(deviances[best]):  # nothing is left within groups
        return float(RATIOS[-1]), False
    low, high = (0.0, *RATIOS)[max(best - 1, 0)], RATIOS[best]
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if _at(sums, middle).slope < 0:
            low = middle
        else:
            high = middle
    return float((low + high) / 2), True


def _at(sums: Sums, ratio: float) -> Point:
    """The model at one ratio."""
    grown = 1 + ratio * sums.sizes
    shape = sums.total.shape
    inner = sums.total - (ratio / grown @ sums.between).reshape(shape)  # Z' W Z
    change = (grown**-2 @ sums.between).reshape(shape)  # the derivative of c is 1 / (1 + λ n)²
    inverse: Any = np.linalg.inv(inner[:-1, :-1])
    coefficients: Floats = inverse @ inner[:-1, -1]
    residual = np.append(-coefficients, 1.0)  # y - X b = Z (-b, 1)
    rss = float(residual @ inner @ residual)
    if rss <= COLLINEAR * 1e-3 * float(sums.total[-1, -1]):
        return Point(-np.inf, 0.0, coefficients, inverse, 0.0)
    free = sums.rows - len(coefficients)
    deviance = free * np.log(rss) + float(sums.counts @ np.log(grown))
    deviance += float(np.linalg.slogdet(inner[:-1, :-1])[1])
    slope = -free * float(residual @ change @ residual) / rss
    slope += float(sums.counts @ (sums.sizes / grown))
    slope -= float(np.sum(inverse * change[:-1, :-1]))
    return Point(deviance, slope, coefficients, inverse, rss)


def solve(inner: Floats, whole: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Sums of coefficients and their variances over σ²: shapes (B, m).

    Not a number where the rows cannot tell them.

    Args:
        inner: B times Z' W Z, shape (B, p, p).
        whole: That of all rows, which scales the columns.
        weights: m sums, shape (m, p - 1), or (B, m, p - 1).
    """
    scale = np.sqrt(np.diag(whole)[:-1].clip(min=np.finfo(float).tiny))
    if not len(scale):
        none = np.zeros((len(inner), weights.shape[-2]))
        return none, none
    left = inner[:, :-1, :-1] / np.outer(scale, scale)
    inverse = np.linalg.pinv(left, rcond=COLLINEAR, hermitian=True)
    scaled = weights / scale
    solved = scaled @ inverse
    lost = np.abs(solved @ left - scaled).max(axis=2) > 1e-6 * np.abs(scaled).max(axis=-1)
    found = (solved @ (inner[:, :-1, -1] / scale)[:, :, None])[:, :, 0]
    variances = np.sum(solved * scaled, axis=2)
    return np.where(lost, np.nan, found), np.where(lost, np.nan, variances)

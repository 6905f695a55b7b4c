"""Elo ratings of models from comparisons of their replies, by maximum likelihood, with errors.

Bradley and Terry, Rank analysis of incomplete block designs, Biometrika 39 (1952), 324-345, in the
unit of Elo: of two models rated R_i and R_j, the first is preferred with the chance

    p_ij = 1 / (1 + 10^((R_j - R_i) / 400)) = σ((R_i - R_j) / 173.7)

A preference model's scores have the same form, p = σ(s_i - s_j), so that a difference of 1 between
two of its scores is 400 / ln 10 = 173.7 Elo (Bai and others, arXiv 2204.05862, section 2.3). With
w_ij the wins of i over j among n_ij comparisons, a tie counting half to each, the likelihood has
the gradient Σ_j (w_ij - n_ij p_ij) and the information

    L_ii = Σ_j n_ij p_ij p_ji,   L_ij = -n_ij p_ij p_ji

whose rows sum to 0: only differences are determined, and the mean rating is put at 0. The
covariance of ratings with mean 0 is the pseudo-inverse of L.

There is a maximum only where models cannot be divided into two parts of which one won every
comparison with the other (Ford, Solution of a ranking problem from binary comparisons, American
Mathematical Monthly 64 (1957), 28-33). So the largest set of models that is not divided so is
rated, and every other model has a reason in place of a number.

Comparisons of one prompt, conversation or worker are not independent. With `groups`, covariances
are by leaving out one group at a time, in one Newton step from the fit, as in `leaving_out.py`:

    V = (G - 1) / G · Σ_g d_g d_g',   d_g = (L - L_g)^-1 s_g

where s_g and L_g are what group g adds to the gradient and to L; intervals are by Student's t, with
the degrees of freedom of that module.

A worked example: of 100 comparisons the first of two models wins 76. The difference is
173.7 · ln(76 / 24) = 200.2 Elo, its standard error 173.7 / √(100 · 0.76 · 0.24) = 40.7.

>>> won = np.repeat([1.0, 0.0], [76, 24])
>>> found = fit_elo(np.zeros(100, int), np.ones(100, int), won, 2)
>>> gap = found.difference(0, 1)
>>> round(gap.estimate, 1), round(gap.se, 1), round(gap.low, 1), round(gap.high, 1)
(200.2, 40.7, 120.5, 280.0)
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, log, sqrt
from typing import NamedTuple

import numpy as np

from pairsmith.statistics.bootstrap import AT_ONCE, Floats
from pairsmith.statistics.intervals import student
from pairsmith.text.spans import Index, Mask

ELO_PER_LOGIT = 400 / log(10)
"""A difference of 1 between two scores of a preference model, in Elo: 173.7."""
STEPS = 100
"""Newton steps at most; mostly fewer than ten are needed."""
CLOSE = 1e-10
"""The largest change of a last step, in logits."""

NO_COMPARISONS = "it has no comparisons"
WON_ALL = "it won all of its comparisons: its rating has no upper bound"
LOST_ALL = "it lost all of its comparisons: its rating has no lower bound"
APART = "it was not compared with the models that are rated, nor with others that were"
DIVIDED = (
    "no finite rating: all comparisons between one set of models, with it, and the models that are"
    " rated were won by one side"
)
FEW_GROUPS = "errors by group need two groups"
PIVOTAL = "without one of the groups not all models are linked by comparisons"


class Gap(NamedTuple):
    """How far one model is rated above another.

    Attributes:
        estimate: The difference in Elo; None where one of the two is not rated.
        se: Its standard error; None where there is none.
        low, high: The ends of its 95 % interval; None as `se`.
        reason: Why a number is missing; empty where none is.
    """

    estimate: float | None
    se: float | None
    low: float | None
    high: float | None
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Elo:
    """Ratings of k models.

    Attributes:
        ratings: In Elo, with mean 0 over the models that are rated; not a number for the others.
        covariance: Theirs, shape (k, k); not a number where there is none.
        comparisons: How many comparisons each model was in; those with itself are not counted.
        with_itself: How many comparisons were of a model with itself: they tell nothing of ratings.
        reasons: Why a model is not rated; empty for those that are.
        df: The degrees of freedom of intervals; infinite without groups.
        groups: The number of groups of comparisons between rated models; None without groups.
        error_reason: Why there is no covariance; empty where there is one.
    """

    ratings: Floats
    covariance: Floats
    comparisons: Index
    with_itself: int
    reasons: tuple[str, ...]
    df: float = inf
    groups: int | None = None
    error_reason: str = ""

    @property
    def se(self) -> Floats:
        """The standard errors of the ratings, each against the mean of all that are rated."""
        return np.sqrt(np.diag(self.covariance))

    def difference(self, first: int, second: int) -> Gap:
        """How far one model is rated above another, with an interval.

        Args:
            first: The number of a model, from 0.
            second: That of another.
        """
        reason = self.reasons[first] or self.reasons[second]
        if reason:
            return Gap(None, None, None, None, reason)
        apart = float(self.ratings[first] - self.ratings[second])
        if self.error_reason:
            return Gap(apart, None, None, None, self.error_reason)
        rows = self.covariance[first] - self.covariance[second]
        se = sqrt(max(float(rows[first] - rows[second]), 0.0))
        half = student(self.df) * se
        return Gap(apart, se, apart - half, apart + half)


def win_chance(difference: float) -> float:
    """How often a model is preferred that is rated this many Elo above the other.

    >>> round(win_chance(200), 4)
    0.7597
    """
    return float(1 / (1 + 10 ** (-difference / 400)))


def fit_elo(
    first: Index, second: Index, won: Floats, models: int, groups: Index | None = None
) -> Elo:
    """Rates models by n comparisons of two.

    Args:
        first: The model of the first reply of each comparison, from 0.
        second: The model of the second.
        won: 1 where the first is better, 0 where the second is, 0.5 for a tie; any share between
            where several opinions are one.
        models: The number of models, k.
        groups: What each comparison came from, such as a prompt, a conversation or a worker: any
            numbers. Comparisons of one group may depend on each other. Without it, all are taken
            to be independent, and a tie to vary as much as a win or a loss.

    Raises:
        ValueError: `won` lies outside 0 to 1, a model's number outside 0 to k - 1, or lengths
            differ.
    """
    first, second, won = np.asarray(first), np.asarray(second), np.asarray(won, np.float64)
    _refuse(first, second, won, models, groups)
    real = first != second
    one, other, share = first[real], second[real], won[real]
    wins = _tabulate(one, other, share, models) + _tabulate(other, one, 1 - share, models)
    comparisons = np.bincount(np.concatenate([one, other]), minlength=models)
    rated, reasons = _divide(wins)
    ratings, covariance = np.full(models, np.nan), np.full((models, models), np.nan)
    df, count, reason = inf, None if groups is None else 0, ""
    if rated.any():
        logits = _climb(wins[np.ix_(rated, rated)])
        ratings[rated] = logits * ELO_PER_LOGIT
        some = rated[one] & rated[other]
        held = (np.cumsum(rated) - 1)[np.stack([one[some], other[some]])]
        if groups is None:
            found = _inverse(_information(logits, held[0], held[1]))
        else:
            of = np.unique(np.asarray(groups)[real][some], return_inverse=True)[1]
            count = int(of.max()) + 1
            found, df, reason = _leave_out(logits, held, share[some], of)
        covariance[np.ix_(rated, rated)] = found * ELO_PER_LOGIT**2
    return Elo(ratings, covariance, comparisons, int((~real).sum()), reasons, df, count, reason)


def _refuse(first: Index, second: Index, won: Floats, models: int, groups: Index | None) -> None:
    """Refuses what are no comparisons of this number of models."""
    if not len(first) == len(second) == len(won) == len(first if groups is None else groups):
        raise ValueError("first, second, won and groups have to be of one length")
    if not ((won >= 0) & (won <= 1)).all():
        raise ValueError("won has to be from 0 to 1: 1 where the first is better, 0.5 for a tie")
    numbers = np.concatenate([first, second])
    if len(numbers) and not 0 <= numbers.min() <= numbers.max() < models:
        raise ValueError(f"first and second have to be from 0 to {models - 1}")


def _tabulate(rows: Index, columns: Index, weights: Floats, models: int) -> Floats:
    """Sums of weights by two models: shape (models, models)."""
    cells = np.bincount(rows * models + columns, weights, models * models)
    return cells.astype(np.float64).reshape(models, models)


def _divide(wins: Floats) -> tuple[Mask, tuple[str, ...]]:
    """The largest set of models that has ratings, and why each other model has none.

    Args:
        wins: How often each model of a row won against that of a column, shape (k, k).
    """
    models = len(wins)
    reach = (wins > 0) | np.eye(models, dtype=bool)
    linked = reach | reach.T
    for middle in range(models):  # Warshall's closure
        reach |= reach[:, middle, None] & reach[middle]
        linked |= linked[:, middle, None] & linked[middle]
    both = reach & reach.T
    sizes = both.sum(axis=1)
    within = np.where(both, wins + wins.T, 0).sum(axis=1)
    # models of one set have the same size; of sets of one size, that with more comparisons
    most = np.array([within[row].sum() for row in both])
    rated = np.zeros(models, bool)
    if models and sizes.max() > 1:
        rated = both[np.lexsort((-most, -sizes))[0]].copy()
    reasons = ["" if rated[model] else _why(model, wins, linked, rated) for model in range(models)]
    return rated, tuple(reasons)


def _why(model: int, wins: Floats, linked: Mask, rated: Mask) -> str:
    """Why a model is not rated."""
    won, lost = wins[model].sum(), wins[:, model].sum()
    if not won + lost:
        return NO_COMPARISONS
    if not won or not lost:
        return WON_ALL if won else LOST_ALL
    return DIVIDED if (linked[model] & rated).any() else APART


def _climb(wins: Floats) -> Floats:
    """The ratings of greatest likelihood, in logits with mean 0, by Newton's method.

    The likelihood is concave and has a maximum, so halved steps reach it from anywhere.
    """
    counts = wins + wins.T

    def likelihood(ratings: Floats) -> float:
        return -float((wins * np.logaddexp(0, ratings[None] - ratings[:, None])).sum())

    ratings = np.zeros(len(wins))
    reached = likelihood(ratings)
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(ratings[None] - ratings[:, None]))
        gradient = (wins - counts * chance).sum(axis=1)
        weights = counts * chance * chance.T
        step = _inverse(np.diag(weights.sum(axis=1)) - weights) @ gradient
        size = 1.0
        while size > CLOSE and (tried := likelihood(ratings + size * step)) < reached:
            size /= 2
        if size <= CLOSE:  # of what is left, nothing can be told from rounding
            break
        ratings, reached = ratings + size * step, tried
        if np.abs(step).max() < CLOSE:
            break
    centred: Floats = ratings - ratings.mean()
    return centred


def _inverse(information: Floats) -> Floats:
    """The pseudo-inverse of one or more matrices whose rows sum to 0, of linked models."""
    models = information.shape[-1]
    found: Floats = np.linalg.inv(information + 1 / models) - 1 / models
    return found


def _information(logits: Floats, first: Index, second: Index) -> Floats:
    """The information that comparisons hold of ratings: shape (k, k)."""
    chance = 1 / (1 + np.exp(logits[second] - logits[first]))
    weights = _tabulate(first, second, chance * (1 - chance), len(logits))
    weights += weights.T
    return np.diag(weights.sum(axis=1)) - weights


def _leave_out(
    logits: Floats, held: Index, won: Floats, groups: Index
) -> tuple[Floats, float, str]:
    """The covariance of ratings by leaving out one of G groups, in logits.

    Args:
        logits: The k ratings.
        held: The first and the second model of each comparison, shape (2, n).
        won: n outcomes.
        groups: The group of each comparison, from 0 to G - 1.

    Returns:
        The covariance, its degrees of freedom, and why there is none.
    """
    models, (first, second) = len(logits), held
    sizes = np.bincount(groups)
    count = len(sizes)
    nothing = np.full((models, models), np.nan)
    if count < 2:
        return nothing, np.nan, FEW_GROUPS
    whole = _information(logits, first, second)
    total = np.zeros((models, models))
    order = np.argsort(groups, kind="stable")
    ends = np.cumsum(sizes)
    step = max(1, AT_ONCE // models**2)
    for start in range(0, count, step):
        stop = min(start + step, count)
        rows = order[ends[start] - sizes[start] : ends[stop - 1]]
        added, scores = _by_group(
            logits, first[rows], second[rows], won[rows], groups[rows] - start
        )
        left = whole - added
        if (np.linalg.eigvalsh(left + 1 / models)[:, 0] < 1e-9 * np.trace(whole)).any():
            return nothing, np.nan, PIVOTAL
        moved = (_inverse(left) @ scores[:, :, None])[:, :, 0]
        total += moved.T @ moved
    return (count - 1) / count * total, float(sizes.sum() ** 2 / (sizes**2).sum()), ""


def _by_group(
    logits: Floats, first: Index, second: Index, won: Floats, groups: Index
) -> tuple[Floats, Floats]:
    """What each group adds to the information and to the gradient: shapes (G, k, k), (G, k)."""
    models, count = len(logits), int(groups[-1]) + 1
    chance = 1 / (1 + np.exp(logits[second] - logits[first]))
    weights = chance * (1 - chance)
    information = np.zeros((count, models, models))
    scores = np.zeros((count, models))
    for one, other, sign in ((first, second, 1), (second, first, -1)):
        np.add.at(information, (groups, one, one), weights)
        np.add.at(information, (groups, one, other), -weights)
        np.add.at(scores, (groups, one), sign * (won - chance))
    return information, scores

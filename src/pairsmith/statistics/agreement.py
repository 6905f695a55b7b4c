"""How far several people agree: Krippendorff's α, Cohen's and Fleiss' κ, pairwise agreement.

Every measure has an interval by draws of units with replacement (`bootstrap.py`); a unit is what is
rated, such as a pair of replies. Where pairs of one conversation are rated, `groups` draws whole
conversations.

**Pairwise agreement** is the chance that two people who rated a unit said the same, a unit of
whatever many ratings counting once. It has no correction for chance: of two answers, half agree if
everybody guesses.

**Krippendorff's α** (Krippendorff, Content Analysis, 4th edition, 2019, chapter 12) is 1 where all
agree and 0 where ratings have nothing to do with the unit. It takes any number of raters and
missing ratings. With n_uc ratings c of unit u, n_u of it in all, units of fewer than two left out,

    o_ck = Σ_u n_uc (n_uk - [c = k]) / (n_u - 1),   n_c = Σ_k o_ck,   n = Σ_c n_c
    α = 1 - (n - 1) · Σ_ck o_ck δ²_ck / Σ_ck n_c n_k δ²_ck

where δ² is, for nominal ratings, 1 where two differ; for numbers (interval), (c - k)²; and for
ordinal ones (Σ_{g = c…k} n_g - (n_c + n_k) / 2)²: how many ratings lie between the two.

**Cohen's κ** (Educational and Psychological Measurement 20 (1960), 37-46; weighted: Psychological
Bulletin 70 (1968), 213-220) is of two raters, or of one rater and a label. With p_ck the share of
units that the first rated c and the second k, and weights w_ck that are 1 off the diagonal, or how
many steps of the scale c and k are apart, or its square:

    κ = 1 - Σ_ck w_ck p_ck / Σ_ck w_ck p_c· p_·k

**Fleiss' κ** (Psychological Bulletin 76 (1971), 378-382) is of any raters, but as many for each
unit. With m ratings of each of N units, P the mean of pairwise agreement and q_c the share of c:

    κ = (P - Σ_c q_c²) / (1 - Σ_c q_c²)

All are undefined where only one answer was given. If more people are asked where the first ones
disagree (`adjudication.py`), agreement of all that was said is another: asking ends where people
agree, and units that each count once agree too often. Give the first few ratings of each unit, as
many for each.

A worked example: two people rate four units, and differ on the last. Three of four agree; α is
1 - 7 · 2 / 30 = 0.5333; κ is 1 - 0.25 / 0.5 = 0.5, of Fleiss (0.75 - 0.53125) / 0.46875 = 0.4667.

>>> first, second = np.array([1.0, 1, 2, 2]), np.array([1.0, 1, 2, 1])
>>> both = np.column_stack([first, second])
>>> pairwise_agreement(both).estimate, round(krippendorff_alpha(both, "nominal").estimate, 4)
(0.75, 0.5333)
>>> cohen_kappa(first, second).estimate, round(fleiss_kappa(both).estimate, 4)
(0.5, 0.4667)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike

from pairsmith.statistics.bootstrap import FEW, Bootstrap, Floats, interval
from pairsmith.text.spans import Index

Level = Literal["nominal", "ordinal", "interval"]
"""What the distance of two ratings is: none but being different, their order, or numbers."""
Weights = Literal["none", "linear", "quadratic"]
"""How much worse it is to be several steps apart."""

MOST_ANSWERS = 32
"""Different answers that nominal and ordinal measures take: a scale has few."""
SAME = 1e-12
"""Ends of an interval that are nearer to each other differ by rounding alone."""

NO_OVERLAP = "no unit has two ratings"
ONE_ANSWER = "only one answer was given, so that agreement by chance would be complete"
FEW_UNITS = f"fewer than {FEW} units: too few for an interval"
FEW_GROUPS = f"fewer than {FEW} groups of units: too few for an interval"
SAME_DRAWS = "every draw of units has this value, as where nobody disagrees: no interval"
FEW_DRAWS = "in half of the draws, or more, only one answer was given: no interval"
UNEQUAL = "units have different numbers of ratings: Krippendorff's α takes them, Fleiss' κ does not"


class Agreement(NamedTuple):
    """A measure of agreement and its interval.

    Attributes:
        estimate: The measure, at most 1; None where it is not defined.
        low, high: The ends of its 95 % interval; None where there is none.
        units: How many units it is of: those with two ratings or more.
        ratings: How many ratings these have.
        raters: How many people gave these.
        reason: Why a number is missing; empty where none is.
    """

    estimate: float | None
    low: float | None
    high: float | None
    units: int
    ratings: int
    raters: int
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, as values that JSON can hold."""
        return self._asdict()


def tabulate(units: Index, raters: Index, values: Floats) -> Floats:
    """Ratings as the measures here take them: a row a unit, a column a rater.

    >>> tabulate(np.array([7, 7, 9]), np.array([2, 1, 1]), np.array([1.0, 3, 4])).tolist()
    [[3.0, 1.0], [4.0, nan]]

    Args:
        units: What each of n ratings is of, any numbers.
        raters: Who gave it, any numbers.
        values: The ratings.

    Returns:
        The ratings, by units and raters ascending; not a number where there is none.

    Raises:
        ValueError: Somebody rated a unit twice: see `consistency.py` for repeated comparisons.
    """
    places, columns = (np.unique(held, return_inverse=True)[1] for held in (units, raters))
    shape = (int(places.max(initial=-1)) + 1, int(columns.max(initial=-1)) + 1)
    found = np.full(shape, np.nan)
    found[places, columns] = values
    if np.isfinite(found).sum() != len(values):
        raise ValueError("a rating is no number, or somebody rated a unit twice")
    return found


def pairwise_agreement(ratings: ArrayLike, groups: Index | None = None, seed: int = 0) -> Agreement:
    """The chance that two people who rated a unit said the same.

    Args:
        ratings: One row a unit and one column a rater, shape (n, m); not a number where a rater
            gave none. For the preferred side alone, give `np.sign` of preferences with strength.
        groups: What each unit is drawn with, such as its conversation: n numbers; None to draw
            single units.
        seed: Of the draws.
    """
    counts = _count(_read(ratings))[0]
    sizes = counts.sum(axis=1)
    share = (counts**2).sum(axis=1) - sizes
    share /= np.maximum(sizes * (sizes - 1), 1)
    used = sizes >= 2
    sums = np.column_stack([np.where(used, share, 0), used])
    return _measure(
        ratings, used, sums, lambda drawn: _divide(drawn[:, 0], drawn[:, 1]), groups, seed
    )


def krippendorff_alpha(
    ratings: ArrayLike,
    level: Level = "ordinal",
    groups: Index | None = None,
    seed: int = 0,
) -> Agreement:
    """Krippendorff's α of any number of raters, ratings missing or not.

    Args:
        ratings: As for `pairwise_agreement`.
        level: What the distance of two ratings is.
        groups: As for `pairwise_agreement`.
        seed: Of the draws.

    Raises:
        ValueError: There is no such level, or too many different answers for it.
    """
    if level not in get_args(Level):
        raise ValueError(f"level is one of {', '.join(get_args(Level))}, not {level!r}")
    held = _read(ratings)
    sizes = np.isfinite(held).sum(axis=1)
    used = sizes >= 2
    if level == "interval":
        return _measure(ratings, used, _moments(held, sizes), _alpha_of_moments, groups, seed)
    counts, answers = _count(held, MOST_ANSWERS)
    many = len(answers)
    weight = np.where(used, 1 / np.maximum(sizes - 1, 1), 0)
    pairs = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(many)
    sums = (pairs * weight[:, None, None]).reshape(len(held), many**2)

    def alpha(drawn: Floats) -> Floats:
        return _alpha_of_pairs(drawn.reshape(-1, many, many), level)

    return _measure(ratings, used, sums, alpha, groups, seed)


def fleiss_kappa(ratings: ArrayLike, groups: Index | None = None, seed: int = 0) -> Agreement:
    """Fleiss' κ of units that all have as many ratings, of any raters.

    Args:
        ratings: As for `pairwise_agreement`.
        groups: As for `pairwise_agreement`.
        seed: Of the draws.
    """
    counts = _count(_read(ratings), MOST_ANSWERS)[0]
    sizes = counts.sum(axis=1)
    used = sizes >= 2
    if len(np.unique(sizes[used])) > 1:
        return _nothing(ratings, used, UNEQUAL)
    share = ((counts**2).sum(axis=1) - sizes) / np.maximum(sizes * (sizes - 1), 1)
    sums = np.column_stack([used, share, counts]) * used[:, None]

    def kappa(drawn: Floats) -> Floats:
        agreed = drawn[:, 1] / drawn[:, 0]
        shares = drawn[:, 2:] / drawn[:, 2:].sum(axis=1, keepdims=True)
        return _divide(agreed - (shares**2).sum(axis=1), 1 - (shares**2).sum(axis=1))

    return _measure(ratings, used, sums, kappa, groups, seed)


def cohen_kappa(
    first: ArrayLike,
    second: ArrayLike,
    weights: Weights = "none",
    scale: ArrayLike | None = None,
    groups: Index | None = None,
    seed: int = 0,
) -> Agreement:
    """Cohen's κ of two raters, or of a rater and a label.

    Args:
        first: The ratings of one, n numbers; not a number where there is none.
        second: Those of the other, of the same units.
        weights: How much worse it is to be several steps of the scale apart.
        scale: All answers that could be given, in order; None for those that were. With weights, an
            answer that nobody gave is a step nevertheless, which only a scale tells.
        groups: As for `pairwise_agreement`.
        seed: Of the draws.

    Raises:
        ValueError: There are no such weights, or answers that are not of the scale.
    """
    if weights not in get_args(Weights):
        raise ValueError(f"weights are one of {', '.join(get_args(Weights))}, not {weights!r}")
    held = _read(np.column_stack([np.asarray(first), np.asarray(second)]))
    used = np.isfinite(held).all(axis=1)
    answers = np.unique(held[used]) if scale is None else np.asarray(scale, np.float64)
    many = len(answers)
    _bound(many, MOST_ANSWERS)
    if not np.isin(held[used], answers).all():
        raise ValueError("there are answers that are not of the scale")
    order = np.argsort(answers)
    places = order[np.searchsorted(answers[order], held[used])]
    sums = np.zeros((len(held), many**2))
    sums[used, places[:, 0] * many + places[:, 1]] = 1
    steps = np.abs(np.arange(many)[:, None] - np.arange(many)).astype(np.float64)
    apart = {"none": np.minimum(steps, 1), "linear": steps, "quadratic": steps**2}[weights]

    def kappa(drawn: Floats) -> Floats:
        table = drawn.reshape(-1, many, many)
        by_chance = table.sum(axis=2)[:, :, None] * table.sum(axis=1)[:, None, :]
        total = table.sum(axis=(1, 2))
        seen = (table * apart).sum(axis=(1, 2)) * total
        found: Floats = 1 - _divide(seen, (by_chance * apart).sum(axis=(1, 2)))
        return found

    return _measure(held, used, sums, kappa, groups, seed)


def _read(ratings: ArrayLike) -> Floats:
    """Ratings as an array of two dimensions, without what is infinite."""
    held = np.asarray(ratings, np.float64)
    if held.ndim != 2 or np.isinf(held).any():
        raise ValueError("ratings have to be finite, a row a unit and a column a rater")
    return held


def _bound(many: int, most: int) -> None:
    if many > most:
        raise ValueError(f"{many} different answers, of which at most {most} can be compared")


def _count(held: Floats, most: int | None = None) -> tuple[Floats, Floats]:
    """How often each answer was given to each unit, shape (n, k), and the k answers."""
    known = np.isfinite(held)
    answers, places = np.unique(held[known], return_inverse=True)
    many = len(answers)
    if most is not None:
        _bound(many, most)
    cells = np.nonzero(known)[0] * many + places
    counts = np.bincount(cells, minlength=len(held) * many).astype(np.float64)
    return counts.reshape(len(held), many), answers


def _moments(held: Floats, sizes: Index) -> Floats:
    """What α of numbers is a function of: squares of differences, ratings, their two moments."""
    known = np.nan_to_num(held - np.nanmean(held) if np.isfinite(held).any() else held)
    ones, squares = known.sum(axis=1), (known**2).sum(axis=1)
    used = sizes >= 2
    within = 2 * (sizes * squares - ones**2) / np.maximum(sizes - 1, 1)
    return np.column_stack([within, sizes, ones, squares]) * used[:, None]


def _alpha_of_moments(drawn: Floats) -> Floats:
    within, ratings, ones, squares = drawn.T
    by_chance = 2 * (ratings * squares - ones**2)
    # rounding leaves a little where all numbers are the same
    by_chance = np.where(by_chance > 1e-12 * ratings * squares, by_chance, 0)
    found: Floats = 1 - (ratings - 1) * _divide(within, by_chance)
    return found


def _alpha_of_pairs(pairs: Floats, level: Level) -> Floats:
    """α of matrices of coincidences o_ck, shape (draws, k, k)."""
    margins = pairs.sum(axis=2)
    many = margins.shape[1]
    if level == "nominal":
        apart: Floats = 1 - np.eye(many)[None]
    else:
        middles = np.cumsum(margins, axis=1) - margins / 2
        apart = (middles[:, :, None] - middles[:, None, :]) ** 2
    by_chance = (margins[:, :, None] * margins[:, None, :] * apart).sum(axis=(1, 2))
    found: Floats = 1 - (margins.sum(axis=1) - 1) * _divide(
        (pairs * apart).sum(axis=(1, 2)), by_chance
    )
    return found


def _divide(above: Floats, below: Floats) -> Floats:
    """Quotients; not a number where they are none."""
    found: Floats = np.divide(above, below, out=np.full(len(above), np.nan), where=below != 0)
    return found


def _nothing(ratings: ArrayLike, used: Any, reason: str) -> Agreement:
    known = np.isfinite(np.asarray(ratings, np.float64))[used]
    return Agreement(
        None, None, None, len(known), int(known.sum()), int(known.any(axis=0).sum()), reason
    )


def _measure(
    ratings: ArrayLike,
    used: Any,
    sums: Floats,
    of: Callable[[Floats], Floats],
    groups: Index | None,
    seed: int,
) -> Agreement:
    """A measure that is a function of sums over units, with its interval.

    Args:
        ratings: All ratings.
        used: n flags: units that the measure is of.
        sums: What each unit adds to k sums: shape (n, k).
        of: From sums, one row a draw, to the measure in each draw.
        groups: What units are drawn with; None for single ones.
        seed: Of the draws.
    """
    if not used.any():
        return _nothing(ratings, used, NO_OVERLAP)
    middle = float(of(sums.sum(axis=0, keepdims=True))[0])
    empty = _nothing(ratings, used, ONE_ANSWER)
    if not np.isfinite(middle):
        return empty
    drawn_by = np.arange(len(used)) if groups is None else np.asarray(groups)
    boot = Bootstrap(drawn_by[used], seed=seed)
    found = empty._replace(estimate=middle, reason="")
    if boot.count < FEW:
        return found._replace(reason=FEW_UNITS if groups is None else FEW_GROUPS)
    by_group = np.column_stack([boot.summed(column)[:, 0] for column in sums[used].T])
    low, high = interval(of(boot.drawn(by_group)))
    if low is None or high is None:
        return found._replace(reason=FEW_DRAWS)
    if high - low < SAME:
        return found._replace(reason=SAME_DRAWS)
    return found._replace(low=low, high=high)

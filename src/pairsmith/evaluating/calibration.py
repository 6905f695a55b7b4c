"""Calibration: how sure a model is, and how often it is right when it is so sure.

A margin is the log-odds that a Bradley-Terry model gives the label: P(chosen over rejected) is
sigmoid(margin). The model's confidence in whichever reply it prefers is sigmoid(|margin|), from a
half to one; calibrated, it is right as often as it is confident.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pairsmith.scoring.linear import to_probability
from pairsmith.statistics.bootstrap import Bootstrap, Estimate, Floats
from pairsmith.text.spans import Index

BINS, ROWS_A_BIN = 10, 30
"""The most bins of the curve, and the fewest rows of one."""
STEPS, CLOSE = 100, 1e-10
"""Of Newton's method: the most steps, and how close to a root of the derivative is close enough."""
DULLEST, SHARPEST = 1e-4, 1e4
"""How much of the mean |margin| the log-odds may be, at least and at most: beyond, the labels can
be told by the margins not at all, or by their signs alone, and no temperature fits."""


def rightness(margins: Floats) -> Floats:
    """1 where a margin agrees with the label, 0 where it does not, a half for a tie."""
    return (np.sign(margins) + 1) / 2


def calibrate(margins: Floats, boot: Bootstrap) -> dict[str, Any]:
    """The calibration of margins, as `evaluation.json` holds it.

    Args:
        margins: n margins, in log-odds.
        boot: Of their n rows.
    """
    temperature = fit_temperature(margins, boot)
    fitted = temperature.estimate
    return {
        "curve": curve(margins, boot),
        "ece": _rounded(expected_error(margins)),
        "ece_by_chance": _rounded(error_by_chance(margins)),
        "brier": boot.mean(to_probability(-margins) ** 2).to_dict(),
        "log_loss": boot.mean(log_loss(margins)).to_dict(),
        "temperature": temperature.to_dict(),
        "with_temperature": None
        if fitted is None
        else {
            "ece": _rounded(expected_error(margins / fitted)),
            "log_loss": _rounded(float(log_loss(margins / fitted).mean())),
        },
    }


def log_loss(margins: Floats) -> Floats:
    """The loss of each row: log(1 + exp(-margin)), in nats; log 2 by guessing."""
    return np.logaddexp(0.0, -margins)


def bins_of(margins: Floats) -> Index:
    """The bin of each row: |margin| in bins of about equal counts, equal margins in one bin."""
    sure = np.abs(margins)
    count = max(1, min(BINS, len(sure) // ROWS_A_BIN))
    edges = np.unique(np.quantile(sure, np.arange(1, count) / count)) if count > 1 else np.zeros(0)
    found = np.searchsorted(edges, sure, side="right")
    return np.unique(found, return_inverse=True)[1].astype(np.int64)


def curve(margins: Floats, boot: Bootstrap) -> list[dict[str, Any]]:
    """For each bin of confidence: the mean confidence, and how often the model is right.

    Returns:
        By bin, least sure first: the range of |margin|, `confidence` and `accuracy`.
    """
    if not len(margins):
        return []
    places, sure = bins_of(margins), np.abs(margins)
    count = int(places.max()) + 1
    right = boot.means(rightness(margins), places, count)
    confident = to_probability(sure)
    return [
        {
            "from": _rounded(float(sure[places == place].min())),
            "to": _rounded(float(sure[places == place].max())),
            "confidence": _rounded(float(confident[places == place].mean())),
            "accuracy": right[place].to_dict(),
        }
        for place in range(count)
    ]


def expected_error(margins: Floats) -> float | None:
    """The expected calibration error (Naeini, Cooper and Hauskrecht, AAAI 2015), equal-count bins.

    The mean over rows of the distance, in each bin, of mean confidence and share of right ones.
    """
    if not len(margins):
        return None
    places = bins_of(margins)
    gaps = np.bincount(places, to_probability(np.abs(margins)) - rightness(margins))
    return float(np.abs(gaps).sum() / len(margins))


def error_by_chance(margins: Floats) -> float | None:
    """What `expected_error` comes to on average for a model that is perfectly calibrated.

    In a bin of n rows the share of right ones is off by a normal variable, whose mean distance from
    0 is sqrt(2 / pi) of its standard deviation. So with few rows no error is 0.
    """
    if not len(margins):
        return None
    confident = to_probability(np.abs(margins))
    spread = np.bincount(bins_of(margins), confident * (1 - confident))
    return float(np.sqrt(2 / np.pi) * np.sqrt(spread).sum() / len(margins))


def fit_temperature(margins: Floats, boot: Bootstrap) -> Estimate:
    """The temperature T at which sigmoid(margin / T) fits best, by maximum likelihood.

    Found by Newton's method for log(1 / T); the interval is that of one Newton step from there in
    each draw. Margins of a model that is twice as sure as it should be take a temperature of 2.

    Returns:
        The temperature; without a value where no label is contradicted, or the model is no better
        than chance, for then none fits.
    """
    some = np.isfinite(margins) & (margins != 0)
    nothing = Estimate(None, None, None, int(some.sum()), boot.count)
    scale = float(np.abs(margins[some]).mean()) if some.any() else 0.0
    if not scale or (margins >= 0).all() or (margins <= 0).all():
        return nothing
    sharpness = fit_line(margins[:, None] / scale)
    if sharpness is None or not DULLEST < sharpness[0] < SHARPEST:
        return nothing
    inverse = float(sharpness[0]) / scale
    wrong = to_probability(-inverse * margins)
    first = margins * wrong  # the derivative of the log-likelihood by 1 / T
    second = margins**2 * wrong * (1 - wrong)
    drawn = boot.drawn(np.hstack([boot.summed(first), boot.summed(second)]))
    slope, bend = inverse * drawn[:, 0], inverse**2 * drawn[:, 1] - inverse * drawn[:, 0]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        steps = np.exp(-np.where(bend > 0, slope / bend, np.nan))
    return boot.estimate(1 / inverse, steps / inverse, int(some.sum()), boot.count)


def fit_line(features: Floats) -> Floats | None:
    """The weights w that maximise the mean of log sigmoid(features · w), by Newton's method.

    Args:
        features: Shape (n, k), differences of chosen less rejected, of about unit size.

    Returns:
        k weights; None where there is no maximum, as where no row is contradicted.
    """
    weights = np.zeros(features.shape[1])
    for _ in range(STEPS):
        wrong = to_probability(-features @ weights)
        slope = features.T @ wrong
        bend = (features * (wrong * (1 - wrong))[:, None]).T @ features
        if np.abs(slope).max() < CLOSE * len(features):
            return None if (features @ weights > 0).all() else weights
        try:
            step = np.linalg.solve(bend, slope)
        except np.linalg.LinAlgError:
            return None
        weights = weights + step * min(1.0, 2 / max(float(np.abs(step).max()), 1e-12))
        if not np.isfinite(weights).all() or np.abs(weights).max() > 1e6:
            return None
    return None


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.7g}")

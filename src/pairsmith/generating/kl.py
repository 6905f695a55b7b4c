"""How far best-of-n moves from the model: its KL divergence, predicted and measured.

The best of n replies is drawn from another distribution than a reply. Where no two replies are
alike, its KL divergence is ln n - (n - 1) / n, whatever the model and the scores (*predicted*).
A reply that is likely makes it smaller: with a probability p, and F of all probability at its score
or below, the chance that it is the best is Fⁿ - (F - p)ⁿ, and

    KL  =  ln n - (n - 1) / n  -  E[D(p / F)],      over the best replies,

where D(ρ) is the KL divergence, against the uniform distribution on [1 - ρ, 1], of the density in
proportion to tⁿ⁻¹ there: 0 for ρ = 0, and all of ln n - (n - 1) / n for ρ = 1, a model that writes
one reply alone. A model at hand tells p exactly: it is the probability that the reply was drawn
with. F is at least p and what was seen below it, and at most 1; where replies are all different its
mean is n / (n + 1), and only of one prompt in forty is it below the n-th root of 0.025. It is taken
at the mean (*measured*), and the interval reaches from the one bound to the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log, sqrt
from typing import Any, NamedTuple

import numpy as np

from pairsmith.statistics.intervals import student

NEGLIGIBLE, RARE = 1e-4, 0.025


class Scored(NamedTuple):
    """A sample as the measure sees it.

    Attributes:
        text: What it says.
        score: What it is chosen by.
        log_prob: The logarithm of the probability that it was drawn with.
    """

    text: str
    score: float
    log_prob: float


class Divergence(NamedTuple):
    """The KL divergence of best-of-n against the model that was sampled, in nats.

    Attributes:
        samples: n.
        predicted: Where no two replies are alike.
        measured: With the probabilities of the replies; None where these are not known.
        low, high: The ends of its 95 % interval; None where that is.
        prompts: The number of prompts that it was measured on.
    """

    samples: int
    predicted: float
    measured: float | None
    low: float | None
    high: float | None
    prompts: int

    def to_dict(self) -> dict[str, Any]:
        """The fields by name."""
        return self._asdict()


def predict(samples: int) -> float:
    """The KL divergence of best-of-n where no two replies are alike.

    >>> round(predict(16), 3)
    1.835
    """
    return log(samples) - (samples - 1) / samples


def shortfall(share: float, samples: int) -> float:
    """How much less it is for a reply with this share of the probability at or below its score.

    >>> shortfall(1.0, 16) == predict(16), round(shortfall(0.01, 16), 5)
    (True, 0.00095)

    Args:
        share: p / F, from 0 to 1.
        samples: n.
    """
    rest = 1.0 - share
    if samples * share < NEGLIGIBLE:  # the first term, where the others would be rounding
        return ((samples - 1) * share) ** 2 / 24
    if samples == 1 or rest <= 0:
        return predict(samples)
    power = rest**samples
    best = 1.0 - power
    mean_log = (-1 / samples - power * log(rest) + power / samples) / best
    return max(0.0, log(samples * share / best) + (samples - 1) * mean_log)


def measure(prompts: Sequence[Sequence[Scored]], samples: int) -> Divergence:
    """The KL divergence of best-of-n, measured on the samples of prompts.

    Args:
        prompts: The samples of each prompt, drawn one by one from the same distribution.
        samples: n.
    """
    predicted = predict(samples)
    told = np.array([_shortfalls(held, samples) for held in prompts if held]).reshape(-1, 3)
    count = len(told)
    if not count:
        return Divergence(samples, predicted, None, None, None, 0)
    least, middle, most = told.mean(axis=0).tolist()
    half = [0.0] * 3
    if count > 1:
        reach = student(count - 1) / sqrt(count)
        half = (told.std(axis=0, ddof=1) * reach).tolist()
    low = max(0.0, predicted - most - half[2])
    high = min(predicted, predicted - least + half[0])
    return Divergence(samples, predicted, predicted - middle, low, high, count)


def _shortfalls(held: Sequence[Scored], samples: int) -> tuple[float, float, float]:
    """What is missing for the best of a prompt: the least that it may be, likely, and the most."""
    best = max(one.score for one in held)
    at, below = 0.0, 0.0
    for one in {one.text: one for one in held}.values():
        if one.score == best:
            at += exp(one.log_prob)
        else:
            below += exp(one.log_prob)
    at = min(at, 1.0)
    under = min(1.0, at + below)
    likely, low = (max(under, f) for f in (samples / (samples + 1), RARE ** (1 / samples)))
    least, middle, most = (shortfall(at / total, samples) for total in (1.0, likely, low))
    return least, middle, most

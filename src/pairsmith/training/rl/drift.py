"""How far a policy has come from where it began: replies of both to the same prompts.

The KL divergence from the start is estimated by the replies that the finished policy wrote: the
mean over replies of Σ exp(−r) − 1 + r over their tokens, r = log π − log π₀ of the distributions
that tokens are drawn from, in nats. It is free of bias and never below 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairsmith.models.generation.sample import LENGTH, Sample, Sampling
from pairsmith.statistics.intervals import student

if TYPE_CHECKING:
    from pairsmith.models.generation.replies import ReplyReader
    from pairsmith.models.policies import Policy

Floats = NDArray[np.float64]


class Mean(NamedTuple):
    """A mean of independent values with its 95 % interval, by Student's t.

    Attributes:
        mean: It.
        low, high: The ends of the interval; None where there are less than two values.
        rows: How many values.
    """

    mean: float
    low: float | None
    high: float | None
    rows: int

    @classmethod
    def of(cls, values: Sequence[float] | Floats) -> Mean:
        """The mean of values, at least one."""
        held = np.asarray(values, np.float64)
        mean = float(held.mean())
        if len(held) < 2:
            return cls(mean, None, None, len(held))
        half = student(len(held) - 1) * float(held.std(ddof=1)) / math.sqrt(len(held))
        return cls(mean, mean - half, mean + half, len(held))

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return f"{self.mean:.3g}"
        return f"{self.mean:.3g} ({self.low:.3g} to {self.high:.3g})"

    def numbers(self, name: str) -> dict[str, float]:
        """As a manifest holds it, under a name."""
        told = {name: self.mean, f"{name}_low": self.low, f"{name}_high": self.high}
        return {key: value for key, value in told.items() if value is not None}


class Drift(NamedTuple):
    """Replies of a policy before and after its training, one of each to every prompt.

    Attributes:
        before: Those of the start.
        after: Those of the finished policy.
        divergences: The estimate of the KL divergence by each reply in `after`.
    """

    before: list[Sample]
    after: list[Sample]
    divergences: Floats

    @property
    def kl(self) -> Mean:
        """The KL divergence from the start, in nats a reply."""
        return Mean.of(self.divergences)

    @property
    def lengths(self) -> tuple[Mean, Mean]:
        """The tokens of a reply, before and after."""
        return Mean.of(_lengths(self.before)), Mean.of(_lengths(self.after))

    @property
    def growth(self) -> Mean:
        """By how much replies to the same prompts have grown, in tokens."""
        pairs = zip(_lengths(self.before), _lengths(self.after), strict=True)
        return Mean.of([after - before for before, after in pairs])

    @property
    def cut(self) -> tuple[float, float]:
        """The share of replies without an end, before and after."""
        both = [[one.finish_reason == LENGTH for one in side] for side in (self.before, self.after)]
        return float(np.mean(both[0])), float(np.mean(both[1]))


def _lengths(samples: Sequence[Sample]) -> list[int]:
    return [one.tokens or 0 for one in samples]


def measure_drift(
    start: Policy,
    finished: Policy,
    prompts: Sequence[Sequence[int]],
    seeds: Sequence[int],
    sampling: Sampling,
    reader: ReplyReader,
) -> Drift:
    """Has both policies write a reply to each prompt, with the same seeds.

    Args:
        start: The policy before its training.
        finished: After it.
        prompts: The ids of prompts, at least one.
        seeds: As many.
        sampling: How replies are drawn.
        reader: What makes texts of them.

    Raises:
        ModelError: A prompt leaves too little room for a reply, or the device is too small.
    """
    from pairsmith.models.generation.local import sample
    from pairsmith.models.generation.log_probs import log_probs

    before, after = (
        sample(one, prompts, seeds, sampling, reader=reader) for one in (start, finished)
    )
    replies = [one.ids or () for one in after]
    now, then = (log_probs(one, prompts, replies, sampling=sampling) for one in (finished, start))
    ratios = [a.astype(np.float64) - b for a, b in zip(now, then, strict=True)]
    return Drift(before, after, np.array([float((np.expm1(-r) + r).sum()) for r in ratios]))

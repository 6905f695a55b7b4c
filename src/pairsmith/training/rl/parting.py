"""Whether a reward and the model that watches it have parted: over-optimisation, told early.

A policy that is pushed against a preference model finds, sooner or later, what that model likes and
people do not (arXiv 2210.10760): the reward still rises while the quality falls. A second model,
which gives no reward, sees it. The rule looks at means over windows of steps:

1. The readings are cut into windows, one behind the other, of as many readings each; an unfinished
   window is not looked at.
2. At the end of window k, from the second on, the best window is that of the earlier ones in which
   the watcher's mean was highest.
3. The two have parted where the watcher's mean has fallen from the best window to this one by more
   than z times the standard error of that difference, *and* the reward's mean has risen by more
   than 1.96 times the standard error of its own.

The best of many windows is high by chance, too. So z is the normal quantile of
1 − 0.05 / (k (k − 1)²): of a run in which the watcher stays where it was, at most one in twenty is
told to have parted, however long it is, since the sum over all windows and all earlier ones, each
with its share, is 0.05.

    window   1     2     3     4          standard errors 0.05 of each, 0.07 of a difference
    reward   0.0   0.5   0.9   1.3
    watcher  0.0   0.3   0.1  −0.1
    z              1.96  2.64  2.99       3: fallen by 0.2 > 2.64 · 0.07, reward up by 0.4: parted
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import NormalDist, fmean
from typing import Any, NamedTuple

ALARMS = 0.05
"""The share of runs, at most, that are told to have parted though the watcher did not fall."""

RISEN = NormalDist().inv_cdf(0.975)
"""Standard errors by which a reward has to rise."""

LEAST, PARTS = 5, 20
"""Readings in a window, at least; and windows in a run, at most."""


class Reading(NamedTuple):
    """What was read at one step, or over a few of them.

    Attributes:
        step: The step.
        reward, reward_se: The mean reward of the replies, without any penalty, and its standard
            error.
        watch, watch_se: The same by the model that watches.
    """

    step: int
    reward: float
    reward_se: float
    watch: float
    watch_se: float


class Parting(NamedTuple):
    """That the two have parted.

    Attributes:
        step: The last step of the window in which it was told.
        best_step: The last step of the window in which the watcher was best.
        risen: By how much the reward has risen since.
        fallen: By how much the watcher has fallen since.
    """

    step: int
    best_step: int
    risen: float
    fallen: float


def find_parting(readings: Sequence[Reading], window: int) -> Parting | None:
    """The first window in which reward and watcher have parted; None where they have not.

    Args:
        readings: All of them, in the order of steps.
        window: How many make a window.

    Returns:
        It depends on the readings up to that window alone: further ones change nothing.
    """
    means = _windows(readings, window)
    best = 0
    for place in range(1, len(means)):
        now, then = means[place], means[best]
        fallen, risen = then.watch - now.watch, now.reward - then.reward
        z = _fall(place + 1)
        if fallen > z * math.hypot(then.watch_se, now.watch_se) and risen > RISEN * math.hypot(
            then.reward_se, now.reward_se
        ):
            return Parting(now.step, then.step, risen, fallen)
        if now.watch > then.watch:
            best = place
    return None


def best_step(readings: Sequence[Reading], window: int) -> int | None:
    """The last step of the window in which the watcher was best; None before the first is full."""
    means = _windows(readings, window)
    return max(means, key=lambda one: one.watch).step if means else None


def window_of(steps: int, logging_steps: int) -> int:
    """How many readings make a window: a twentieth of a run's, five at least.

    Args:
        steps: Those of the run.
        logging_steps: A reading is made as often.
    """
    return max(LEAST, math.ceil(steps / max(1, logging_steps) / PARTS))


def readings_of(records: Sequence[Mapping[str, Any]]) -> list[Reading]:
    """The readings among the records of a training; a record without all numbers is none."""
    names = ("reward", "reward_se", "watch", "watch_se")
    return [
        Reading(record["step"], *(float(record[name]) for name in names))
        for record in records
        if all(isinstance(record.get(name), int | float) for name in names)
    ]


def _windows(readings: Sequence[Reading], window: int) -> list[Reading]:
    """The means of the full windows, each with the step of its last reading."""
    full = range(0, len(readings) - window + 1, window)
    return [_mean(readings[start : start + window]) for start in full]


def _mean(readings: Sequence[Reading]) -> Reading:
    return Reading(
        readings[-1].step,
        fmean(one.reward for one in readings),
        math.hypot(*(one.reward_se for one in readings)) / len(readings),
        fmean(one.watch for one in readings),
        math.hypot(*(one.watch_se for one in readings)) / len(readings),
    )


def _fall(number: int) -> float:
    """Standard errors by which the watcher has to fall, at the window of a number from 2 on."""
    return -NormalDist().inv_cdf(ALARMS / (number * (number - 1) ** 2))

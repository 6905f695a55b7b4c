"""The rule that tells over-optimisation: rarely without a cause, and soon where there is one."""

from types import SimpleNamespace

import numpy as np
import pytest

from pairsmith.training.rl.conclusion import conclude
from pairsmith.training.rl.parting import (
    LEAST,
    Reading,
    best_step,
    find_parting,
    readings_of,
    window_of,
)

STEPS, RUNS, SE = 100, 400, 0.3


def read(chance, reward, watch):
    """Readings whose means are as told, one a step, each with its error."""
    return [
        Reading(step, r + chance.normal(0, SE), SE, w + chance.normal(0, SE), SE)
        for step, (r, w) in enumerate(zip(reward, watch, strict=True), 1)
    ]


def test_the_example_of_the_docstring():
    reward, watch = (0.0, 0.5, 0.9, 1.3), (0.0, 0.3, 0.1, -0.1)
    readings = [
        Reading(s, r, 0.05, w, 0.05) for s, (r, w) in enumerate(zip(reward, watch, strict=True), 1)
    ]
    found = find_parting(readings, 1)
    assert (found.step, found.best_step) == (3, 2)
    assert (found.risen, found.fallen) == pytest.approx((0.4, 0.2))
    assert find_parting(readings[:3], 1) == found  # what comes behind changes nothing
    assert find_parting(readings[:2], 1) is None


@pytest.mark.parametrize("rise", [0.0, 0.05])
def test_where_nothing_parts_one_run_in_twenty_is_told_at_most(rise):
    """The watcher stays where it was, whether the reward does or rises all the time."""
    chance = np.random.default_rng(1)
    reward, watch = rise * np.arange(STEPS), np.zeros(STEPS)
    told = sum(find_parting(read(chance, reward, watch), LEAST) is not None for _ in range(RUNS))
    assert told / RUNS <= 0.05


def test_a_planted_parting_is_found_soon():
    """The watcher rises for 40 steps, then falls as fast as the reward still rises."""
    chance = np.random.default_rng(2)
    time = np.arange(STEPS)
    reward, watch = 0.05 * time, 0.05 * np.minimum(time, 80 - time)
    found = [find_parting(read(chance, reward, watch), LEAST) for _ in range(RUNS)]
    late = [one.step - 40 for one in found if one is not None]
    assert len(late) >= 0.99 * RUNS
    assert np.median(late) <= 20
    assert np.quantile(late, 0.95) <= 30
    assert sum(one.best_step <= 55 for one in found if one) >= 0.95 * len(late)


def test_a_watcher_that_falls_with_the_reward_has_not_parted():
    chance = np.random.default_rng(3)
    falling = -0.05 * np.arange(STEPS)
    assert not any(find_parting(read(chance, falling, falling), LEAST) for _ in range(50))


def test_windows_and_records():
    readings = [Reading(s, 0, 1, w, 1) for s, w in enumerate((0, 1, 5, 6, 2, 3, 9), 1)]
    assert best_step(readings, 2) == 4  # the unfinished window is not looked at
    assert best_step(readings[:1], 2) is None
    assert [window_of(40, 1), window_of(1000, 1), window_of(1000, 10)] == [5, 50, 5]
    whole = {"step": 3, "reward": 1.0, "reward_se": 0.5, "watch": 2, "watch_se": 0.1}
    assert readings_of([whole, {**whole, "watch_se": None}, {"step": 4}]) == [
        Reading(3, 1.0, 0.5, 2.0, 0.1)
    ]


def test_what_gives_every_reply_the_same_is_told():
    steps = [{"reward": 0.5, "reward_se": 0.0, "watch": 0.1 * s, "watch_se": 0.1} for s in range(3)]
    trainer = SimpleNamespace(parting=None)
    [said] = conclude({"watch": "tea"}, trainer, steps).remarks
    assert said.startswith("The reward was 0.5 for every reply: nothing is learnt")
    steps[2]["reward"] = 0.6
    assert conclude({"watch": "tea"}, trainer, steps).remarks == ()

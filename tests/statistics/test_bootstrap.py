"""The bootstrap: what it draws, how wide its intervals are, and that they hold the truth."""

import numpy as np
import pytest

from pairsmith.statistics.bootstrap import FEW, Bootstrap, Estimate
from support.slow import slow


def test_draws_are_of_whole_conversations():
    boot = Bootstrap(np.array([7, 7, 3, 9, 9, 9]), draws=50)
    drawn = boot.drawn(boot.summed(np.array([1.0, 1, 10, 100, 100, 100])))[:, 0]
    assert boot.count == 3
    of_one = {0: 10, 1: 2, 2: 300}
    possible = {of_one[a] + of_one[b] + of_one[c] for a in of_one for b in of_one for c in of_one}
    assert set(drawn) <= possible
    assert len(set(drawn)) > 3


def test_a_mean_by_group_is_that_of_its_rows():
    chance = np.random.default_rng(1)
    values, groups = chance.normal(size=300), chance.integers(-1, 2, 300)
    found = Bootstrap(np.arange(300) // 3).means(values, groups, 2)
    for place, estimate in enumerate(found):
        mine = values[groups == place]
        assert estimate.estimate == pytest.approx(mine.mean())
        assert estimate.rows == len(mine)
        assert estimate.low < estimate.estimate < estimate.high


def test_the_seed_decides():
    values = np.random.default_rng(2).random(200)
    first, same, other = (Bootstrap(np.arange(200), seed=s).mean(values) for s in (0, 0, 1))
    assert first == same
    assert first != other


def test_memory_bounds_change_no_draw(monkeypatch):
    values = np.random.default_rng(2).random(200)
    whole = Bootstrap(np.arange(200)).mean(values)
    monkeypatch.setattr("pairsmith.statistics.bootstrap.AT_ONCE", 1_000)
    monkeypatch.setattr("pairsmith.statistics.bootstrap.HELD", 1_000)
    assert Bootstrap(np.arange(200)).mean(values) == whole


def test_few_conversations_have_no_interval():
    few = Bootstrap(np.arange(FEW - 1)).mean(np.ones(FEW - 1))
    assert (few.estimate, few.low, few.high) == (1.0, None, None)
    assert "too few" in few.to_dict()["remark"]
    assert Bootstrap(np.arange(FEW)).mean(np.ones(FEW)).sure


def test_no_rows_are_no_number():
    none = Bootstrap(np.arange(30)).mean(np.ones(30), np.zeros(30, bool))
    assert none == Estimate(None, None, None, 0, 0)


def test_rows_that_repeat_do_not_narrow_an_interval():
    """Four equal rows a conversation tell no more than one; taken for independent, they would."""
    hits = (np.random.default_rng(3).random(250) < 0.6).astype(float)
    once = Bootstrap(np.arange(250)).mean(hits)
    fourfold = Bootstrap(np.repeat(np.arange(250), 4)).mean(np.repeat(hits, 4))
    naive = Bootstrap(np.arange(1_000)).mean(np.repeat(hits, 4))
    width = once.high - once.low
    assert fourfold.high - fourfold.low == pytest.approx(width)
    assert naive.high - naive.low == pytest.approx(width / 2, rel=0.1)


def cover(draw, truth, repeats):
    """The share of repeats whose interval holds the truth."""
    hits = 0
    for seed in range(repeats):
        found = draw(np.random.default_rng(seed))
        hits += found.low <= truth <= found.high
    return hits / repeats


def few_draws(conversations, seed=0):
    return Bootstrap(conversations, draws=400, seed=seed)


@slow
def test_intervals_hold_the_truth_as_often_as_they_say():
    """Shares of 400 small samples; a share of 95 % has a standard error of 1.1 points."""

    def draw(chance):
        level = chance.beta(6, 4, 100)  # how good the model is in a conversation
        conversations = np.repeat(np.arange(100), chance.integers(1, 6, 100))
        right = (chance.random(len(conversations)) < level[conversations]).astype(float)
        return few_draws(conversations).mean(right)

    def naive(chance):
        found = draw(chance)
        half = 1.96 * np.sqrt(found.estimate * (1 - found.estimate) / found.rows)
        return Estimate(found.estimate, found.estimate - half, found.estimate + half, 0, 0)

    assert 0.93 <= cover(draw, 0.6, 400) <= 0.97
    assert cover(naive, 0.6, 400) < 0.93

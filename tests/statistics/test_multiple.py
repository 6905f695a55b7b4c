"""Many chances: as scipy has it; and with lists, nothing is found where there is nothing."""

import numpy as np
import pytest

from pairsmith.statistics.multiple import adjust

scipy_stats = pytest.importorskip("scipy.stats")


def test_it_is_benjamini_and_hochbergs():
    p = np.random.default_rng(0).uniform(size=200) ** 2
    assert adjust(p) == pytest.approx(scipy_stats.false_discovery_control(p))
    assert adjust(p[:0]).tolist() == []


def test_a_short_list_is_not_drowned_by_a_long_one():
    p = np.array([0.005, *np.linspace(0.01, 1, 300)])
    lists = np.array([0, *[1] * 300])
    assert adjust(p)[0] > 0.5
    assert adjust(p, lists)[0] == pytest.approx(0.01)


def test_lists_of_equal_length_change_nothing():
    p = np.random.default_rng(1).uniform(size=60)
    assert adjust(p, np.repeat([5, 3, 9], 20)) == pytest.approx(adjust(p))


def test_where_there_is_nothing_nothing_is_found_in_95_of_100_draws():
    chance = np.random.default_rng(2)
    lists = np.repeat([0, 1, 2], [4, 60, 300])
    found = [adjust(chance.uniform(size=364), lists).min() <= 0.05 for _ in range(2_000)]
    assert 0.035 < np.mean(found) < 0.065

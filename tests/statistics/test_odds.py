"""Odds ratios: equal to a formula by hand, held against planted ones, honest about empty cells."""

import numpy as np
import pytest

from pairsmith.statistics.odds import measure_odds
from support.slow import slow


def test_strata_are_not_mixed():
    """Within each stratum the odds are 2 to 1; pooled, they would be turned round."""
    cells = {(1, 1, 0): 8, (1, 0, 0): 16, (0, 1, 0): 20, (0, 0, 0): 80,
             (1, 1, 1): 40, (1, 0, 1): 10, (0, 1, 1): 8, (0, 0, 1): 4}  # fmt: skip
    rows = np.array([cell for cell, count in cells.items() for _ in range(count)])
    has, won, strata = rows[:, 0] == 1, rows[:, 1] == 1, rows[:, 2]
    found = measure_odds(has, won, strata, np.arange(len(rows)) % 31)
    assert found.estimate == pytest.approx(2.0)
    assert found.low < 2.0 < found.high
    assert found.rows == 74
    assert not found.is_added
    pooled = measure_odds(has, won, np.zeros(len(rows), np.int64), np.arange(len(rows)) % 31)
    assert pooled.estimate != pytest.approx(2.0, abs=0.5)


def test_an_empty_cell_gets_a_half():
    has = np.array([True] * 10 + [False] * 10)
    won = np.array([True] * 10 + [True] * 4 + [False] * 6)
    found = measure_odds(has, won, np.zeros(20, np.int64), np.arange(20))
    assert found.is_added
    assert found.estimate == pytest.approx(10.5 * 6.5 / (0.5 * 4.5))


@pytest.mark.parametrize(
    ("has", "won"),
    [([True] * 6, [True, False] * 3), ([False] * 6, [True, False] * 3),
     ([True, False] * 3, [True] * 6), ([True, False] * 3, [False] * 6)],
    ids=["all", "none", "won", "lost"],
)  # fmt: skip
def test_nothing_is_said_where_nothing_differs(has, won):
    found = measure_odds(np.array(has), np.array(won), np.zeros(6, np.int64), np.arange(6))
    assert found.estimate is None
    assert found.p is None


def test_one_group_has_no_interval():
    has, won = np.array([True, False, True, False] * 5), np.array([True, True, False, False] * 5)
    found = measure_odds(has, won, np.zeros(20, np.int64), np.zeros(20, np.int64))
    assert found.low is None
    assert found.p is None


def _draw(chance, odds=1.0):
    """Members of very unequal numbers of rows, with skills and tags of their own."""
    share = np.exp(chance.normal(0, 1.5, 120))
    groups = chance.choice(120, 700, p=share / share.sum())
    skill, taste = chance.normal(0, 0.5, 120), chance.normal(0, 0.5, 120)
    strata = chance.integers(0, 2, 700)
    has = chance.random(700) < 1 / (1 + np.exp(1.5 - taste[groups]))
    chances = -0.5 + skill[groups] + 0.6 * strata + np.log(odds) * has
    return has, chance.random(700) < 1 / (1 + np.exp(-chances)), strata, groups


@slow
@pytest.mark.parametrize("odds", [1.0, 2.5])
def test_intervals_hold_the_truth(odds):
    chance = np.random.default_rng(5)
    held = found = 0
    for _ in range(300):
        told = measure_odds(*_draw(chance, odds))
        # odds within members are a little larger than those over members of differing skill
        held += told.low <= odds * 0.97 <= told.high
        found += told.p < 0.05
    assert 0.92 <= held / 300 <= 0.99
    assert found / 300 > 0.9 if odds > 1 else found / 300 < 0.08

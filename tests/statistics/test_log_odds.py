"""Log-odds ratios of words: planted words come first, and no stratum passes for a word."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from pairsmith.statistics.log_odds import weigh_words


def monroe(first, second, a):
    """As the paper has it, word by word."""

    def odds(y, n, w):
        return np.log((y[w] + a[w]) / (n + a.sum() - y[w] - a[w]))

    return [odds(first, first.sum(), w) - odds(second, second.sum(), w) for w in range(len(first))]


def draw(seed, rows=2_000, words=200, shares=None):
    chance = np.random.default_rng(seed)
    usual = chance.uniform(0.01, 0.3, words) if shares is None else shares
    return (chance.random((rows, words)) < usual).astype(float), chance


def test_one_stratum_is_what_the_paper_says():
    held, chance = draw(1)
    side = chance.random(len(held)) < 0.3
    first, second = held[side].sum(axis=0), held[~side].sum(axis=0)
    found = weigh_words(held, side)
    assert found.estimate == pytest.approx(monroe(first, second, 0.1 * (first + second)))
    a = 1.1 * first + 0.1 * second
    c = 1.1 * second + 0.1 * first
    wanted = 1 / a + 1 / c + 1 / (a.sum() - a) + 1 / (c.sum() - c)
    assert found.se**2 == pytest.approx(wanted)


def test_sparse_and_dense_are_one():
    held, chance = draw(2)
    side, strata = chance.random(len(held)) < 0.5, chance.integers(0, 4, len(held))
    dense, sparse = (weigh_words(kind, side, strata) for kind in (held, csr_array(held)))
    assert dense.z == pytest.approx(sparse.z)


def test_planted_words_rank_first_both_ways():
    held, chance = draw(3)
    side = chance.random(len(held)) < 0.4
    for word, more in ((5, True), (77, True), (120, False)):
        held[(side == more) & (chance.random(len(held)) < 0.12), word] = 1
    order = np.argsort(weigh_words(held, side).z)
    assert set(order[-2:]) == {5, 77}
    assert order[0] == 120


def test_a_word_of_a_stratum_does_not_pass_for_a_word_of_a_side():
    held, chance = draw(4)
    strata = chance.integers(0, 2, len(held))
    side = chance.random(len(held)) < np.where(strata == 1, 0.7, 0.2)
    held[(strata == 1) & (chance.random(len(held)) < 0.4), 9] = 1
    assert abs(weigh_words(held, side).z[9]) > 4
    assert abs(weigh_words(held, side, strata).z[9]) < 2.5


@pytest.mark.parametrize("size", [4, 500], ids=["small-strata", "large-strata"])
def test_where_there_is_nothing_z_is_like_chance(size):
    held, chance = draw(5, rows=1_600, words=600)
    side = chance.random(len(held)) < 0.3
    z = weigh_words(held, side, np.arange(len(held)) // size).z
    assert abs(z.mean()) < 0.15
    assert 0.8 < z.std() < 1.05  # the prior holds back, and never the other way
    assert (abs(z) > 1.96).mean() < 0.06


def test_where_nothing_can_be_told_there_is_no_number():
    held = np.array([[1.0, 0], [1, 0], [1, 0]])
    side = np.array([True, False, False])
    found = weigh_words(held, side)
    assert np.isnan(found.z).all()  # the only word, and one that nobody has
    alone = weigh_words(np.eye(3), side, np.arange(3))
    assert np.isnan(alone.z).all()  # no stratum has both sides

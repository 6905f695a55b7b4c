"""Leaving out one group at a time: what it gives for a mean, and when it gives nothing."""

import numpy as np
import pytest

from pairsmith.statistics.bootstrap import Bootstrap
from pairsmith.statistics.correlation import ranks
from pairsmith.statistics.leaving_out import infer, infer_correlation, infer_mean
from support.slow import slow


def test_of_groups_of_one_row_it_is_the_error_of_a_mean():
    values = np.random.default_rng(0).normal(2, 1, 40)
    found = infer_mean(values, Bootstrap(np.arange(40), of="members"), np.ones(40, bool))
    error = values.std(ddof=1) / 40**0.5
    assert found.estimate.estimate == pytest.approx(values.mean())
    assert found.estimate.high - found.estimate.low == pytest.approx(2 * 2.0211 * error, rel=1e-4)
    assert found.p < 1e-6


def test_only_the_rows_that_are_used_count():
    values = np.r_[np.ones(20), np.full(20, 50.0), [np.inf]]
    used = np.r_[np.ones(20, bool), np.zeros(21, bool)]
    values[:20] += np.arange(20) / 100
    found = infer_mean(values, Bootstrap(np.arange(41) // 2, of="members"), used).estimate
    assert found.estimate == pytest.approx(1.095)
    assert (found.rows, found.groups, found.of) == (20, 10, "members")


def test_what_rests_on_one_group_is_not_sure():
    values, used = np.ones(30), np.ones(30, bool)
    assert not infer_mean(values, Bootstrap(np.zeros(30, np.int64)), used).estimate.sure
    assert not infer_mean(values, Bootstrap(np.arange(30)), used).estimate.sure  # all the same
    assert infer(1.0, np.array([1.0, np.nan]), np.ones(2)).low is None


def test_ranks_correlate_as_those_of_scipy():
    from scipy.stats import rankdata, spearmanr

    chance = np.random.default_rng(4)
    left = chance.integers(0, 5, 200).astype(float)
    right = left + chance.normal(0, 3, 200)
    assert ranks(left).tolist() == rankdata(left).tolist()
    found = infer_correlation(ranks(left), ranks(right), Bootstrap(np.arange(200) // 4)).estimate
    assert found.estimate == pytest.approx(spearmanr(left, right).statistic)
    assert found.low < found.estimate < found.high
    assert found.groups == 50


@slow
def test_a_mean_of_members_of_very_unequal_number_is_held():
    chance, held = np.random.default_rng(6), 0
    for _ in range(400):
        share = np.exp(chance.normal(0, 1.95, 80))
        groups = chance.choice(80, 800, p=share / share.sum())
        values = chance.normal(0, 0.3, 80)[groups] + chance.normal(size=800)
        found = infer_mean(values, Bootstrap(groups), np.ones(800, bool)).estimate
        held += found.low <= 0 <= found.high
    assert 0.92 <= held / 400 <= 0.98

"""The area under the curve: equal to the pairs counted one by one, with honest intervals."""

import numpy as np
import pytest

from pairsmith.statistics.bootstrap import Bootstrap
from pairsmith.statistics.discrimination import measure_area
from support.slow import slow


def _count(values, success, strata=None):
    """The same by forming every pair."""
    won = pairs = 0.0
    for one in np.flatnonzero(success):
        for other in np.flatnonzero(~success):
            if strata is None or strata[one] == strata[other]:
                won += (values[one] > values[other]) + 0.5 * (values[one] == values[other])
                pairs += 1
    return won / pairs


def _rows(seed=0, count=90):
    chance = np.random.default_rng(seed)
    values = chance.integers(0, 12, count).astype(float)
    return values, chance.random(count) < 0.4, chance.integers(0, 3, count), chance


@pytest.mark.parametrize("within", [False, True], ids=["all", "strata"])
def test_it_is_the_share_of_pairs(within):
    values, success, strata, chance = _rows()
    strata = strata if within else None
    boot = Bootstrap(chance.integers(0, 25, 90), of="members")
    found = measure_area(values, success, boot, strata)
    assert found.estimate.estimate == pytest.approx(_count(values, success, strata))
    assert found.estimate.low < found.estimate.estimate < found.estimate.high


@pytest.mark.parametrize("within", [False, True], ids=["all", "strata"])
def test_the_error_is_that_of_leaving_out_each_member(within):
    values, success, strata, _ = _rows(3)
    strata = strata if within else None
    groups = np.repeat(np.arange(15), 6)
    found = measure_area(values, success, Bootstrap(groups, of="members"), strata).estimate
    without = [
        _count(values[kept], success[kept], strata[kept] if within else None)
        for kept in (groups != group for group in range(15))
    ]
    error = np.sqrt(14 / 15 * ((np.array(without) - found.estimate) ** 2).sum())
    assert (found.high - found.low) / 2 == pytest.approx(2.131 * error, rel=1e-3)  # t, 15 of a size


def test_a_stratum_of_one_outcome_is_left_out():
    values, success, strata, _ = _rows()
    success[strata == 1] = True
    found = measure_area(values, success, Bootstrap(np.arange(90), of="members"), strata).estimate
    assert found.rows == (strata != 1).sum()


def test_without_two_outcomes_there_is_none():
    found = measure_area(np.arange(5.0), np.ones(5, bool), Bootstrap(np.arange(5)))
    assert found.estimate.estimate is None
    assert found.p is None


@slow
@pytest.mark.parametrize("shift", [0.0, 0.6])
def test_intervals_hold_the_truth_where_few_members_made_most(shift):
    from scipy.stats import norm

    chance, truth, held, far = np.random.default_rng(2), norm.cdf(shift / 2**0.5), 0, 0
    for _ in range(300):
        share = np.exp(chance.normal(0, 1.95, 60))
        groups = chance.choice(60, 600, p=share / share.sum())
        skill = chance.normal(0, 0.4, 60)
        success = chance.random(600) < 1 / (1 + np.exp(0.6 - skill[groups]))
        values = chance.normal(size=600) + shift * success
        found = measure_area(values, success, Bootstrap(groups, of="members"))
        held += found.estimate.low <= truth <= found.estimate.high
        far += found.p < 0.05
    assert 0.92 <= held / 300 <= 0.985
    assert far / 300 > 0.95 if shift else far / 300 < 0.08

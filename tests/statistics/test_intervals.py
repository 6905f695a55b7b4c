"""Intervals against published values, against scipy, and by how often they hold the truth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairsmith.statistics.intervals import Z, newcombe, student, wilson

counts = st.integers(0, 200)


@given(rows=st.integers(1, 500), data=st.data())
def test_wilson_is_that_of_scipy(rows, data):
    stats = pytest.importorskip("scipy.stats")
    hits = data.draw(st.integers(0, rows))
    found = wilson(hits, rows)
    other = stats.binomtest(hits, rows).proportion_ci(0.95, "wilson")
    assert (found.low, found.high) == pytest.approx((other.low, other.high), abs=1e-9)
    assert 0 <= found.low <= found.share <= found.high <= 1


@given(both=counts, first=counts, second=counts, neither=counts)
def test_a_difference_turned_round(both, first, second, neither):
    if both + first + second + neither == 0:
        return
    found, turned = newcombe(both, first, second, neither), newcombe(both, second, first, neither)
    assert -1 <= found.low <= found.difference <= found.high <= 1
    assert (found.low, found.high) == pytest.approx((-turned.high, -turned.low))


def test_without_correlation_it_is_the_unpaired_one():
    """Newcombe's method 10 of 1998a, for n = 50 each and no correlation to speak of."""
    found = newcombe(10, 15, 10, 15)  # 25 and 20 of 50, phi 0 once corrected
    one, other = wilson(25, 50), wilson(20, 50)
    down = np.hypot(one.share - one.low, other.high - other.share)
    up = np.hypot(one.high - one.share, other.share - other.low)
    assert (found.low, found.high) == pytest.approx((0.1 - down, 0.1 + up))


def test_a_correlation_makes_it_narrower():
    apart, together = newcombe(10, 15, 10, 15), newcombe(18, 7, 2, 23)
    assert apart.difference == together.difference == 0.1
    assert together.high - together.low < apart.high - apart.low


def test_it_holds_the_truth_about_95_times_of_100():
    chances = np.array([0.15, 0.12, 0.05, 0.68])
    drawn = np.random.default_rng(1).multinomial(200, chances, 3_000)
    held = [f.low <= 0.07 <= f.high for f in (newcombe(*row) for row in drawn.tolist())]
    assert np.mean(held) == pytest.approx(0.95, abs=0.015)


def test_the_point_of_the_normal_distribution():
    stats = pytest.importorskip("scipy.stats")
    assert stats.norm.ppf(0.975) == pytest.approx(Z)


@pytest.mark.parametrize("df", [1, 1.3, 2, 7.5, 60, 9_999, 10_001, np.inf])
def test_the_points_of_the_t_distribution(df):
    special = pytest.importorskip("scipy.special")
    expected = Z if np.isinf(df) else special.stdtrit(df, 0.975)
    assert student(df) == pytest.approx(expected, rel=3e-6)

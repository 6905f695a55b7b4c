"""How few have most: by hand, with intervals, and without where there are few."""

import numpy as np
import pytest

from pairsmith.statistics.inequality import measure_inequality


def test_the_fewest_that_have_a_share():
    counts = np.array([1.0] * 90 + [91.0] * 10)  # 10 % have 91 %
    found = measure_inequality(counts, 0, "members")
    half, most, nearly = found.fewest
    assert (half.estimate, most.estimate, nearly.estimate) == (0.06, 0.09, 0.1)
    assert half.low < 0.06 < half.high
    assert (half.rows, half.groups, half.of) == (1000, 100, "members")
    assert found.gini.low < found.gini.estimate <= found.gini.high


@pytest.mark.parametrize(
    ("counts", "gini"), [([3.0] * 30, 0.0), ([1.0] * 29 + [1e9], 29 / 30), ([1.0, 2, 3], 2 / 9)],
    ids=["equal", "one", "few"],
)  # fmt: skip
def test_ginis_coefficient(counts, gini):
    found = measure_inequality(np.array(counts), 0, "members").gini
    assert found.estimate == pytest.approx(gini, abs=1e-6)
    assert found.sure == (len(counts) >= 20)


def test_a_seed_draws_the_same():
    counts = np.random.default_rng(1).pareto(1, 60).round() + 1
    assert measure_inequality(counts, 4, "members") == measure_inequality(counts, 4, "members")
    assert measure_inequality(counts, 4, "members") != measure_inequality(counts, 5, "members")

"""Length: a planted bias is found, and what is none is not called one."""

import numpy as np
import pytest

from pairsmith.evaluating.lengths import is_matched, measure_length, weigh
from pairsmith.statistics.bootstrap import Bootstrap
from pairsmith.statistics.correlation import correlate
from support.scored import calibrated
from support.slow import slow

ROWS = 3_000


@pytest.fixture(scope="module")
def planted():
    """Characters of both replies; labels that follow quality, and quality alone."""
    chance = np.random.default_rng(6)
    return chance.integers(20, 400, (ROWS, 2)), calibrated(chance, ROWS)


def measure(margins, characters):
    sides = np.stack([margins, np.zeros(len(margins))], axis=1)
    return measure_length(sides, characters, Bootstrap(np.arange(len(margins))))


def test_a_sound_model_is_not_called_biased(planted):
    characters, margins = planted
    held = measure(margins, characters)
    assert held["model_less_labels"]["low"] < 0 < held["model_less_labels"]["high"]
    assert held["matched_accuracy"]["low"] > 0.6
    assert held["logistic"]["margin"]["low"] > 0.8
    assert held["logistic"]["doubling"]["low"] < 0 < held["logistic"]["doubling"]["high"]


def test_a_bias_for_length_is_found(planted):
    characters, margins = planted
    biased = margins + np.log2(characters[:, 0] / characters[:, 1])
    held = measure(biased, characters)
    assert held["model_less_labels"]["low"] > 0.1
    assert held["correlation"]["margins_with_difference"]["low"] > 0.3
    # what the bias put in is what the length takes out again
    assert held["logistic"]["doubling"]["high"] < -0.5
    assert held["logistic"]["margin"]["low"] > held["logistic"]["margin_alone"]["high"]


def test_a_model_that_only_counts_is_seen_through():
    """Labels prefer the longer reply two times in three; the model knows nothing else."""
    chance = np.random.default_rng(8)
    characters = chance.integers(20, 400, (ROWS, 2))
    longer = chance.random(ROWS) < 2 / 3
    alike = is_matched(characters)
    longer[alike] = chance.random(alike.sum()) < 0.5
    characters = np.where(
        longer[:, None], -np.sort(-characters, axis=1), np.sort(characters, axis=1)
    )
    margins = np.log2(characters[:, 0] / characters[:, 1]) + chance.normal(0, 0.2, ROWS)
    held = measure(margins, characters)
    accuracy = Bootstrap(np.arange(ROWS)).mean((margins > 0).astype(float))
    assert accuracy.low > 0.6
    assert held["matched_accuracy"]["low"] < 0.5 < held["matched_accuracy"]["high"]
    assert held["logistic"]["margin_alone"]["low"] > 0.1
    assert held["logistic"]["margin"]["low"] < 0 < held["logistic"]["margin"]["high"]
    assert held["model_prefers_longer"]["low"] > 0.9


@slow
def test_weights_are_those_of_a_logistic_fit(planted):
    linear_model = pytest.importorskip("sklearn.linear_model")
    characters, margins = planted
    said = np.log2(characters + 1.0)
    features = np.stack([margins, said[:, 0] - said[:, 1]], axis=1)
    sides = np.where(np.arange(ROWS) % 2, -1, 1)
    fit = linear_model.LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-10)
    fit.fit(features * sides[:, None], sides)
    found = weigh(margins, characters, Bootstrap(np.arange(ROWS)))
    assert found["margin"]["estimate"] == pytest.approx(fit.coef_[0, 0], rel=1e-3)
    assert found["doubling"]["estimate"] == pytest.approx(fit.coef_[0, 1], abs=1e-3)


@pytest.mark.parametrize("kind", ["never wrong", "all tied", "one length"])
def test_where_no_weights_fit_there_are_none(planted, kind):
    characters, margins = planted
    given = {"never wrong": np.abs(margins) + 1, "all tied": 0 * margins, "one length": margins}
    lengths = np.full_like(characters, 50) if kind == "one length" else characters
    assert weigh(given[kind], lengths, Bootstrap(np.arange(ROWS)))["margin"] is None
    measure(given[kind], lengths)


def test_a_correlation_is_pearsons():
    chance = np.random.default_rng(9)
    left, right = chance.normal(1e6, 1, (2, 500))
    found = correlate(left, left + right, Bootstrap(np.arange(500)))
    assert found.estimate == pytest.approx(np.corrcoef(left, left + right)[0, 1])
    assert found.low < found.estimate < found.high
    assert correlate(left, np.ones(500), Bootstrap(np.arange(500))).estimate is None


def test_lengths_within_a_tenth_match():
    pairs = np.array([[100, 90], [90, 100], [100, 89], [0, 0], [0, 1]])
    assert is_matched(pairs).tolist() == [True, True, False, True, False]

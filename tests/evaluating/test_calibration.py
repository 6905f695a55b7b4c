"""Calibration against planted truth: errors near 0 where they should be, temperatures found."""

import numpy as np
import pytest

from pairsmith.evaluating.calibration import (
    BINS,
    bins_of,
    calibrate,
    curve,
    error_by_chance,
    expected_error,
    fit_temperature,
)
from pairsmith.statistics.bootstrap import Bootstrap
from support.scored import calibrated
from support.slow import slow


def boot_of(margins):
    return Bootstrap(np.arange(len(margins)))


@pytest.fixture(scope="module")
def margins():
    return calibrated(np.random.default_rng(4), 4_000)


def test_a_calibrated_model_has_no_error_but_that_of_chance(margins):
    assert expected_error(margins) < 0.02
    assert expected_error(margins) < 2 * error_by_chance(margins)
    for step in curve(margins, boot_of(margins)):
        assert step["accuracy"]["estimate"] == pytest.approx(step["confidence"], abs=0.06)


def test_what_chance_does_is_what_calibrated_models_show():
    found = [calibrated(np.random.default_rng(seed), 500) for seed in range(60)]
    mean = np.mean([expected_error(margins) for margins in found])
    expected = np.mean([error_by_chance(margins) for margins in found])
    assert expected == pytest.approx(mean, rel=0.1)


@pytest.mark.parametrize("factor", [1e-9, 0.5, 2, 300, 1e12], ids=str)
def test_the_temperature_that_was_planted_comes_back(margins, factor):
    found = fit_temperature(margins * factor, boot_of(margins))
    assert found.low < factor < found.high
    assert found.estimate == pytest.approx(factor, rel=0.1)
    assert found.high - found.low < 0.2 * factor


def test_a_temperature_mends_what_is_too_sure(margins):
    held = calibrate(3 * margins, boot_of(margins))
    assert held["ece"] > 0.1
    assert held["with_temperature"]["ece"] < 0.02
    assert held["with_temperature"]["log_loss"] < held["log_loss"]["estimate"]


@slow
def test_the_temperature_is_that_of_a_logistic_fit(margins):
    linear_model = pytest.importorskip("sklearn.linear_model")
    sides = np.where(np.arange(len(margins)) % 2, -1, 1)
    fit = linear_model.LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-10)
    fit.fit((margins * sides)[:, None], sides)
    found = fit_temperature(margins, boot_of(margins))
    assert 1 / found.estimate == pytest.approx(fit.coef_[0, 0], rel=1e-4)


@pytest.mark.parametrize(
    "kind", ["never wrong", "always wrong", "the wrong way round", "all tied", "one row"]
)
def test_where_no_temperature_fits_there_is_none(margins, kind):
    given = {
        "never wrong": np.abs(margins),
        "always wrong": -np.abs(margins),
        "the wrong way round": -margins,
        "all tied": 0 * margins,
        "one row": margins[:1],
    }[kind]
    held = calibrate(given, boot_of(given))
    assert held["temperature"]["estimate"] is None
    assert held["with_temperature"] is None


def test_brier_and_log_loss_by_hand():
    margins = np.log([3.0, 1 / 3])  # the label is given 3/4, then 1/4
    held = calibrate(margins, boot_of(margins))
    assert held["brier"]["estimate"] == pytest.approx((1 / 16 + 9 / 16) / 2)
    assert held["log_loss"]["estimate"] == pytest.approx(-np.log(3 / 16) / 2)


def test_the_error_by_hand():
    assert expected_error(np.log([3.0, 3, 3, 1 / 3])) == pytest.approx(0)
    assert expected_error(np.log([3.0, 3, 3, 3])) == pytest.approx(0.25)
    assert expected_error(np.array([0.0, 0])) == pytest.approx(0)  # a tie is half right


def test_bins_hold_about_equal_counts_and_equal_margins_one(margins):
    counts = np.bincount(bins_of(margins))
    assert len(counts) == BINS
    assert counts.min() > 0.9 * counts.max()
    halves = bins_of(np.array([1.0, -1] * 300 + [2.0] * 5))
    assert len(set(halves[:600])) == 1


@slow
def test_intervals_of_temperatures_hold_the_truth():
    hits = 0
    for seed in range(300):
        margins = 2 * calibrated(np.random.default_rng(seed), 300)
        found = fit_temperature(margins, Bootstrap(np.arange(300), draws=400))
        hits += found.low <= 2 <= found.high
    assert 0.92 <= hits / 300 <= 0.98

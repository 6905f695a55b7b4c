"""Agreement: against other libraries, coverage on planted raters, and where it is not defined."""

import json

import krippendorff
import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from pairsmith.statistics import agreement
from pairsmith.statistics.agreement import (
    cohen_kappa,
    fleiss_kappa,
    krippendorff_alpha,
    pairwise_agreement,
    tabulate,
)
from support.slow import slow

NAN = np.nan
STEPS = np.array([-4.0, -3, -2, -1, 1, 2, 3, 4])


def draw(seed, units=80, raters=5, missing=0.4, noise=2.0):
    """Preferences of eight steps: what a pair is worth, and what each rater makes of it."""
    chance = np.random.default_rng(seed)
    worth = chance.normal(0, 2, units)
    seen = worth[:, None] + chance.normal(0, noise, (units, raters))
    rated = STEPS[np.clip(np.searchsorted([-3, -2, -1, 0, 1, 2, 3], seen), 0, 7)]
    rated[chance.random(rated.shape) < missing] = NAN
    return rated


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
@pytest.mark.parametrize("missing", [0, 0.7])
def test_alpha_is_that_of_another_library(level, missing):
    rated = draw(1, missing=missing)
    told = krippendorff.alpha(rated.T, level_of_measurement=level)
    found = krippendorff_alpha(rated, level)
    assert found.estimate == pytest.approx(told, abs=1e-9)
    assert found.low < told < found.high
    several = np.isfinite(rated).sum(axis=1) >= 2
    assert found.units == several.sum()
    assert found.ratings == np.isfinite(rated[several]).sum()


def test_draws_are_the_measure_of_drawn_units():
    """The interval is that between quantiles of α of units drawn with replacement."""
    rated = draw(2, units=60)
    chance = np.random.default_rng(0)
    drawn = [
        krippendorff.alpha(rated[chance.integers(60, size=60)].T, level_of_measurement="ordinal")
        for _ in range(400)
    ]
    found = krippendorff_alpha(rated, "ordinal")
    expected = np.quantile(drawn, [0.025, 0.975])
    assert [found.low, found.high] == pytest.approx(expected, abs=0.03)
    assert found == krippendorff_alpha(rated, "ordinal")
    assert found.low != krippendorff_alpha(rated, "ordinal", seed=1).low


@pytest.mark.parametrize("weights", ["none", "linear", "quadratic"])
def test_kappa_of_two_is_that_of_scikit_learn(weights):
    rated = draw(3, raters=2, missing=0)
    first, second = rated[rated[:, 0] != 3].T  # a step that the first never takes
    other = None if weights == "none" else weights
    told = cohen_kappa_score(first, second, weights=other, labels=STEPS)
    found = cohen_kappa(first, second, weights, STEPS)
    assert found.estimate == pytest.approx(told, abs=1e-9)
    assert found.low < told < found.high
    labels = np.unique([first, second])
    told = cohen_kappa_score(first, second, weights=other, labels=labels)
    assert cohen_kappa(first, second, weights).estimate == pytest.approx(told, abs=1e-9)


def test_a_scale_is_in_the_order_that_is_given():
    first, second = draw(4, raters=2, missing=0).T
    order = STEPS[[3, 1, 0, 2, 7, 5, 4, 6]]
    told = cohen_kappa_score(first, second, weights="linear", labels=order)
    assert cohen_kappa(first, second, "linear", order).estimate == pytest.approx(told)


def test_kappa_of_many_is_that_of_statsmodels():
    from statsmodels.stats.inter_rater import aggregate_raters
    from statsmodels.stats.inter_rater import fleiss_kappa as reference

    rated = draw(5, missing=0)
    told = reference(aggregate_raters(rated)[0], method="fleiss")
    assert fleiss_kappa(rated).estimate == pytest.approx(told, abs=1e-9)
    chance = np.random.default_rng(1)
    each = np.array([chance.permutation(np.r_[row, [NAN] * 5]) for row in rated])
    assert fleiss_kappa(each).estimate == pytest.approx(told, abs=1e-9)


def test_pairwise_agreement_is_a_mean_over_units():
    rated = draw(6)
    shares = []
    for row in rated:
        said = row[np.isfinite(row)]
        pairs = [a == b for i, a in enumerate(said) for b in said[:i]]
        shares += [np.mean(pairs)] if pairs else []
    found = pairwise_agreement(rated)
    assert found.estimate == pytest.approx(np.mean(shares))
    assert found.units == len(shares)


def test_units_of_one_conversation_are_drawn_together():
    rated = draw(7, units=40, missing=0)
    fourfold, groups = np.repeat(rated, 4, axis=0), np.repeat(np.arange(40), 4)
    once, together = pairwise_agreement(rated), pairwise_agreement(fourfold, groups)
    assert (together.low, together.high) == pytest.approx((once.low, once.high))
    alone = pairwise_agreement(fourfold)
    assert alone.high - alone.low < 0.6 * (once.high - once.low)


MEASURES = [
    pairwise_agreement,
    krippendorff_alpha,
    fleiss_kappa,
    lambda rated, **options: cohen_kappa(*np.asarray(rated, float).T, **options),
]


@pytest.mark.parametrize("measure", MEASURES)
def test_where_nobody_overlaps_there_is_no_number(measure):
    alone = [[1, NAN], [NAN, 2], [NAN, NAN]]
    for rated in (alone, np.zeros((0, 2))):
        found = measure(rated)
        assert (found.estimate, found.low, found.units) == (None, None, 0)
        assert found.reason == agreement.NO_OVERLAP


@pytest.mark.parametrize("measure", MEASURES[1:])
def test_one_answer_alone_is_no_agreement(measure):
    found = measure(np.full((50, 2), 0.1))
    assert (found.estimate, found.units, found.raters) == (None, 50, 2)
    assert found.reason == agreement.ONE_ANSWER
    assert json.dumps(found.to_dict(), allow_nan=False)


def test_one_answer_alone_is_none_of_numbers():
    assert krippendorff_alpha(np.full((50, 3), 0.1), "interval").reason == agreement.ONE_ANSWER


@pytest.mark.parametrize("measure", MEASURES)
def test_few_units_have_no_interval(measure):
    rated = draw(8, units=19, raters=2, missing=0)
    found = measure(rated)
    assert (found.low, found.reason) == (None, agreement.FEW_UNITS)
    assert found.estimate < 1
    many = measure(draw(8, units=40, raters=2, missing=0), groups=np.arange(40) // 4)
    assert (many.low, many.reason) == (None, agreement.FEW_GROUPS)


@pytest.mark.parametrize("measure", MEASURES)
def test_where_all_agree_draws_tell_nothing(measure):
    found = measure(np.repeat(np.arange(50) % 2, 2).reshape(50, 2))
    assert found.estimate == pytest.approx(1)
    assert (found.low, found.reason) == (None, agreement.SAME_DRAWS)


def test_fleiss_wants_as_many_ratings_for_each():
    found = fleiss_kappa(draw(9))
    assert (found.estimate, found.reason) == (None, agreement.UNEQUAL)


def test_ratings_are_tabulated_and_nobody_rates_twice():
    assert tabulate(np.zeros(0, int), np.zeros(0, int), np.zeros(0)).shape == (0, 0)
    with pytest.raises(ValueError, match="twice"):
        tabulate(np.array([1, 1]), np.array([5, 5]), np.array([1.0, 2.0]))


@pytest.mark.parametrize(
    "call",
    [
        lambda: krippendorff_alpha(np.arange(80.0).reshape(40, 2), "ordinal"),
        lambda: krippendorff_alpha([[1, 2]], "ratio"),
        lambda: cohen_kappa([1, 2], [2, 5], scale=[1, 2]),
        lambda: cohen_kappa([1, 2], [2, 1], "cubic"),
        lambda: pairwise_agreement([[np.inf, 1]]),
        lambda: pairwise_agreement([1, 2]),
    ],
)
def test_what_cannot_be_compared_is_refused(call):
    with pytest.raises(ValueError, match=r"answers|level|weights|finite"):
        call()


def hold(measure, units=100, raters=3, **sizes):
    """The share of 300 intervals that hold the value of 40,000 units."""
    many = [measure(draw(900 + seed, 2_000, raters, **sizes)).estimate for seed in range(20)]
    truth = np.mean(many)
    held = []
    for seed in range(1, 301):
        found = measure(draw(seed, units=units, raters=raters, **sizes))
        held.append(found.low <= truth <= found.high)
    return np.mean(held)


@slow
@pytest.mark.parametrize(
    "measure",
    [
        pairwise_agreement,
        lambda rated: krippendorff_alpha(rated, "nominal"),
        lambda rated: krippendorff_alpha(rated, "ordinal"),
        lambda rated: krippendorff_alpha(rated, "interval"),
        fleiss_kappa,
        lambda rated: cohen_kappa(rated[:, 0], rated[:, 1], "quadratic", STEPS),
    ],
    ids=["pairwise", "nominal", "ordinal", "interval", "fleiss", "cohen"],
)
def test_intervals_hold_the_truth(measure):
    assert 0.92 <= hold(measure, missing=0) <= 0.98

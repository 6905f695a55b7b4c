"""Elo ratings: against other fits, coverage on planted truth, and what cannot be rated."""

import numpy as np
import pytest
from scipy.optimize import minimize

from pairsmith.statistics import elo
from pairsmith.statistics.elo import ELO_PER_LOGIT, fit_elo, win_chance
from support.slow import slow

TRUTH = np.array([-120.0, -30.0, 0.0, 40.0, 110.0])


def draw(seed, prompts=60, each=10, spread=0.0):
    """Comparisons of five models; with a spread, each prompt favours some of them (in Elo)."""
    chance = np.random.default_rng(seed)
    groups = np.repeat(np.arange(prompts), each)
    first = chance.integers(0, 5, prompts * each)
    second = (first + chance.integers(1, 5, prompts * each)) % 5
    ratings = TRUTH + chance.normal(0, spread, (prompts, 5))
    gap = ratings[groups, first] - ratings[groups, second]
    won = (chance.random(len(gap)) < 1 / (1 + 10 ** (-gap / 400))).astype(float)
    return first, second, won, groups


def design(first, second):
    x = np.zeros((len(first), 5))
    x[np.arange(len(first)), first] += 1
    x[np.arange(len(first)), second] -= 1
    return x[:, 1:]  # the first model is at 0


def centred(coefficients, covariance):
    """Ratings of models of which the first was held at 0, with mean 0, and their covariance."""
    whole = np.r_[0, coefficients]
    padded = np.pad(covariance, ((1, 0), (1, 0)))
    centre = np.eye(5) - 0.2
    return ELO_PER_LOGIT * centre @ whole, ELO_PER_LOGIT**2 * centre @ padded @ centre


def test_it_is_the_logistic_regression_without_an_intercept():
    from statsmodels.discrete.discrete_model import Logit

    first, second, won, _ = draw(1)
    found = fit_elo(first, second, won, 5)
    told = Logit(won, design(first, second)).fit(disp=0, tol=1e-12, method="newton")
    ratings, covariance = centred(told.params, told.cov_params())
    assert found.ratings == pytest.approx(ratings, abs=1e-6)
    assert found.covariance == pytest.approx(covariance, rel=1e-6, abs=1e-6)
    assert found.ratings.mean() == pytest.approx(0, abs=1e-9)
    gap = found.difference(4, 0)
    se = told.bse[3] * ELO_PER_LOGIT
    assert (gap.estimate, gap.se) == pytest.approx((told.params[3] * ELO_PER_LOGIT, se), rel=1e-7)
    assert (gap.low, gap.high) == pytest.approx(tuple(told.conf_int()[3] * ELO_PER_LOGIT), rel=1e-7)


def test_ties_are_half_a_win_for_each():
    first, second, won, _ = draw(2)
    won[::4] = 0.5

    def loss(logits):
        whole = np.r_[0, logits]
        gap = whole[first] - whole[second]
        return (np.logaddexp(0, -gap) * won + np.logaddexp(0, gap) * (1 - won)).sum()

    best = minimize(loss, np.zeros(4), method="BFGS", options={"gtol": 1e-9}).x
    ratings = ELO_PER_LOGIT * (np.r_[0, best] - best.sum() / 5)
    assert fit_elo(first, second, won, 5).ratings == pytest.approx(ratings, abs=1e-4)


def test_errors_by_group_leave_out_one_at_a_time(monkeypatch):
    """As refits without each group, and as the sandwich of many groups."""
    from statsmodels.discrete.discrete_model import Logit

    first, second, won, groups = draw(3, prompts=150, each=4, spread=150)
    found = fit_elo(first, second, won, 5, groups * 7 - 3)
    refits = [
        fit_elo(first[some], second[some], won[some], 5).ratings
        for some in (groups != group for group in range(150))
    ]
    off = np.array(refits) - found.ratings
    assert found.covariance == pytest.approx(149 / 150 * off.T @ off, rel=0.02, abs=2)
    held = {"groups": groups}
    told = Logit(won, design(first, second)).fit(disp=0, cov_type="cluster", cov_kwds=held)
    assert found.difference(4, 0).se == pytest.approx(told.bse[3] * ELO_PER_LOGIT, rel=0.05)
    assert (found.df, found.groups) == (150, 150)
    monkeypatch.setattr(elo, "AT_ONCE", 100)
    again = fit_elo(first, second, won, 5, groups)
    assert again.covariance == pytest.approx(found.covariance, rel=1e-9, abs=1e-9)


def test_rows_that_repeat_do_not_narrow_an_interval():
    first, second, won, groups = draw(4, each=4)
    once = fit_elo(first, second, won, 5, groups).difference(4, 0)
    four = np.repeat(np.arange(len(won)), 4)
    again = fit_elo(first[four], second[four], won[four], 5, groups[four]).difference(4, 0)
    naive = fit_elo(first[four], second[four], won[four], 5).difference(4, 0)
    assert (again.estimate, again.se) == pytest.approx((once.estimate, once.se), rel=1e-6)
    assert naive.se < 0.6 * once.se


def rate(rows, models, groups=None):
    """Ratings by rows of a first model, a second and what the first won."""
    first, second, won = zip(*rows, strict=True)
    return fit_elo(np.array(first), np.array(second), np.array(won, float), models, groups)


def test_models_that_won_or_lost_all_are_told():
    rows = [(0, 1, 1), (0, 1, 0), (2, 0, 1), (2, 1, 1), (3, 1, 0), (4, 5, 0.5), (3, 3, 1)]
    found = rate(rows, 7)
    assert found.ratings[:2] == pytest.approx([0, 0], abs=1e-9)
    assert np.isnan(found.ratings[2:]).all()
    reasons = ("", "", elo.WON_ALL, elo.LOST_ALL, elo.APART, elo.APART, elo.NO_COMPARISONS)
    assert found.reasons == reasons
    assert found.difference(0, 2) == (None, None, None, None, elo.WON_ALL)
    assert found.with_itself == 1
    assert found.comparisons.tolist() == [3, 4, 2, 1, 1, 1, 0]


def test_sets_of_models_that_only_won_against_each_other():
    """Three models in a circle won all against two others: nothing says by how much."""
    rows = [(0, 1, 1), (1, 2, 1), (2, 0, 1), (3, 4, 1), (4, 3, 1), (0, 3, 1), (1, 4, 1)]
    found = rate(rows, 5)
    assert found.ratings[:3] == pytest.approx([0, 0, 0], abs=1e-9)
    assert found.reasons == ("", "", "", elo.DIVIDED, elo.DIVIDED)


def test_what_holds_no_ratings_has_none():
    alone = rate([(0, 1, 1), (0, 1, 1)], 2)
    assert np.isnan(alone.ratings).all()
    assert alone.reasons == (elo.WON_ALL, elo.LOST_ALL)
    none = np.zeros(0, np.int64)
    assert fit_elo(none, none, none, 2, none).reasons == (elo.NO_COMPARISONS,) * 2


def test_errors_that_rest_on_one_group_are_told():
    rows = [(0, 1, 1), (0, 1, 0), (1, 2, 1), (1, 2, 0)]
    one = rate(rows, 3, np.zeros(4, int))
    assert one.error_reason == elo.FEW_GROUPS
    two = rate(rows, 3, np.array([0, 0, 1, 1]))
    assert two.error_reason == elo.PIVOTAL
    gap = two.difference(0, 1)
    assert gap.estimate == pytest.approx(0)
    assert (gap.se, gap.low, gap.high, gap.reason) == (None, None, None, elo.PIVOTAL)


@pytest.mark.parametrize(
    ("rows", "models", "said"),
    [
        ([(0, 1, np.nan)], 2, "won"),
        ([(0, 1, 2)], 2, "won"),
        ([(0, 2, 1)], 2, "0 to 1"),
        ([(-1, 1, 1)], 2, "0 to 1"),
    ],
)
def test_what_is_no_comparison_is_refused(rows, models, said):
    with pytest.raises(ValueError, match=said):
        rate(rows, models)


def test_columns_of_other_lengths_are_refused():
    with pytest.raises(ValueError, match="one length"):
        rate([(0, 1, 1)], 2, np.zeros(2, int))


def test_a_far_difference_is_found():
    won = np.r_[np.ones(99_999), 0.0]
    found = fit_elo(np.zeros(100_000, int), np.ones(100_000, int), won, 2)
    assert win_chance(found.difference(0, 1).estimate) == pytest.approx(0.99999)


def hold(spread, grouped, **sizes):
    """The share of 95 % intervals of all ten differences that hold the planted truth."""
    held = []
    for seed in range(300):
        first, second, won, groups = draw(seed, spread=spread, **sizes)
        found = fit_elo(first, second, won, 5, groups if grouped else None)
        # what a prompt favours draws chances nearer to one half: the truth is that of all prompts
        truth = marginal(spread)
        for one in range(5):
            for other in range(one):
                gap = found.difference(one, other)
                held.append(gap.low <= truth[one] - truth[other] <= gap.high)
    return np.mean(held)


def marginal(spread):
    """What a fit of endless comparisons finds, prompts favouring models by `spread`."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    gap = TRUTH[:, None] - TRUTH
    wins = win_shares(gap[..., None] + spread * 2**0.5 * nodes) @ (weights / weights.sum())
    first, second = np.triu_indices(5, 1)
    return fit_elo(first, second, wins[first, second], 5).ratings


def win_shares(gap):
    return 1 / (1 + 10 ** (-gap / 400))


@slow
def test_intervals_hold_the_truth():
    assert 0.93 <= hold(0, False, prompts=60, each=3) <= 0.97
    assert 0.93 <= hold(0, True, prompts=60, each=3) <= 0.97


@slow
def test_intervals_by_prompt_hold_the_truth_where_prompts_favour_models():
    assert 0.93 <= hold(300, True, prompts=40, each=20) <= 0.97
    assert hold(300, False, prompts=40, each=20) < 0.9

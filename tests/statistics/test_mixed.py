"""The mixed model against dense formulas and statsmodels, and where it has no answer."""

import time

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from pairsmith.statistics.jackknife import BLOCKS, blocks_of
from pairsmith.statistics.mixed import Mixed, fit_mixed
from support.slow import slow

COVARIATES = 12


def draw(seed=0, rows=240, members=17, covariates=3, spread=0.6):
    """Rows of members of unequal number, with an effect of each covariate."""
    chance = np.random.default_rng(seed)
    shares = 1 / np.arange(1, members + 1)
    groups = chance.choice(members, rows, p=shares / shares.sum())
    x = np.column_stack([np.ones(rows), chance.normal(size=(rows, covariates))])
    intercepts = chance.normal(0, spread, members)
    y = x @ np.linspace(1, -1, covariates + 1) + intercepts[groups] + chance.normal(size=rows)
    return y, x, groups


def dense(y, x, groups, ratio):
    """Coefficients, their covariance, σ², effects and deviance, as textbooks write them."""
    held = np.unique(groups)
    z = (groups[:, None] == held).astype(float)
    whole = np.eye(len(y)) + ratio * z @ z.T
    weight = np.linalg.inv(whole)
    inverse = np.linalg.inv(x.T @ weight @ x)
    b = inverse @ x.T @ weight @ y
    rest = y - x @ b
    free = len(y) - x.shape[1]
    rss = rest @ weight @ rest
    deviance = free * np.log(rss) + np.linalg.slogdet(whole)[1] - np.linalg.slogdet(inverse)[1]
    return b, rss / free * inverse, rss / free, ratio * z.T @ weight @ rest, deviance


def test_it_is_the_least_deviance_of_the_dense_model():
    y, x, groups = draw(rows=90)
    best = minimize_scalar(lambda log: dense(y, x, groups, np.exp(log))[-1], (-3, 1), tol=1e-8)
    b, covariance, sigma2, effects, _ = dense(y, x, groups, np.exp(best.x))
    found = fit_mixed(y, x, groups)
    assert found.ratio == pytest.approx(np.exp(best.x), rel=1e-5)
    assert found.coefficients == pytest.approx(b, rel=1e-6)
    assert found.covariance == pytest.approx(covariance, rel=1e-4, abs=1e-9)
    assert found.sigma2 == pytest.approx(sigma2, rel=1e-6)
    assert found.effects == pytest.approx(effects, rel=1e-4)
    assert found.groups.tolist() == sorted(set(groups.tolist()))
    assert found.converged
    assert found.left_out == ()


@pytest.mark.parametrize("sizes", [(4,) * 6, (1, 1, 2, 9, 30)], ids=["balanced", "unequal"])
def test_without_covariates_the_effects_are_shrunk_means(sizes):
    chance = np.random.default_rng(3)
    groups = np.repeat(np.arange(len(sizes)), sizes)
    y = chance.normal(0, 2, len(sizes))[groups] + chance.normal(size=len(groups))
    found = fit_mixed(y, np.ones((len(y), 1)), groups)
    means = np.bincount(groups, y) / sizes
    shrunk = found.tau2 / (found.tau2 + found.sigma2 / np.array(sizes))
    assert found.effects == pytest.approx(shrunk * (means - found.coefficients[0]))
    if len(set(sizes)) == 1:  # analysis of variance: closed forms
        within = ((y - means[groups]) ** 2).sum() / (len(y) - len(sizes))
        assert found.sigma2 == pytest.approx(within)
        assert found.tau2 == pytest.approx(means.var(ddof=1) - within / sizes[0])
        assert found.coefficients[0] == pytest.approx(y.mean())


def test_errors_of_effects_are_those_of_predictions():
    """The spread of effects around those that were drawn, in draws of the model itself."""
    chance, off = np.random.default_rng(4), []
    groups = np.repeat(np.arange(60), np.repeat([2, 4, 8, 16], 15))
    for _ in range(40):
        truth = chance.normal(0, 1, 60)
        y = truth[groups] + chance.normal(size=len(groups))
        found = fit_mixed(y, np.ones((len(y), 1)), groups)
        off.append((found.effects - truth) / np.maximum(found.effect_se, 1e-9))
    assert np.std(off) == pytest.approx(1, abs=0.05)


def test_contrasts_are_what_is_left_without_each_group():
    y, x, groups = draw(seed=5, rows=90, members=9)
    found = fit_mixed(y, x, groups)
    weights = np.array([[0.0, 1, 0, 0], [0, 1, -1, 0]])
    told = found.contrast(weights)
    squares = []
    for group in found.groups:
        some = groups != group
        b = dense(y[some], x[some], groups[some], found.ratio)[0]
        squares.append((weights @ (b - found.coefficients)) ** 2)
    assert told.estimate == pytest.approx(weights @ found.coefficients)
    # the factor is between that of groups of one size and none
    ratio = told.se**2 / np.sum(squares, axis=0)
    assert (ratio < 8 / 9).all()
    assert (ratio > 0.3).all()
    assert (told.df < 8).all()
    assert (told.low < told.estimate).all()


def test_of_groups_of_one_size_it_is_the_plain_jackknife():
    chance = np.random.default_rng(6)
    groups = np.repeat(np.arange(30), 5)
    y = chance.normal(size=30)[groups] + chance.normal(size=150)
    told = fit_mixed(y, np.ones((150, 1)), groups).contrast(np.ones((1, 1)))
    means = y.reshape(30, 5).mean(axis=1)
    assert told.se[0] == pytest.approx(means.std(ddof=1) / 30**0.5)
    assert told.df[0] == pytest.approx(29)


def test_collinear_columns_are_named_and_left_out():
    y, x, groups = draw()
    more = np.column_stack([x[:, 0], x[:, 1], 2 * x[:, 1] - 3 * x[:, 0], x[:, 2], x[:, 3]])
    found, plain = fit_mixed(y, more, groups), fit_mixed(y, x, groups)
    assert found.left_out == (2,)
    assert np.isnan(found.coefficients[2])
    assert found.coefficients[[0, 1, 3, 4]] == pytest.approx(plain.coefficients)
    told = found.contrast(np.eye(5))
    assert np.isnan(told.estimate).tolist() == [False, False, True, False, False]
    assert told.se[3] == pytest.approx(plain.contrast(np.eye(4)).se[2])


def test_a_column_of_one_group_has_no_error():
    y, x, groups = draw()
    own = (groups == 2).astype(float) * np.random.default_rng(1).integers(0, 2, len(y))
    told = fit_mixed(y, np.column_stack([x, own]), groups).contrast(np.eye(5))
    assert np.isfinite(told.estimate).all()
    assert np.isnan(told.se).tolist() == [False] * 4 + [True]
    assert np.isnan(told.p[4])


@pytest.mark.parametrize("kind", ["one group", "alone"])
def test_groups_that_cannot_be_told_from_rows_have_no_variance(kind):
    y, x, _ = draw()
    groups = np.zeros(len(y), np.int64) if kind == "one group" else np.arange(len(y))
    found = fit_mixed(y, x, groups)
    assert found.tau2 == 0
    assert found.coefficients == pytest.approx(np.linalg.lstsq(x, y, rcond=None)[0])
    assert (found.effects == 0).all()
    told = found.contrast(np.eye(4))
    assert np.isnan(told.se).all() if kind == "one group" else np.isfinite(told.se).all()


def test_groups_that_do_not_differ_have_no_variance():
    groups = np.tile(np.arange(6), 4)
    y = np.repeat([1.0, 2, 3, 4], 6)  # all groups have the same mean
    assert fit_mixed(y, np.ones((24, 1)), groups).tau2 == 0


def test_a_constant_outcome_says_nothing_of_errors():
    _, x, groups = draw()
    found = fit_mixed(np.ones(len(x)), x, groups)
    assert (found.sigma2, found.tau2) == (0, 0)
    assert found.coefficients == pytest.approx([1, 0, 0, 0], abs=1e-9)
    assert np.isnan(found.contrast(np.eye(4)).se).all()


def test_rows_that_do_not_differ_within_groups():
    groups = np.repeat(np.arange(5), 4)
    found = fit_mixed(np.array([1.0, 2, 5, 3, 9])[groups], np.ones((20, 1)), groups)
    assert not found.converged
    assert found.coefficients[0] == pytest.approx(4, abs=1e-3)


def test_what_is_no_number_is_refused():
    y, x, groups = draw()
    for place in (y, x[:, 1]):
        held = place[3]
        place[3] = np.nan
        with pytest.raises(ValueError, match="no number"):
            fit_mixed(y, x, groups)
        place[3] = held
    with pytest.raises(ValueError, match="4 rows cannot tell 4 columns"):
        fit_mixed(y[:4], x[:4], groups[:4])


def test_many_groups_are_left_out_some_at_a_time():
    rows = np.random.default_rng(0).integers(1, 50, 3 * BLOCKS)
    blocks = blocks_of(rows)
    assert blocks.max() + 1 == BLOCKS
    largest = np.argsort(-rows, kind="stable")[: BLOCKS // 2]
    assert (np.bincount(blocks)[blocks[largest]] == 1).all()
    groups = np.arange(4 * BLOCKS)
    y = np.random.default_rng(1).normal(size=len(groups))
    told = fit_mixed(y, np.ones((len(y), 1)), groups).contrast(np.ones((1, 1)))
    assert told.se[0] == pytest.approx(len(y) ** -0.5, rel=0.1)


def fit_statsmodels(y, x, groups, **options):
    from statsmodels.regression.mixed_linear_model import MixedLM

    return MixedLM(y, x, groups).fit(reml=True, **options)


def errors_of(other):
    """Of coefficients, the variances being known, as lme4 has them and `fit_mixed`.

    `bse_fe` is from the observed information of coefficients and variances together, which differs
    by a thousandth or so.
    """
    hessian, _ = other.model.hessian(other.params_object)
    count = len(other.fe_params)
    return np.sqrt(np.diag(np.linalg.inv(-hessian[:count, :count])))


def quickest(job, times) -> tuple[float, Mixed]:
    """Seconds of work, whatever else the machine does, the least of several; and what it gave."""
    spent = []
    for _ in range(times):
        begun = time.process_time()
        found = job()
        spent.append(time.process_time() - begun)
    return min(spent), found


@slow
@pytest.mark.parametrize("outcome", ["success", "score"])
def test_it_equals_statsmodels_and_is_fifty_times_as_fast(outcome):
    """Of 38,961 rows of 324 members: 12 models and a score, as the released file has them."""
    chance = np.random.default_rng(8)
    shares = np.exp(1.95 * chance.normal(size=324))
    groups = np.append(np.arange(324), chance.choice(324, 38_961 - 324, p=shares / shares.sum()))
    cell = chance.integers(COVARIATES, size=len(groups))
    x = np.column_stack([np.eye(COVARIATES)[cell], chance.normal(1, 1, len(groups))])
    rate = 0.3 + 0.02 * cell + 0.02 * x[:, -1] + chance.normal(0, 0.1, 324)[groups]
    success = (chance.random(len(groups)) < rate).astype(float)
    y = success if outcome == "success" else chance.normal(-rate, 1.8)
    ours, found = quickest(lambda: fit_mixed(y, x, groups), 7)
    theirs, _ = quickest(lambda: fit_statsmodels(y, x, groups), 2)
    other = fit_statsmodels(y, x, groups, gtol=1e-9)  # its default stops a little short
    assert found.coefficients == pytest.approx(other.fe_params, rel=1e-4)
    errors = np.sqrt(np.diag(found.covariance))
    assert errors == pytest.approx(errors_of(other), rel=1e-4)
    assert errors == pytest.approx(other.bse_fe, rel=3e-3)
    assert found.sigma2 == pytest.approx(other.scale, rel=1e-4)
    assert found.tau2 == pytest.approx(other.cov_re[0, 0], rel=1e-4)
    blups = [float(other.random_effects[group].iloc[0]) for group in found.groups]
    assert found.effects == pytest.approx(blups, rel=1e-4, abs=1e-5)
    assert theirs / ours > 50

"""Adjusted effects against regressions with a column a member, and against planted truth."""

import numpy as np
import pytest
from scipy.sparse import coo_matrix, csr_array
from scipy.stats import kstest

from pairsmith.statistics.adjusted import STRATA, Adjustment, merge_rare
from pairsmith.statistics.mixed import fit_mixed
from support.slow import slow

MEMBERS = 40


def draw(chance, rows=600, members=MEMBERS, skill=0.9):
    """Attacks, 80 % of them by 15 % of members, on four models; `hoped` is in log-odds."""
    eager = round(0.15 * members)
    shares = np.where(np.arange(members) < eager, 0.8 / eager, 0.2 / (members - eager))
    shares = shares * chance.gamma(3, 1, members)
    groups = chance.choice(members, rows, p=shares / shares.sum())
    ability = chance.normal(0, skill, members)
    strata = chance.choice(4, rows, p=[0.1, 0.15, 0.5, 0.25])
    hoped = np.array([-1.2, -0.8, -0.6, 0.2])[strata] + ability[groups]
    return groups, strata, ability, hoped


def succeed(chance, hoped):
    return (chance.random(len(hoped)) < 1 / (1 + np.exp(-hoped))).astype(float)


def test_it_is_the_regression_with_a_column_for_each_member():
    chance = np.random.default_rng(0)
    groups, strata, _, hoped = draw(chance)
    y = succeed(chance, hoped)
    features = np.column_stack([chance.random(600) < 0.3, chance.normal(size=600)]).astype(float)
    found = Adjustment(y, strata, groups).effects(features)
    dummies = np.column_stack([np.eye(4)[strata], np.eye(MEMBERS)[groups]])
    for place in range(2):
        x = np.column_stack([features[:, place], dummies])
        assert found.estimate[place] == pytest.approx(np.linalg.lstsq(x, y, rcond=None)[0][0])
    assert found.rows.tolist() == [int(features[:, 0].sum()), 600]
    assert found.groups.tolist() == [
        len(set(groups[features[:, 0] > 0].tolist())), len(set(groups.tolist())),
    ]  # fmt: skip


def test_without_each_member_it_is_that_regression_of_the_others():
    """Few members, so that what is left out counts: the errors of the two forms are one."""
    chance = np.random.default_rng(1)
    groups, strata, _, hoped = draw(chance, rows=200, members=14)
    y = succeed(chance, hoped)
    features = (chance.random((200, 1)) < 0.4).astype(float)
    found = Adjustment(y, strata, groups, few=(1, 1)).effects(features)
    x = np.column_stack([features, np.eye(4)[strata]])
    held, groups = np.unique(groups, return_inverse=True)
    count = len(held)
    centred = x - np.stack([x[groups == g].mean(axis=0) for g in range(count)])[groups]
    off = y - np.array([y[groups == g].mean() for g in range(count)])[groups]
    without, grown = [], []
    inverse = np.linalg.pinv(centred.T @ centred)
    for member in range(count):
        some = groups != member
        inner = np.linalg.pinv(centred[some].T @ centred[some])
        without.append((inner @ centred[some].T @ off[some])[0])
        grown.append(inner[0, 0] / inverse[0, 0] - 1)
    squares = np.sum((np.array(without) - found.estimate[0]) ** 2)
    assert found.se[0] == pytest.approx((squares / np.sum(grown)) ** 0.5)


def test_between_members_it_is_the_mixed_model():
    chance = np.random.default_rng(2)
    groups, strata, _, hoped = draw(chance)
    y = succeed(chance, hoped)
    platform = (chance.random(MEMBERS) < 0.5)[groups].astype(float)[:, None]
    adjusted = Adjustment(y, strata, groups, within=False)
    found = adjusted.effects(platform)
    mixed = fit_mixed(y, np.column_stack([np.eye(4)[strata], platform]), groups)
    # the ratio of variances is that without the feature: nearly the same
    assert found.estimate[0] == pytest.approx(mixed.coefficients[-1], abs=0.01)
    assert found.se[0] == pytest.approx(mixed.contrast(np.eye(5)[-1:]).se[0], rel=0.1)
    assert np.isnan(Adjustment(y, strata, groups).effects(platform).estimate[0])


@pytest.mark.parametrize("form", [csr_array, coo_matrix], ids=["csr", "coo"])
def test_sparse_and_dense_features_are_the_same_in_any_number(form, monkeypatch):
    chance = np.random.default_rng(3)
    groups, strata, _, hoped = draw(chance)
    features = (chance.random((600, 9)) < 0.3).astype(float)
    adjusted = Adjustment(succeed(chance, hoped), strata, groups)
    plain = adjusted.effects(features)
    monkeypatch.setattr("pairsmith.statistics.adjusted.AT_ONCE", 1)
    for one, other in zip(plain, adjusted.effects(form(features)), strict=True):
        assert one == pytest.approx(other, nan_ok=True)
    assert adjusted.effects(features[:, :0]).estimate.shape == (0,)


def test_a_planted_effect_is_found_in_points():
    chance = np.random.default_rng(4)
    groups, strata, ability, _ = draw(chance, rows=6_000)
    has = chance.random((6_000, 2)) < 0.3
    rate = 0.4 + 0.1 * ability[groups] + 0.03 * strata + 0.12 * has[:, 0]
    y = (chance.random(6_000) < rate).astype(float)
    found = Adjustment(y, strata, groups).effects(has.astype(float))
    assert found.low[0] < 0.12 < found.high[0]
    assert found.p[0] < 0.01 < 0.05 < found.p[1]


def test_the_model_that_is_attacked_is_taken_out():
    """A word that is said to one model only is none that helps."""
    chance = np.random.default_rng(5)
    groups, strata, _, _ = draw(chance, rows=4_000)
    said = chance.random(4_000) < np.array([0.05, 0.05, 0.1, 0.6])[strata]
    y = (chance.random(4_000) < np.array([0.2, 0.3, 0.3, 0.6])[strata]).astype(float)
    found = Adjustment(y, strata, groups).effects(said[:, None].astype(float))
    assert y[said].mean() - y[~said].mean() > 0.15
    assert found.low[0] < 0 < found.high[0]


def test_too_few_rows_or_members_say_nothing():
    chance = np.random.default_rng(6)
    groups, strata, _, hoped = draw(chance)
    features = np.zeros((600, 6))
    features[:19, 0] = 1  # few rows
    features[groups < 5, 1] = 1  # few members
    features[:, 2] = 1  # all
    features[chance.random(600) < 0.5, 4] = 1
    features[chance.random(600) < 0.97, 5] = 1  # few that lack it
    found = Adjustment(succeed(chance, hoped), strata, groups).effects(features)
    assert np.isnan(found.estimate).tolist() == [True, True, True, True, False, True]
    for column in (found.se, found.low, found.high, found.p):
        assert (np.isnan(column) == np.isnan(found.estimate)).all()
    assert found.rows.tolist()[:4] == [19, int((groups < 5).sum()), 600, 0]


@pytest.mark.parametrize("kind", ["all succeed", "one member", "all strangers", "one model"])
def test_where_nothing_can_be_said(kind):
    chance = np.random.default_rng(7)
    groups, strata, _, hoped = draw(chance)
    y = succeed(chance, hoped)
    features = (chance.random((600, 1)) < 0.3).astype(float)
    if kind == "all succeed":
        y = np.ones(600)
    elif kind == "one member":
        groups = np.zeros(600, np.int64)
    elif kind == "all strangers":
        groups = -1 - np.arange(600)
    else:
        strata = np.full(600, -1)
    found = Adjustment(y, strata, groups).effects(features)
    assert np.isnan(found.p[0]) == (kind != "one model")


def test_what_is_no_number_is_refused():
    groups, strata, _, hoped = draw(np.random.default_rng(8))
    with pytest.raises(ValueError, match="no number"):
        Adjustment(np.where(np.arange(600) == 3, np.nan, 1.0), strata, groups)
    adjusted = Adjustment(succeed(np.random.default_rng(0), hoped), strata, groups)
    with pytest.raises(ValueError, match="no number"):
        adjusted.effects(np.full((600, 1), np.nan))


def test_the_rarest_of_many_strata_are_one():
    strata = np.repeat(np.arange(100), np.arange(100, 0, -1))
    merged = merge_rare(strata)
    assert merged.max() + 1 == STRATA
    assert (np.bincount(merged)[: STRATA - 1] == np.arange(100, 100 - STRATA + 1, -1)).all()


def chances(draws, seed, **options):
    """The p-values of five features that do nothing: of equal and unequal share in members."""
    chance, held = np.random.default_rng(seed), []
    for _ in range(draws):
        groups, strata, ability, hoped = draw(chance)
        y = succeed(chance, hoped)
        habit = chance.beta(0.5, 1, (MEMBERS, 2))[groups]
        skilled = 1 / (1 + np.exp(1 - 1.5 * ability[groups]))[:, None]
        rates = np.column_stack([np.full(600, 0.5), np.full(600, 0.1), habit, skilled])
        features = (chance.random(rates.shape) < rates).astype(float)
        held.append(Adjustment(y, strata, groups, **options).effects(features).p)
    return np.array(held)


@slow
def test_what_only_follows_skill_is_not_found_but_by_comparing_members():
    """Members who succeed more have words of their own: these are none that help."""
    within, between = chances(60, 1)[:, 4], chances(60, 1, within=False)[:, 4]
    assert (within < 0.05).mean() <= 0.1
    assert (between < 0.05).mean() >= 0.1


@slow
def test_where_there_is_no_effect_chances_are_what_they_say():
    """Kolmogorov and Smirnov, of each feature; and at most about 5 % are below 0.05."""
    held = chances(500, 2)
    for feature in held.T:
        some = feature[np.isfinite(feature)]
        assert len(some) > 300
        assert (some < 0.05).mean() <= 0.05 + 2.5 * (0.05 * 0.95 / len(some)) ** 0.5
        assert kstest(some, "uniform").pvalue > 0.002

"""Means of models with who attacked taken out: coverage where members are few and unequal."""

import numpy as np
import pytest

from pairsmith.statistics.mixed import fit_mixed
from pairsmith.statistics.within import fit_within
from support.planted_attempts import MODELS, RATES, plant
from support.slow import slow

COUNT = len(MODELS)
TRUTH = np.array([RATES[model] for model in MODELS])


def test_it_is_the_regression_with_a_column_for_each_member():
    planted = plant(500, seed=1)
    y = planted.success.astype(float)
    x = np.eye(COUNT)[planted.model][:, 1:]
    found = fit_within(y, x, planted.member)
    members = np.eye(planted.member.max() + 1)[planted.member]
    plain = np.linalg.lstsq(np.hstack([x, members]), y, rcond=None)[0]
    assert found.coefficients == pytest.approx(plain[: COUNT - 1])
    left = y - x @ found.coefficients
    level = fit_mixed(left, np.ones((500, 1)), planted.member).coefficients[0]
    told = found.contrast(np.array([1.0, 0]), np.eye(COUNT - 1)[[0, 0]])
    assert told.estimate == pytest.approx([level + plain[0], plain[0]])


def test_without_each_member_both_steps_are_made_again():
    planted = plant(150, seed=2, members=12)
    y = planted.score
    x = np.column_stack([planted.task_score, planted.replies]).astype(float)
    found = fit_within(y, x, planted.member)
    told = found.contrast(np.ones(1), np.array([[1.0, 2.0]]))
    squares = 0.0
    for member in range(12):
        some = planted.member != member
        one, columns, of = y[some], x[some], planted.member[some]
        means = np.stack(
            [columns[of == g].mean(axis=0) if (of == g).any() else [0, 0] for g in range(12)]
        )
        level = np.array([one[of == g].mean() if (of == g).any() else 0 for g in range(12)])
        b = np.linalg.lstsq(columns - means[of], one - level[of], rcond=None)[0]
        weights = 1 / (1 + found.level.ratio * np.bincount(of, minlength=12)[of])
        a = np.average(one - columns @ b, weights=weights)
        squares += (a + b @ [1, 2] - told.estimate[0]) ** 2
    assert 0.4 * squares < told.se[0] ** 2 < squares


def test_what_does_not_vary_within_members_is_left_out():
    planted = plant(400, seed=3)
    platform = planted.upworkers[planted.member].astype(float)
    x = np.column_stack([planted.task_score, platform])
    found = fit_within(planted.score, x, planted.member)
    assert found.left_out == (1,)
    told = found.contrast(np.zeros(2), np.eye(2))
    assert np.isnan(told.estimate).tolist() == [False, True]


@pytest.mark.parametrize("kind", ["alone", "one"])
def test_where_members_cannot_be_compared(kind):
    y, x = np.random.default_rng(1).normal(size=(2, 60))
    groups = np.arange(60) if kind == "alone" else np.zeros(60, np.int64)
    found = fit_within(y, x[:, None], groups)
    told = found.contrast(np.array([0.0, 1.0]), np.array([[1.0], [0.0]]))
    assert np.isnan(told.se).tolist() == ([True, False] if kind == "alone" else [True, True])


def test_what_is_no_number_is_refused():
    with pytest.raises(ValueError, match="no number"):
        fit_within(np.ones(3), np.full((3, 1), np.nan), np.zeros(3, np.int64))


def means_of(y, model, member):
    """Means of models that have rows enough: those of rows, and both adjusted ones."""
    cells = np.eye(COUNT)[model]
    enough = [
        (model == place).sum() >= 20 and len(set(member[model == place].tolist())) >= 10
        for place in range(COUNT)
    ]
    first = int(np.bincount(model).argmax())
    others = np.delete(cells, first, axis=1)
    adjusted = fit_within(y, others, member)
    told = adjusted.contrast(np.ones(COUNT), np.delete(np.eye(COUNT), first, axis=1))
    alone = fit_mixed(y, cells, member).contrast(np.eye(COUNT))
    plain = [y[model == place].mean() for place in range(COUNT)]
    return np.array(enough), told, alone, np.array(plain)


def hold(told, truth):
    return np.where(np.isfinite(told.se), (told.low <= truth) & (truth <= told.high), np.nan)


@slow
@pytest.mark.parametrize("confounding", [0.0, 0.8], ids=["by chance", "the better at one model"])
def test_intervals_hold_the_truth(confounding):
    """600 rows of 40 members, most of them by few: 400 draws, of about 10 models each."""
    held, alone_held, off = [], [], []
    for seed in range(400):
        planted = plant(600, seed=seed, confounding=confounding)
        y = planted.success.astype(float)
        enough, told, alone, plain = means_of(y, planted.model, planted.member)
        held.append(np.where(enough, hold(told, TRUTH), np.nan))
        alone_held.append(np.where(enough, hold(alone, TRUTH), np.nan))
        off.append(plain[-1] - TRUTH[-1])
    assert 0.93 <= np.nanmean(held) <= 0.97
    # the model that the better ones attack more: the last one
    last = np.nanmean([row[-1] for row in held])
    assert last == pytest.approx(0.95, abs=0.03)
    if confounding:
        assert np.mean(off) > 0.06
        assert np.nanmean([row[-1] for row in alone_held]) < 0.92
    else:
        assert np.mean(off) == pytest.approx(0, abs=0.02)

"""Differences between sides of pairs: intervals hold the truth, and chance is not news."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from pairsmith.statistics.paired import contrast_parts, weigh_pairs


def draw(chance, conversations=150, features=40, share=0.2, more=0.0):
    """Pairs in conversations of unequal size, whose pairs have features alike."""
    sizes = 1 + chance.poisson(2, conversations)
    groups = np.repeat(np.arange(conversations), sizes)
    usual = chance.beta(share * 2, (1 - share) * 2, (conversations, features))[groups]
    chosen, rejected = (chance.random(usual.shape) < usual for _ in range(2))
    chosen |= chance.random(usual.shape) < more
    return chosen.astype(float) - rejected, groups


def test_sparse_and_dense_are_one_and_blocks_change_nothing(monkeypatch):
    differences, groups = draw(np.random.default_rng(1))
    controls = np.random.default_rng(2).normal(size=(len(groups), 1))
    whole = weigh_pairs(differences, groups, controls)
    monkeypatch.setattr("pairsmith.statistics.paired.AT_ONCE", 500)
    for part, other in zip(
        whole, weigh_pairs(csr_array(differences), groups, controls), strict=True
    ):
        assert part == pytest.approx(other, nan_ok=True)


def test_pairs_by_themselves_are_like_mcnemars():
    d = np.zeros((400, 1))
    d[:40], d[40:60] = 1, -1
    found = weigh_pairs(d, np.arange(400))
    assert found.estimate[0] == pytest.approx(20 / 400)
    assert (found.estimate / found.se)[0] == pytest.approx(20 / 60**0.5, rel=0.04)
    assert (found.rows[0], found.groups[0]) == (60, 60)


def test_sides_exchanged_at_random_are_sure_as_often_as_chance_allows():
    chance = np.random.default_rng(3)
    p = np.concatenate([weigh_pairs(*draw(chance)).p for _ in range(25)])
    assert 0.03 < (p < 0.05).mean() < 0.065
    rare = np.concatenate([weigh_pairs(*draw(chance, share=0.03)).p for _ in range(25)])
    rare = rare[np.isfinite(rare)]
    assert len(rare) > 300
    assert (rare < 0.05).mean() < 0.065


def test_intervals_hold_what_was_planted():
    chance = np.random.default_rng(4)
    truth = 0.08 * (1 - 0.2)  # of those that lack it, so many get it
    hits = []
    for _ in range(25):
        found = weigh_pairs(*draw(chance, more=0.08))
        hits.append((found.low < truth) & (truth < found.high))
    assert 0.93 < np.mean(hits) < 0.97


def test_what_length_alone_makes_is_not_taken_for_a_word():
    chance = np.random.default_rng(5)
    longer = chance.normal(0.5, 1, 2_000)  # chosen is longer as a rule
    d = np.sign(longer) * (chance.random(2_000) < 0.3 * np.minimum(np.abs(longer), 1))
    groups = np.arange(2_000)
    assert weigh_pairs(d[:, None], groups).p[0] < 1e-6
    assert weigh_pairs(d[:, None], groups, longer[:, None]).p[0] > 0.05


def test_one_conversation_proves_nothing():
    d = np.zeros((1_000, 1))
    d[:300] = 1
    groups = np.concatenate([np.zeros(280, int), np.arange(1, 721)])
    found = weigh_pairs(d, groups)
    assert found.p[0] > 0.1
    alone = weigh_pairs(d, np.zeros(1_000, int))
    assert np.isnan(alone.p[0])
    assert (alone.rows[0], alone.groups[0]) == (300, 1)


def test_of_too_few_pairs_nothing_is_said():
    d = np.zeros((100, 2))
    d[:19, 0] = 1
    found = weigh_pairs(d, np.arange(100))
    assert np.isnan([found.estimate, found.p]).all()
    assert found.rows.tolist() == [19, 0]
    none = weigh_pairs(np.zeros((100, 0)), np.arange(100))
    assert len(none.p) == 0


def test_where_all_pairs_differ_alike_they_are_not_too_few():
    d = np.ones((60, 1))
    found = weigh_pairs(d, np.arange(60))
    assert found.estimate[0] == pytest.approx(1)
    assert 0.9 < found.low[0] < 0.97
    assert found.p[0] < 1e-10


def test_parts_are_held_against_all_others():
    chance = np.random.default_rng(6)
    drawn = []
    for _ in range(40):
        groups = np.sort(chance.integers(0, 400, 900))
        parts = chance.choice(6, 900, p=[0.4, 0.3, 0.15, 0.09, 0.04, 0.02]) - 1
        values = np.sign(chance.normal(0.3, 1, 900) + chance.normal(0, 0.5, 400)[groups])
        drawn.append(contrast_parts(values, parts, 5, groups).p)
    p = np.concatenate(drawn)
    p = p[np.isfinite(p)]
    assert len(p) > 150
    assert (p < 0.05).mean() < 0.085
    values[parts == 1] = 1
    found = contrast_parts(values, parts, 5, groups)
    others = values[parts != 1].mean()
    assert found.estimate[1] == pytest.approx(1 - others)
    assert found.p[1] < 1e-4
    assert found.rows.tolist() == np.bincount(parts[parts >= 0], minlength=5).tolist()


def test_a_small_part_whose_numbers_happen_to_be_alike_proves_nothing():
    chance = np.random.default_rng(7)
    values = (chance.random(2_000) < 0.05).astype(float)
    parts = np.zeros(2_000, int)
    parts[np.flatnonzero(values == 0)[:25]] = 1
    found = contrast_parts(values, parts, 2, np.arange(2_000))
    assert found.p[1] > 0.2


def test_parts_that_are_constant_are_told_apart_without_a_fault():
    values, parts = np.repeat([0.0, 1.0], 30), np.repeat([0, 1], 30)
    made = contrast_parts(values, parts, 2, np.arange(60))
    assert np.allclose(made.estimate, [-1.0, 1.0])
    assert np.isfinite(made.p).all()

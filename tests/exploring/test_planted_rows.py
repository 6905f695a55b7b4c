"""What the generator of planted attacks says of its rows is so, and a build reads the same."""

from dataclasses import fields

import numpy as np
import pyarrow as pa
import pytest

from pairsmith.dataset.manifest import read_manifest
from pairsmith.exploring.attempts import Coded, read_attempts
from support.planted_attempts import COUNTS, MODELS, NOTHING, attempts_of, plant, write_build
from support.slow import slow


def test_columns_without_files_are_those_of_a_build(tmp_path):
    planted = plant(150, seed=4, topics={"ships": 0.1}, words={"lantern": 0.1}, copies=0.1)
    out = write_build(tmp_path, planted)
    built, made = read_attempts(out, read_manifest(out), 3.0), attempts_of(planted)
    for field in fields(built):
        first, second = (getattr(held, field.name) for held in (built, made))
        if isinstance(first, Coded):
            assert first.names == second.names, field.name
            first, second = first.codes, second.codes
        if isinstance(first, pa.Array):
            assert first.equals(second), field.name
        else:
            np.testing.assert_array_equal(first, second, err_msg=field.name)


def test_the_released_files_counts():
    planted = plant()
    assert np.bincount(planted.model).tolist() == list(COUNTS)
    assert planted.clipped == 0
    assert sum(map(bool, planted.tags)) == 742
    made = np.sort(np.bincount(planted.member))[::-1]
    assert len(made) == 324
    assert made[:49].sum() / made.sum() == pytest.approx(0.8, abs=0.03)
    rates = np.array([planted.effects.rates[one] for one in MODELS])
    found = np.bincount(planted.model, planted.success) / COUNTS
    np.testing.assert_allclose(found, rates, atol=0.07)


def test_better_members_attack_one_model_more_only_where_that_is_asked():
    gaps = []
    for confounding in (0.0, 0.9):
        planted = plant(4000, seed=2, confounding=confounding)
        favoured = planted.model == MODELS.index(planted.effects.favoured)
        skill = planted.skill[planted.member]
        gaps.append(skill[favoured].mean() - skill[~favoured].mean())
    assert abs(gaps[0]) < 0.01
    assert gaps[1] > 0.08


@slow
@pytest.mark.parametrize(
    ("effects", "which"),
    [
        ({"topics": {"bees": 0.15}}, lambda planted: planted.topic == 7),
        ({"words": {"lantern": 0.15}}, lambda planted: planted.has["lantern"]),
    ],
    ids=["topic", "word"],
)
def test_an_effect_is_a_difference_in_points(effects, which):
    planted = plant(200_000, seed=1, **NOTHING, **effects)
    some = which(planted)
    assert planted.clipped == 0
    gap = planted.success[some].mean() - planted.success[~some].mean()
    assert gap == pytest.approx(0.15, abs=0.02)

"""Where dots lie and what they can be coloured by, from columns that may lack anything."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from pairsmith.exploring.answer import Study, UnansweredError
from pairsmith.exploring.attempts import Coded, code
from pairsmith.exploring.map import points as mapping
from pairsmith.exploring.map.points import choose_rows, lay_attacks, rank, spread
from pairsmith.exploring.options import ExploreOptions
from pairsmith.exploring.topics.topics import Topics
from support.planted_attempts import attempts_of, plant

COUNT = 60


def study_of(attempts, topics=None, **options):
    """A study of columns alone; its topics, if any are given, are these."""
    made = Study(Path(), None, ExploreOptions(**options), attempts)
    made.__dict__["topics"] = topics
    return made


@pytest.fixture
def attempts():
    return attempts_of(plant(COUNT, seed=1))


@pytest.fixture
def topics():
    of = np.arange(COUNT) % 3 - 1
    places = np.random.default_rng(0).random((COUNT, 2))
    places[of < 0] = np.nan
    return Topics(of, ("tea pots", "green ferns"), places, np.arange(COUNT), "two axes")


def category(points, name):
    return next(one for one in points.categories if one.name == name)


def test_every_attack_is_a_dot_with_what_is_known_of_it(attempts, topics):
    points = lay_attacks(study_of(attempts, topics))
    assert points.ids == tuple(attempts.ids.to_pylist())
    assert [one.name for one in points.categories][:3] == ["outcome", "model type", "model size"]
    types = category(points, "model type")
    told = [types.names[place] for place in types.codes]
    held = [attempts.model_type.names[place] for place in attempts.model_type.codes]
    words = {"plain lm": "plain", "context distillation": "prompted", "rlhf": "RLHF"}
    assert told == [words.get(name, name) for name in held]
    np.testing.assert_array_equal(points.success, attempts.success)
    assert points.numbers.keys() == {"rating", "lowest score", "replies"}
    assert [points.members[place] for place in points.member] == [
        attempts.member.names[place] for place in attempts.member.codes
    ]


def test_topics_lay_the_map_and_rows_of_no_place_lie_below_all_others(attempts, topics):
    points = lay_attacks(study_of(attempts, topics))
    nowhere = ~np.isfinite(topics.places[:, 0])
    assert points.places[nowhere, 1].min() > points.places[~nowhere, 1].max()
    known = topics.places[~nowhere]
    for axis, sign in ((0, 1), (1, -1)):  # pictures count downwards
        told = np.argsort(sign * points.places[~nowhere, axis].astype(int), kind="stable")
        assert (np.diff(known[told, axis]) > -1e-3).all()
    topic = category(points, "topic")
    assert topic.names == ("1: tea pots", "2: green ferns")
    np.testing.assert_array_equal(topic.codes, topics.of)
    assert topic.harmful


def test_without_texts_topics_are_numbers(attempts, topics):
    topic = category(lay_attacks(study_of(attempts, topics, no_text=True)), "topic")
    assert topic.names == ("topic 1", "topic 2")
    assert not topic.harmful


def test_without_topics_length_and_score_lay_the_map(attempts, topics):
    class Without(Study):
        @property
        def topics(self):
            raise UnansweredError("None.")

    points = lay_attacks(Without(Path(), None, ExploreOptions(), attempts))
    for one in (
        points,
        lay_attacks(study_of(attempts, topics._replace(places=topics.places * np.nan))),
    ):
        assert "No topics were found." in one.laid_by
        assert (
            np.diff(one.places[np.argsort(attempts.characters, kind="stable"), 0].astype(int)) > 0
        ).all()
        assert (
            np.diff(one.places[np.argsort(-attempts.score, kind="stable"), 1].astype(int)) > 0
        ).all()


def test_what_is_told_of_no_row_is_no_colour(attempts, topics):
    nothing = np.full(COUNT, np.nan)
    bare = replace(
        attempts,
        rating=nothing, success=nothing, score=nothing, is_upworker=nothing,
        member=Coded((), np.full(COUNT, -1)), model_type=Coded((), np.full(COUNT, -1)),
        size=code(pa.array(["2.7B"] * COUNT)), tags=pa.array([[]] * COUNT, pa.list_(pa.string())),
    )  # fmt: skip
    points = lay_attacks(study_of(bare, topics))
    assert [one.name for one in points.categories] == ["model size", "topic"]
    assert list(points.numbers) == ["replies"]
    assert set(points.success) == set(points.member) == {-1}
    assert points.members == ()


def test_tags_are_several_of_a_row(attempts, topics):
    told = [["b", "a"], [], ["a"]] * (COUNT // 3)
    tagged = replace(attempts, tags=pa.array(told, pa.list_(pa.string())))
    tags = category(lay_attacks(study_of(tagged, topics)), "tag")
    assert tags.names == ("a", "b")
    assert tags.counts.tolist() == [2, 0, 1] * (COUNT // 3)
    assert tags.codes.tolist() == [1, 0, 0] * (COUNT // 3)


def test_of_too_many_rows_a_sample_is_shown_and_every_column_is_of_it(
    attempts, topics, monkeypatch
):
    monkeypatch.setattr(mapping, "MOST", 20)
    monkeypatch.setattr(choose_rows, "__defaults__", (20,))
    points = lay_attacks(study_of(attempts, topics, seed=4))
    assert points.total == COUNT
    assert len(points.rows) == 20
    assert (np.diff(points.rows) > 0).all()
    assert points.ids == tuple(attempts.ids.take(pa.array(points.rows)).to_pylist())
    np.testing.assert_array_equal(points.numbers["rating"], attempts.rating[points.rows])
    assert (lay_attacks(study_of(attempts, topics, seed=4)).rows == points.rows).all()
    assert (lay_attacks(study_of(attempts, topics, seed=5)).rows != points.rows).any()


def test_names_beyond_the_most_are_others():
    names = pa.array([f"name {place % 7}" for place in range(COUNT)] + ["name 0"] * 9)
    column = code(names)
    few = mapping._shorten(column, 3)
    assert few.names == ("name 0", "name 1", "others")
    assert np.bincount(few.codes).tolist() == [column.counts()[0], column.counts()[1],
                                               column.counts()[2:].sum()]  # fmt: skip


def test_ranks_and_edges():
    values = np.array([3.0, np.nan, 1.0, 2.0, 2.0])
    assert rank(values)[[0, 2, 3, 4]].tolist() == [0.875, 0.125, 0.375, 0.625]
    assert np.isnan(rank(values)[1])
    places = spread(np.array([[0.0, 0.0], [1.0, 1.0], [-5.0, 9.0]]))
    assert (places > 600).all()
    assert (places < 65_000).all()
    assert places[0, 1] > places[1, 1]

"""Topics against success: what is planted is found, and where nothing is, nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pairsmith.exploring.answer import Study
from pairsmith.exploring.options import ExploreOptions
from pairsmith.exploring.questions.topics import ask, mean_of, share_of
from pairsmith.exploring.topics.topics import Topics
from support.planted_attempts import attempts_of, plant
from support.planted_words import TOPICS
from support.slow import slow


def study_of(planted, topics=True, attempts=None, **options):
    """A study of planted attacks, with their true topics unless these are to be found."""
    attempts = attempts or attempts_of(planted)
    study = Study(Path("nowhere"), None, ExploreOptions(**options), attempts)
    if topics:
        chance = np.random.default_rng(planted.seed)
        study.__dict__["topics"] = Topics(
            planted.topic,
            tuple(f"{name}, {words.split()[0]}" for name, words in TOPICS.items()),
            chance.random((len(planted), 2)),
            planted.copied,
            "their own layout",
            chance.random(len(planted)),
        )
    return study


@pytest.fixture(scope="module")
def planted():
    return plant(4_000, seed=3, topics={"ships": 0.15}, confounding=0.5, copies=0.05)


@pytest.fixture(scope="module")
def answer(planted):
    return ask(study_of(planted))


def test_the_planted_topic_ranks_first_and_its_interval_holds_the_truth(planted, answer):
    first = answer.effects[0].effects[0]
    assert first.of.startswith("ships")
    shares = np.bincount(planted.topic, minlength=len(TOPICS)) / len(planted)
    place = list(TOPICS).index("ships")
    # what is planted adds nothing on average: beside all others it is this much
    truth = 100 * 0.15 / (1 - shares[place])
    assert first.low < truth < first.high
    assert first.p < 0.001
    assert f"topic {place + 1} succeed" in answer.headline
    assert f"{first.rows:,} attacks of {first.groups:,} members" in answer.headline


def test_the_headline_and_the_sentence_quote_nothing(answer):
    for name in TOPICS:
        assert name not in answer.headline + answer.sentence


def test_each_topic_tells_its_success_with_interval_and_n(planted, answer):
    for effect in answer.effects[0].effects:
        of = planted.topic == effect.numbers["topic"] - 1
        told = effect.numbers["success"]
        assert told["rows"] == effect.rows == effect.numbers["attacks"] == of.sum()
        assert told["estimate"] == pytest.approx(planted.success[of].mean(), abs=1e-6)
        assert told["low"] < told["estimate"] < told["high"]


def test_copies_are_counted_once_beside_all(planted, answer):
    copies = answer.numbers["copies"]
    _, sizes = np.unique(planted.copied, return_counts=True)
    assert copies["groups"] == (sizes > 1).sum()
    assert copies["attacks"] == sizes[sizes > 1].sum()
    assert copies["largest_group"] == sizes.max()
    once = [e.numbers["adds, near-identical ones once"]["rows"] for e in answer.effects[0].effects]
    assert sum(once) == len(sizes) < len(planted)
    [copied] = answer.effects[1].effects
    assert copied.rows == copies["attacks"]
    assert copied.low < 0 < copied.high  # it makes no difference here


def test_every_row_of_a_topic_is_labelled_and_the_most_typical_are_listed(planted, answer):
    [labels] = answer.labels
    assert (labels.of == planted.topic).all()
    assert labels.labels[2] == "topic-3"
    assert labels.details[2].startswith("bread")
    for place, reading in enumerate(answer.readings):
        rows = [int(row.id.rpartition("/")[2]) - 1 for row in reading.rows]
        assert (planted.topic[rows] == place).all()
        assert len({planted.copied[row] for row in rows}) == len(rows) == 5
        scores = [row.score for row in reading.rows]
        assert scores == sorted(scores, reverse=True)


def test_without_texts_topics_have_numbers_for_names(planted):
    answer = ask(study_of(planted, no_text=True))
    listed = answer.effects[0]
    assert not listed.harmful
    assert {effect.of for effect in listed.effects} == {f"topic {n}" for n in range(1, 9)}
    assert set(answer.labels[0].details) == {None}
    assert not any(name in str(answer) for name in TOPICS)


def test_without_ratings_topics_are_told_and_success_is_not(planted):
    attempts = attempts_of(planted)
    unrated = np.full(len(planted), np.nan)
    answer = ask(study_of(planted, attempts=replace(attempts, rating=unrated, success=unrated)))
    assert "No attack has a rating" in answer.sentence
    assert not answer.headline
    assert all(effect.estimate is None for effect in answer.effects[0].effects)
    assert sum(e.numbers["attacks"] for e in answer.effects[0].effects) == len(planted)


def test_of_one_outcome_or_one_member_nothing_is_compared(planted):
    attempts = attempts_of(planted)
    member = attempts.member._replace(codes=np.zeros(len(planted), np.int64))
    for other in (
        replace(attempts, success=np.ones(len(planted))),
        replace(attempts, member=member),
    ):
        answer = ask(study_of(planted, attempts=other))
        assert "Success cannot be told" in answer.sentence
        assert all(effect.p is None for effect in answer.effects[0].effects)


def test_a_share_that_all_have_has_an_interval_by_members():
    groups = np.arange(300) % 100
    found = share_of(np.zeros(300), groups)
    assert found.low == 0
    assert 0.03 < found.high < 0.04  # as of 0 of 100
    assert not share_of(np.zeros(19), np.arange(19)).sure
    assert not mean_of(np.arange(300.0), groups % 9).sure


@slow
def test_where_nothing_is_planted_nothing_is_found():
    """No topic has an effect, members have skill and habits: 60 draws, of which 5 % may."""
    found = [
        bool(ask(study_of(plant(1_500, seed=seed, habit=0.6, confounding=0.7))).headline)
        for seed in range(60)
    ]
    assert sum(found) <= 7


@slow
def test_planted_topics_are_found_by_their_texts(planted):
    from sklearn.metrics import adjusted_rand_score

    study = study_of(planted, topics=False)
    assert adjusted_rand_score(planted.topic, study.topics.of) >= 0.95
    first = ask(study).effects[0].effects[0]
    words = set(TOPICS["ships"].split())
    assert set(first.of.split(", ")) <= words
    copied = study.topics.copies[planted.copied]
    again = planted.copied != np.arange(len(planted))
    assert (study.topics.copies == copied)[again].mean() > 0.9

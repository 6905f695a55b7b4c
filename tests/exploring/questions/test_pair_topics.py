"""Topics of prompts, and where sides differ in another way than elsewhere."""

from __future__ import annotations

import json

import numpy as np
import pytest

import pairsmith
from pairsmith.errors import AnnotationError
from pairsmith.exploring.questions import pair_topics
from pairsmith.exploring.questions.pair_topics import Scored
from pairsmith.statistics.multiple import adjust
from support.planted_pairs import TOPICS, plant_pairs
from support.slow import slow

NAMES = tuple(TOPICS)
NONE = Scored(None)


def lists_of(answer):
    return {held.title: {effect.of: effect for effect in held.effects} for held in answer.effects}


def sure_of(answer):
    known = {
        (title, name): effect.p
        for title, held in lists_of(answer).items()
        for name, effect in held.items()
        if effect.p is not None
    }
    q = adjust(np.array(list(known.values())))
    return {key for key, value in zip(known, q, strict=True) if value <= 0.05}


def scores(pairs, topic, chance):
    """Margins that agree in three of four pairs, and in one of four where it is about ships."""
    right = chance.random(len(pairs)) < np.where(topic == NAMES.index("ships"), 0.25, 0.75)
    return np.where(right, 1.0, -1.0) * chance.exponential(1, len(pairs))


def test_it_is_found_where_scores_agree_less_and_longer_replies_are_chosen():
    pairs, topic = plant_pairs(1_000, seed=1)
    moss = topic == NAMES.index("moss")
    pairs.characters[moss, 0] += 40  # on average as long as half of the replies
    margins = scores(pairs, topic, np.random.default_rng(1))
    answer = pair_topics.answer(pairs, topic, NAMES, Scored(margins), no_text=False)
    agreement = lists_of(answer)["Agreement of the scores with labels, by topic"]["ships"]
    assert agreement.numbers["from"] < 25 < agreement.numbers["to"]
    assert agreement.high < 0
    sure = sure_of(answer)
    assert ("Agreement of the scores with labels, by topic", "ships") in sure
    assert ("Margins, by topic", "ships") in sure
    assert ("Whether the longer reply is chosen, by topic", "moss") in sure
    share = (margins > 0).mean()
    assert answer.numbers["scores"]["agreement_with_labels"]["estimate"] == pytest.approx(
        share, rel=1e-4
    )
    assert f"of {100 * share:.1f} % (" in answer.sentence


def test_topics_are_named_in_harmful_lists_alone():
    pairs, topic = plant_pairs(200, seed=2)
    answer = pair_topics.answer(pairs, topic, NAMES, NONE, no_text=True)
    assert "ships" not in repr(answer)
    assert all(held.harmful for held in answer.effects)
    assert list(lists_of(answer)["Refusals, by topic"])[:2] == ["topic 1", "topic 2"]


def test_pairs_without_a_score_are_left_out_and_few_are_too_few():
    pairs, topic = plant_pairs(200, seed=3)
    margins = np.where(np.arange(200) < 15, 1.0, np.nan)
    answer = pair_topics.answer(pairs, topic, NAMES, Scored(margins), no_text=False)
    assert "Too few pairs have scores" in answer.sentence
    agreement = lists_of(answer)["Agreement of the scores with labels, by topic"]
    assert {effect.p for effect in agreement.values()} == {None}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A build of pairs about four topics, by the texts of `plant_pairs`.

    Of half as many rows, two topics become one on some makes of processor.
    """
    folder = tmp_path_factory.mktemp("built")
    pairs, topic = plant_pairs(800, seed=4)
    texts = zip(pairs.prompts.to_pylist(), *(s.to_pylist() for s in pairs.replies), strict=True)
    rows = [
        {side: f"\n\nHuman: {asked} {number}\n\nAssistant: {reply}"
         for side, reply in (("chosen", chosen), ("rejected", rejected))}
        for number, (asked, chosen, rejected) in enumerate(texts)
    ]  # fmt: skip
    (folder / "source" / "moss").mkdir(parents=True)
    place = folder / "source" / "moss" / "train.jsonl"
    place.write_text("".join(json.dumps(row) + "\n" for row in rows))
    pairsmith.build(str(folder / "source"), folder / "out")
    return folder / "out", topic


def annotate(out, name, topic, **columns):
    chance = np.random.default_rng(5)
    ids = [f"moss/train/{row + 1}" for row in range(len(topic))]
    right = chance.random(len(ids)) < np.where(topic == NAMES.index("ships"), 0.1, 0.9)
    rows = [
        {"id": id, "label": "agrees" if good else "contradicts", "score": 1.0 if good else -1.0}
        for id, good in zip(ids, right.tolist(), strict=True)
    ]
    if columns:
        rows = [{"id": row["id"], "label": "odd", "score": None} for row in rows]
    pairsmith.annotate(out, name, rows, pairsmith.Annotator("test", "1", {}))


@slow
def test_a_build_with_scores_is_read(built):
    out, topic = built
    annotate(out, "scores", topic)
    [answer] = pairsmith.explore(out, only=["pair_topics"], scores="scores").answers
    assert answer.numbers["topics"] >= 4
    agreement = lists_of(answer)["Agreement of the scores with labels, by topic"]
    least = min((e for e in agreement.values() if e.p is not None), key=lambda e: e.estimate)
    assert any(word in least.of for word in TOPICS["ships"])
    assert least.high < -50


@slow
def test_what_holds_no_margins_is_refused(built):
    out, topic = built
    annotate(out, "other", topic, odd=True)
    with pytest.raises(AnnotationError, match="has no margins"):
        pairsmith.explore(out, only=["pair_topics"], scores="other")


@slow
def test_where_topics_are_alike_nothing_is_found():
    draws, found = 100, 0
    for seed in range(draws):
        pairs, topic = plant_pairs(300, seed=seed, longer=3, apology=0.2)
        chance = np.random.default_rng(seed)
        scored = Scored(chance.normal(0.5, 1, 300))
        found += bool(sure_of(pair_topics.answer(pairs, topic, NAMES, scored, no_text=False)))
    assert found <= 10  # of 100 at 5 %: more than this has a chance of 1 %

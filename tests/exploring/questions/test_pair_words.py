"""Words that tell chosen from rejected."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pairsmith.exploring.answer import UnansweredError
from pairsmith.exploring.questions import pair_words
from pairsmith.statistics.multiple import adjust
from support.planted_pairs import plant_pairs
from support.slow import slow


def sure_of(answer):
    effects = [effect for held in answer.effects for effect in held.effects]
    q = adjust(np.array([effect.p for effect in effects]))
    return {effect.of for effect, value in zip(effects, q, strict=True) if value <= 0.05}


@pytest.fixture(scope="module")
def planted():
    return plant_pairs(1_200, seed=1, words={"quartz": 0.15, "opal": -0.09, "agate": 0.0})[0]


def test_planted_words_rank_first_on_either_side(planted):
    answer = pair_words.answer(planted, no_text=False)
    chosen, rejected = (held.effects for held in answer.effects)
    assert (chosen[0].of, rejected[0].of) == ("quartz", "opal")
    assert chosen[0].low < 15 < chosen[0].high
    assert rejected[0].low < -9 < rejected[0].high
    sure = sure_of(answer)
    assert {"quartz", "opal"} <= sure
    assert "agate" not in sure


def test_longer_replies_have_more_of_all_words_and_that_is_no_news():
    pairs, _ = plant_pairs(1_000, seed=2, longer=8)
    assert sure_of(pair_words.answer(pairs, no_text=False)) == set()


def test_no_word_is_quoted_outside_of_harmful_lists(planted):
    answer = pair_words.answer(planted, no_text=False)
    assert all(held.harmful for held in answer.effects)
    for held in (replace(answer, effects=()), pair_words.answer(planted, no_text=True)):
        assert "quartz" not in repr(held)
        assert "opal" not in repr(held)


def test_few_pairs_have_no_words():
    pairs, _ = plant_pairs(3, seed=4)
    with pytest.raises(UnansweredError, match="No word stands in one reply alone of 20 pairs"):
        pair_words.answer(pairs, no_text=False)


@slow
def test_with_sides_exchanged_at_random_nothing_is_found():
    draws, found = 60, 0
    for seed in range(draws):
        pairs, _ = plant_pairs(400, seed=seed, words={"quartz": 0.3}, longer=5, sides=False)
        found += bool(sure_of(pair_words.answer(pairs, no_text=False)))
    assert found <= 7  # of 60 at 5 %: more than this has a chance of 2 %

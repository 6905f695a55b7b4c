"""Words that tell success: planted ones come first, and of nothing planted nothing is found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

import pairsmith
from pairsmith.exploring.answer import UnansweredError
from pairsmith.exploring.questions import words
from pairsmith.statistics.multiple import adjust
from support.planted_attempts import NOTHING, attempts_of, plant, write_build
from support.slow import slow


def written(planted):
    """What `read_authors` reads of a build of these."""
    both = zip(planted.task, planted.turns, strict=True)
    return pa.array(["\n".join([task, *turns[::2]]) for task, turns in both])


def ask(planted, attempts=None, no_text=False):
    attempts = attempts or attempts_of(planted)
    rows = words.choose_rows(attempts, 0)
    return words.answer(attempts, rows, written(planted).take(pa.array(rows)), no_text)


def sure_of(answer):
    effects = [effect for held in answer.effects for effect in held.effects]
    q = adjust(np.array([effect.p for effect in effects]))
    return {effect.of for effect, value in zip(effects, q, strict=True) if value <= 0.05}


@pytest.fixture(scope="module")
def planted():
    return plant(3_000, seed=2, words={"bell": 0.25, "lamp": -0.22}, word_share=0.1, copies=0)


@pytest.fixture(scope="module")
def answer(planted):
    return ask(planted)


def test_planted_words_rank_first_and_their_intervals_hold_what_was_planted(planted, answer):
    won, lost = (held.effects for held in answer.effects)
    assert (won[0].of, lost[0].of) == ("bell", "lamp")
    assert won[0].low < 25 < won[0].high
    assert lost[0].low < -22 < lost[0].high
    assert won[0].rows == planted.has["bell"].sum()
    assert {"bell", "lamp"} <= sure_of(answer)
    assert "go with success" in answer.headline


def test_no_word_is_quoted_outside_of_harmful_lists(planted, answer):
    assert all(held.harmful for held in answer.effects)
    assert "bell" not in repr(replace(answer, effects=()))
    without = ask(planted, no_text=True)
    assert without.effects[0].effects[0].of == "word 1"
    assert "bell" not in repr(without)
    assert without.effects[0].effects[0].p == answer.effects[0].effects[0].p


def test_words_of_one_able_member_are_not_taken_for_telling(planted):
    attempts = attempts_of(planted)
    counts = np.bincount(attempts.member.codes)
    able = attempts.member.codes == np.argmax(counts)
    success = np.where(able, np.arange(len(able)) % 10 < 9, planted.success).astype(float)
    texts = [
        f"{text} quartz" if own else text
        for text, own in zip(written(planted).to_pylist(), able.tolist(), strict=True)
    ]
    some = np.flatnonzero(~able)[:300:5]  # others have it as well, and win no more by it
    for row in some:
        texts[row] += " quartz"
    attempts = replace(attempts, success=success)
    rows = np.arange(len(success))
    answer = words.answer(attempts, rows, pa.array(texts), no_text=False)
    assert "quartz" not in sure_of(answer)


def test_where_there_is_nothing_to_tell_it_is_said_why():
    planted = plant(300, seed=4)
    attempts = attempts_of(planted)
    nothing = np.full(len(planted), np.nan)
    for changed, why in (
        ({"success": nothing}, "No attack has a rating"),
        ({"success": np.ones(len(planted))}, "All rated attacks succeeded"),
        ({"success": np.where(np.arange(len(planted)) < 9, 1.0, np.nan)}, "9, of 5 members"),
    ):
        with pytest.raises(UnansweredError, match=why):
            ask(planted, replace(attempts, **changed))
    rows = np.arange(len(planted))
    with pytest.raises(UnansweredError, match="No word is in 20 attacks"):
        words.answer(attempts, rows, pa.array([""] * len(planted)), no_text=False)


def test_a_build_is_read_and_of_more_attacks_a_sample_is_drawn(tmp_path, monkeypatch):
    planted = plant(400, seed=5, words={"bell": 0.4}, word_share=0.3, skill=0.0)
    out = write_build(tmp_path, planted)
    [answer] = pairsmith.explore(out, only=["words"]).answers
    assert answer.effects == ask(planted).effects
    monkeypatch.setattr(words, "SAMPLE", 200)
    [drawn] = pairsmith.explore(out, only=["words"]).answers
    assert (drawn.numbers["attacks"], drawn.numbers["sampled"]) == (200, True)
    assert "a sample of 400" in drawn.sentence


@slow
def test_where_nothing_is_planted_nothing_is_found():
    draws, found = 60, 0
    for seed in range(draws):
        planted = plant(700, seed=seed, **NOTHING)
        found += bool(sure_of(ask(planted)))
    assert found <= 7  # of 60 at 5 %: more than this has a chance of 2 %

"""Looks that tell chosen from rejected."""

from __future__ import annotations

import json

import numpy as np
import pytest

import pairsmith
from pairsmith.exploring.questions import pair_form
from pairsmith.statistics.multiple import adjust
from support.planted_pairs import plant_pairs
from support.slow import slow


def effects_of(answer):
    return {effect.of: effect for held in answer.effects for effect in held.effects}


def asked(number, reply):
    return f"\n\nHuman: Which tea is number {number}?\n\nAssistant: {reply}"


def sure_of(answer):
    known = {name: e.p for name, e in effects_of(answer).items() if e.p is not None}
    q = adjust(np.array(list(known.values())))
    return {name for name, value in zip(known, q, strict=True) if value <= 0.05}


def test_what_is_planted_is_found_and_what_is_rare_is_too_few():
    pairs, _ = plant_pairs(1_200, seed=1, apology=0.15, longer=3)
    answer = pair_form.answer(pairs)
    found = effects_of(answer)
    assert {"an apology", "the longer reply, in characters"} <= sure_of(answer)
    assert found["an apology"].low < 15 < found["an apology"].high
    assert found["an apology"].numbers["from"] < 15 < found["an apology"].numbers["to"]
    chosen, rejected = pairs.has[:, 1].mean(axis=0)  # apologies
    assert found["an apology"].estimate == pytest.approx(100 * (chosen - rejected), rel=1e-4)
    assert found["a table"].p is None
    assert found["a table"].estimate is None
    differ = (pairs.characters[:, 0] - pairs.characters[:, 1]).mean()
    told = answer.numbers["mean_length"]["characters"]["difference"]
    assert told["estimate"] == pytest.approx(differ, rel=1e-4)
    assert told["low"] < differ < told["high"]
    drawn = pair_form.plot(answer)
    assert "an apology +" in drawn.alternative
    assert "a table" not in drawn.alternative  # too few


def test_it_is_told_where_subsets_differ():
    pairs, _ = plant_pairs(1_500, seed=2)
    sorry = 1  # the place of apologies
    moss = pairs.subset.codes == 0
    pairs.has[moss, sorry, 0] |= np.arange(moss.sum()) % 5 == 0
    told = pair_form.answer(pairs).numbers["where_subsets_differ"]
    assert [held["what"] for held in told] == ["an apology: moss", "an apology: tea"] or [
        held["what"] for held in told
    ] == ["an apology: tea", "an apology: moss"]
    by_name = {held["what"]: held["points"] for held in told}
    assert by_name["an apology: moss"]["low"] > by_name["an apology: tea"]["high"]


def test_few_pairs_are_answered_with_too_few():
    pairs, _ = plant_pairs(3, seed=3)
    answer = pair_form.answer(pairs)
    assert all(effect.p is None for effect in effects_of(answer).values())
    assert "too few" in answer.sentence
    assert answer.headline == ""
    assert pair_form.plot(answer) is None


def test_a_build_of_pairs_is_read(tmp_path):
    rows = [
        {
            "chosen": asked(n, "Sorry, green tea."),
            "rejected": asked(n, "Green tea, it is green tea."),
        }
        for n in range(60)
    ]
    (tmp_path / "moss").mkdir()
    (tmp_path / "moss" / "train.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    out = tmp_path / "out"
    pairsmith.build(str(tmp_path), out)
    [words, form] = pairsmith.explore(out, only=["pair_words", "pair_form"]).answers
    assert effects_of(form)["an apology"].estimate == pytest.approx(100)
    assert effects_of(form)["the longer reply, in words"].estimate == pytest.approx(-100)
    assert words.numbers["pairs"] == 60


@slow
def test_with_sides_exchanged_at_random_nothing_is_found():
    draws, found = 80, 0
    for seed in range(draws):
        pairs, _ = plant_pairs(300, seed=seed, apology=0.3, longer=5, sides=False)
        found += bool(sure_of(pair_form.answer(pairs)))
    assert found <= 9  # of 80 at 5 %: more than this has a chance of 1 %

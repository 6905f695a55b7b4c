"""People: how few made most, who is able, platform, practice; planted effects come back."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from pairsmith.exploring.answer import UnansweredError
from pairsmith.exploring.attempts import code
from pairsmith.exploring.questions.people import ask, name_members, number_attacks, plot
from support.attempts import effect, let_succeed, make_attempts, skills_of, study_of
from support.slow import slow


def _members(attempts, names):
    return replace(attempts, member=code(pa.array(names, pa.string())))


def test_how_few_made_most_is_counted():
    names = ["1"] * 80 + ["2"] * 10 + [str(n) for n in range(3, 13)] + [None] * 20
    answer = ask(study_of(_members(make_attempts(120), names)))
    told = answer.numbers
    assert (told["members"], told["attacks"], told["attacks_without_a_member"]) == (12, 100, 20)
    fewest = told["fewest_members_with"]
    assert [held["members"] for held in fewest.values()] == [1, 1, 2]
    assert told["by_the_most_active"]["10 % of members"]["share_of_attacks"] == 0.8
    assert "12 members made 100 attacks; 1 of them, 8 %, made 80 %" in answer.sentence


def test_the_order_of_attacks_is_that_of_rows():
    attempts = _members(make_attempts(6), ["b", "a", "b", None, "b", "a"])
    assert number_attacks(attempts).tolist() == [1, 1, 2, 1, 3, 2]


def test_abilities_are_those_planted():
    attempts = make_attempts(4000, 60, seed=1)
    skill = skills_of(attempts, 0.15)
    answer = ask(study_of(let_succeed(attempts, 0.4 + skill)))
    truth = {f"member {name}": None for name in attempts.member.names}
    for place, added in zip(attempts.member.codes, skill, strict=True):
        truth[f"member {attempts.member.names[place]}"] = 100 * added
    listed = [held for effects in answer.effects[:2] for held in effects.effects]
    assert len(listed) > 8
    assert all(np.sign(held.estimate) == np.sign(truth[held.of]) for held in listed)
    assert np.mean([held.low <= truth[held.of] <= held.high for held in listed]) > 0.8
    assert all(held.p is None for held in listed)  # a list of people is no list of discoveries
    assert answer.numbers["share_of_variance_between_members"]["low"] > 0.02
    assert "lies between members" in answer.headline


def test_without_differences_nobody_stands_out():
    answer = ask(study_of(make_attempts(3000, 60, seed=4)))
    alike = answer.numbers["share_of_variance_between_members"]
    assert alike["low"] <= 0 <= alike["high"]
    assert "who attacks" not in answer.headline
    assert effect(answer, "Upworker").p > 0.05
    assert effect(answer, "twice as many attacks so far").p > 0.05


def test_platform_and_practice_come_back():
    attempts = make_attempts(3000, 80, seed=2)
    doublings = np.log2(number_attacks(attempts))
    chances = 0.25 + 0.2 * attempts.is_upworker + 0.05 * (doublings - 3)
    answer = ask(study_of(let_succeed(attempts, chances)))
    platform, practice = effect(answer, "Upworker"), effect(answer, "twice as many attacks so far")
    assert platform.low < 20 < platform.high
    assert platform.p < 0.01
    assert practice.low < 5 < practice.high
    assert practice.p < 0.001
    assert platform.groups == 20


def test_of_few_upworkers_nothing_is_said():
    attempts = make_attempts(600, 60)
    few = replace(attempts, is_upworker=(attempts.member.codes < 5).astype(float))
    held = effect(ask(study_of(few)), "Upworker")
    assert (held.estimate, held.p) == (None, None)
    same = ask(study_of(replace(attempts, is_upworker=np.zeros(600))))
    assert "Platform" not in [listed.title for listed in same.effects]


def test_names_of_people_are_not_told():
    attempts = _members(make_attempts(40), ["fern@example.org", "moss"] * 20)
    assert set(name_members(attempts).values()) == {"member no. 1", "member no. 2"}
    assert "fern" not in json.dumps(ask(study_of(attempts)).numbers)


def test_members_of_one_attack_each_are_not_told_from_their_luck():
    answer = ask(study_of(_members(make_attempts(60), [str(n) for n in range(60)])))
    assert "cannot be told from what lies within them" in answer.sentence
    assert answer.numbers["share_of_variance_between_members"]["estimate"] is None
    assert answer.numbers["gini"]["estimate"] == 0


@pytest.mark.parametrize(
    ("names", "why"),
    [([None] * 30, "No attack tells who made it."), (["7"] * 30, "All attacks are of one member.")],
    ids=["none", "one"],
)
def test_it_says_why_there_is_no_answer(names, why):
    with pytest.raises(UnansweredError) as told:
        ask(study_of(_members(make_attempts(30), names)))
    assert str(told.value) == why


@pytest.mark.parametrize(
    ("success", "why"),
    [(np.nan, "No attack has a rating."), (1.0, "All rated attacks succeeded")],
    ids=["unrated", "all"],
)
def test_members_are_counted_without_outcomes(success, why):
    attempts = replace(make_attempts(200), success=np.full(200, success))
    answer = ask(study_of(attempts))
    assert why in answer.sentence
    assert answer.numbers["success"].startswith(why)
    assert not answer.effects
    assert plot(answer).svg.startswith("<svg")


@slow
def test_practice_is_held_by_its_interval():
    held = found = 0
    for seed in range(150):
        attempts = make_attempts(600, 40, seed)
        doublings = np.log2(number_attacks(attempts))
        chances = 0.3 + skills_of(attempts, 0.08, seed) + 0.02 * doublings
        told = effect(ask(study_of(let_succeed(attempts, chances, seed))),
                      "twice as many attacks so far")  # fmt: skip
        held += told.low <= 2 <= told.high
        nothing = effect(ask(study_of(let_succeed(attempts, chances - 0.02 * doublings, seed))),
                         "twice as many attacks so far")  # fmt: skip
        found += nothing.p < 0.05
    assert 0.91 <= held / 150 <= 0.99
    assert found / 150 < 0.1

"""Who wins against what: planted rates come back, and each lack has its own sentence."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from pairsmith.exploring.answer import Answer, Effect, Study, UnansweredError
from pairsmith.exploring.attempts import MODEL_TYPES, Coded, code
from pairsmith.exploring.options import ExploreOptions
from pairsmith.exploring.questions import agreement, models
from pairsmith.statistics.multiple import adjust
from support.planted_attempts import MODELS, NOTHING, RATES, attempts_of, plant
from support.slow import slow

FAVOURED = "RLHF 52B"
FLAT = {**RATES, ("context distillation", "52B"): 0.4}


def study(attempts, **options) -> Study:
    return Study(Path(), None, ExploreOptions(**options), attempts)


def ask(attempts) -> Answer:
    return models.ask(study(attempts))


def effects(answer: Answer, title: str) -> dict[str, Effect]:
    return {
        effect.of: effect
        for listed in answer.effects
        if listed.title == title
        for effect in listed.effects
    }


@pytest.fixture(scope="module")
def small():
    return attempts_of(plant(700, seed=1))


def test_rates_are_those_of_the_rows(small):
    answer = ask(small)
    held = answer.numbers["success"]
    assert list(held) == [f"{MODEL_TYPES[kind]} {size}" for kind, size in MODELS]
    kinds, sizes = np.array(small.model_type.names), np.array(small.size.names)
    for (kind, size), told in zip(MODELS, held.values(), strict=True):
        own = (kinds[small.model_type.codes] == kind) & (sizes[small.size.codes] == size)
        assert told["rows"] == own.sum()
        assert told["members"] == len(set(small.groups[own].tolist()))
        assert told["plain"]["estimate"] == pytest.approx(small.success[own].mean())
        assert told["adjusted"] is None or told["adjusted"]["rows"] == own.sum()
    assert set(held) == set(answer.numbers["score"])
    assert "of 700 attacks of 43 people succeed" in answer.sentence
    assert "no model is surely apart" in answer.headline


@slow
def test_where_the_better_attack_one_model_the_plain_rate_is_wrong():
    planted = plant(8_000, seed=6, confounding=0.8, rates=FLAT)
    answer = ask(attempts_of(planted))
    told = answer.numbers["success"][FAVOURED]
    truth = RATES["rlhf", "52B"]
    assert told["plain"]["low"] > truth
    assert told["adjusted"]["low"] < truth < told["adjusted"]["high"]
    assert f"of {FAVOURED} most" in answer.sentence
    assert "who attacked taken out" in answer.headline
    trend = effects(answer, "Differences in success, by tenfold size")["RLHF"]
    assert trend.low < -15.6 < trend.high  # 0.45 to 0.25 over 1.28 tenfold sizes, in points
    assert trend.p < 0.01


@slow
@pytest.mark.parametrize("rates", [FLAT, NOTHING["rates"]], ids=["RLHF", "none"])
def test_the_paper_s_finding_is_held_against_its_own_rows(rates):
    answer = ask(attempts_of(plant(seed=2, rates=rates)))
    assert answer.numbers["paper"]["attacks"] == 38_961
    said = "the same is found" if rates is FLAT else "here it is none"
    assert said in answer.sentence


def test_other_rows_are_not_the_paper_s(small):
    assert "paper" not in ask(small).numbers
    assert "2209.07858" not in ask(small).sentence


@slow
def test_where_no_model_differs_none_is_found():
    """In at most some of 60 draws, for in 5 % of them one is found by chance."""
    found = 0
    for seed in range(60):
        answer = ask(attempts_of(plant(600, seed=seed, **NOTHING)))
        p = [one.p for listed in answer.effects for one in listed.effects if one.p is not None]
        found += bool((adjust(np.array(p)) <= 0.05).any())
    assert found <= 7


def only(attempts, which):
    """Some rows of them."""
    rows = np.flatnonzero(which)
    taken = pa.array(rows)
    held = {}
    for name, column in vars(attempts).items():
        if isinstance(column, Coded):
            held[name] = Coded(column.names, column.codes[rows])
        else:
            held[name] = column.take(taken) if isinstance(column, pa.Array) else column[rows]
    return replace(attempts, **held)


def alike(attempts, name, value):
    return replace(attempts, **{name: code(pa.array([value] * len(attempts), pa.string()))})


def test_one_type_has_trends_and_no_types_beside_each_other(small):
    answer = ask(alike(small, "model_type", "rlhf"))
    assert "There is one type of model" in answer.sentence
    assert list(effects(answer, "Differences in success, by tenfold size")) == ["RLHF"]
    assert not effects(answer, "Differences in success, of types")


def test_one_size_has_types_beside_each_other_and_no_trend(small):
    answer = ask(alike(small, "size", "52B"))
    assert "There is one size of models" in answer.sentence
    assert not effects(answer, "Differences in success, by tenfold size")
    assert len(effects(answer, "Differences in success, of types")) == 6


def test_no_size_told(small):
    answer = ask(alike(small, "size", None))
    assert "No size is told" in answer.sentence
    assert list(answer.numbers["success"]) == list(MODEL_TYPES.values())


def test_one_model_has_its_rate(small):
    answer = ask(alike(alike(small, "size", "52B"), "model_type", "rlhf"))
    assert "There is one model, so that none can be compared" in answer.sentence
    assert answer.effects == ()
    assert answer.headline.endswith("of 700 attacks of 43 people succeed.")
    assert models.plot(answer) is None


@pytest.mark.parametrize(
    ("member", "why"),
    [
        (["7"], "all of them are one person's"),
        (["7", "8", "9"], "they are by 3 people"),
        ([None], "who attacked is not told"),
    ],
    ids=["one", "three", "none"],
)
def test_too_few_people_leave_the_plain_rates(small, member, why):
    names = [member[row % len(member)] for row in range(len(small))]
    answer = ask(replace(small, member=code(pa.array(names, pa.string()))))
    assert f"Who attacked is not taken out: {why}" in answer.sentence
    assert all(told["adjusted"] is None for told in answer.numbers["success"].values())
    assert answer.effects == ()


@slow
def test_strangers_cannot_be_compared_with_themselves(small):
    names = [str(row) for row in range(len(small))]
    answer = ask(replace(small, member=code(pa.array(names))))
    assert "hardly anybody made more than one" in answer.sentence


@pytest.mark.parametrize(
    ("success", "why"),
    [
        (np.nan, "0 attacks are rated: too few."),
        (1.0, "All 700 attacks that are rated have the same outcome, 1"),
    ],
    ids=["not rated", "all succeed"],
)
def test_without_success_the_scores_go_on(small, success, why):
    answer = ask(replace(small, success=np.full(len(small), success)))
    assert why in answer.sentence
    assert list(answer.numbers) == ["score"]
    assert "lowest score" in answer.headline


def test_scores_of_a_build_are_said_to_be_none_of_the_authors(small):
    answer = ask(replace(small, is_filled=np.ones(len(small), np.bool_)))
    assert "not the authors'" in answer.sentence
    half = np.arange(len(small)) % 2 == 0
    answer = ask(replace(small, is_filled=half))
    assert "not the authors'" not in answer.sentence
    assert sum(told["rows"] for told in answer.numbers["score"].values()) == (~half).sum()


def test_three_rows_have_no_answer(small):
    with pytest.raises(UnansweredError, match="3 attacks are rated: too few. 3 attacks are scored"):
        ask(only(small, np.arange(len(small)) < 3))


def test_rows_that_name_no_model(small):
    some = Coded(small.model_type.names, np.where(np.arange(700) < 50, -1, small.model_type.codes))
    sizes = Coded(small.size.names, np.where(np.arange(700) < 50, -1, small.size.codes))
    told = ask(replace(small, model_type=some, size=sizes))
    assert "of 650 attacks of 43 people that name their model succeed" in told.sentence
    assert "50 others are left out" in told.sentence
    with pytest.raises(UnansweredError) as error:
        ask(alike(alike(small, "size", None), "model_type", None))
    assert str(error.value) == "No attack tells which model it was made on."


def test_of_too_many_models_it_is_said_which_are_counted(small):
    names = [f"model {min(row, 700 - row) // 2}" for row in range(len(small))]
    told = ask(replace(small, model_type=code(pa.array(names))))
    rows = sum(held["rows"] for held in told.numbers["success"].values())
    assert rows < 700
    assert f"of {rows:,} attacks of" in told.headline
    assert "people on the 40 models with the most attacks succeed" in told.headline
    assert f"{700 - rows:,} others are left out" in told.sentence


def test_negative_numbers_have_the_sign_that_tables_have(small):
    told = ask(replace(small, score=small.score - 10))
    assert "is −1" in told.sentence
    assert not re.search(r"(?<![\w])-[0-9]", told.sentence + told.headline)


def test_names_that_are_no_names_are_not_shown(small):
    names = ["<b>tea & cake</b>" if row % 2 else "‮olleh\n" * 30 for row in range(len(small))]
    answer = ask(replace(small, model_type=code(pa.array(names))))
    shown = repr((answer.sentence, answer.headline, answer.numbers, answer.effects))
    assert "tea" not in shown
    assert "olleh" not in shown
    assert "type 1 2.7B" in answer.numbers["success"]


def test_the_score_of_the_task_is_taken_out_where_it_is_told(small):
    assert "task's description" in ask(small).effects[0].words
    none = ask(replace(small, task_score=np.full(len(small), np.nan)))
    assert "task's description" not in none.effects[0].words
    some = np.where(np.arange(len(small)) % 4 == 0, np.nan, small.task_score)
    assert "task's description" in ask(replace(small, task_score=some)).effects[0].words


def test_of_many_rows_some_are_fitted_and_of_many_people_some_drawn_together(small, monkeypatch):
    monkeypatch.setattr("pairsmith.exploring.model_rates.NUMBERS", 6_000)
    monkeypatch.setattr("pairsmith.exploring.model_rates.POOLED", 20)
    monkeypatch.setattr("pairsmith.statistics.jackknife.BLOCKS", 30)
    answer = ask(small)
    assert "of 350 attacks drawn by chance" in answer.sentence
    assert "of 700 attacks of 43 people" in answer.sentence
    assert any(told["adjusted"] for told in answer.numbers["success"].values())


@slow
def test_it_is_the_same_again_and_so_is_its_picture(small):
    one, other = ask(small), ask(small)
    assert repr(one) == repr(other)
    picture = models.plot(one)
    assert picture == models.plot(other)
    assert picture.alternative.startswith("Success by model, with intervals: plain 2.7B")
    assert "adjusted" in picture.alternative
    assert "viewBox" in picture.svg


def test_types_that_would_be_called_alike_are_told_apart(small):
    """`plain` is what the file's `plain lm` is called; a name of our own making is no one's."""
    told = np.array([*small.model_type.names, ""], object)[small.model_type.codes]
    own = np.arange(len(small)) % 2 == 0
    told[own & (told == "plain lm")] = "plain"
    told[own & (told == "rlhf")] = "type 1"
    twice = replace(small, model_type=code(pa.array(told.tolist(), pa.string())))
    held = ask(twice).numbers["success"]
    assert sum(row["rows"] for row in held.values()) == 700
    assert len(held) == len(MODELS) + 6
    agreed = agreement.ask(study(twice))
    by_type = agreed.numbers["by_type"]
    assert len(by_type) == len({effect.of for effect in agreed.effects[0].effects}) == 6


def test_a_type_and_a_size_that_read_as_another_type_and_size_are_two_models(small):
    own = np.arange(len(small)) % 2 == 0
    kinds, sizes = np.where(own, "a b", "a"), np.where(own, "c", "b c")
    both = replace(small, model_type=code(pa.array(kinds)), size=code(pa.array(sizes)))
    held = ask(both).numbers["success"]
    assert [row["rows"] for row in held.values()] == [350, 350]

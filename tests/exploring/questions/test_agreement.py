"""Rating and score: planted agreement comes back, by type and by task; and what disagrees."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from pairsmith.exploring.answer import UnansweredError
from pairsmith.exploring.questions.agreement import ask
from support.attempts import effect, let_succeed, make_attempts, study_of

TASK = "score of the task's description, by one deviation"


def _scored(rows=1500, seed=0, fall=1.0, model=0.0):
    """Attacks whose scores are lower where they succeed, and higher of one type of model."""
    attempts = make_attempts(rows, seed=seed)
    score = attempts.score - fall * attempts.success + model * attempts.model_type.codes
    return replace(attempts, score=score)


def test_the_area_is_the_planted_one():
    answer = ask(study_of(_scored()))
    truth = norm.cdf(1 / 2**0.5)
    area = answer.numbers["all"]["area"]
    assert area["low"] < truth < area["high"]
    assert area["high"] - area["low"] < 0.1
    assert answer.numbers["all"]["rank_correlation"]["high"] < 0
    assert answer.numbers["all"]["area"]["rows"] == 1500
    assert {held.of for held in answer.effects[0].effects} == {"plain", "RLHF"}
    assert all(held.p < 1e-6 for held in answer.effects[0].effects)
    assert "agree in part" in answer.headline
    assert "76 %" in answer.headline


def test_where_scores_tell_nothing_none_agrees():
    answer = ask(study_of(_scored(fall=0.0, seed=3)))
    area = answer.numbers["all"]["area_within_models"]
    assert area["low"] < 0.5 < area["high"]
    assert answer.headline == ""
    assert all(held.p > 0.05 for held in answer.effects[0].effects)


def test_scores_that_go_the_other_way_are_told():
    assert "contradict" in ask(study_of(_scored(fall=-1.0))).headline


def test_that_models_differ_is_no_agreement():
    """One type has higher scores and fewer successes; within a type, scores tell nothing."""
    attempts = _scored(fall=0.0, model=2.0)
    attempts = let_succeed(attempts, np.where(attempts.model_type.codes == 1, 0.15, 0.6))
    told = ask(study_of(attempts)).numbers["all"]
    assert told["area"]["low"] > 0.6
    assert told["area_within_models"]["low"] < 0.5 < told["area_within_models"]["high"]


def test_filled_scores_are_told_apart():
    attempts = _scored()
    filled = np.arange(1500) % 3 == 0
    score = np.where(filled, np.random.default_rng(1).normal(size=1500), attempts.score)
    numbers = ask(study_of(replace(attempts, score=score, is_filled=filled))).numbers
    assert numbers["all"]["area"]["rows"] == 1000
    assert numbers["by_source"]["filled in"]["area"]["rows"] == 500
    assert numbers["by_source"]["told"]["area"]["low"] > 0.7
    assert numbers["by_source"]["filled in"]["area"]["low"] < 0.5
    alone = ask(study_of(replace(attempts, is_filled=np.ones(1500, bool))))
    assert "By scores that a build filled in" in alone.sentence


def test_the_score_of_the_task_is_held_against_the_outcome():
    attempts = _scored(3000)
    chances = np.clip(0.4 + 0.1 * (attempts.task_score - 1), 0, 1)
    found = effect(ask(study_of(let_succeed(attempts, chances))), TASK)
    assert found.low < 10 < found.high
    assert found.p < 1e-4
    assert effect(ask(study_of(attempts)), TASK).p > 0.05
    none = ask(study_of(replace(attempts, task_score=np.full(3000, np.nan))))
    assert len(none.effects) == 1
    assert "too few" in none.numbers["task_description"]


def test_the_rows_that_disagree_most_come_first():
    attempts = _scored(600, model=3.0)
    score, success, rating = attempts.score.copy(), attempts.success.copy(), attempts.rating.copy()
    # plain models have scores of about 0, the others of about 3
    plain, other = (np.flatnonzero(attempts.model_type.codes == code)[:2] for code in (0, 1))
    for place, value, won in zip([*plain, *other], [6, -9, 3, -6], [1, 0, 1, 0], strict=True):
        score[place], success[place], rating[place] = value, won, 4.0 * won
    held = replace(attempts, score=score, success=success, rating=rating)
    harmless, harmful = ask(study_of(held)).readings
    ids = attempts.ids.to_pylist()
    assert harmless.rows[0].id == ids[plain[0]]
    assert harmful.rows[0].id == ids[plain[1]] or harmful.rows[0].id == ids[other[1]]
    assert {row.id for row in harmful.rows[:2]} == {ids[plain[1]], ids[other[1]]}
    assert harmless.rows[0].score == 6
    assert harmless.rows[0].why.startswith("rated 4, score ")
    # a 3 is far off for a plain model, and usual for the other
    assert ids[other[0]] not in {row.id for row in harmless.rows[:5]}
    assert {reading.label for reading in (harmless, harmful)} == {
        "success-scored-harmless", "failure-scored-harmful",
    }  # fmt: skip


def test_huge_scores_rank_like_others():
    attempts = _scored(300)
    usual, huge = (
        ask(study_of(replace(attempts, score=attempts.score * factor))) for factor in (1, 1e300)
    )
    assert huge.numbers["all"] == usual.numbers["all"]
    assert [row.id for row in huge.readings[0].rows] == [row.id for row in usual.readings[0].rows]


def test_what_never_differs_has_no_interval():
    attempts = make_attempts(300)
    answer = ask(study_of(replace(attempts, score=-attempts.success)))
    assert all((held.estimate, held.low, held.p) == (1, None, None) for held in
               answer.effects[0].effects)  # fmt: skip
    assert "in 100 % of pairs" in answer.sentence


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"success": np.full(80, np.nan)}, "No attack has a rating."),
        ({"score": np.full(80, np.nan)}, "both a rating and a score"),
        ({"score": np.r_[np.ones(3), np.full(77, np.nan)]}, "both a rating and a score"),
        ({"score": np.ones(80)}, "All scores are the same."),
        ({"success": np.ones(80)}, "All rated attacks succeeded"),
    ],
    ids=["unrated", "unscored", "three", "same", "won"],
)
def test_it_says_why_there_is_no_answer(change, why):
    with pytest.raises(UnansweredError, match=why):
        ask(study_of(replace(make_attempts(80), **change)))


def test_one_member_is_too_few():
    attempts = make_attempts(80)
    one = replace(attempts, member=attempts.member._replace(codes=0 * attempts.member.codes))
    with pytest.raises(UnansweredError, match="of 1 member: too few"):
        ask(study_of(one))

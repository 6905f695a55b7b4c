"""Best of n: against all choices counted one by one, and against planted over-optimisation."""

from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest

from pairsmith.evaluating.choosing import Candidates, gains_of, gather, over_optimise
from pairsmith.evaluating.rows import Rows


def rows_of(prompts, replies):
    """Rows of which only prompts, replies and conversations matter."""
    count, none = len(prompts), np.zeros(len(prompts), np.int64)
    keys = np.asarray(prompts, np.uint64)
    ids = pa.array([f"tea/test/{number + 1}" for number in range(count)])
    return Rows(
        ids, ["tea/test"], none, none, keys, np.asarray(replies, np.uint64),
        np.zeros((count, 2), np.int64), keys.astype(np.int64), None, "",
    )  # fmt: skip


def mean_best(scores, n):
    """The mean over all choices of n of what the best by the first model has, by both."""
    best = []
    for some in combinations(scores, n):
        top = max(first for first, _ in some)
        tied = [pair for pair in some if pair[0] == top]
        best.append(np.mean(tied, axis=0))
    return np.mean(best, axis=0) - np.mean(scores, axis=0)


@pytest.mark.parametrize("n", [1, 2, 3, 5])
@pytest.mark.parametrize("ties", [False, True], ids=["no ties", "ties"])
def test_gains_are_those_of_all_choices(n, ties):
    chance = np.random.default_rng(n)
    group = np.repeat(np.arange(6), [2, 5, 5, 7, 3, 6])
    scores = chance.normal(size=(len(group), 2))
    if ties:
        scores[:, 0] = chance.integers(0, 3, len(group))
    found, which = gains_of(Candidates(group, scores, np.arange(6)), 0, n)
    assert which.tolist() == [g for g in range(6) if (group == g).sum() >= n]
    for gains, place in zip(found, which, strict=True):
        assert gains == pytest.approx(mean_best(scores[group == place], n))


def test_candidates_are_the_different_replies_to_a_prompt():
    rows = rows_of([1, 1, 2, 3], [[10, 11], [10, 12], [20, 21], [30, 30]])
    first = np.array([[1.0, 2], [1, 3], [4, 5], [6, 6]])
    held = gather(rows, first, 10 * first)
    assert held.group.tolist() == [0, 0, 0, 1, 1]
    assert held.scores[:, 0].tolist() == [1, 2, 3, 4, 5]
    assert held.scores[:, 1].tolist() == [10, 20, 30, 40, 50]
    assert held.conversation.tolist() == [1, 2]


def planted(bias):
    """Sixteen replies to each of 200 prompts; the first model errs the more, the higher it scores.

    The error has heavier tails than what is true, so the best of many is the one most in error.
    """
    chance = np.random.default_rng(11)
    good = chance.normal(size=(200, 8, 2))
    error = bias * np.maximum(chance.standard_t(2, size=good.shape), 0)
    prompts = np.repeat(np.arange(200), 8)
    replies = np.arange(200 * 16).reshape(-1, 2)
    first = (good + error).reshape(-1, 2)
    second = (good - 0.3 * error).reshape(-1, 2)
    return over_optimise(rows_of(prompts, replies), first, second, seed=0)


def test_over_optimisation_is_found():
    held = planted(bias=1.5)
    gains = [step["gain"]["estimate"] for step in held["curve"]]
    assert gains == sorted(gains)
    assert held["falls"] is not None
    by_other = {step["n"]: step["gain_by_other"]["estimate"] for step in held["curve"]}
    assert by_other[16] < max(by_other.values())


def test_what_two_models_agree_on_does_not_fall():
    held = planted(bias=0)
    assert held["falls"] is None
    assert [step["n"] for step in held["curve"]] == [1, 2, 3, 4, 6, 8, 12, 16]
    for step in held["curve"]:
        assert step["gain"] == step["gain_by_other"] == step["reachable"]
    assert held["agreement"]["estimate"] == 1
    assert held["curve"][1]["distance"] == pytest.approx(np.log(2) - 0.5)
    # of sixteen normal numbers the greatest is 1.766 on average
    assert held["curve"][-1]["gain"]["estimate"] == pytest.approx(1.766, abs=0.1)


def test_two_replies_a_prompt_end_at_two():
    rows = rows_of([1, 2, 3], [[10, 11], [20, 21], [30, 31]])
    sides = np.array([[1.0, 0], [2, 3], [0, 1]])
    held = over_optimise(rows, sides, sides, seed=0)
    assert (held["most_candidates"], held["falls"]) == (2, None)
    assert [step["n"] for step in held["curve"]] == [1, 2]
    assert held["curve"][1]["gain"]["low"] is None  # three conversations

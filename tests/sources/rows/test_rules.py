"""Which replies are compared, and which is better: every policy, and what sources say."""

import random

import pytest

from pairsmith.schema.reasons import Reason
from pairsmith.sources.outcomes import Refused, UnreadableError
from pairsmith.sources.rows.rules import (
    PAIRS,
    Picked,
    judge_flags,
    judge_ranks,
    judge_scores,
    judge_strength,
    judge_two,
    pick,
    read_flag,
    read_number,
    read_winner,
    settle,
)

SIDES = ("response_a", "response_b")


def places(judged, pairs=None, min_margin=0):
    return [
        (choice.better, choice.worse) if isinstance(choice, Picked) else choice.reason.value
        for choice in pick(judged, pairs, min_margin)
    ]


def test_ranks_may_begin_anywhere_and_have_gaps():
    for ranks in ([3, 1, 2], [30, -1, 2.5], [2, 0, 1]):
        assert places(judge_ranks(ranks)) == [(1, 0)]
        assert places(judge_ranks(ranks), "best-rest") == [(1, 2), (1, 0)]
        assert places(judge_ranks(ranks), "adjacent") == [(1, 2), (2, 0)]
        assert places(judge_ranks(ranks), "all") == [(1, 2), (1, 0), (2, 0)]


def test_equal_ones_are_ties_one_by_one():
    assert places(judge_ranks([1, 2, 2])) == [(0, 2)]
    assert places(judge_ranks([1, 2, 2]), "adjacent") == [(0, 1), "tie"]
    assert places(judge_scores([4, 4, 1]), "all") == ["tie", (0, 2), (1, 2)]
    assert places(judge_scores([4, 4])) == ["tie"]


def test_a_reply_without_a_rating_is_not_compared():
    assert places(judge_scores([None, 2, 5, None])) == [(2, 1)]
    assert places(judge_scores([None, 2])) == ["unpaired"]
    assert places(judge_scores([])) == ["unpaired"]
    assert places(judge_scores([float(n) for n in range(101)])) == ["malformed"]


def test_good_and_bad_ones():
    flags = judge_flags([True, False, True, False])
    assert places(flags) == [(0, 1), (0, 3), (2, 1), (2, 3)]
    assert places(flags, "best-worst") == [(0, 3)]
    assert places(flags, "best-rest") == [(0, 1), (0, 3)]
    assert places(flags, "adjacent") == [(0, 1), (2, 3)]
    assert places(judge_flags([True, True])) == ["unpaired"]
    assert places(judge_flags([False])) == ["unpaired"]


def test_margins_are_differences_of_scores():
    judged = judge_scores([1.0, 4.5, 3.0])
    assert pick(judged) == [Picked(1, 0, (4.5, 1.0))]
    assert places(judged, "all", 2) == ["small_margin", (1, 0), (2, 0)]
    assert places(judge_ranks([1, 2]), None, 1) == ["small_margin"]
    assert pick(judge_strength(-2, "s")) == [Picked(0, 1, (2, 0))]
    assert pick(judge_strength("3", "s")) == [Picked(1, 0, (3, 0))]
    assert places(judge_strength(1, "s"), None, 2) == ["small_margin"]
    assert places(judge_strength(0, "s")) == ["tie"]


def test_scores_beside_a_winner_are_only_compared_with_it():
    assert pick(judge_two(0, [2, 5])) == [Picked(0, 1, (2, 5), contradicts=True)]
    assert pick(judge_two(1, [2, 5])) == [Picked(1, 0, (5, 2))]
    assert places(judge_two(1, [5, 5])) == ["tie"]
    assert places(judge_two(None, [2, 5])) == ["tie"]
    assert pick(judge_two(1, [None, 5])) == [Picked(1, 0)]
    assert places(judge_two(0, [2, 5]), None, 1) == ["small_margin"]


@pytest.mark.parametrize("pairs", PAIRS)
def test_a_planted_order_comes_out(pairs):
    """Of replies of known worth, every comparison has the better one first; none is lost."""
    dice = random.Random(7)
    for _ in range(300):
        worth = [dice.randrange(6) for _ in range(dice.randrange(2, 8))]
        n = len(worth)
        judged = dice.choice([judge_scores(worth), judge_ranks([-w for w in worth])])
        choices = pick(judged, pairs)
        ties = sum(isinstance(c, Refused) for c in choices)
        for choice in choices:
            if isinstance(choice, Picked):
                assert worth[choice.better] > worth[choice.worse]
        counts = {"best-worst": 1, "best-rest": n - 1, "adjacent": n - 1, "all": n * (n - 1) // 2}
        assert len(choices) == counts[pairs]
        if pairs == "all":
            equal = sum(worth[i] == worth[j] for i in range(n) for j in range(i))
            assert ties == equal
        if pairs == "adjacent":
            assert ties == n - len(set(worth))
        if pairs == "best-worst":
            assert ties == (len(set(worth)) == 1)


@pytest.mark.parametrize(
    ("said", "winner"),
    [
        ("model_a", 0), ("A", 0), ("left", 0), ("response_a", 0), ("Response A", 0), ("[[A]]", 0),
        ("A>B", 0), ("A>>B", 0), ("first", 0), ("assistant_a", 0), ("A wins", 0),
        ("A is much better", 0), ("0", 0), (0, 0), (0.0, 0), ("model_b", 1), ("B>A", 1), ("b", 1),
        ("right", 1), ("second", 1), ("B is better than A", 1), (1, 1), ("1", 1), ("tie", None),
        ("tie (bothbad)", None), ("Tie", None), ("both_bad", None), ("A=B", None), ("A==B", None),
        ("neither", None), ("draw", None), ("", None), (None, None), ("no preference", None),
        ("both good", None), ("equally good", None),
    ],
)  # fmt: skip
def test_what_a_winner_may_be_called(said, winner):
    assert read_winner(said, "winner", SIDES) == winner


@pytest.mark.parametrize("said", ["c", "gpt-4", 2, -1, "banana", "model_ab", ["a"], {}, 0.5, "7"])
def test_what_names_no_winner(said):
    with pytest.raises(UnreadableError) as caught:
        read_winner(said, "winner", SIDES)
    assert caught.value.reason == Reason.MALFORMED
    assert "banana" not in caught.value.detail


def test_numbers_are_those_of_the_fields():
    assert read_winner(1, "w", ("response_1", "response_2")) == 0
    assert read_winner("2", "w", ("answer1", "answer2")) == 1
    assert read_winner(0, "w", ("response_0", "response_1")) == 0
    assert read_winner(2, "w", SIDES, first=1) == 1
    with pytest.raises(UnreadableError, match="where 1 and 2 are the two replies"):
        read_winner(0, "w", ("response_1", "response_2"))


def test_several_annotators():
    assert settle([0, 0, 1]) == 0
    assert settle([0, 1]) is None
    assert settle([1, None, None]) is None
    assert settle([1, 1, None]) == 1
    assert settle([]) is None


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (float("nan"), "NaN"), ("nan", "NaN"), (float("inf"), "too large"), ("high", "a text"),
        (True, "true or false"), ([4], "a list"), (None, "no number"), (10**400, "too large"),
        ("4/5", "a text"), ({}, "an object"),
    ],
)  # fmt: skip
def test_what_is_no_number(value, said):
    with pytest.raises(UnreadableError, match="the score") as caught:
        read_number(value, "the score of reply 2")
    assert said in caught.value.detail
    assert caught.value.reason == Reason.MALFORMED


def test_numbers_may_be_text_as_in_csv():
    assert read_number(" 4.5 ", "x") == 4.5
    assert read_number("-1e2", "x") == -100


def test_labels():
    assert [read_flag(v, "x") for v in (True, 1, "True", "1", "good", 1.0)] == [True] * 6
    assert [read_flag(v, "x") for v in (False, 0, "false", "0", "bad", -1)] == [False] * 6
    for value in ("maybe", 2, [True], "", 0.5):
        with pytest.raises(UnreadableError, match="neither a yes nor a no"):
            read_flag(value, "x")

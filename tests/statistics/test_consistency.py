"""Repeats, sides and pace of raters whose habits are planted."""

import numpy as np
import pytest

from pairsmith.statistics.consistency import (
    measure_pace,
    measure_repeats,
    measure_sides,
    reading_seconds,
)


def choose(seed, count, accuracy, bias=0.0, better=None):
    """Choices of a rater who sees which is better in a share of cases, else leans to a side."""
    chance = np.random.default_rng(seed)
    better = chance.choice([-1, 1], count) if better is None else better
    guess = np.where(chance.random(count) < 1 / (1 + np.exp(-bias)), -1, 1)
    return np.where(chance.random(count) < accuracy, better, guess), better


def test_a_rater_who_leans_to_the_left_is_told_by_repeats_and_by_sides():
    first, better = choose(1, 2_000, 0.5, bias=1.0)
    again, _ = choose(2, 2_000, 0.5, bias=1.0, better=-better)
    found = measure_repeats(first, again)
    lean = 1 / (1 + np.exp(-1))
    # both seen, or guessed on other sides, or seen once and guessed as it is the other time
    expected = 0.25 + 0.25 * 2 * lean * (1 - lean) + 0.5 * 0.5
    assert found.same.low < expected < found.same.high
    assert found.left_twice > 2 * found.right_twice
    assert found.left_twice + found.right_twice + found.same.hits == 2_000
    sides = measure_sides(first)
    assert sides.biased
    assert sides.left.low < 0.5 * 0.5 + 0.5 * lean < sides.left.high
    guesses = measure_sides(choose(3, 2_000, 0.0, bias=1.0)[0])
    assert abs(guesses.log_odds - 1) < 2 * guesses.se


def test_a_rater_who_guesses_evenly_has_no_side_and_repeats_by_chance():
    first, again = (choose(seed, 1_000, 0.0)[0] for seed in (4, 5))
    found = measure_repeats(first, again)
    assert found.same.low < 0.5 < found.same.high
    assert not measure_sides(first).biased


def test_ties_are_in_no_share():
    found = measure_repeats([-4, 0, 3, 0], [2, 1, -3, 0])
    assert (found.same.hits, found.same.rows, found.ties) == (2, 2, 2)
    assert found.moved == pytest.approx((2 + 1 + 0 + 0) / 4)
    sides = measure_sides([0, -1, -2, 0])
    assert (sides.left.share, sides.ties, sides.log_odds, sides.se) == (1, 2, None, None)


def test_none_is_no_number():
    assert measure_repeats([], []) == (None, 0, 0, 0, None)
    assert measure_repeats([0], [1]).same is None
    assert measure_sides([0, 0]) == (None, 2, None, None)
    assert not measure_sides([]).biased
    assert measure_pace([], 3) == (0, None, None)
    assert not measure_pace([], 3).too_fast


def test_pace_is_held_against_what_there_was_to_read():
    seconds = np.repeat([2.0, 30.0], [30, 70])
    short, long = np.full(100, 46), np.full(100, 2_300)
    found = measure_pace(seconds, reading_seconds(long))
    assert (found.choices, found.median, found.fast.hits) == (100, 30.0, 30)
    assert found.too_fast
    assert measure_pace(seconds, reading_seconds(short)).fast.hits == 0
    assert not measure_pace(seconds[25:], 3.0).too_fast


@pytest.mark.parametrize(
    "call",
    [
        lambda: measure_repeats([1], [1, 2]),
        lambda: measure_repeats([np.nan], [1]),
        lambda: measure_sides([[1]]),
        lambda: measure_pace([-1], 3),
        lambda: measure_pace([1], np.nan),
        lambda: measure_pace([1, 2], [1, 2, 3]),
    ],
)
def test_what_is_no_choice_is_refused(call):
    with pytest.raises(ValueError, match=r"length|finite|numbers|broadcast"):
        call()

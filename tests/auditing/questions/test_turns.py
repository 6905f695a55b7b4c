"""Turns: where pairs stand is counted, and lengths that differ there are found where they do."""

import random

import pytest

from pairsmith.auditing.questions import turns
from pairsmith.auditing.verdict import Level


def make(later, rows=800, seed=1):
    """Rows of one turn and of three; of the latter the longer reply is chosen with this chance."""
    chance = random.Random(seed)
    made = []
    for number in range(rows):
        asked = [f"What of moss {number}?"]
        is_later = number % 4 == 0
        if is_later:
            asked += ["It likes shade.", "And fern?"]
        replies = ["It does, and more than that " + "so " * chance.randrange(1, 5), "It does."]
        if chance.random() >= (later if is_later else 0.5):
            replies.reverse()
        made.append((asked, *replies))
    return made


def test_places_are_counted_and_a_planted_difference_is_found(build_rows, ask):
    answer = ask(turns.ask, build_rows({"train": make(0.9)}))
    held = answer.numbers["by_turns_before_the_reply"]
    assert {name: of["rows"] for name, of in held.items()} == {"1 or 2": 600, "3 or 4": 200}
    assert held["3 or 4"]["share"]["share"] == 0.25
    assert answer.numbers["most_turns"] == 3
    later = held["3 or 4"]["longer"]
    assert later["low"] < 80 < later["high"]
    assert held["1 or 2"]["longer"]["low"] < 0 < held["1 or 2"]["longer"]["high"]
    assert held["3 or 4"]["characters"]["low"] > 0
    (claim,) = answer.claims
    assert claim.level == Level.LOOK
    assert "3 or 4 turns stand before the reply (200 rows)" in claim.sentence
    assert "more often than in the other 600" in claim.sentence
    assert claim.command == ""  # nothing that would overwrite the report which shows it
    assert "3 or 4" in turns.plot(answer).alternative


@pytest.mark.parametrize("seed", range(3))
def test_where_places_are_alike_none_is_said_to_differ(build_rows, ask, seed):
    answer = ask(turns.ask, build_rows({"train": make(0.5, seed=seed)}))
    assert [claim.level for claim in answer.claims] == [Level.FINE]
    assert not any(of["sure"] for of in answer.numbers["by_turns_before_the_reply"].values())


def test_where_all_pairs_stand_at_one_place_none_is_compared(build_rows, ask):
    rows = [row for row in make(0.5) if len(row[0]) == 1]
    (claim,) = ask(turns.ask, build_rows({"train": rows})).claims
    assert claim.level == Level.FINE
    assert claim.sentence == "Every reply of 600 rows has 1 or 2 turns before it."


def test_of_few_rows_there_is_no_interval(build_rows, ask):
    answer = ask(turns.ask, build_rows({"train": make(0.9, rows=12)}))
    for of in answer.numbers["by_turns_before_the_reply"].values():
        assert of["longer"]["low"] is None
        assert of["longer"]["estimate"] is not None
    assert "too few" in answer.sentence
    assert turns.plot(answer) is None

"""Words: one that was planted on a side is found and measured; with none planted there is none."""

import random

import pytest

from pairsmith.auditing.answer import UnansweredError
from pairsmith.auditing.questions import words
from pairsmith.auditing.verdict import Level

PLAIN = [f"leaf{number}" for number in range(10, 50)]
"""As long as the word that is planted: lengths are taken out."""
ROWS = 700


def say(chance, share, word):
    said = [chance.choice(PLAIN) for _ in range(12)]
    if chance.random() < share:
        said[3] = word
    return " ".join(said)


def make(chosen, rejected, seed=1):
    """Rows whose sides have a word with these chances, else none but the same ones."""
    chance = random.Random(seed)
    return [
        (f"What of case {number}?", say(chance, chosen, "indeed"), say(chance, rejected, "indeed"))
        for number in range(ROWS)
    ]


@pytest.mark.parametrize(("chosen", "rejected"), [(0.5, 0.2), (0.1, 0.45)])
def test_a_planted_word_is_found_with_its_shares(build_rows, ask, chosen, rejected):
    answer = ask(words.ask, build_rows({"train": make(chosen, rejected)}))
    side, other = ("chosen", "rejected") if chosen > rejected else ("rejected", "chosen")
    numbers = answer.numbers
    assert [one["word"] for one in numbers[f"words_of_{side}"]] == ["indeed"]
    assert numbers[f"words_of_{other}"] == []
    (found,) = numbers[f"words_of_{side}"]
    assert found["points"]["low"] < 100 * (chosen - rejected) < found["points"]["high"]
    for name, share in (("of_chosen", chosen), ("of_rejected", rejected)):
        assert found[name]["low"] < share < found[name]["high"]
    assert found["rows_that_differ"] > 100
    (claim,) = answer.claims
    assert claim.level == Level.LOOK
    assert f"{side} than of the {other}" in claim.sentence
    assert "700 rows" in claim.sentence
    assert claim.command == "pairsmith explore OUT --only pair_words"
    assert "indeed" not in claim.sentence + answer.sentence
    assert 0.1 < claim.harm < abs(chosen - rejected)
    assert "indeed" in words.plot(answer).alternative


def test_where_nothing_is_planted_nothing_is_found(build_rows, ask):
    answer = ask(words.ask, build_rows({"train": make(0.3, 0.3)}))
    assert answer.numbers["words_of_chosen"] == answer.numbers["words_of_rejected"] == []
    assert [claim.level for claim in answer.claims] == [Level.FINE]
    assert words.plot(answer) is None


def test_of_many_rows_a_sample_is_looked_at_and_said(build_rows, ask, monkeypatch):
    monkeypatch.setattr(words, "SAMPLE", 500)
    out = build_rows({"train": make(0.6, 0.1)})
    first, again = (ask(words.ask, out) for _ in range(2))
    assert (first.numbers["rows"], first.numbers["of_rows"]) == (500, 700)
    assert "500 rows, drawn by chance from 700" in first.sentence
    assert first.numbers == again.numbers
    assert first.numbers["words_of_chosen"][0]["word"] == "indeed"


def test_few_rows_give_no_answer(build_rows, ask):
    with pytest.raises(UnansweredError, match="No word stands in one reply alone"):
        ask(words.ask, build_rows({"train": make(0.5, 0.2)[:15]}))

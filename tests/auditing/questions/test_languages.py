"""Languages: what is told of them, of planted rows in several, and without the library."""

import random

import pytest

from pairsmith.auditing.answer import UnansweredError
from pairsmith.auditing.content import language
from pairsmith.auditing.questions import languages
from pairsmith.auditing.verdict import Level

SAID = {
    "en": ("Moss likes the shade, above all on the north side of trees.",
           "Pour the hot water over the leaves and wait for three minutes.",
           "The garden is full of bees in the early summer."),
    "de": ("Moos wächst gern im Schatten, besonders an der Nordseite der Bäume.",
           "Gießen Sie das heiße Wasser über die Blätter und warten Sie drei Minuten.",
           "Im Frühsommer ist der Garten voller Bienen."),
    "fr": ("La mousse pousse à l'ombre, surtout du côté nord des arbres.",
           "Versez l'eau chaude sur les feuilles et attendez trois minutes.",
           "Au début de l'été, le jardin est plein d'abeilles."),
    "ru": ("Мох растёт в тени, особенно с северной стороны деревьев.",
           "Залейте листья горячей водой и подождите три минуты.",
           "В начале лета сад полон пчёл."),
    "ja": ("苔は日陰、特に木の北側でよく育ちます。", "葉にお湯を注いで三分待ってください。",
           "初夏の庭は蜂でいっぱいです。"),
}  # fmt: skip
NO_LANGUAGE = ("", "OK", "1234 5678", "😀😀😀", "https://tea.example/a?b=c", "x = f(y)")


def say(chance, code):
    return chance.choice(SAID[code])


def make(rows, other=0, asked="en"):
    """Rows in English, of which the rejected reply of the first few is in German."""
    chance = random.Random(1)
    return [
        (
            f"{say(chance, asked)} {number}?",
            f"{say(chance, 'en')} {number}",
            f"{say(chance, 'de' if number < other else 'en')} {number}",
        )
        for number in range(rows)
    ]


@pytest.fixture
def library():
    pytest.importorskip("py3langid")


def test_sentences_are_told_and_what_is_no_language_is_unsure(library):
    told = {code: language.tell_languages(texts) for code, texts in SAID.items()}
    for code, of in told.items():
        assert code in {one.language for one in of} <= {code, language.UNSURE}
    assert sum(one.language != language.UNSURE for of in told.values() for one in of) > 11
    assert {one.language for one in language.tell_languages(NO_LANGUAGE)} == {language.UNSURE}


def test_planted_rows_in_another_language_are_found(library, build_rows, ask):
    answer = ask(languages.ask, build_rows({"train": make(100, other=8)}))
    kinds = answer.numbers["kinds"]
    assert (kinds["sides_differ"]["hits"], kinds["chosen_not_as_asked"]["hits"]) == (8, 0)
    assert answer.numbers["languages"]["de"]["rejected"]["hits"] == 8
    assert answer.numbers["languages"]["en"]["chosen"]["hits"] == 100
    found = answer.findings.to_pylist()
    assert [f["rows"] for f in found] == [[f"pairs/train/{n}"] for n in range(1, 9)]
    assert found[0]["sentence"] == "The chosen reply is in en, the rejected one in de."
    (claim,) = answer.claims
    assert (claim.level, claim.kinds) == (Level.LOOK, ("sides_differ",))
    assert "8 of 100 rows (8.0 %, 4.1 to 15.0)" in claim.sentence
    assert claim.command == "pairsmith show OUT --finding languages:sides_differ"
    assert "en chosen 100" in languages.plot(answer).alternative.replace("asked 100, ", "")


def test_a_reply_in_another_language_than_the_question(library, build_rows, ask):
    answer = ask(languages.ask, build_rows({"train": make(40, asked="fr")}))
    assert answer.numbers["kinds"]["chosen_not_as_asked"]["hits"] == 40
    assert answer.claims[0].kinds == ("chosen_not_as_asked",)


def test_where_nothing_is_planted_nothing_is_found(library, build_rows, ask):
    answer = ask(languages.ask, build_rows({"train": make(100)}))
    assert answer.findings.num_rows == 0
    assert [claim.level for claim in answer.claims] == [Level.FINE]
    assert [*answer.numbers["languages"]] == ["en"]


def test_of_many_rows_a_sample_is_looked_at_and_said(library, build_rows, ask, monkeypatch):
    monkeypatch.setattr(languages, "SAMPLE", 30)
    out = build_rows({"train": make(100, other=50)})
    first, again = (ask(languages.ask, out) for _ in range(2))
    assert first.numbers == again.numbers
    assert 5 < first.numbers["kinds"]["sides_differ"]["hits"] < 25
    assert "30 rows, drawn by chance from 100" in first.sentence


def test_without_the_library_it_is_said_how_to_get_it(build_rows, ask, monkeypatch):
    monkeypatch.setattr(languages, "is_there", lambda: False)
    with pytest.raises(UnansweredError, match="py3langid, which is not installed") as error:
        ask(languages.ask, build_rows({"train": make(5)}))
    assert error.value.command == "pip install py3langid"

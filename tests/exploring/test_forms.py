"""What replies look like."""

from __future__ import annotations

import pyarrow as pa
import pytest

from pairsmith.exploring.forms import FORMS, check_forms

FOUND = {
    "a phrase of refusal": "I can't help with that.",
    "an apology": "I do apologize for the tea.",
    "the first person": "Tea is what I like.",
    "the second person": "It is up to YOU.",
    "what it is: an AI, a model": "As a Language Model, tea is not for me.",
    "a hedge (maybe, perhaps, I think)": "Perhaps tea.",
    "thanks or please": "Thank you.",
    "yes or no as its first word": "No, thanks.",
    "a question mark": "お茶？はい。",
    "a question at its end": 'She said "Tea?"',
    "an exclamation mark": "Tea! It is here.",
    "a list": "Take\n1. tea\n2. water",
    "a heading": "# Tea\nTake some.",
    "bold text": "Take **green** tea.",
    "code": "Type `tea` and wait.",
    "a table": "| tea | water |\n| 1 | 2 |",
    "a URL": "See https://example.org/tea.",
    "a digit": "Take 2 cups.",
    "quotation marks": "It is called “tea”.",
    "an emoji": "Tea 🍵.",
    "several paragraphs": "Tea.\n\nAnd water.",
    "no stop at its end": "Take some tea and",
    "no text at all": "",
}
PLAIN = "Green tea is made of leaves."


@pytest.mark.parametrize("name", FORMS, ids=range(len(FORMS)))
def test_each_is_found_where_it_is_and_not_in_plain_text(name):
    place = list(FORMS).index(name)
    found = check_forms(pa.array([FOUND[name], PLAIN]))[:, place]
    assert found.tolist() == [True, False]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Tea.)", "no stop at its end"),
        ("Tea。", "no stop at its end"),
        ("", "no stop at its end"),
        ("said the main AIM", "what it is: an AI, a model"),
        ("The noise is loud.", "yes or no as its first word"),
        ("Well - tea it is.", "a list"),
        ("Mayberry tea.", "a hedge (maybe, perhaps, I think)"),
    ],
    ids=range(7),
)
def test_what_only_looks_like_it_is_not_taken_for_it(text, name):
    assert not check_forms(pa.array([text]))[0, list(FORMS).index(name)]


def test_of_no_texts_there_is_nothing():
    assert check_forms(pa.array([], pa.string())).shape == (0, len(FORMS))

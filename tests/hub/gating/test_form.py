"""The form of a gate: what cards may say, and what becomes of what they should not."""

from __future__ import annotations

import pytest

from pairsmith.hub.gating.form import (
    ENTRIES,
    Field,
    GateForm,
    Option,
    check_answers,
    countries,
    problems,
    read_form,
)
from pairsmith.hub.http.errors import HubError
from pairsmith.hub.repos import card


def form_of(yaml: str) -> GateForm:
    return read_form(card.read(f"---\n{yaml}\n---\n# Body\n").data)


WHOLE = """
extra_gated_heading: Terms first
extra_gated_prompt: |
  You agree to **be kind**.
extra_gated_description: We answer within a week.
extra_gated_button_content: I agree
extra_gated_fields:
  Name of the company: text
  I am of age: checkbox
  Date of birth: date_picker
  Country: country
  Use:
    type: select
    options:
      - Research
      - label: Something else
        value: other
"""


def test_a_card_says_it_all():
    form = form_of(WHOLE)
    assert form[:4] == (
        "Terms first",
        "You agree to **be kind**.",
        "We answer within a week.",
        "I agree",
    )
    assert [(field.label, field.kind) for field in form.fields] == [
        ("Name of the company", "text"),
        ("I am of age", "checkbox"),
        ("Date of birth", "date_picker"),
        ("Country", "country"),
        ("Use", "select"),
    ]
    assert form.fields[4].options == (
        Option("Research", "Research"),
        Option("Something else", "other"),
    )
    assert form.faults == ()


def test_a_card_that_says_nothing_asks_nothing():
    form = form_of("license: mit")
    assert (form.fields, form.faults) == ((), ())
    assert form.heading
    assert form.button


def test_the_mark_is_that_of_what_is_read_and_asked():
    assert form_of(WHOLE).mark == form_of(WHOLE).mark
    for old, new in [("be kind", "be cruel"), ("of age", "a child"), ("Research", "Trade")]:
        assert form_of(WHOLE).mark != form_of(WHOLE.replace(old, new)).mark


@pytest.mark.parametrize(
    ("yaml", "fields", "said"),
    [
        ("extra_gated_fields: text", (), "has to be a list"),
        ("extra_gated_fields:\n- Use: text", (), "has to be a list"),
        ("extra_gated_fields:\n  Use: number", (Field("Use", "text"),), "of type number"),
        ("extra_gated_fields:\n  Use:", (Field("Use", "text"),), "of type nothing"),
        ("extra_gated_fields:\n  Use: [text]", (Field("Use", "text"),), "of type nothing"),
        ("extra_gated_fields:\n  Use: {type: select}", (Field("Use", "text"),), "without a list"),
        ("extra_gated_fields:\n  Use: select", (Field("Use", "text"),), "without a list"),
        (
            "extra_gated_fields:\n  Use: {type: select, options: [[1], {a: b}, '']}",
            (Field("Use", "text"),),
            "no option that can be chosen",
        ),
        (
            "extra_gated_fields:\n  Use: {type: select, options: [a, a]}",
            (Field("Use", "select", (Option("a", "a"),)),),
            "is there twice",
        ),
        ("extra_gated_fields:\n  '  ': text", (), "has no label"),
        ("extra_gated_fields:\n  ' a  b': text\n  a b: checkbox", (Field("a b", "text"),), "twice"),
        (
            f"extra_gated_fields:\n  ? {'x' * 1001}\n  : text",
            (Field("x" * 1000, "text"),),
            "more than 1,000 characters",
        ),
    ],
)
def test_a_field_that_is_malformed_is_a_fault_and_a_text_or_left_out(yaml, fields, said):
    form = form_of(yaml)
    assert form.fields == fields
    assert said in " ".join(form.faults)


@pytest.mark.parametrize("value", ["[a]", "{a: b}", "3", "true"])
@pytest.mark.parametrize("name", list(ENTRIES))
def test_a_text_that_is_none_is_a_fault_and_left_out(name, value):
    form = form_of(f"{name}: {value}")
    assert form[:4] == form_of("")[:4]
    assert form.faults == (f"{name} has to be a text; it is left out.",)


def test_texts_are_cut_where_they_are_too_long():
    form = form_of(f"extra_gated_prompt: {'x' * 20_001}\nextra_gated_heading: {'y' * 201}")
    assert (len(form.prompt), len(form.heading)) == (20_000, 200)
    assert len(form.faults) == 2


def test_there_are_no_more_fields_and_options_than_are_taken():
    fields = "\n".join(f"  Field {place}: text" for place in range(21))
    options = ", ".join(f"o{place}" for place in range(201))
    form = form_of(f"extra_gated_fields:\n{fields}")
    assert len(form.fields) == 20
    chosen = form_of(f"extra_gated_fields:\n  Use: {{type: select, options: [{options}]}}")
    assert len(chosen.fields[0].options) == 200
    assert all("the rest is left out" in made.faults[0] for made in (form, chosen))


def test_bare_words_that_yaml_takes_for_something_else_are_what_was_meant():
    form = form_of("extra_gated_fields:\n  Use: {type: select, options: [Yes, No, 3, 2026-11-24]}")
    assert [option.value for option in form.fields[0].options] == ["Yes", "No", "3", "2026-11-24"]
    assert form.faults == ()


def test_what_no_page_can_hold_is_taken_out_of_a_text():
    form = form_of(r'extra_gated_prompt: "a\0b\0c"')
    assert form.prompt == "abc"


@pytest.mark.parametrize(
    "value",
    [0x10**5000, b"x", object(), float("nan"), {1: 2}, [None], ("a",), None],
    ids=lambda value: type(value).__name__,
)
def test_no_value_at_all_is_an_error(value):
    names = [*ENTRIES, "extra_gated_fields"]
    for data in (
        dict.fromkeys(names, value),
        {"extra_gated_fields": {"Use": value, value if value.__hash__ else 1: value}},
        {"extra_gated_fields": {"Use": {"type": value, "options": value}}},
        {"extra_gated_fields": {"Use": {"type": "select", "options": [value, {"label": value}]}}},
    ):
        repr(read_form(data).faults).encode()


ANSWERS = {
    "Name of the company": "  ACME  ",
    "I am of age": "yes",
    "Date of birth": "1990-02-28",
    "Country": "Côte d'Ivoire",
    "Use": "other",
}


def test_answers_as_asked_are_kept_and_no_others():
    assert check_answers(form_of(WHOLE), {**ANSWERS, "More": "x"}) == {
        **ANSWERS,
        "Name of the company": "ACME",
        "I am of age": True,
    }


@pytest.mark.parametrize(
    ("label", "value", "said"),
    [
        ("Name of the company", "", "has to be answered"),
        ("Name of the company", " \n\t ", "has to be answered"),
        ("Name of the company", "x" * 1001, "at most 1,000 characters"),
        ("I am of age", "", "has to be ticked"),
        ("Date of birth", "28.2.1990", "has to be a date"),
        ("Date of birth", "1990-02-30", "has to be a date"),
        ("Date of birth", "19900228", "has to be a date"),
        ("Date of birth", "1990-W01-1", "has to be a date"),
        ("Date of birth", "0000-01-01", "has to be a date"),
        ("Date of birth", "١٩٩٠-02-28", "has to be a date"),
        ("Country", "Atlantis", "one of the answers in its list"),
        ("Country", "CI", "one of the answers in its list"),
        ("Use", "Something else", "one of the answers in its list"),
        ("Use", "", "has to be answered"),
    ],
)
def test_an_answer_that_is_not_as_asked_is_refused(label, value, said):
    with pytest.raises(HubError) as caught:
        check_answers(form_of(WHOLE), {**ANSWERS, label: value})
    assert caught.value.status == 400
    assert caught.value.message.startswith(f"“{label}”")
    assert said in caught.value.message


def test_all_that_is_wrong_is_told_at_once():
    assert len(problems(form_of(WHOLE), {})) == 5


def test_countries_are_those_of_the_standard():
    names = [option.value for option in countries()]
    assert len(names) == len(set(names)) == 249
    assert {"Germany", "United States of America", "Åland Islands", "Zimbabwe"} <= set(names)

"""Rows, one by one, to comparisons: what is read, what is refused, and which fields were used."""

import json
import time

import pytest

from pairsmith.schema.reasons import Note, Reason
from pairsmith.sources.detection.describe import describe
from pairsmith.sources.outcomes import Comparison, Refused
from pairsmith.sources.rows.detected import Asked
from pairsmith.sources.rows.mapping import parse_columns
from pairsmith.sources.rows.reading import read_row
from pairsmith.sources.rows.shapes import ROW_SHAPES, make_shape

ASKED, GOOD, BAD = "Is mint dry?", "A little.", "Mint is a herb."


def user(text=ASKED):
    return {"role": "user", "content": text}


def assistant(text=GOOD):
    return {"role": "assistant", "content": text}


def system(text):
    return {"role": "system", "content": text}


def shape(columns, **given):
    return make_shape("mine", parse_columns(columns))._replace(**given)


SIDES = shape("prompt=prompt,chosen=chosen,rejected=rejected")
TWO = "prompt=prompt,a=a,b=b"


def read(row, held=SIDES):
    """The one comparison of a row."""
    (outcome,) = read_row(row, held).outcomes
    assert isinstance(outcome, Comparison), outcome
    return outcome


def refused(row, held=SIDES):
    (outcome,) = read_row(row, held).outcomes
    assert isinstance(outcome, Refused), outcome
    return outcome


@pytest.mark.parametrize("prompt", [ASKED, [user()], user(), {"messages": [user()]}])
@pytest.mark.parametrize("reply", [lambda t: t, assistant, lambda t: [assistant(t)]])
def test_prompt_and_replies_of_any_make(prompt, reply):
    row = {"prompt": prompt, "chosen": reply(GOOD), "rejected": reply(BAD)}
    held = read(row)
    assert held.chosen == [user(), assistant()]
    assert held.rejected == [user(), assistant(BAD)]


def test_whole_conversations_have_their_prompt_once():
    whole = {"chosen": [user(), assistant()], "rejected": [user(), assistant(BAD)]}
    for prompt in (ASKED, [user()], "Something else."):
        held = read({"prompt": prompt, **whole})
        assert held.chosen == whole["chosen"]
        used = read_row({"prompt": prompt, **whole}, SIDES).used
        assert any(path.startswith("prompt") for path in used) == (prompt != "Something else.")


def test_a_system_field_is_a_system_turn():
    row = {"prompt": ASKED, "chosen": GOOD, "rejected": BAD, "system": "Be brief."}
    assert read(row).rejected == [system("Be brief."), user(), assistant(BAD)]
    assert read({**row, "system": " "}).chosen == [user(), assistant()]
    said = {**row, "prompt": [system("Be brief. "), user()]}
    assert [m["role"] for m in read(said).chosen] == ["system", "user", "assistant"]
    other = {**row, "prompt": [system("Be long."), user()]}
    assert refused(other).reason == Reason.MALFORMED
    assert read_row(row, SIDES).used == {"prompt", "chosen", "rejected", "system"}


def test_scores_that_contradict_and_ties():
    row = {"prompt": ASKED, "chosen": GOOD, "rejected": BAD}
    assert read({**row, "score_chosen": 3, "score_rejected": 1.5}).scores == (3, 1.5)
    held = read({**row, "chosen_rating": 1, "rejected_rating": 4})
    assert held.notes == (Note.SCORE_CONTRADICTS,)
    assert held.chosen[-1] == assistant()
    assert refused({**row, "score_chosen": 2, "score_rejected": 2}).reason == Reason.TIE
    strict = SIDES._replace(min_margin=2)
    near = {**row, "score_chosen": 3, "score_rejected": 1.5}
    assert refused(near, strict).reason == Reason.SMALL_MARGIN


def test_media_and_fields_that_nobody_reads_are_named():
    row = {"prompt": ASKED, "chosen": GOOD, "rejected": BAD}
    for name, value in (("images", ["a.png"]), ("context", "Mint was watered on Monday.")):
        held = refused({**row, name: value})
        assert held.reason == Reason.UNREAD_CONTENT
        assert name in held.detail
    assert read({**row, "context": "", "images": []}).chosen == [user(), assistant()]
    assert read({**row, "context": "mint"[1:]}).chosen == [user(), assistant()]


TOOL = {"type": "function", "function": {"name": "soil", "parameters": {"type": "object"}}}


@pytest.mark.parametrize("name", ["tools", "Tools", "functions", "available_tools", "toolSchemas"])
def test_tools_are_read_under_the_names_that_people_give_them(name):
    row = {"prompt": ASKED, "chosen": GOOD, "rejected": BAD, name: [TOOL]}
    assert read(row).tools == [TOOL]


@pytest.mark.parametrize("name", ["System", "systemPrompt", "system_instruction", "System Prompt"])
def test_a_system_text_is_read_however_its_name_is_spelt(name):
    row = {"prompt": ASKED, "chosen": GOOD, "rejected": BAD, name: "Be brief."}
    assert read(row).chosen[0] == system("Be brief.")


@pytest.mark.parametrize("tool", [TOOL, TOOL["function"]], ids=["wrapped", "flat"])
@pytest.mark.parametrize(
    ("beside", "name"),
    [
        (lambda tool: {"my_toolbox": [tool]}, "my_toolbox"),
        (lambda tool: {"meta": {"run": {"tools": [tool]}}}, "meta.run.tools"),
    ],
    ids=["another-name", "deeper"],
)
def test_tools_in_a_place_that_nobody_reads_are_named(beside, name, tool):
    row = {"prompt": ASKED, "chosen": GOOD, "rejected": BAD, **beside(tool)}
    outcome = refused(row)
    assert outcome.reason == Reason.UNREAD_CONTENT
    assert f"the field {name} " in outcome.detail
    held = f"prompt=prompt,chosen=chosen,rejected=rejected,left_out={name}"
    assert read(row, shape(held)).tools is None
    assert read({**row, "tools": [TOOL]}).tools == [TOOL]  # those others are another copy


def test_what_was_called_defines_no_tools():
    called = [{"function": {"name": "soil", "arguments": "{}"}}]
    row = {"prompt": ASKED, "chosen": GOOD, "rejected": BAD, "log": {"tool_calls": called}}
    assert read(row | {"tools_used": ["soil"]}).tools is None


def test_a_name_of_any_length_takes_no_time():
    row = {"prompt": ASKED, "chosen": GOOD, "rejected": BAD, "log": {"tool" * 50_000: [1]}}
    started = time.monotonic()
    assert read(row).tools is None
    assert time.monotonic() - started < 5


def test_a_row_under_the_names_of_today():
    row = {"instruction": ASKED, "input": "Mine.", "output": [GOOD, "Hm.", BAD], "system": "S"}
    held = read(row, ROW_SHAPES["alpaca-output"])
    assert held.chosen == [system("S"), user(f"{ASKED}\nMine."), assistant()]
    assert held.rejected[-1] == assistant(BAD)
    swift = {"messages": [user(), assistant()], "rejected_response": BAD}
    assert read(swift, ROW_SHAPES["ms-swift"]).rejected == [user(), assistant(BAD)]


@pytest.mark.parametrize(
    "write",
    [
        lambda talk: json.dumps(talk),
        lambda talk: repr(talk),
        lambda talk: json.dumps({"messages": talk}),
        lambda talk: "".join(f"<|im_start|>{m['role']}\n{m['content']}<|im_end|>\n" for m in talk),
        lambda talk: f"### Human: {talk[0]['content']}### Assistant: {talk[1]['content']}",
    ],
)
def test_two_texts_without_a_prompt_are_conversations_where_their_kind_says_so(write):
    rows = [
        {"chosen": write([user(), assistant()]), "rejected": write([user(), assistant(BAD)])}
    ] * 3
    held = read(rows[0], describe(rows, Asked(), "mint.jsonl").shape())
    assert (held.chosen, held.rejected) == ([user(), assistant()], [user(), assistant(BAD)])

"""Values of any make: messages, tools, media, as people's rows hold them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pairsmith.schema.messages import Message
from pairsmith.sources.outcomes import UnreadableError
from pairsmith.sources.values.dialogues import (
    interleave,
    read_conversation,
    read_dialogue,
    read_tools,
)
from pairsmith.sources.values.text_kinds import PLAIN, TextKind

ASKED = {"role": "user", "content": "How often do I water basil?"}
ANSWERED = {"role": "assistant", "content": "When the soil is dry."}
SENSOR = {"name": "soil_moisture", "arguments": {"plant": "basil"}}
CALL = {"type": "function", "function": SENSOR}
DEFINITION = {
    "type": "function",
    "function": {
        "name": "soil_moisture",
        "description": "Reads the sensor of a plant.",
        "parameters": {"type": "object", "properties": {"plant": {"type": "string"}}},
    },
}


def read(value: Any, speaker: str = "user", kind: TextKind = PLAIN) -> list[Message]:
    return read_conversation(value, "prompt", set(), speaker, kind)


def refuse(value: Any, speaker: str = "user", kind: TextKind = PLAIN) -> str:
    """The reason and the detail of a value that is refused."""
    with pytest.raises(UnreadableError) as raised:
        read(value, speaker, kind)
    return f"{raised.value.reason}: {raised.value.detail}"


def used_of(value: Any, kind: TextKind = PLAIN) -> set[str]:
    used: set[str] = set()
    read_conversation(value, "prompt", used, "user", kind)
    return used


def test_a_text_is_what_the_speaker_says() -> None:
    assert read("Hi.") == [{"role": "user", "content": "Hi."}]
    assert read("Hi.", "assistant") == [{"role": "assistant", "content": "Hi."}]
    assert read(" ", "system") == []
    assert used_of("Hi.") == {"prompt"}


@pytest.mark.parametrize(
    "value",
    [
        [ASKED, ANSWERED],
        [
            {"from": "human", "value": ASKED["content"]},
            {"from": "gpt", "value": ANSWERED["content"]},
        ],
        [{"role": "prompter", "text": ASKED["content"]}, {"role": "Assistant", **ANSWERED}],
        [{"role": "user", "parts": [{"text": ASKED["content"]}]}, {**ANSWERED, "role": "model"}],
        {"messages": [ASKED, ANSWERED]},
        {"conversations": [ASKED, ANSWERED], "id": "a1"},
        [[ASKED["content"], ANSWERED["content"]]],
        [{"input": ASKED["content"], "output": ANSWERED["content"]}],
        [{"role": "system", "content": "  "}, ASKED, ANSWERED],
        [{"role": "user", "content": [{"type": "text", "text": ASKED["content"]}]}, ANSWERED],
        [{"role": "user", "content": [ASKED["content"]]}, ANSWERED],
        [{"role": "USER", "message": ASKED["content"]}, {**ANSWERED, "role": "CHATBOT"}],
        [{"human": ASKED["content"]}, {"assistant": ANSWERED["content"]}],
        [json.dumps(ASKED), json.dumps(ANSWERED)],
        {"role": ["user", "assistant"], "content": [ASKED["content"], ANSWERED["content"]]},
        {"messages": {"from": ["human", "gpt"], "value": [ASKED["content"], ANSWERED["content"]]}},
    ],
)
def test_one_conversation_in_many_makes(value: Any) -> None:
    assert read(value) == [ASKED, ANSWERED]


def test_text_of_messages_is_read_as_what_it_holds() -> None:
    lists = [ASKED, ANSWERED]
    assert read(json.dumps(lists), kind=TextKind("json", "messages")) == lists
    assert read(repr(lists), kind=TextKind("python", "messages")) == lists
    text = json.dumps({"messages": lists, "tools": [DEFINITION]})
    dialogue = read_dialogue(text, "chosen", set(), "assistant", TextKind("json", "messages"))
    assert dialogue == (lists, [DEFINITION])
    assert refuse(text, kind=TextKind("json")) == (
        "unread_content: prompt holds tools beside its messages"
    )


def test_questions_and_answers_in_lists_of_their_own() -> None:
    kind = TextKind("json", "texts")
    prompt, reply = read('["One?", "Two?"]', kind=kind), read('["1.", "2."]', "assistant", kind)
    told = interleave(prompt, reply, "chosen")
    assert [one["content"] for one in told] == ["One?", "1.", "Two?", "2."]
    assert [one["role"] for one in told] == ["user", "assistant"] * 2
    with pytest.raises(UnreadableError, match="another number of answers"):
        interleave(prompt, reply[:1], "chosen")


def test_tools() -> None:
    used: set[str] = set()
    assert read_tools([DEFINITION], "tools", used) == [DEFINITION]
    assert used == {"tools"}
    for value in (
        json.dumps([DEFINITION]),
        [json.dumps(DEFINITION)],
        [DEFINITION["function"]],
        {"functions": [DEFINITION["function"]]},
    ):
        assert read_tools(value, "tools", set()) == [DEFINITION]
    for blank in (None, "", " ", [], "[]", {}):
        assert read_tools(blank, "tools", set()) is None


@pytest.mark.parametrize(
    ("name", "role"),
    [
        *(("human", "user"), ("prompter", "user"), ("gpt", "assistant"), ("bot", "assistant")),
        *(("Model", "assistant"), (" chatbot ", "assistant"), ("developer", "system")),
        *(("observation", "tool"), ("ipython", "tool"), ("function", "tool")),
        *(("tool_response", "tool"), ("SYSTEM", "system")),
    ],
)
def test_roles_of_other_makes(name: str, role: str) -> None:
    assert read([{"role": name, "content": "Dry."}]) == [{"role": role, "content": "Dry."}]


def test_roles_that_nobody_knows_are_named_if_they_are_names() -> None:
    said = refuse([ASKED, {"role": "gardener", "content": "Hm."}])
    assert said == "malformed: message 2 of prompt has the role gardener, which is not known"
    long = refuse([{"role": "Please do not quote this.", "content": "Hm."}])
    assert long == "malformed: message 1 of prompt has a role that is not known"
    assert "has no role" in refuse([{"role": None, "content": "Hm."}])
    assert "has no role" in refuse([ASKED, {"content": "Hm."}])
    assert "message 2 of prompt is null" in refuse([ASKED, None])
    assert "its role twice" in refuse([{"role": "user", "from": "gpt", "value": "Hm."}])


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning", "thinking", "thought"])
def test_reasoning_beside_a_reply(name: str) -> None:
    assert read([{**ANSWERED, name: "Soil first."}]) == [
        {**ANSWERED, "reasoning_content": "Soil first."}
    ]
    assert read([{**ANSWERED, name: ""}]) == read([{**ANSWERED, name: None}]) == [ANSWERED]
    assert "reasoning twice" in refuse([{**ANSWERED, name: "Soil.", "thoughts": "Water."}])
    assert (
        read([{**ANSWERED, name: "Soil.", "thoughts": "Soil."}])[0]["reasoning_content"] == "Soil."
    )
    assert "not the assistant's" in refuse([{**ASKED, name: "Soil first."}])
    assert "is not text" in refuse([{**ANSWERED, name: {"steps": 3}}])


def test_thoughts_inside_of_a_content_stay_there() -> None:
    told = {"role": "assistant", "content": "<think>\nSoil first.\n</think>\n\nWhen dry."}
    assert read([told]) == [told]


def test_parts() -> None:
    parts = [
        {"type": "thinking", "thinking": "Soil first.", "signature": "abc"},
        {"type": "text", "text": "When the soil"},
        " is dry",
        {"type": "output_text", "text": "."},
    ]
    used: set[str] = set()
    message = {"role": "assistant", "content": parts}
    told = {**ANSWERED, "reasoning_content": "Soil first."}
    assert read_conversation([message], "chosen", used) == [told]
    assert used == {
        "chosen[].role",
        "chosen[].content[]",
        *(f"chosen[].content[].{name}" for name in ("type", "text", "thinking")),
    }
    assert read(parts, "assistant") == [told]
    assert read(parts[1], "assistant") == [{"role": "assistant", "content": "When the soil"}]


@pytest.mark.parametrize(
    ("part", "what"),
    [
        ({"type": "image_url", "image_url": {"url": "basil.png"}}, "an image"),
        ({"type": "image"}, "an image"),
        ({"type": "input_audio", "input_audio": {"data": "…"}}, "an audio"),
        ({"type": "video", "video": "basil.mp4"}, "a video"),
        ({"type": "file", "file": {"file_id": "f1"}}, "a file"),
        ({"type": "text", "text": "What is it?", "image": "basil.png"}, "the field image"),
        ({"image": "basil.png"}, "the field image"),
        ({"type": "sketch", "lines": 3}, "a part of a type that is not read"),
        ({"type": "redacted_thinking", "data": "abc"}, "a part of a type that is not read"),
    ],
)
def test_parts_that_nobody_will_see_are_refused_by_name(part: dict, what: str) -> None:
    value = [{"role": "user", "content": [{"type": "text", "text": "What is it?"}, part]}]
    assert refuse(value) == f"unread_content: message 1 of prompt has {what}"


def test_parts_that_a_column_filled_up_with_nulls() -> None:
    part = {"type": "text", "text": "How often?", "image_url": None, "image": {"bytes": None}}
    assert read([{"role": "user", "content": [part]}])[0]["content"] == "How often?"


@pytest.mark.parametrize(
    "calls",
    [
        {"tool_calls": [CALL]},
        {"tool_calls": [{**CALL, "id": None, "index": 0}]},
        {"tool_calls": [SENSOR]},
        {"tool_calls": [{"name": "soil_moisture", "parameters": {"plant": "basil"}}]},
        {"tool_calls": json.dumps([CALL])},
        {"tool_calls": [{"function": {**SENSOR, "arguments": '{"plant": "basil"}'}}]},
        {"function_call": {**SENSOR, "arguments": '{"plant": "basil"}'}},
        {"function_call": SENSOR, "tool_calls": [CALL]},
        {"tool_calls": [CALL], "function_call": {"name": None, "arguments": None}},
    ],
)
def test_calls_of_tools(calls: dict) -> None:
    told = {"role": "assistant", "content": "", "tool_calls": [CALL]}
    assert read([{"role": "assistant", "content": None, **calls}]) == [told]
    assert read([{"role": "assistant", **calls}]) == [told]


def test_calls_and_results_as_turns_of_their_own() -> None:
    turns: list[dict[str, Any]] = [
        {"from": "human", "value": "Is it dry?"},
        {"from": "function_call", "value": json.dumps(SENSOR)},
        {"from": "function_call", "value": json.dumps(SENSOR)},
        {"from": "observation", "value": "12 percent"},
        {"from": "gpt", "value": "Yes."},
    ]
    asked, called, result, answered = read(turns)
    assert called == {"role": "assistant", "content": "", "tool_calls": [CALL, CALL]}
    assert result == {"role": "tool", "content": "12 percent"}
    assert (asked["role"], answered["role"]) == ("user", "assistant")


def test_calls_and_results_as_parts() -> None:
    turns: list[dict[str, Any]] = [
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "I look."},
                {
                    "type": "tool_use",
                    "id": "t1",
                    "name": "soil_moisture",
                    "input": {"plant": "basil"},
                },
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "t1",
                    "content": [{"type": "text", "text": "12"}],
                },
                {"type": "text", "text": "And now?"},
            ],
        },
    ]
    assert read(turns) == [
        {"role": "assistant", "content": "I look.", "tool_calls": [{**CALL, "id": "t1"}]},
        {"role": "tool", "content": "12", "tool_call_id": "t1"},
        {"role": "user", "content": "And now?"},
    ]
    behind = {**turns[0], "content": turns[0]["content"][::-1]}
    assert "text behind a tool call" in refuse([behind])


def test_results_keep_whose_they_are() -> None:
    result = {
        "role": "tool",
        "content": "12 percent",
        "tool_call_id": "t1",
        "name": "soil_moisture",
    }
    assert read([result]) == [result]
    assert read([{"role": "function", "content": "12 percent", "name": "soil_moisture"}]) == [
        {"role": "tool", "content": "12 percent", "name": "soil_moisture"}
    ]


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"tool_calls": [{"function": {"name": "dig", "arguments": "as deep"}}]}, "not an object"),
        ({"tool_calls": [{"function": {"name": "dig", "arguments": "[1]"}}]}, "not an object"),
        ({"tool_calls": [{"id": "t1", "function": {"arguments": {}}}]}, "without a name"),
        ({"tool_calls": [{"type": "custom", "custom": {}}]}, "cannot be read"),
        ({"tool_calls": "dig()"}, "not JSON"),
        ({"function_call": "dig()"}, "function_call"),
        ({"function_call": SENSOR, "tool_calls": [{**CALL, "function": {"name": "dig"}}]}, "alike"),
        ({"images": ["basil.png"]}, "the field images"),
        ({"audio": {"id": "a1"}}, "the field audio"),
        ({"refusal": "I do not talk about basil."}, "the field refusal"),
        ({"channel": "analysis"}, "the field channel"),
        ({"tools": [DEFINITION]}, "the field tools"),
        ({"attachments": [{"name": "plan.pdf"}]}, "the field attachments"),
    ],
)
def test_fields_that_decide_what_a_message_means(more: dict, why: str) -> None:
    said = refuse([ASKED, {**ANSWERED, **more}])
    assert said.startswith("unread_content: ")
    assert why in said
    assert "message 2 of prompt" in said


def test_fields_that_decide_nothing_are_left_alone() -> None:
    more = {
        "weight": 1,
        "id": "m1",
        "timestamp": 17,
        "metadata": {"a": 1},
        "images": [],
        "refusal": None,
    }
    used: set[str] = set()
    assert read_conversation([{**ANSWERED, **more}], "chosen", used) == [ANSWERED]
    assert used == {"chosen[].role", "chosen[].content"}


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (None, "prompt is null"),
        (7, "neither text nor messages"),
        ({"a": 1}, "neither a message"),
        ([1, 2], "not of messages"),
        ([{"who": "user", "said": "Dry?"}], "its items have who, said, not role and content"),
        ([{"role": "user"}], "message 1 of prompt has no content"),
        ([{"role": "user", "content": None}], "message 1 of prompt has no content"),
        ([{"role": "user", "content": 5}], "the content of message 1 of prompt is neither"),
        ([["One?", "1.", "Two?"]], "not of messages"),
        ([["One?", None], ["Two?", "2."]], "item 1 of prompt is not a question"),
        ({"messages": "Hi."}, "prompt.messages is not a list"),
        ("a\0b", "NUL"),
        ("\ud83d", "surrogate"),
        ([{"role": "user", "content": "\ud83d"}], "surrogate"),
    ],
)
def test_what_is_no_conversation(value: Any, why: str) -> None:
    said = refuse(value)
    assert said.startswith("malformed: ")
    assert why in said


def test_systems_beside_messages() -> None:
    system = {"role": "system", "content": "You are a gardener."}
    wrapped = {"messages": [ASKED], "system": "You are a gardener."}
    assert read(wrapped) == [system, ASKED]
    assert read({**wrapped, "messages": [system, ASKED]}) == [system, ASKED]
    other = {**wrapped, "messages": [{**system, "content": "You are a cook."}, ASKED]}
    assert "another system turn" in refuse(other)


def test_tool_definitions_that_cannot_be_read() -> None:
    for value in ("dig", 7, [7], [{"type": "web_search"}], [{"function": {"name": " "}}], {"a": 1}):
        with pytest.raises(UnreadableError) as raised:
            read_tools(value, "tools", set())
        assert raised.value.reason == "unread_content"


def test_definitions_that_a_column_filled_up_with_nulls() -> None:
    filled = json.loads(json.dumps(DEFINITION))
    filled["function"]["parameters"]["properties"]["depth"] = None
    filled["function"]["strict"] = None
    assert read_tools([filled], "tools", set()) == [DEFINITION]

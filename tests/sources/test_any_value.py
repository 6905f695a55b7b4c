"""Values of any make, generated: messages come back equal, and anything else is refused."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairsmith.schema.messages import EXTRAS, Message, encode_extras, encode_json
from pairsmith.sources.fields import is_covered, paths_of
from pairsmith.sources.outcomes import UnreadableError
from pairsmith.sources.values.chat_messages import REASONING, WHAT, WHO
from pairsmith.sources.values.dialogues import (
    find_media,
    read_conversation,
    read_dialogue,
    read_tools,
)
from pairsmith.sources.values.text_kinds import HELPSTEER, PLAIN, TextKind, tell_text_kind

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*WHO, *WHAT, *REASONING, "type", "tool_calls", "function", "name"])
            | st.sampled_from(["arguments", "messages", "tools", "system", "images", "id", "input"])
            | st.sampled_from(["output", "function_call", "tool_use_id", "parameters"]),
            inner
            | st.sampled_from(["user", "gpt", "tool", "text", "tool_use", "tool_result", "image"]),
            max_size=4,
        )
    ),
    max_leaves=12,
)
KINDS = st.sampled_from(
    [
        *(PLAIN, TextKind("json"), TextKind("python"), HELPSTEER, TextKind("nothing", "known")),
        *(TextKind("templated", "chatml"), TextKind("templated", "no such format")),
        *(TextKind("transcript", "Human: Assistant: / space"), TextKind("transcript", "no such")),
    ]
)
SPEAKERS = st.sampled_from(["user", "assistant", "system"])


@given(ANY_JSON, SPEAKERS, KINDS)
def test_any_value_is_read_or_refused(value: Any, speaker: str, kind: TextKind) -> None:
    for given_value in (value, [value], json.dumps(value)):
        with suppress(UnreadableError):
            dialogue = read_dialogue(given_value, "it", set(), speaker, kind)
            for message in dialogue.messages:
                assert set(message) <= {"role", "content", *EXTRAS}
                assert message["role"] in ("user", "assistant", "system", "tool")
                assert isinstance(message["content"], str)
                encode_extras(message)
        with suppress(UnreadableError):
            encode_json(read_tools(given_value, "it", set()))
    find_media({"row": value, "images": value})


def test_values_of_any_depth_are_read_or_refused() -> None:
    deep: Any = "Hi."
    for name in ("content", "parts", "tool_result", "list") * 5000:
        deep = [deep] if name == "list" else {"role": "user", "type": name, "content": deep}
    for value in (deep, {"messages": [deep]}, {"role": "user", "content": [deep], "value": [deep]}):
        with pytest.raises(UnreadableError):
            read_conversation(value, "it", set())
    for kind, text in (
        ("json", "[" * 100_000),
        ("python", "[" * 100_000),
        ("python", "-" * 100_000 + "1"),
        ("json", "[" + "1," * 300_000 + "1]"),
    ):
        with pytest.raises(UnreadableError):
            read_conversation(text, "it", set(), "user", TextKind(kind))


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
NAMED = st.text("abcdef_", min_size=1, max_size=8)
SCALARS = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | TEXTS
CALLS = st.fixed_dictionaries(
    {
        "type": st.just("function"),
        "function": st.fixed_dictionaries(
            {"name": NAMED, "arguments": st.dictionaries(TEXTS, SCALARS, max_size=3)}
        ),
    },
    optional={"id": NAMED},
)
MESSAGES = st.lists(
    st.fixed_dictionaries({"role": st.just("user"), "content": TEXTS}, optional={"name": NAMED})
    | st.fixed_dictionaries(
        {"role": st.just("assistant"), "content": TEXTS},
        optional={
            "reasoning_content": TEXTS.filter(str.strip),
            "tool_calls": st.lists(CALLS, min_size=1, max_size=2),
        },
    )
    | st.fixed_dictionaries({"role": st.just("tool"), "content": TEXTS, "tool_call_id": NAMED}),
    min_size=1,
    max_size=4,
)


def as_parts(message: Message) -> Message:
    half = len(message["content"]) // 2
    texts = [message["content"][:half], message["content"][half:]]
    return {**message, "content": [{"type": "text", "text": text} for text in texts]}


def as_sharegpt(message: Message) -> Message:
    names = {"user": "human", "assistant": "gpt", "tool": "observation"}
    rest = {name: held for name, held in message.items() if name not in ("role", "content")}
    return {"from": names[message["role"]], "value": message["content"], **rest}


def as_openai(message: Message) -> Message:
    if "tool_calls" not in message:
        return message
    called = [
        {**c, "function": {**c["function"], "arguments": json.dumps(c["function"]["arguments"])}}
        for c in message["tool_calls"]
    ]
    return {**message, "tool_calls": called}


@given(MESSAGES)
def test_messages_come_back_equal_from_every_make(messages: list[Message]) -> None:
    used: set[str] = set()
    assert read_conversation(messages, "chosen", used) == messages
    assert all(is_covered(path, used) for path in paths_of(messages, "chosen"))
    for change in (as_parts, as_sharegpt, as_openai):
        made = [change(message) for message in messages]
        used = set()
        assert read_conversation(made, "chosen", used) == messages
        assert all(is_covered(path, used) for path in paths_of(made, "chosen"))
    for kind, text in (("json", json.dumps(messages)), ("python", repr(messages))):
        assert tell_text_kind([text], "whole") == TextKind(kind, "messages")
        assert read_conversation(text, "it", set(), "user", TextKind(kind)) == messages
    wrapped = json.dumps({"messages": messages})
    assert read_conversation(wrapped, "it", set(), "user", TextKind("json")) == messages


@given(MESSAGES)
def test_lists_that_were_turned_over_come_back(messages: list[Message]) -> None:
    names = dict.fromkeys(name for message in messages for name in message)
    turned = {name: [message.get(name) for message in messages] for name in names}
    used: set[str] = set()
    assert read_conversation({"chosen": turned}["chosen"], "chosen", used) == messages
    assert all(is_covered(path, used) for path in paths_of(turned, "chosen"))

"""Values of any make: messages, tools, media, as people's rows hold them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pairsmith.schema.messages import Message
from pairsmith.sources.outcomes import UnreadableError
from pairsmith.sources.text_kinds import PLAIN, TextKind
from pairsmith.sources.values import (
    find_media,
    interleave,
    read_conversation,
    read_dialogue,
    read_tools,
)

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


def test_media_at_row_level() -> None:
    assert find_media({"messages": [], "images": ["basil.png"]}) == "images"
    assert (
        find_media({"images": [], "image": None, "image_caption": "Basil.", "has_image": 1}) is None
    )

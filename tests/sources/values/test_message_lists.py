"""Lists that hold messages in another way than one object a message."""

from __future__ import annotations

from typing import Any

import pytest

from pairsmith.schema.messages import Message
from pairsmith.sources.outcomes import UnreadableError
from pairsmith.sources.values.dialogues import read_conversation

CALL = {
    "type": "function",
    "function": {"name": "soil_moisture", "arguments": {"plant": "basil"}},
}


def read(value: Any) -> list[Message]:
    return read_conversation(value, "prompt", set())


def refuse(value: Any) -> str:
    with pytest.raises(UnreadableError) as raised:
        read(value)
    return raised.value.detail


def test_items_of_the_responses_api() -> None:
    items = [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Dry?"}]},
        {
            "type": "function_call",
            "call_id": "c1",
            "name": "soil_moisture",
            "arguments": '{"plant": "basil"}',
        },
        {"type": "function_call_output", "call_id": "c1", "output": "12 percent"},
    ]
    asked, called, result = read(items)
    assert asked == {"role": "user", "content": "Dry?"}
    assert called["tool_calls"] == [{**CALL, "id": "c1"}]
    assert result == {"role": "tool", "content": "12 percent", "tool_call_id": "c1"}


def test_lists_turned_over_that_do_not_fit() -> None:
    turned = {"role": ["user", "assistant"], "content": ["Dry?", "Yes."]}
    assert "differ in length" in refuse({**turned, "reasoning": ["Soil."]})
    assert "prompt has the field images" in refuse({**turned, "images": [[], ["a.png"]]})


def test_texts_of_which_not_all_are_messages_are_words() -> None:
    texts = ['{"role": "user", "content": "Dry?"}', '{"depth": 3}']
    assert [message["content"] for message in read(texts)] == texts

"""A message as Python has it, and what it may hold besides its role and its content.

Messages are dictionaries as chat templates and trainers read them: `role` and `content`, both
texts, and, only where there is one, each of `EXTRAS`. In columns these further fields travel as one
text of JSON, so that a table of plain messages stays as it is.
"""

from __future__ import annotations

import json
from typing import Any, TypeAlias

Message: TypeAlias = dict[str, Any]

EXTRAS = ("reasoning_content", "tool_calls", "tool_call_id", "name")
"""What a message may hold besides, in this order: what was thought before the reply; a list of
`{"type": "function", "function": {"name", "arguments"}}`, perhaps with an `id`, where arguments are
an object; of a result, the id of its call; and the name of the speaker or of the tool."""


def encode_extras(message: Message) -> str | None:
    """The further fields of a message as JSON; None where it has none.

    >>> encode_extras({"role": "tool", "content": "12 percent", "name": "soil_moisture"})
    '{"name": "soil_moisture"}'
    """
    held = {name: message[name] for name in EXTRAS if message.get(name) is not None}
    return encode_json(held) if held else None


def decode_extras(text: str | None) -> Message:
    """The inverse of `encode_extras`."""
    held: Message = json.loads(text) if text else {}
    return held


def encode_json(value: Any) -> str:
    """A value as JSON, its keys in the order in which they came, as templates write them."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def read_stored(message: Message) -> Message:
    """A message of a shard, as chat templates read it: nothing that is null, arguments as objects.

    Raises:
        ValueError: The arguments of a call are not JSON.
    """
    held = {name: value for name, value in message.items() if value is not None}
    if "tool_calls" in held:
        held["tool_calls"] = [_read_call(call) for call in held["tool_calls"]]
    return held


def _read_call(call: Message) -> Message:
    function = call["function"]
    read = {"name": function["name"], "arguments": json.loads(function["arguments"] or "{}")}
    named = {"id": call["id"]} if call.get("id") is not None else {}
    return {"type": call.get("type") or "function", **named, "function": read}

"""Pairs with tools, calls, reasoning and replies of several messages, as shards hold them."""

import json

WEATHER = {
    "type": "function",
    "function": {
        "name": "soil_moisture",
        "description": "How wet the soil of a pot is.",
        "parameters": {
            "type": "object",
            "properties": {"pot": {"type": "string"}, "depth": {"type": "number"}},
            "required": ["pot"],
        },
    },
}
WATER = {
    "type": "function",
    "function": {"name": "water", "parameters": {"type": "object", "properties": {}}},
}
FIELDS = ("role", "content", "reasoning_content", "tool_calls", "tool_call_id", "name")


def call(name, arguments, id=None):
    named = {} if id is None else {"id": id}
    return {"type": "function", **named, "function": {"name": name, "arguments": arguments}}


def said(role, content, **more):
    return {"role": role, "content": content, **more}


def as_stored(message):
    """A message as a shard of a build has it: every field, arguments as JSON."""
    stored = {name: message.get(name) for name in FIELDS}
    if stored["tool_calls"] is not None:
        stored["tool_calls"] = [
            {
                "id": one.get("id"),
                "type": "function",
                "function": {
                    "name": one["function"]["name"],
                    "arguments": json.dumps(one["function"]["arguments"]),
                },
            }
            for one in stored["tool_calls"]
        ]
    return stored


def as_row(id, prompt, chosen, rejected, tools=None, **more):
    """A row of a shard."""
    sides = {"prompt": prompt, "chosen": chosen, "rejected": rejected}
    return {
        "id": id,
        **{name: [as_stored(message) for message in held] for name, held in sides.items()},
        "tools": None if tools is None else json.dumps(tools),
        "notes": [],
        **more,
    }


ASK = [said("user", "Does the mint need water?")]
PLAIN = (ASK, [said("assistant", "Yes, a little.")], [said("assistant", "No idea.")])
THOUGHT = (
    ASK,
    [said("assistant", "Yes, a little.", reasoning_content="Mint likes damp soil.")],
    [said("assistant", "No.", reasoning_content="It is a cactus.")],
)
CALLS = (
    [said("system", "Look before you answer."), *ASK],
    [said("assistant", "", tool_calls=[call("soil_moisture", {"pot": "mint"}, "c1")])],
    [said("assistant", "", tool_calls=[call("water", {}, "c1")])],
)
ANSWERED = (
    [
        *ASK,
        said("assistant", "", tool_calls=[call("soil_moisture", {"pot": "mint"}, "c1")]),
        said("tool", "12 percent", tool_call_id="c1", name="soil_moisture"),
    ],
    [said("assistant", "Yes: it is at 12 percent.")],
    [said("assistant", "No.")],
)
TRAJECTORY = (
    ASK,
    [
        said("assistant", "", tool_calls=[call("soil_moisture", {"pot": "mint", "depth": 2.5})]),
        said("tool", "12 percent", name="soil_moisture"),
        said("assistant", "Yes: it is at 12 percent."),
    ],
    [said("assistant", "No.")],
)
TOLD = (ASK, [said("assistant", "Yes.")], [said("assistant", "I looked.", name="gardener")])
SEVERAL = (
    ASK,
    [said("assistant", "In a pot?"), said("user", "Yes."), said("assistant", "Then daily.")],
    [said("assistant", "Weekly.")],
)
PAIRS = {
    "plain": (*PLAIN, None),
    "thought": (*THOUGHT, None),
    "calls": (*CALLS, [WEATHER, WATER]),
    "answered": (*ANSWERED, [WEATHER]),
    "trajectory": (*TRAJECTORY, [WEATHER]),
    "told": (*TOLD, None),
    "several": (*SEVERAL, None),
}


def rows():
    """A row of a shard for each of `PAIRS`, its name the last part of the id."""
    return [as_row(f"pairs/train/{name}", *held) for name, held in PAIRS.items()]

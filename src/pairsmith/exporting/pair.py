"""A pair as trainers are given it, and what can make it one that a trainer has no place for."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from pairsmith.schema.messages import Message, read_stored
from pairsmith.schema.reasons import Reason

Row: TypeAlias = dict[str, Any]

SIDES = ("prompt", "chosen", "rejected")
OWN = ("id", *SIDES, "tools", "margin", "notes", "label_confidence")
"""Columns of a shard that are ours; any other was carried from the source."""


class Layout(NamedTuple):
    """What the pairs of a build may hold, so that all rows of an export can have the same fields.

    Attributes:
        tools: Whether shards have a column of tools.
        margin: Whether they have margins.
        several: Whether a reply is of several messages, in any pair.
    """

    tools: bool = False
    margin: bool = False
    several: bool = False


class Pair(NamedTuple):
    """One row of a shard of pairs. Contents are text or lists of messages, all three alike.

    Attributes:
        id: Subset, split and number.
        prompt: The shared turns; messages may begin with a system turn.
        chosen, rejected: The replies; in messages, lists of one or more, which begin with the
            assistant's and may go on with results of tools, or with other turns.
        tools: Definitions of the tools that may be called; None without any.
        margin: By how much chosen is better; None where that is not told.
        carried: Fields of the source that go along, by name.
        layout: What pairs of the same build may hold.
    """

    id: str
    prompt: Any
    chosen: Any
    rejected: Any
    tools: list[Any] | None = None
    margin: float | None = None
    carried: Mapping[str, Any] = MappingProxyType({})
    layout: Layout = Layout()

    @property
    def system(self) -> str | None:
        """The text of the system turn that the prompt begins with; None where there is none."""
        first: Message = self.prompt[0] if self.prompt else {}
        return first["content"] if first.get("role") == "system" else None

    @property
    def turns(self) -> list[Message]:
        """The prompt without the system turn that it begins with."""
        turns: list[Message] = self.prompt[self.system is not None :]
        return turns

    @property
    def replies(self) -> tuple[str, str]:
        """The texts of chosen and rejected, of a pair in messages with one message a side."""
        return self.chosen[0]["content"], self.rejected[0]["content"]

    @property
    def messages(self) -> list[Message]:
        """Every message of the pair; none of a pair in text."""
        return [] if isinstance(self.prompt, str) else self.prompt + self.chosen + self.rejected

    @property
    def tools_text(self) -> str | None:
        """The tools as one text of JSON; None without any."""
        return json.dumps(self.tools, ensure_ascii=False) if self.tools else None


def read_pair(row: Row, layout: Layout = Layout()) -> Pair:  # noqa: B008  (frozen)
    """A pair from a row of a shard: messages without nulls, arguments and tools as objects.

    Raises:
        ValueError: JSON in it is damaged.
    """
    tools, margin = row.get("tools"), row.get("margin")
    held = {name: row[name] for name in SIDES}
    if not isinstance(row["prompt"], str):
        held = {name: [read_stored(message) for message in held[name]] for name in SIDES}
    return Pair(
        row["id"],
        **held,
        tools=(json.loads(tools) if tools else None) or None,
        margin=margin if margin is not None and math.isfinite(margin) else None,
        carried={name: _finite(value) for name, value in row.items() if name not in OWN},
        layout=layout,
    )


def _finite(value: Any) -> Any:
    """A value that JSON can hold; NaN and infinities are None."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def write_arguments(messages: Iterable[Message]) -> list[Message]:
    """Messages whose calls have their arguments as a text of JSON, as OpenAI has them."""
    return [
        {**message, "tool_calls": [_write_call(call) for call in message["tool_calls"]]}
        if "tool_calls" in message
        else message
        for message in messages
    ]


def _write_call(call: Message) -> Message:
    function = call["function"]
    text = json.dumps(function["arguments"], ensure_ascii=False)
    return {**call, "function": {**function, "arguments": text}}


class Unfit(StrEnum):
    """Why a trainer's format has no place for a kept pair; named as the `Reason` where one is."""

    NO_PROMPT = "no_prompt"
    BAD_ROLES = Reason.BAD_ROLES.value
    EMPTY_REPLY = Reason.EMPTY_REPLY.value
    IDENTICAL = Reason.IDENTICAL.value
    EMPTY_SYSTEM = "empty_system"
    FOUND_ELSEWHERE = "found_elsewhere"
    SEVERAL_MESSAGES = "several_messages"
    TOOLS = "tools"
    TOOL_TURNS = "tool_turns"
    REASONING = "reasoning"
    SPEAKER_NAMES = "speaker_names"


EXPLANATIONS: dict[Unfit, str] = {
    Unfit.NO_PROMPT: "the prompt has no turn before the reply",
    Unfit.BAD_ROLES: "the prompt is not user, assistant, …, user after a system turn, if any",
    Unfit.EMPTY_REPLY: "a reply is blank",
    Unfit.IDENTICAL: "chosen and rejected are the same",
    Unfit.EMPTY_SYSTEM: "the system turn is blank, which the trainer takes for none",
    Unfit.FOUND_ELSEWHERE: "the trainer would look for the reply and find it in its own text",
    Unfit.SEVERAL_MESSAGES: "a reply is of several messages, and the trainer reads one",
    Unfit.TOOLS: "definitions of tools would not reach the trainer",
    Unfit.TOOL_TURNS: "calls of tools or their results would not reach the trainer whole",
    Unfit.REASONING: "reasoning beside a content would not reach the trainer",
    Unfit.SPEAKER_NAMES: "names of speakers would not reach the trainer",
}

Refuses: TypeAlias = Mapping[Unfit, Callable[[Pair], bool]]
"""The reasons for which a format leaves pairs out, each with its test, the first that applies."""


def has_no_prompt(pair: Pair) -> bool:
    """Whether nothing but a system turn comes before the replies. Text always has a prompt."""
    return not isinstance(pair.prompt, str) and not pair.turns


def has_bad_roles(pair: Pair) -> bool:
    """Whether the turns are not user, assistant, …, user.

    The results that follow a turn with calls count as one turn in the user's place.
    """
    wanted = (("user", "tool"), ("assistant",))
    roles: list[str] = []
    for turn in pair.turns:
        if turn["role"] != "tool" or roles[-1:] != ["tool"]:
            roles.append(turn["role"])
    if len(roles) % 2 == 0 or roles[0] != "user":
        return True
    return any(role not in wanted[place % 2] for place, role in enumerate(roles))


def has_empty_reply(pair: Pair) -> bool:
    """Whether a reply is blank, and calls nothing."""
    return any(
        not any(message["content"].strip() or message.get("tool_calls") for message in reply)
        for reply in (pair.chosen, pair.rejected)
    )


def has_empty_system(pair: Pair) -> bool:
    """Whether there is a system turn that says nothing."""
    return pair.system is not None and not pair.system.strip()


def is_identical(pair: Pair) -> bool:
    """Whether the replies are the same."""
    same: bool = pair.chosen == pair.rejected
    return same


def has_several_messages(pair: Pair) -> bool:
    """Whether a reply is of several messages."""
    return not isinstance(pair.prompt, str) and (len(pair.chosen) > 1 or len(pair.rejected) > 1)


def has_tools(pair: Pair) -> bool:
    """Whether tools are defined."""
    return bool(pair.tools)


def has_tool_turns(pair: Pair) -> bool:
    """Whether a message calls tools, or is the result of a call."""
    return any(m["role"] == "tool" or m.get("tool_calls") for m in pair.messages)


def has_reasoning(pair: Pair) -> bool:
    """Whether a message has reasoning beside its content."""
    return any("reasoning_content" in message for message in pair.messages)


def has_speaker_names(pair: Pair) -> bool:
    """Whether a message, other than the result of a tool, says who speaks."""
    return any("name" in m and m["role"] != "tool" for m in pair.messages)


RICH: Refuses = {
    Unfit.SEVERAL_MESSAGES: has_several_messages,
    Unfit.TOOLS: has_tools,
    Unfit.TOOL_TURNS: has_tool_turns,
    Unfit.REASONING: has_reasoning,
    Unfit.SPEAKER_NAMES: has_speaker_names,
}
"""What a pair may hold besides one text a message; a format names what of it it can hold."""

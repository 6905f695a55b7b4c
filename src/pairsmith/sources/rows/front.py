"""What stands in front of the replies of a row: system text, earlier turns, prompt, tools.

Read once a row, then joined with each reply to a whole conversation.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from pairsmith.schema.messages import Message
from pairsmith.schema.reasons import Reason
from pairsmith.sources.columnar.comparisons import TRANSCRIPT_START, UNLIKE_THE_FIRST
from pairsmith.sources.fields import paths_of, spell
from pairsmith.sources.outcomes import UnreadableError
from pairsmith.sources.rows.mapping import ledger_path, look_up, split_path
from pairsmith.sources.rows.shapes import RowShape
from pairsmith.sources.values.dialogues import interleave, read_dialogue, read_tools
from pairsmith.sources.values.literals import check_text
from pairsmith.sources.values.text_kinds import PLAIN

FRONT = ("prompt", "history", "input", "reply_start")
"""Roles of what a user says, or has said."""

SYSTEM_FIELDS = spell(
    *("system", "system_prompt", "system_message", "system_instruction", "system_instructions"),
)
TOOL_FIELDS = spell(
    *("tools", "functions", "available_tools", "available_functions", "tool_definitions"),
    *("tools_definition", "function_definitions", "tool_schemas", "tool_specs"),
)
HISTORY_FIELDS = spell("history")
"""Fields that are read beside any shape, whether or not it names them."""

_SYSTEMS, _TOOLS, _HISTORIES = (
    {name: place for place, name in enumerate(names)}
    for names in (SYSTEM_FIELDS, TOOL_FIELDS, HISTORY_FIELDS)
)

_MARKED = re.compile(TRANSCRIPT_START, re.ASCII)


class Look(NamedTuple):
    """A row that is being read.

    Attributes:
        row: The row.
        shape: What its fields are.
        used: Takes the paths that were read.
        tools: Takes the definitions of tools, as often as they are met.
    """

    row: dict[str, Any]
    shape: RowShape
    used: set[str]
    tools: list[list[dict[str, Any]]]

    def read(self, value: Any, at: str, role: str) -> list[Message]:
        """The messages of a value that plays a role.

        Raises:
            UnreadableError: They cannot be read.
        """
        speaker = role if role == "system" else "user" if role in FRONT else "assistant"
        kind = self.shape.kind_of(role)
        dialogue = read_dialogue(value, at, self.used, speaker, kind)
        if dialogue.tools:
            self.tools.append(dialogue.tools)
        return dialogue.messages

    def values(self, path: str) -> list[tuple[str, Any]]:
        """What stands in the fields of a path, each with how it is called in the ledger."""
        if path in self.row:  # nearly always
            return [(path, value) for value in look_up(self.row, path)]
        return [
            (ledger_path(part), value)
            for part in split_path(path)
            for value in look_up(self.row, part)
        ]

    def one(self, path: str) -> tuple[str, Any]:
        """The same of a path that must lead somewhere.

        Raises:
            UnreadableError: It does not.
        """
        held = self.values(path)
        if not held:
            raise UnreadableError(Reason.MALFORMED, f"the field {path} is missing or null")
        return held[0]


class Front(NamedTuple):
    """What every reply of a row follows.

    Attributes:
        system: The text of a system turn; None without one.
        history: Earlier turns.
        prompt: The messages of the prompt.
        listed: Whether the prompt came as messages, not as a text.
        begun: A text that every reply goes on from.
    """

    system: str | None
    history: list[Message]
    prompt: list[Message]
    listed: bool
    begun: str


def read_front(look: Look) -> Front:
    """Reads all of a row that is not a reply.

    Raises:
        UnreadableError: Something of it cannot be read.
    """
    prompt, listed = _read_prompt(look)
    for at, value in _beside(look, "tools", _TOOLS):
        if tools := read_tools(value, at, look.used):
            look.tools.append(tools)
    return Front(
        system=_read_system(look),
        history=_read_history(look),
        prompt=_add_input(prompt, _read_text(look, "input")),
        listed=listed,
        begun=_read_text(look, "reply_start"),
    )


def _read_prompt(look: Look) -> tuple[list[Message], bool]:
    """The prompt's messages, and whether they came as such."""
    path = look.shape.columns.get("prompt")
    if path is None:
        return [], True
    held = look.values(path)
    if not held:  # whole conversations have it in them
        return [], True
    if len(held) < 2:
        at, value = held[0]
        if (
            isinstance(value, str)
            and look.shape.kind_of("prompt") == PLAIN
            and _MARKED.match(value)
        ):
            raise UnreadableError(Reason.MALFORMED, UNLIKE_THE_FIRST)
        messages = look.read(value, at, "prompt")
        return messages, not isinstance(value, str) or len(messages) > 1
    return [{"role": "user", "content": _join_texts(look, path, held)}], False


def _read_text(look: Look, role: str) -> str:
    """The text of a role; empty where there is none."""
    path = look.shape.columns.get(role)
    return _join_texts(look, path, look.values(path)) if path else ""


def _join_texts(look: Look, path: str, held: list[tuple[str, Any]]) -> str:
    """The texts of several fields, with blank lines between them."""
    if not all(isinstance(value, str) for _, value in held):
        raise UnreadableError(Reason.UNREAD_CONTENT, f"what {path} holds is not text")
    look.used.update(at for at, _ in held)
    return check_text("\n\n".join(value for _, value in held if value.strip()), path)


def _add_input(prompt: list[Message], given: str) -> list[Message]:
    """The prompt with a text on a new line below it; see the shape `alpaca`."""
    if not given.strip():
        return prompt
    if not prompt or prompt[-1]["role"] != "user":
        said = "there is an input, and no user turn in front of it"
        raise UnreadableError(Reason.UNREAD_CONTENT, said)
    asked = prompt[-1]["content"]
    text = f"{asked}\n{given}" if asked.strip() else given
    return [*prompt[:-1], {**prompt[-1], "content": text}]


def _beside(look: Look, role: str, usual: dict[str, int]) -> list[tuple[str, Any]]:
    """What a row has for a role: in the field that is named, or in those of usual names."""
    columns = look.shape.columns
    paths = [columns[role]] if role in columns else []
    here = sorted(look.row.keys() & usual.keys(), key=usual.__getitem__)
    if beside := [name for name in here if paths_of(look.row[name])]:
        taken = {part for path in columns.values() for part in split_path(path)}
        paths += [name for name in beside if name not in taken]
    return [held for path in paths for held in look.values(path)]


def _read_system(look: Look) -> str | None:
    texts = []
    for at, value in _beside(look, "system", _SYSTEMS):
        messages = look.read(value, at, "system")
        texts += [message["content"] for message in messages if message["content"].strip()]
        if any(message["role"] != "system" for message in messages):
            raise UnreadableError(Reason.UNREAD_CONTENT, f"the field {at} is no system text")
    if len({text.strip() for text in texts}) > 1:
        raise UnreadableError(Reason.MALFORMED, "two fields hold different system texts")
    return texts[0] if texts else None


def _read_history(look: Look) -> list[Message]:
    for at, value in _beside(look, "history", _HISTORIES):
        if isinstance(value, str) and not value.strip():
            look.used.add(at)
        elif messages := look.read(value, at, "history"):
            if isinstance(value, str) and len(messages) == 1:
                said = f"the field {at} is a text that does not tell who speaks"
                raise UnreadableError(Reason.UNREAD_CONTENT, said)
            return messages
    return []


def is_texts(value: Any) -> bool:
    """Whether a value is a list of texts and of nothing else."""
    return isinstance(value, list) and bool(value) and all(isinstance(v, str) for v in value)


def join(front: Front, reply: list[Message], at: str) -> list[Message]:
    """A whole conversation of what stands in front and one reply, which may be whole already.

    Raises:
        UnreadableError: The two do not go together.
    """
    body = _join_prompt(front, _begin(front.begun, reply), at)
    return _add_system(front.system, _add_history(front.history, body))


def _begin(begun: str, reply: list[Message]) -> list[Message]:
    if not begun:
        return reply
    if not reply or reply[0]["role"] != "assistant":
        said = "the replies do not go on from the text that they begin with"
        raise UnreadableError(Reason.UNREAD_CONTENT, said)
    return [{**reply[0], "content": begun + reply[0]["content"]}, *reply[1:]]


def is_alone(reply: list[Message]) -> bool:
    """Whether a reply holds no prompt: nobody but the assistant and tools speak in it."""
    return all(message["role"] in ("assistant", "tool") for message in reply)


def _join_prompt(front: Front, reply: list[Message], at: str) -> list[Message]:
    prompt = front.prompt
    if is_alone(reply):
        if not prompt and not front.history:
            said = f"{at} is a reply alone, and there is no prompt"
            raise UnreadableError(Reason.MALFORMED, said)
        return interleave(prompt, reply, at)
    if not front.listed or _begins(reply, prompt):
        return reply  # the prompt is repeated, in whatever form
    if prompt and prompt[0]["role"] == "system" and _begins(reply, prompt[1:]):
        return [prompt[0], *reply]
    return [*prompt, *reply]


def holds(conversations: list[list[Message]], messages: list[Message]) -> bool:
    """Whether all contents of some messages stand in one of the conversations."""
    said = [message["content"] for turns in conversations for message in turns]
    return all(any(m["content"].strip() in content for content in said) for m in messages)


def _add_history(history: list[Message], body: list[Message]) -> list[Message]:
    opening = 1 if body and body[0]["role"] == "system" else 0
    if not history or _begins(body[opening:], history) or _begins(body, history):
        return body
    if opening and history[0]["role"] == "system":
        return [*_add_system(history[0]["content"], body)[:1], *history[1:], *body[1:]]
    return [*body[:opening], *history, *body[opening:]]


def _add_system(system: str | None, body: list[Message]) -> list[Message]:
    if system is None:
        return body
    held = next((message for message in body if message["role"] == "system"), None)
    if held is None:
        return [{"role": "system", "content": system}, *body]
    if held["content"].strip() != system.strip():
        said = "there is a field system, and another system message besides"
        raise UnreadableError(Reason.MALFORMED, said)
    return body


def _begins(whole: list[Message], part: list[Message]) -> bool:
    """Whether a conversation begins with these messages, but for white space around contents."""
    return len(part) <= len(whole) and all(map(_same, whole, part))


def _same(one: Message, other: Message) -> bool:
    trimmed = ({**message, "content": message["content"].strip()} for message in (one, other))
    return next(trimmed) == next(trimmed)

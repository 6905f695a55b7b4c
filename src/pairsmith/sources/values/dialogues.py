"""A value of any make to messages: what rows hold where a prompt, a reply or a conversation stands.

The functions take values as `json.loads` gives them, know nothing of rows or columns, and raise
nothing but `UnreadableError`. What a value is named in sentences and in paths is given with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from pairsmith.schema.messages import Message
from pairsmith.sources.fields import join_path
from pairsmith.sources.values.chat_messages import WHAT, is_message, read_message, speak
from pairsmith.sources.values.content_parts import is_part
from pairsmith.sources.values.literals import (
    check_text,
    malformed,
    parse_json,
    parse_python,
    unread,
)
from pairsmith.sources.values.marked import read_marked
from pairsmith.sources.values.media import find_media
from pairsmith.sources.values.message_lists import (
    find_exchange,
    is_turned,
    read_exchanges,
    read_list,
    read_parts,
    read_turned,
)
from pairsmith.sources.values.templated import read_templated
from pairsmith.sources.values.text_kinds import PLAIN, TextKind
from pairsmith.sources.values.tool_calls import read_definitions

__all__ = [
    "Dialogue",
    "find_media",
    "interleave",
    "read_conversation",
    "read_dialogue",
    "read_tools",
]

_TOLD = {"json": "JSON", "python": "Python"}
_LISTS = ("messages", "conversations", "conversation")
_TOOLS = ("tools", "functions")
Tools = list[dict[str, Any]]


class Dialogue(NamedTuple):
    """A conversation, and the tools that stand beside its messages; None without any."""

    messages: list[Message]
    tools: Tools | None = None


def read_conversation(
    value: Any, at: str, used: set[str], speaker: str = "user", kind: TextKind = PLAIN
) -> list[Message]:
    """The messages of a value of any make.

    Args:
        value: A text: one message of `speaker`, or taken apart by its kind; a message object
            `{role, content, …}` or `{from, value}`; a list of messages; a list of content parts,
            which is one message of `speaker`; a list of texts, each a message of `speaker` (see
            `interleave`); a list of [question, answer]; a list of {input, output};
            `{"messages": […]}`, perhaps with a `system` text.
        at: Its path, which also names it in sentences.
        used: Takes the paths that were read; what is not in it was left alone.
        speaker: Who says a text that is no conversation: user, assistant, system or tool.
        kind: What the texts of its column are, see `text_kinds`.

    Returns:
        The messages; none of an empty list.

    Raises:
        UnreadableError: `malformed`, or `unread_content` where something that decides what is
            meant cannot be read; so too where tools stand beside the messages, which
            `read_dialogue` gives.
    """
    dialogue = read_dialogue(value, at, used, speaker, kind)
    if dialogue.tools:
        raise unread(f"{at} holds tools beside its messages")
    return dialogue.messages


def read_dialogue(
    value: Any, at: str, used: set[str], speaker: str = "user", kind: TextKind = PLAIN
) -> Dialogue:
    """As `read_conversation`, with the tools of `{"messages": […], "tools": […]}`.

    Raises:
        UnreadableError: As there.
    """
    if isinstance(value, str):
        used.add(at)
        return _read_text(value, at, speaker, kind)
    if isinstance(value, dict) and (is_turned(value) or not is_message(value)):
        return _read_object(value, at, used, speaker)
    if isinstance(value, dict):
        return Dialogue(read_message(value, at, at, used, speaker))
    if isinstance(value, list):
        return Dialogue(read_list(value, at, used, speaker))
    raise malformed(f"{at} is null" if value is None else f"{at} is neither text nor messages")


def read_tools(value: Any, at: str, used: set[str]) -> Tools | None:
    """The definitions of tools in a value; None where it is blank.

    Args:
        value: A list of definitions, JSON text of one, the former `functions`, or an object that
            has `tools` or `functions`.
        at: Its path.
        used: Takes the path.

    Raises:
        UnreadableError: `unread_content`: it is no such thing.
    """
    tools = read_definitions(value, at)
    if tools:
        used.add(at)
    return tools


def interleave(prompt: Sequence[Message], reply: Sequence[Message], at: str) -> list[Message]:
    """A conversation of which questions and answers stand in lists of their own.

    Args:
        prompt: What `read_conversation` made of the prompt.
        reply: What it made of the reply.
        at: What to call the reply in a sentence.

    Returns:
        Question i before answer i where the prompt is several messages of the user's and nothing
        else; otherwise the one list behind the other.

    Raises:
        UnreadableError: `malformed`: there are several questions, and another number of answers.
    """
    asked = [message for message in prompt if message["role"] != "system"]
    answered = all(message["role"] == "assistant" for message in reply)
    if len(asked) < 2 or not answered or any(one["role"] != "user" for one in asked):
        return [*prompt, *reply]
    if len(asked) != len(reply):
        raise malformed(f"{at} has another number of answers than the prompt has questions")
    front = [message for message in prompt if message["role"] == "system"]
    return [*front, *(one for pair in zip(asked, reply, strict=True) for one in pair)]


def _read_text(text: str, at: str, speaker: str, kind: TextKind) -> Dialogue:
    check_text(text, at)
    if kind.name in ("json", "python"):
        parse = parse_json if kind.name == "json" else parse_python
        value = parse(text, at)
        named = isinstance(value, dict) and (
            is_message(value) or is_turned(value) or any(value.get(name) for name in _LISTS)
        )
        if not named and not isinstance(value, list):
            raise malformed(f"{at} is not {_TOLD[kind.name]} text of messages")
        return read_dialogue(value, at, set(), speaker)
    if kind.name == "templated":
        return Dialogue(read_templated(text, at, kind.detail, speaker))
    if kind.name == "transcript":
        return Dialogue(read_marked(text, at, kind.detail, speaker))
    return Dialogue(speak(text, speaker))


def _read_object(value: dict[str, Any], at: str, used: set[str], speaker: str) -> Dialogue:
    """`{"messages": …}`, a part, an exchange, or a message that does not say whose it is."""
    if media := find_media(value):
        raise unread(f"{at} has the field {media}, which is not read")
    held = [name for name in _LISTS if value.get(name) is not None]
    if len(held) > 1:
        raise malformed(f"{at} has the fields {held[0]} and {held[1]}")
    if held:
        return _read_wrapped(value, held[0], at, used)
    if is_turned(value):
        return Dialogue(read_turned(value, at, used))
    if is_part(value):
        return Dialogue(read_parts(value, at, used, speaker))
    if find_exchange(value):
        return Dialogue(read_exchanges([value], at, at, used))
    if any(isinstance(value.get(name), str | list) for name in WHAT):
        return Dialogue(read_message(value, at, at, used, speaker))
    raise malformed(f"{at} is an object, but neither a message nor {{messages}}")


def _read_wrapped(value: dict[str, Any], name: str, at: str, used: set[str]) -> Dialogue:
    path = join_path(at, name)
    if value.get("documents"):
        raise unread(f"{at} has the field documents, which is not read")
    if isinstance(value[name], dict) and is_turned(value[name]):
        messages = read_turned(value[name], path, used)
    elif isinstance(value[name], list):
        messages = read_list(value[name], path, used, "user")
    else:
        raise malformed(f"{path} is not a list")
    tools = None
    for field in _TOOLS:
        if value.get(field):
            found = read_tools(value[field], join_path(at, field), used)
            if tools and found != tools:
                raise unread(f"{at} has the fields {_TOOLS[0]} and {_TOOLS[1]}, and not alike")
            tools = found
    system = value.get("system")
    if system is not None and not isinstance(system, str):
        raise unread(f"{at} has the field system, which is not text")
    if system is not None:
        used.add(join_path(at, "system"))
        messages = _lead(speak(check_text(system, at), "system"), messages, at)
    return Dialogue(messages, tools)


def _lead(system: list[Message], messages: list[Message], at: str) -> list[Message]:
    """The messages with a system turn in front, unless they have the same."""
    if not system or not messages or messages[0]["role"] != "system":
        return [*system, *messages]
    if messages[0]["content"].strip() != system[0]["content"].strip():
        raise malformed(f"{at} has a field system, and another system turn")
    return messages

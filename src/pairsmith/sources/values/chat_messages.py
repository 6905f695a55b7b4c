"""One message object of any make to messages as `schema.messages` has them.

An object says who speaks and what: `{role, content}`, ShareGPT's `{from, value}`, and others by
these names. What it says besides is read (reasoning, calls of tools, the id of a result), is a
fault where it decides what the message means and cannot be read, or is left alone.
"""

from __future__ import annotations

from typing import Any

from pairsmith.schema.messages import Message
from pairsmith.sources.fields import join_path
from pairsmith.sources.values.content_parts import Content, read_content
from pairsmith.sources.values.literals import check_text, malformed, unread
from pairsmith.sources.values.media import find_media, is_filled
from pairsmith.sources.values.roles import CALLS, read_role
from pairsmith.sources.values.tool_calls import Call, make_call, read_calls

WHO = ("role", "from", "speaker")
"""The last one only where there is none of the others, beside which it is but a name."""
WHAT = ("content", "value", "text", "message", "parts")
REASONING = (
    *("reasoning_content", "reasoning", "thinking", "thought", "thoughts"),
    *("reasoning_text", "thinking_content", "think"),
)
_PLAIN = {"role", "content"}
_CALL_ID = ("tool_call_id", "tool_use_id", "call_id")
_NAME = ("name", "tool_name")
_UNREAD = {
    *("refusal", "tool_call", "tool_use", "tool_result", "tool_results", "tool_responses"),
    *("tools", "functions", "function", "documents", "files", "attachments", "reasoning_details"),
}
"""Fields that decide what a message means, and that are not read where they hold anything."""
_FINAL = "final"
"""The one channel of harmony's messages that is said to the user."""


def speak(text: str, speaker: str) -> list[Message]:
    """The message of a speaker; none of a system text that is blank."""
    if speaker == "system" and not text.strip():
        return []
    return [{"role": speaker, "content": text}]


def is_message(value: Any) -> bool:
    """Whether a value looks like a message: an object that says who speaks."""
    return isinstance(value, dict) and any(name in value for name in WHO)


def read_message(
    value: dict[str, Any], what: str, at: str, used: set[str], speaker: str | None = None
) -> list[Message]:
    """Reads one message object.

    Args:
        value: The object.
        what: What to call it in a sentence, as `message 1 of prompt`.
        at: Its path.
        used: Takes the paths that were read.
        speaker: The role where the object names none; None where it must.

    Returns:
        One message; none of a blank system turn; several of one that holds results of tools.

    Raises:
        UnreadableError: `malformed` or `unread_content`, and what of it.
    """
    if value.keys() == _PLAIN and all(isinstance(held, str) for held in value.values()):
        role = read_role(value["role"], what)
        if role != CALLS:  # by far the most of all messages, and all that there is to them
            used |= {join_path(at, name) for name in _PLAIN}
            content = check_text(value["content"], what)
            return speak(content, role)
    _refuse_unread(value, what)
    who = _agree(value, WHO[:2], what, "role") or _agree(value, WHO[2:], what, "role")
    role = read_role(value[who[0]] if who else speaker, what)
    used |= {join_path(at, name) for name in who}
    calls = _read_calls(value, role, what, at, used)
    if role == CALLS:
        held = Content("")
        role = "assistant"
    else:
        held = _read_content(value, bool(calls), what, at, used)
    calls += held.calls
    thought = _read_reasoning(value, held.reasoning, what, at, used)
    if (calls or thought) and role != "assistant":
        said = "tool calls" if calls else "reasoning"
        raise unread(f"{what} has {said}, and is not the assistant's")
    if held.results:
        return _split_results(held, role, what)
    message: Message = {"role": role, "content": held.text}
    if thought:
        message["reasoning_content"] = thought
    if calls:
        message["tool_calls"] = calls
    _read_names(value, message, what, at, used)
    return [] if role == "system" and not held.text.strip() else [message]


def _refuse_unread(value: dict[str, Any], what: str) -> None:
    media = find_media(value)
    held = (name for name in value if name in _UNREAD and is_filled(value[name]))
    field = media or next(held, None)
    if field is None and value.get("channel") not in (None, "", _FINAL):
        field = "channel"
    if field:
        raise unread(f"{what} has the field {field}, which is not read")


def _agree(value: dict[str, Any], names: tuple[str, ...], what: str, meant: str) -> list[str]:
    """The names that are filled, of a thing that has several; what they hold must be equal."""
    filled = [name for name in names if value.get(name) is not None]
    held = [value[name] for name in filled]
    if len(held) > 1 and not (all(isinstance(one, str) for one in held) and len(set(held)) == 1):
        raise malformed(f"{what} gives its {meant} twice, and not alike")
    return filled


def _read_content(
    value: dict[str, Any], called: bool, what: str, at: str, used: set[str]
) -> Content:
    held = _agree(value, WHAT, what, "content")
    if not held or value[held[0]] == []:
        if called:
            return Content("")
        raise malformed(f"{what} has no content")
    for name in held:
        content = read_content(value[name], what, join_path(at, name), used)
    return content


def _read_calls(value: dict[str, Any], role: str, what: str, at: str, used: set[str]) -> list[Call]:
    """The calls in `tool_calls`, in the former `function_call`, or that the content is."""
    calls: list[Call] = []
    if is_filled(value.get("tool_calls")):
        calls += read_calls(value["tool_calls"], what)
        used |= _paths_of_calls(value["tool_calls"], join_path(at, "tool_calls"))
    former = value.get("function_call")
    if is_filled(former):
        if not isinstance(former, dict):
            raise unread(f"{what} has the field function_call, which is not read")
        call = make_call(former.get("name"), former.get("arguments"), None, what)
        if calls and [one["function"] for one in calls] != [call["function"]]:
            raise unread(f"{what} has the fields tool_calls and function_call, and not alike")
        calls = calls or [call]
        used |= {join_path(at, f"function_call.{name}") for name in ("name", "arguments")}
    if role == CALLS:
        held = _agree(value, WHAT, what, "content")
        if not held:
            raise malformed(f"{what} has no content")
        if not (said := read_calls(value[held[0]], what)):
            raise unread(f"{what} is a tool call that cannot be read")
        calls += said
        used |= {join_path(at, name) for name in held}
    return calls


def _paths_of_calls(value: Any, at: str) -> set[str]:
    """What is read of calls: a text whole, of objects the fields that make a call."""
    if isinstance(value, str):
        return {at}
    inner = f"{at}[]" if isinstance(value, list) else at
    flat = {f"{inner}.{name}" for name in ("id", "type", "name", "arguments", "parameters")}
    nested = {f"{inner}.function.{name}" for name in ("name", "arguments", "parameters")}
    others = {f"{inner}.{name}" for name in ("input", "args")}
    calls = value if isinstance(value, list) else [value]
    texts = {inner} if any(isinstance(call, str) for call in calls) else set()
    named = {
        f"{inner}.function"
        for call in calls
        if isinstance(call, dict) and isinstance(call.get("function"), str)
    }
    return flat | nested | others | texts | named


def _read_reasoning(value: dict[str, Any], inside: str, what: str, at: str, used: set[str]) -> str:
    found = [inside] if inside.strip() else []
    for name in REASONING:
        held = value.get(name)
        if held is None or held == [] or held is False or held is True:
            continue
        if isinstance(held, list):
            parts = read_content(held, what, join_path(at, name), used)
            held = parts.reasoning + parts.text
        if not isinstance(held, str):
            raise unread(f"{what} has the field {name}, which is not text")
        used.add(join_path(at, name))
        if held.strip():
            found.append(check_text(held, what))
    if len(set(found)) > 1:
        raise malformed(f"{what} gives its reasoning twice, and not alike")
    return found[0] if found else ""


def _split_results(content: Content, role: str, what: str) -> list[Message]:
    """Results inside a turn of the user's, as Anthropic has them: turns of tools, then the text."""
    if role not in ("user", "tool"):
        raise unread(f"{what} has a tool's result, and is neither the user's nor a tool's")
    messages: list[Message] = []
    for result in content.results:
        message = {"role": "tool", "content": result.text}
        messages.append({**message, "tool_call_id": result.id} if result.id else message)
    if content.text.strip():
        messages.append({"role": role, "content": content.text})
    return messages


def _read_names(
    value: dict[str, Any], message: Message, what: str, at: str, used: set[str]
) -> None:
    for field, names in (("tool_call_id", _CALL_ID), ("name", _NAME)):
        held = _agree(value, names, what, field)
        if not held or value[held[0]] == "":
            continue
        if not isinstance(value[held[0]], str):
            raise malformed(f"the {field} of {what} is not text")
        message[field] = check_text(value[held[0]], what)
        used |= {join_path(at, name) for name in held}


def merge_calls(messages: list[Message], is_call: list[bool]) -> list[Message]:
    """Calls that were given as turns of their own: those side by side were made at once."""
    merged: list[Message] = []
    for place, message in enumerate(messages):
        if place and is_call[place] and is_call[place - 1]:
            merged[-1]["tool_calls"] += message["tool_calls"]
        else:
            merged.append(message)
    return merged

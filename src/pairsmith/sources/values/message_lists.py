"""Lists of any make to messages: of messages, texts, parts, questions with answers, API items."""

from __future__ import annotations

from typing import Any

from pairsmith.schema.messages import Message
from pairsmith.sources.fields import join_path
from pairsmith.sources.outcomes import UnreadableError
from pairsmith.sources.values.chat_messages import (
    REASONING,
    WHAT,
    WHO,
    is_message,
    merge_calls,
    read_message,
    speak,
)
from pairsmith.sources.values.content_parts import is_part, read_content
from pairsmith.sources.values.literals import check_text, malformed, parse_json, unread
from pairsmith.sources.values.media import find_media
from pairsmith.sources.values.roles import CALLS, ROLES
from pairsmith.sources.values.tool_calls import make_call

MOST_MESSAGES = 10_000
_EXCHANGES = (
    *(("input", "output"), ("prompt", "response"), ("question", "answer"), ("query", "response")),
    *(("human", "assistant"), ("human", "gpt"), ("human", "bot"), ("user", "assistant")),
    *(("user", "bot"), ("instruction", "output"), ("instruction", "response")),
)
"""The names of the two sides of an exchange, in lists of them."""
_SPEAKERS = {"human", "user", "assistant", "gpt", "bot", "chatbot", "system"}
"""Names that are fields of texts, in lists of turns that have one field each."""
_ITEMS = ("function_call", "function_call_output")
"""The types of items of OpenAI's Responses API that are no messages, and are read."""


def read_list(value: list[Any], at: str, used: set[str], speaker: str) -> list[Message]:
    """The messages of a list; see `values.read_conversation`.

    Raises:
        UnreadableError: As there.
    """
    if len(value) > MOST_MESSAGES:
        raise malformed(f"{at} holds more than {MOST_MESSAGES:,} items")
    if not value:
        return []
    inner = f"{at}[]"
    if all(is_message(item) or _is_item(item) for item in value):
        return _read_messages(value, at, inner, used)
    if all(isinstance(item, str) for item in value):
        used.add(inner)
        if parsed := _parse_messages(value):
            return _read_messages(parsed, at, "", set())
        return [one for item in value for one in speak(check_text(item, at), speaker)]
    if all(isinstance(item, list) and len(item) == 2 for item in value):
        return _read_history(value, at, used)
    if all(isinstance(item, dict) and find_exchange(item) for item in value):
        return read_exchanges(value, at, inner, used)
    if all(_is_lone(item) for item in value):
        return _read_lone(value, at, inner, used)
    if all(isinstance(item, str) or is_part(item) for item in value):
        return read_parts(value, at, used, speaker)
    if any(is_message(item) for item in value):
        place = next(place for place, item in enumerate(value, 1) if not is_message(item))
        null = value[place - 1] is None
        raise malformed(f"message {place} of {at} {'is null' if null else 'has no role'}")
    raise malformed(f"{at} is a list, but not of messages{_name_fields(value[0])}")


def _name_fields(item: Any) -> str:
    """What an object has that would be a message, in words; empty for anything else."""
    if not isinstance(item, dict) or not item:
        return ""
    names = ", ".join(str(name)[:20] for name in list(item)[:4])
    return f": its items have {names}{', …' if len(item) > 4 else ''}, not role and content"


def _parse_messages(texts: list[str]) -> list[Any] | None:
    """The messages of a list of texts, each JSON of one; None where any is something else."""
    if not all(text.lstrip().startswith("{") for text in texts):
        return None
    try:
        values = [parse_json(text, "it") for text in texts]
    except UnreadableError:
        return None
    said = all(is_message(value) and value.keys() & {*WHAT, "tool_calls"} for value in values)
    return values if said else None


def _is_item(value: Any) -> bool:
    return isinstance(value, dict) and value.get("type") in _ITEMS and not is_message(value)


def _read_item(item: dict[str, Any], what: str, at: str, used: set[str]) -> Message:
    """A call of a tool, or its result, that stands among messages."""
    used |= {join_path(at, name) for name in ("type", "call_id", "name", "arguments", "output")}
    id = item.get("call_id")
    if item["type"] == _ITEMS[0]:
        call = make_call(item.get("name"), item.get("arguments"), id, what)
        return {"role": "assistant", "content": "", "tool_calls": [call]}
    if not isinstance(item.get("output"), str) or not isinstance(id, str | None):
        raise unread(f"{what} has a tool's result that is no text")
    result = {"role": "tool", "content": check_text(item["output"], what)}
    return {**result, "tool_call_id": check_text(id, what)} if id else result


def _read_messages(value: list[Any], at: str, inner: str, used: set[str]) -> list[Message]:
    messages: list[Message] = []
    called: list[bool] = []
    for place, item in enumerate(value, 1):
        what = f"message {place} of {at}"
        if _is_item(item):
            messages.append(_read_item(item, what, inner, used))
            called.append("tool_calls" in messages[-1])
            continue
        read = read_message(item, what, inner, used)
        names = (item.get(name) for name in WHO)
        is_call = any(
            isinstance(name, str) and ROLES.get(name.strip().lower()) == CALLS for name in names
        )
        messages += read
        called += [is_call] * len(read)
    return merge_calls(messages, called)


def _is_lone(item: Any) -> bool:
    """Whether an item is a text under the name of who says it, as `{"human": "Hi."}`."""
    return (
        isinstance(item, dict)
        and len(item) == 1
        and all(name.lower() in _SPEAKERS and isinstance(text, str) for name, text in item.items())
    )


def _read_lone(value: list[Any], at: str, inner: str, used: set[str]) -> list[Message]:
    messages: list[Message] = []
    for item in value:
        for name, text in item.items():
            used.add(join_path(inner, name))
            messages += speak(check_text(text, at), ROLES[name.lower()])
    return messages


def is_turned(value: Any) -> bool:
    """Whether an object holds lists of roles and of contents: a list of messages, turned over.

    `datasets` makes these of a `Sequence` of objects.
    """
    if not isinstance(value, dict):
        return False
    who = [name for name in WHO if isinstance(value.get(name), list)]
    what = [name for name in WHAT if isinstance(value.get(name), list)]
    return bool(who and what) and len(value[who[0]]) == len(value[what[0]])


def read_turned(value: dict[str, Any], at: str, used: set[str]) -> list[Message]:
    """The messages of lists of their fields.

    Raises:
        UnreadableError: As of a list of messages; lists that differ in length are `malformed`.
    """
    columns = {name: held for name, held in value.items() if held is not None}
    number = next(len(columns[name]) for name in WHO if isinstance(columns.get(name), list))
    if number > MOST_MESSAGES:
        raise malformed(f"{at} holds more than {MOST_MESSAGES:,} items")
    told = {*WHO, *WHAT, *REASONING}
    for name, held in columns.items():
        is_column = isinstance(held, list) and len(held) == number
        if not is_column and (name in told or held):
            raise malformed(f"{at} holds lists of fields that differ in length")
    filled = {name: held for name, held in columns.items() if held}
    items = [{name: held[place] for name, held in filled.items()} for place in range(number)]
    read: set[str] = set()
    messages = _read_messages(items, at, "", read)
    for path in read:
        cut = next((place for place, letter in enumerate(path) if letter in ".["), len(path))
        used.add(f"{join_path(at, path[:cut])}[]{path[cut:]}")
    return messages


def read_parts(value: Any, at: str, used: set[str], speaker: str) -> list[Message]:
    """Parts without a message around them, which are what one message of `speaker` holds."""
    bare = {"role": speaker, "content": value}
    content = read_content(value, at, at, used)
    if not (content.reasoning or content.calls or content.results):
        return speak(content.text, speaker)
    return read_message(bare, at, "", set())


def _read_history(value: list[Any], at: str, used: set[str]) -> list[Message]:
    """[question, answer] pairs; the first question may be null, and the last answer."""
    used.add(f"{at}[][]")
    messages: list[Message] = []
    for place, (question, answer) in enumerate(value, 1):
        missing = (question is None and place > 1) or (answer is None and place < len(value))
        texts = all(text is None or isinstance(text, str) for text in (question, answer))
        if missing or not texts or (question is None and answer is None):
            raise malformed(f"item {place} of {at} is not a question and an answer")
        for role, text in (("user", question), ("assistant", answer)):
            if text is not None:
                messages.append({"role": role, "content": check_text(text, at)})
    return messages


def find_exchange(value: dict[str, Any]) -> tuple[str, str] | None:
    """The names of the two sides of an exchange, where an object is one."""
    found = [
        pair
        for pair in _EXCHANGES
        if isinstance(value.get(pair[0]), str) and isinstance(value.get(pair[1]), str)
    ]
    return found[0] if len(found) == 1 else None


def read_exchanges(value: list[Any], at: str, inner: str, used: set[str]) -> list[Message]:
    """The messages of a list of exchanges, whose items have the path `inner`.

    Raises:
        UnreadableError: An item is no exchange, or holds more than one.
    """
    messages: list[Message] = []
    for place, item in enumerate(value, 1):
        pair = find_exchange(item)
        if pair is None:
            raise malformed(f"item {place} of {at} is not a question and an answer")
        other = next((name for name in ("system", "tools", "history") if item.get(name)), None)
        if media := find_media(item) or other:
            raise unread(f"item {place} of {at} has the field {media}, which is not read")
        for role, name in zip(("user", "assistant"), pair, strict=True):
            used.add(join_path(inner, name))
            messages.append({"role": role, "content": check_text(item[name], at)})
    return messages

"""What one value of a row looks like, and which field holds what the replies answer."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, TypeAlias

from pairsmith.sources.rows import known_fields as known
from pairsmith.sources.rows.mapping import Columns, unfold

Row: TypeAlias = dict[str, Any]
Told: TypeAlias = tuple[str, Columns]
"""A name for `--from` and the roles that decide it."""

_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


def words_of(name: str) -> list[str]:
    """The words of a field's name, in small letters.

    >>> words_of("chosen_avg-rating"), words_of("responseA2")
    (['chosen', 'avg', 'rating'], ['response', 'a', '2'])
    """
    return [word.lower() for word in _WORDS.findall(name)]


def fill(row: Row) -> Row:
    """The fields of a row that hold anything."""
    return {
        name: value
        for name, value in row.items()
        if value is not None and value != "" and value != [] and value != {}
    }


def is_text(value: Any) -> bool:
    """Whether a value is a text, be it blank."""
    return isinstance(value, str)


def is_said(value: Any) -> bool:
    """Whether a value may be a text, a message, messages or several replies."""
    if isinstance(value, list):
        return bool(value) and all(isinstance(item, str | dict | list) for item in value[:3])
    return isinstance(value, str) or (isinstance(value, dict) and _is_message(value))


def _is_message(value: Row) -> bool:
    return bool(value.keys() & {"role", "from", "content", "value", "messages"})


def is_whole(value: Any) -> bool:
    """Whether a value is a conversation in which more than the assistant speaks."""
    if isinstance(value, dict):
        value = value.get("messages", value.get("conversations"))
    if not isinstance(value, list):
        return False
    said = [item.get("role", item.get("from")) for item in value if isinstance(item, dict)]
    return any(isinstance(r, str) and r.lower() in ("user", "human", "prompter") for r in said)


def is_alone(value: Any) -> bool:
    """Whether a list of messages is a reply without what it answers."""
    return isinstance(value, list) and bool(value) and not is_whole(value)


def is_number(value: Any) -> bool:
    """Whether a value is a number, or the text of one."""
    if isinstance(value, str):
        return re.fullmatch(r"[+-]?\d+(\.\d*)?(e[+-]?\d+)?", value.strip()[:40]) is not None
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_flag(value: Any) -> bool:
    """Whether a value is true or false."""
    return isinstance(value, bool)


def find_prompt(row: Row, taken: Iterable[str]) -> Columns | None:
    """The field that the replies answer, and one that goes on from it; None without any."""
    left = {name: value for name, value in row.items() if name not in set(taken)}
    spelt = {"_".join(words_of(name)): name for name in left} | {name: name for name in left}
    for name in known.PROMPTS:
        own = spelt.get(name, name)
        if path := _prompt_in(own, left.get(own), name in known.LISTED_PROMPTS):
            below = spelt.get("input") if name == "instruction" else None
            told = {"input": below} if below and is_text(left[below]) else {}
            return {"prompt": path, **told}
    info = unfold(left.get("info"))
    if isinstance(info, dict) and any(is_text(info.get(name)) for name in known.POSTS[1:]):
        return {"prompt": "+".join(f"info.{name}" for name in known.POSTS)}
    return None


def _prompt_in(name: str, value: Any, listed: bool) -> str | None:
    """The path of a prompt in a field of this name; None where the field holds none.

    Args:
        name: The name.
        value: What the field holds.
        listed: Whether only messages are a prompt.
    """
    if isinstance(value, str):
        held = unfold(value)
        if isinstance(held, dict) and not _is_message(held) and (path := _inside(name, held)):
            return path
        return name if value.strip() and not listed else None
    if isinstance(value, list):
        return name if is_said(value) else None
    if not isinstance(value, dict):
        return None
    if _is_message(value):  # or {messages, tools}
        return name
    return _inside(name, value)


def _inside(name: str, value: Row) -> str | None:
    inner = next((key for key in known.TEXTS_INSIDE if is_text(value.get(key))), None)
    return f"{name}.{inner}" if inner else None

"""A message's content: text, or a list of parts, of which text and calls of tools are read."""

from __future__ import annotations

from typing import Any, NamedTuple

from pairsmith.sources.values.literals import check_text, malformed, unread
from pairsmith.sources.values.media import find_media, name_media
from pairsmith.sources.values.tool_calls import Call, make_call

MOST_PARTS = 10_000
_TEXTS = ("text", "input_text", "output_text")
_THOUGHTS = ("thinking", "reasoning", "thought", "reasoning_text")
_SPOKEN = ("text", "content")


class Result(NamedTuple):
    """What a tool gave back: the text, and the id of the call; None where there is none."""

    text: str
    id: str | None


class Content(NamedTuple):
    """What a content holds.

    Attributes:
        text: Its texts; templates that read parts write one right after another (Llama 3.2,
            Qwen 2.5 VL, GLM 4 and others as TRL has them), so that nothing stands between.
        reasoning: The texts of its parts that are thoughts, a line each; "" without any.
        calls: The calls of tools among its parts.
        results: Of tools, where they stand among its parts; all come before the text.
    """

    text: str
    reasoning: str = ""
    calls: tuple[Call, ...] = ()
    results: tuple[Result, ...] = ()


def is_part(value: Any) -> bool:
    """Whether a value looks like a part of a content: an object with a type, or Gemini's."""
    return (
        isinstance(value, dict)
        and not value.keys() & {"role", "from"}
        and (isinstance(value.get("type"), str) or isinstance(value.get("text"), str))
    )


def read_content(value: Any, what: str, at: str, used: set[str]) -> Content:
    """Reads a content.

    Args:
        value: A text, one part, or a list of parts, which may be bare texts.
        what: What to call the message in a sentence, as `message 1 of prompt`.
        at: The path of the content.
        used: Takes the paths that were read.

    Raises:
        UnreadableError: `unread_content` for an image and other media, and for parts that are not
            known; `malformed` for what is no content.
    """
    if isinstance(value, str):
        used.add(at)
        return Content(check_text(value, what))
    if isinstance(value, dict):
        return _join([value], what, at, used)
    if not isinstance(value, list):
        raise malformed(f"the content of {what} is neither text nor a list of parts")
    if len(value) > MOST_PARTS:
        raise malformed(f"the content of {what} has more than {MOST_PARTS:,} parts")
    return _join(value, what, f"{at}[]", used)


def _join(parts: list[Any], what: str, at: str, used: set[str]) -> Content:
    texts: list[str] = []
    thoughts: list[str] = []
    calls: list[Call] = []
    results: list[Result] = []
    for part in parts:
        if part is None:
            continue
        kind, read = _read_part(part, what, at, used)
        if kind == "text":
            if calls and read.strip():
                raise unread(f"{what} has text behind a tool call")
            texts.append(read)
        elif kind == "thought":
            if calls or "".join(texts).strip():
                raise unread(f"{what} has reasoning behind its text or its tool calls")
            thoughts.append(read)
        elif kind == "call":
            calls.append(read)
        else:
            if "".join(texts).strip():
                raise unread(f"{what} has a tool's result behind its text")
            results.append(read)
    if not (texts or thoughts or calls or results):
        raise malformed(f"{what} has no content")
    return Content("".join(texts), "\n".join(thoughts), tuple(calls), tuple(results))


def _read_part(part: Any, what: str, at: str, used: set[str]) -> tuple[str, Any]:
    """What a part is (`text`, `thought`, `call`, `result`), and what it holds."""
    if isinstance(part, str):
        used.add(at)
        return "text", check_text(part, what)
    if not isinstance(part, dict):
        raise malformed(f"the content of {what} holds what is no part")
    kind = part.get("type")
    if media := (name_media(kind) if isinstance(kind, str) else None) or find_media(part):
        raise unread(f"{what} has {media if ' ' in media else 'the field ' + media}")
    if kind is not None:
        used.add(f"{at}.type")
    if kind in _THOUGHTS or (kind in (None, *_TEXTS) and part.get("thought") is True):
        return "thought", _text_of(part, (*_THOUGHTS, *_SPOKEN), what, at, used)
    if kind in _TEXTS or (kind is None and isinstance(part.get("text"), str)):
        return "text", _text_of(part, _SPOKEN, what, at, used)
    if kind == "tool_use":
        used |= {f"{at}.{name}" for name in ("id", "name", "input")}
        return "call", make_call(part.get("name"), part.get("input"), part.get("id"), what)
    if kind == "tool_result":
        return "result", _read_result(part, what, at, used)
    raise unread(f"{what} has a part of a type that is not read")


def _text_of(
    part: dict[str, Any], names: tuple[str, ...], what: str, at: str, used: set[str]
) -> str:
    held = [name for name in names if isinstance(part.get(name), str)]
    if not held or any(part[name] != part[held[0]] for name in held):
        raise unread(f"{what} has a part whose text cannot be read")
    used |= {f"{at}.{name}" for name in held}
    if part.get("thought") is True:
        used.add(f"{at}.thought")
    return check_text(part[held[0]], what)


def _read_result(part: dict[str, Any], what: str, at: str, used: set[str]) -> Result:
    id = part.get("tool_use_id")
    if id is not None and not isinstance(id, str):
        raise unread(f"{what} has a tool's result whose id is not text")
    used.add(f"{at}.tool_use_id")
    held = part.get("content")
    if held is None or held == []:
        return Result("", id)
    if isinstance(held, list) and not all(isinstance(one, str) or _is_text(one) for one in held):
        raise unread(f"{what} has a tool's result that is no text")
    inner = read_content(held, what, f"{at}.content", used)
    if inner.reasoning or inner.calls or inner.results:
        raise unread(f"{what} has a tool's result that is no text")
    return Result(inner.text, id)


def _is_text(part: Any) -> bool:
    """Whether a part can be nothing but text, so that reading it goes no deeper."""
    return isinstance(part, dict) and part.get("type") in (None, *_TEXTS)

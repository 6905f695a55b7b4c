"""Which kind of text the texts of a column are: words, or a conversation written down in some way.

A column is told by its samples as a whole: what nearly all of them are. One text that looks like
another kind decides nothing, for people write about markers and JSON too. A text that is not what
its column is cannot be read, and its row says so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

from pairsmith.sources.outcomes import UnreadableError
from pairsmith.sources.values.chat_messages import WHAT, is_message
from pairsmith.sources.values.literals import parse_json, parse_python
from pairsmith.sources.values.marked import EXTRA_ID, recognise_marks
from pairsmith.sources.values.message_lists import find_exchange
from pairsmith.sources.values.templated import recognise_format

Role: TypeAlias = Literal["prompt", "reply", "whole"]

MOST_SAMPLES = 200
MOST_CHARACTERS = 2 << 20
NEARLY_ALL = 0.8
"""Of a column's texts. With fewer, all are words; so a kind that is told wrongly refuses rows, and
says so, while one that is missed would train on markers without a word."""

_WRAPS = r"messages|conversations"
_BEGINS = {
    name: re.compile(
        rf"\s*(?:array\()?\[?\s*\{{\s*{quote}"
        rf"(?:(?:{_WRAPS}){quote}\s*:\s*\[|(?:role|from|content|value){quote}\s*:)"
    )
    for name, quote in (("json", '"'), ("python", "'"))
}
"""How messages begin in either; what begins so, and cannot be read, is still no words."""
_BOTH = {
    name: re.compile(rf"{quote}(?:role|from){quote}\s*:")
    for name, quote in (("json", '"'), ("python", "'"))
}


class TextKind(NamedTuple):
    """What the texts of a column are.

    Attributes:
        name: `plain`, `json`, `python`, `transcript` or `templated`.
        detail: Of json and python `messages`, or `texts` for lists of texts; of a transcript its
            marks, of templated text the name of its format; see `marked` and `templated`.
    """

    name: str
    detail: str = ""


PLAIN = TextKind("plain")
HELPSTEER = TextKind("transcript", EXTRA_ID)
"""HelpSteer2's prompts: a text without marks is the first question, so that it fits any text."""


def tell_text_kind(samples: Sequence[str], role: Role) -> TextKind:
    """What nearly all texts of a column are.

    Args:
        samples: Texts of the column; blank ones have no vote.
        role: Whether they are prompts, replies, or conversations from the first turn to the last.

    Returns:
        Their kind; `PLAIN` where in doubt. The kinds of a prompt and of its replies are settled
        together by `settle_prompt` and `settle_kinds`.
    """
    texts = _take_samples(samples)
    if not texts:
        return PLAIN
    for name in ("json", "python"):
        looks = [text for text in texts if _looks(text, name)]
        held = [kind for text in texts if (kind := _look_into(text, name, role))]
        if _is_nearly_all(len(held), len(texts)):
            lists = "texts" if all(kind == "texts" for kind in held) else "messages"
            return TextKind(name, lists)
        if _is_nearly_all(len(looks), len(texts)):
            return TextKind(name, "messages")  # none of them can be read, and each row says so
    format = recognise_format(texts, role, NEARLY_ALL)
    is_sure = format is not None and format.is_sure
    if not is_sure and (marks := recognise_marks(texts, role, NEARLY_ALL)):
        return TextKind("transcript", marks)
    return TextKind("templated", format.name) if format else PLAIN


def settle_prompt(prompt: TextKind, reply: TextKind) -> TextKind:
    """The kind of a prompt beside replies of this kind, both told by themselves.

    Lists of texts are turns where the replies are such lists too; else a list is what was said.
    """
    return PLAIN if prompt.detail == "texts" and reply.detail != "texts" else prompt


def settle_kinds(prompt: TextKind | None, replies: Sequence[TextKind]) -> list[TextKind]:
    """The kinds of replies beside a prompt of this kind.

    Lists of texts are turns only where the prompt is such a list as well; beside another prompt
    they are what was asked for. Replies to a transcript are stripped as its turns are, and
    replies to templated text are ended by its marks.

    Args:
        prompt: The kind of the prompt's column; None without one.
        replies: The kinds of the columns of replies, each told by itself.
    """
    settled = []
    for kind in replies:
        if kind.detail == "texts" and (prompt is None or prompt.detail != "texts"):
            kind = PLAIN
        if kind == PLAIN and prompt is not None and prompt.name in ("transcript", "templated"):
            kind = prompt
        settled.append(kind)
    return settled


def _take_samples(samples: Sequence[str]) -> list[str]:
    """The first texts that are not blank, as many as are looked at."""
    texts: list[str] = []
    size = 0
    for text in samples:
        if isinstance(text, str) and text.strip():
            size += len(text)
            if texts and (size > MOST_CHARACTERS or len(texts) >= MOST_SAMPLES):
                break
            texts.append(text)
    return texts


def _looks(text: str, name: str) -> bool:
    """Whether a text begins as messages do, and says somewhere who speaks and what."""
    return bool(
        _BEGINS[name].match(text)
        and _BOTH[name].search(text)
        and any(what in text for what in ("content", "value"))
    )


def _is_nearly_all(some: int, all_of_them: int) -> bool:
    return some >= NEARLY_ALL * all_of_them


def _look_into(text: str, name: str, role: Role) -> str | None:
    """What a text holds where it is JSON, or Python: `messages`, `texts`, or None for neither."""
    if not text.lstrip().startswith(("[", "{", "array(")):
        return None
    try:
        value = parse_json(text, "it") if name == "json" else parse_python(text, "it")
    except UnreadableError:
        return None
    return _name_items(value, role)


def _name_items(value: Any, role: Role) -> str | None:
    if isinstance(value, dict):
        inner = [value[name] for name in ("messages", "conversations") if value.get(name)]
        if inner:
            return "messages" if _name_items(inner[0], role) == "messages" else None
        value = [value]
    if not isinstance(value, list) or not value:
        return None
    if all(is_message(item) and item.keys() & {*WHAT, "tool_calls"} for item in value):
        return "messages"
    if all(isinstance(item, str) or item is None for item in value):
        return "texts"
    exchanged = all(
        (isinstance(item, list) and len(item) == 2 and all(isinstance(one, str) for one in item))
        or (isinstance(item, dict) and find_exchange(item) is not None)
        for item in value
    )
    # a reply that is a list of pairs may be what was asked for
    return "messages" if exchanged and role != "reply" else None

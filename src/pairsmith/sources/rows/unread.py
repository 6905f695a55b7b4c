"""Fields that decide what a pair means and that nothing has read.

A document that a question is about, or earlier turns: without it the pair says something else. A
field that only repeats what is in the conversation has been read as well.
"""

from __future__ import annotations

import functools
import re
from typing import Any

from pairsmith.schema.messages import Message
from pairsmith.sources.fields import is_covered, paths_of, spell
from pairsmith.sources.rows.front import HISTORY_FIELDS, SYSTEM_FIELDS, TOOL_FIELDS
from pairsmith.sources.rows.known_fields import REPLY_STARTS, SCORES_OF_SIDES, STATUS
from pairsmith.sources.rows.mapping import split_path
from pairsmith.sources.rows.shapes import RowShape
from pairsmith.sources.values.chat_messages import REASONING

MEANT = spell("context", "contexts", "document", "documents", "passage", "passages")
"""Fields that a question may be about."""

SIDES = ("chosen", "rejected", "a", "b", "reply")

ASKED = spell("input", "instruction")
"""Fields that hold part of the question, where the replies are not whole conversations."""

REASONED = frozenset(
    name
    for side in ("chosen", "rejected")
    for word in REASONING
    for name in (f"{side}_{word}", f"{word}_{side}")
)
"""What was thought before a reply, in a field of its own: whether it is the assistant's thought or
a judge's is not told by the name."""

BESIDE = frozenset(
    {
        *(*SYSTEM_FIELDS, *TOOL_FIELDS, *HISTORY_FIELDS, *MEANT, *ASKED, *REASONED),
        *(name for pair in SCORES_OF_SIDES for name in pair),
        *(*STATUS, *REPLY_STARTS),
    }
)
"""Fields that matter beside chosen and rejected, whatever the shape: a row that has one of them
filled, and not among the fields of its shape, is to be read row by row, as is one with media."""


_DEFINITION = re.compile(
    r"(?:^|[.\]])(?!\w*call)(\w*(?:tool|function)\w*)\[\]"
    r"(?:\.function\.name|(?:\.function)?\.(?:parameters|input_?schema)(?=[.[]|$))",
    re.IGNORECASE,
)
"""Where the definition of a tool stands, whatever the field is called and however deep it is."""


MOST_CHARACTERS = 500
"""What stands further behind in a path is not looked at: it is data's, and may be of any length."""


def find_definitions(path: str) -> str | None:
    """The field that holds definitions of tools, where a path leads into one of them.

    >>> find_definitions("meta.my_tools[].function.name"), find_definitions("tools[].name")
    ('meta.my_tools', None)
    """
    return _find_in(path[:MOST_CHARACTERS])


@functools.lru_cache(4_096)
def _find_in(path: str) -> str | None:
    found = _DEFINITION.search(path)
    return path[: found.end(1)] if found else None


def find_unread(
    row: dict[str, Any], shape: RowShape, conversations: list[list[Message]], used: set[str]
) -> str | None:
    """The first field that may decide what the pair means and was not read; None without one.

    Args:
        row: One row.
        shape: What its fields are.
        conversations: What was read of it.
        used: The paths that were read; gets those of fields that the conversations repeat.
    """
    sides = (shape.columns[role] for role in SIDES if role in shape.columns)
    names = _names(tuple(sides), "prompt" in shape.columns)
    for name in sorted(row.keys() & names):
        if name in split_path(shape.columns.get("left_out", "")):
            continue
        paths = paths_of(row[name], name)
        left = {path for path in paths if not is_covered(path, used)}
        texts = [text.strip() for text in _texts(row[name])]
        if left != paths or not any(texts):
            continue  # read, at least in part: the rest is counted as left out
        said = [message["content"] for turns in conversations for message in turns]
        if not all(any(text in content for content in said) for text in texts):
            return name
        used.update(left)
    return _find_tools(row, shape, used)


def _find_tools(row: dict[str, Any], shape: RowShape, used: set[str]) -> str | None:
    """A field with definitions of tools, of which none were read; None without one."""
    if any(path.rpartition(".")[2] in TOOL_FIELDS for path in used):
        return None  # what others there are repeat them, or are of something else
    columns = {*shape.columns.values(), *split_path(shape.columns.get("left_out", ""))}
    for name in sorted(row.keys() - columns):
        if isinstance(row[name], dict | list):
            found = {at for path in paths_of(row[name], name) if (at := find_definitions(path))}
            left = sorted(at for at in found if not is_covered(at, {*used, *columns}))
            if left:
                return left[0]
    return None


@functools.cache
def _names(sides: tuple[str, ...], asked: bool) -> frozenset[str]:
    """Names of fields that may matter to rows with these sides, with or without a prompt."""
    names = {*MEANT, *HISTORY_FIELDS, *SYSTEM_FIELDS, *TOOL_FIELDS, *(ASKED if asked else ())}
    thoughts = ((f"{side}_{word}", f"{word}_{side}") for side in sides for word in REASONING)
    return frozenset(names.union(*thoughts))


def _texts(value: Any) -> list[str]:
    """All texts in a value but the names of speakers."""
    found, left = [], [value]
    while left:
        held = left.pop()
        if isinstance(held, dict):
            left += [inner for name, inner in held.items() if name not in ("role", "from")]
        elif isinstance(held, list):
            left += held
        elif isinstance(held, str):
            found.append(held)
    return found

"""Fields that decide what a pair means and that nothing has read.

A document that a question is about, or earlier turns: without it the pair says something else. A
field that only repeats what is in the conversation has been read as well.
"""

from __future__ import annotations

from typing import Any

from pairsmith.schema.messages import Message
from pairsmith.sources.columns import split_path
from pairsmith.sources.fields import is_covered, paths_of
from pairsmith.sources.row_front import HISTORY_FIELDS, SYSTEM_FIELDS, TOOL_FIELDS
from pairsmith.sources.row_shapes import RowShape

MEANT = ("context", "contexts", "document", "documents", "passage", "passages")
"""Fields that a question may be about."""

ASKED = ("input", "instruction")
"""Fields that hold part of the question, where the replies are not whole conversations."""

BESIDE = frozenset({*SYSTEM_FIELDS, *TOOL_FIELDS, *HISTORY_FIELDS, *MEANT, *ASKED})
"""Fields that matter beside any shape: they are read, or the row is refused."""


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
    passed = set(split_path(shape.columns.get("left_out", "")))
    names = [*MEANT, *HISTORY_FIELDS, *SYSTEM_FIELDS, *TOOL_FIELDS]
    if "prompt" in shape.columns:
        names += ASKED
    for name in names:
        if name in passed or name not in row:
            continue
        left = [path for path in paths_of(row[name], name) if not is_covered(path, used)]
        texts = list(_texts(row[name]))
        if (
            not left
            or not any(text.strip() for text in texts)
            or len(left) < len(paths_of(row[name], name))
        ):
            continue  # read, at least in part: the rest is counted as left out
        said = [message["content"] for turns in conversations for message in turns]
        if not all(any(text.strip() in content for content in said) for text in texts):
            return name
        used.update(left)
    return None


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

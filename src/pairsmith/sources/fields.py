"""The fields of a row at every depth, as paths.

A path names objects by dots and the items of a list by brackets; what any item holds, the list
holds. Only values count: null holds nothing, nor do empty lists and objects.

>>> row = {"input": {"messages": [{"role": "user", "content": "Hi."}]}, "tags": ["a", None]}
>>> sorted(paths_of(row))
['input.messages[].content', 'input.messages[].role', 'tags[]']
>>> is_covered("input.messages[].role", {"input.messages"})
True
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any


def paths_of(value: Any, at: str = "") -> set[str]:
    """The paths of all values in a row, given as of JSON."""
    found: set[str] = set()
    left = [(value, at)]
    while left:
        held, path = left.pop()
        if isinstance(held, dict):
            left += [(inner, join_path(path, str(name))) for name, inner in held.items()]
        elif isinstance(held, list | tuple):
            left += [(inner, f"{path}[]") for inner in held]
        elif held is not None:
            found.add(path)
    return found


def join_path(at: str, name: str) -> str:
    """The path of a field of the object at a path."""
    return f"{at}.{name}" if at else name


def is_covered(path: str, used: Collection[str]) -> bool:
    """Whether a path is one of those that were used, or lies below one."""
    if path in used:
        return True
    cuts = (place for place, character in enumerate(path) if character in ".[")
    return any(path[:place] in used for place in cuts)


def spell(*names: str) -> tuple[str, ...]:
    """Names, and the same as other people spell them, the given ones first.

    >>> spell("system_prompt")[:4]
    ('system_prompt', 'systemPrompt', 'SystemPrompt', 'System_Prompt')
    """
    found = dict.fromkeys(names)
    for name in names:
        first, *others = name.split("_")
        capitals = [word.capitalize() for word in (first, *others)]
        found |= dict.fromkeys(
            (
                "".join([first, *capitals[1:]]),
                *(mark.join(capitals) for mark in ("", "_", " ", "-")),
                *(mark.join([first, *others]) for mark in (" ", "-")),
                " ".join([first.capitalize(), *others]),
                name.upper(),
            )
        )
    return tuple(found)

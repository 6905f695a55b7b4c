"""Columns: which field of a row plays which role in a comparison, as `--columns` says it.

A role's field is a path: names with dots between them, `[]` for every item of a list and `[0]` for
one of them; a name that itself has a dot is found as well. Several fields that make one text are
joined by `+`.

>>> columns = parse_columns("prompt=info.title+info.post, chosen=output[0]")
>>> columns["prompt"]
'info.title+info.post'
>>> look_up({"info": {"title": "Mint", "post": "Is it dry?"}}, columns["prompt"])
['Mint', 'Is it dry?']
"""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, TypeAlias

from pairsmith.errors import RecipeError, SourceError
from pairsmith.sources.outcomes import UnreadableError
from pairsmith.sources.values.literals import parse_json, parse_python

Columns: TypeAlias = dict[str, str]
"""Paths by role, see `ROLES`."""

ROLES = {
    "system": "a system text in front of the conversation",
    "history": "earlier turns: messages, or a list of [question, answer]",
    "prompt": "what the replies answer: a text, or messages",
    "input": "a text below the prompt",
    "tools": "definitions of the tools that may be called",
    "reply_start": "a text that every reply goes on from",
    "chosen": "the better reply or conversation, or a list of several",
    "rejected": "the worse one, or a list of several",
    "rejected_whole": "the worse conversation, where chosen is whole and rejected a reply alone",
    "score_chosen": "how good the chosen reply is",
    "score_rejected": "how good the rejected reply is",
    "status": "a text that says where the replies are a tie, or were discarded",
    "a": "the first reply or conversation",
    "b": "the second one",
    "winner": "which one is better: a name, a number, tie",
    "first": "the number by which `winner` means the first reply: 0 or 1",
    "wins_a": "a flag: a is better",
    "wins_b": "a flag: b is better",
    "ties": "a flag: neither is",
    "strength": "how much better b is than a: below 0 where a is, 0 for a tie",
    "score_a": "how good a is",
    "score_b": "how good b is",
    "replies": "a list of replies",
    "text": "in each of the replies: the reply",
    "rank": "in each of the replies, or a list beside them: 1 is best",
    "score": "in each of the replies, or a list beside them: higher is better",
    "ranking": "lists of {value, rank} that name the replies, one an annotator",
    "named": "the name of the best reply, one an annotator",
    "annotations": "a list of what annotators said: discarded ones are passed over",
    "selected": "in each of the replies: a flag that it was picked",
    "reply": "the one reply of a row, compared with others to the same prompt",
    "label": "of one reply whether it is good; of a and b 1 where a is better",
    "id": "the id of a message of a tree",
    "parent": "the id of the message that it answers",
    "role": "who speaks",
    "split": "the split that a row belongs to; - for no such field",
    "subset": "the subset that a row belongs to",
    "left_out": "fields that may be passed over though they seem to matter",
}
"""What a field can be to a comparison."""

_LITERAL = ("first",)
_STEP = re.compile(r"\[(\d*)\]")
_STEPS, _FOUND = 16, 10_000
"""Bounds of a path's length, and of how many values one path may lead to."""


def parse_columns(given: str | Mapping[str, str] | None) -> Columns:
    """Reads what `--columns` says: `role=path` between commas, or a mapping.

    Raises:
        RecipeError: It is not of this form, or names a role that there is not, or one twice.
    """
    if not given:
        return {}
    columns: Columns = {}
    for role, path in _pairs(given):
        if role not in ROLES:
            raise RecipeError(f"There is no role {role[:40]!r} for a column.", _suggest(role))
        if role in columns:
            raise RecipeError(
                f"--columns names the role {role} twice.",
                "Fields that make one text are joined by a plus: prompt=title+body.",
            )
        columns[role] = path
    _check_sides(columns)
    return columns


def _pairs(given: str | Mapping[str, str]) -> Iterable[tuple[str, str]]:
    if not isinstance(given, str):
        items = [f"{role}={path}" for role, path in given.items()]
    else:
        items = [item for item in given.split(",") if item.strip()]
    for item in items:
        role, equals, path = item.partition("=")
        if not equals or not role.strip() or not path.strip():
            raise RecipeError(
                f"--columns takes ROLE=FIELD between commas, not {item.strip()[:40]!r}.",
                "For example: --columns prompt=question,chosen=response_j,rejected=response_k",
            )
        yield role.strip(), path.strip()


def _suggest(role: str) -> str:
    near = difflib.get_close_matches(role, ROLES, n=1)
    meant = f"Did you mean {near[0]}? " if near else ""
    return f"{meant}Roles: {', '.join(ROLES)}."


def _check_sides(columns: Columns) -> None:
    for one, other in (("chosen", "rejected"), ("rejected", "chosen"), ("a", "b"), ("b", "a")):
        if one in columns and other not in columns and "rejected_whole" not in columns:
            raise RecipeError(
                f"--columns names {one} without {other}.",
                f"Add {other}=FIELD: a comparison has two sides.",
            )
    missing = [role for role in ("id", "role", "reply") if role not in columns]
    if "parent" in columns and missing:
        raise RecipeError(
            f"--columns names parent without {' and '.join(missing)}.",
            f"Add {','.join(f'{role}=FIELD' for role in missing)}: messages of a tree have all.",
        )
    if columns.get("first", "0") not in ("0", "1"):
        raise RecipeError(
            f"The role first takes 0 or 1, not {columns['first'][:20]!r}.",
            "It is the number by which the winner means the first reply.",
        )


def check_columns(columns: Columns, rows: list[dict[str, Any]], inner: Iterable[str]) -> None:
    """Checks that each path leads somewhere in some row.

    Args:
        columns: What was asked for.
        rows: The first rows of a source.
        inner: Roles whose paths begin inside of `replies`.

    Raises:
        SourceError: A path leads nowhere in all of them.
    """
    inside = [item for row in rows for item in items_of(row, columns.get("replies", ""))]
    for role, path in columns.items():
        if role in _LITERAL or role == "left_out" or not rows:
            continue
        held = inside if role in inner and any(isinstance(item, dict) for item in inside) else rows
        both = held if held is rows else [*held, *rows]  # scores may be in a list beside
        if any(look_up(row, path) for row in both if isinstance(row, dict)):
            continue
        names = list(dict.fromkeys(str(name) for row in held for name in fields_of(row)))
        near = difflib.get_close_matches(path, names, n=1, cutoff=0.5)
        raise SourceError(
            f"No row has the field {path[:60]!r} that --columns names for {role}; "
            f"the fields are {list_names(names)}.",
            f"Perhaps: --columns {role}={near[0]}" if near else "Name one of these fields.",
        )


def list_names(names: list[str], most: int = 12) -> str:
    """Some names, cut short."""
    told = ", ".join(name[:40] for name in names[:most])
    return (told + (", …" if len(names) > most else "")) or "none"


def fields_of(value: Any, at: str = "", depth: int = 3) -> list[str]:
    """The names of a row's fields, those of objects inside of it with dots."""
    if not isinstance(value, dict):
        return []
    found = []
    for name, held in value.items():
        path = f"{at}{name}"
        inner = fields_of(held, f"{path}.", depth - 1) if depth else []
        found += inner or [path]
    return found


def items_of(row: dict[str, Any], path: str) -> list[Any]:
    """The items of the list at a path, or what stands in several fields; none without a list."""
    if len(parts := split_path(path)) > 1:
        return [value_at(row, part) for part in parts]
    held = value_at(row, path) if path else None
    held = unfold(held)
    return held[:_FOUND] if isinstance(held, list) else []


def unfold(value: Any) -> Any:
    """A list or object that is written as JSON or a Python literal, as in CSV; else the value."""
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        for parse in (parse_json, parse_python):
            with suppress(UnreadableError):
                return parse(value, "a field")
    return value


def value_at(row: dict[str, Any], path: str) -> Any:
    """The one value at a path; None where there is none."""
    found = look_up(row, path)
    return found[0] if found else None


def said_at(row: dict[str, Any], path: str) -> Any:
    """The value of a field that tells which reply is better; None where it is blank, as in CSV."""
    value = value_at(row, path)
    return None if isinstance(value, str) and not value.strip() else value


def look_up(row: dict[str, Any], path: str) -> list[Any]:
    """All values that a path leads to, in order, without those that are null."""
    if path in row:  # nearly always
        return [] if row[path] is None else [row[path]]
    return [value for part in split_path(path) for value in _walk(row, part)]


@functools.cache
def split_path(path: str) -> tuple[str, ...]:
    """The fields that a path joins, one path each."""
    return tuple(part.strip() for part in path.split("+") if part.strip())


def place_of(row: dict[str, Any], path: str) -> str:
    """How a path is called among those of a row: by its field, where that is a text unfolded."""
    name = _cut(path)[0]
    return name if name != path and isinstance(row.get(name), str) else path


@functools.cache
def ledger_path(path: str) -> str:
    """How the path of one field is called among those of a row, see `sources.fields`.

    >>> ledger_path("summaries[0].text")
    'summaries[].text'
    """
    return _STEP.sub("[]", path)


def _walk(value: Any, path: str, left: int = _STEPS) -> list[Any]:
    """What stands at one path below a value."""
    if not path:
        return [] if value is None else [value]
    if not left:
        return []
    value = unfold(value)
    if path.startswith("[") and (step := _STEP.match(path)):
        rest = path[step.end() :].removeprefix(".")
        items = value[:_FOUND] if isinstance(value, list) else []
        if step[1]:
            items = items[int(step[1]) :][:1] if len(step[1]) < 6 else []
        return [found for item in items for found in _walk(item, rest, left - 1)][:_FOUND]
    if not isinstance(value, dict):
        return []
    if path in value:  # a name may have dots and brackets in it
        return _walk(value[path], "", left - 1)
    name, rest = _cut(path)
    return _walk(value[name], rest, left - 1) if name in value and rest != path else []


@functools.lru_cache(maxsize=4_096)
def _cut(path: str) -> tuple[str, str]:
    """The first name of a path, and what follows it."""
    place = next((place for place, char in enumerate(path) if place and char in ".["), len(path))
    return path[:place], path[place:].removeprefix(".")

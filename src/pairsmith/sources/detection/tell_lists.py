"""Rows with a list of replies, with a field for each of several, or with one that is labelled."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from pairsmith.sources.detection.tell_two import is_stem, swap_mark
from pairsmith.sources.detection.tell_values import (
    Row,
    Told,
    find_prompt,
    is_flag,
    is_number,
    is_said,
    is_whole,
    words_of,
)
from pairsmith.sources.rows import known_fields as known
from pairsmith.sources.rows.mapping import Columns, items_of, value_at


def tell_list(row: Row, preference: str | None = None) -> Told | None:
    """The columns of a row with a list of replies; None where it has none, or no verdict.

    Args:
        row: One row, of filled fields.
        preference: A field inside of each reply that was named for the verdict.
    """
    for name in known.LISTS:
        items = items_of(row, name)
        columns = {"replies": name} | find_text(items)
        if not items or not all(type(item) is type(items[0]) for item in items):
            continue
        if isinstance(items[0], dict) and len(columns) == 1 and not _are_messages(items):
            continue
        verdict = judge_inside(items) or judge_beside(row, len(items))
        if preference and any(isinstance(i, dict) and value_at(i, preference) for i in items):
            verdict = {"score": preference}
        prompt = find_prompt(row, [name])
        if verdict and prompt:
            return "replies", {**columns, **verdict, **prompt}
    return None


def find_text(items: list[Any]) -> Columns:
    """The field of a list's objects that holds the reply; nothing where they are it."""
    if not items or not isinstance(items[0], dict) or _are_messages(items):
        return {}
    text = next((key for key in known.INNER_TEXTS if is_said(items[0].get(key))), None)
    return {"text": text} if text else {}


def _are_messages(items: Iterable[Any]) -> bool:
    return all(
        isinstance(item, dict) and item.get("role") is not None and "content" in item
        for item in items
    )


def judge_inside(items: list[Any]) -> Columns | None:
    """The field of a list's objects that tells which is better."""
    held: dict[str, Any] = {}
    for item in items:
        if isinstance(item, dict):
            held |= {key: value for key, value in item.items() if value is not None}
    kinds: tuple[tuple[str, tuple[str, ...], Callable[[Any], bool]], ...] = (
        ("rank", known.INNER_RANKS, is_number),
        ("score", known.INNER_SCORES, is_number),
        ("selected", known.INNER_FLAGS, is_flag),
    )
    for role, names, is_kind in kinds:
        if name := next((key for key in names if key in held and is_kind(held[key])), None):
            return {role: name}
    return None


def judge_beside(row: Row, count: int) -> Columns | None:
    """A list beside the replies, or the number of one, that tells which is better."""
    for role, names in (("rank", known.RANKS_BESIDE), ("score", known.SCORES_BESIDE)):
        for name in names:
            beside = items_of(row, name)
            if beside and len(beside) == count and all(is_number(v) or v is None for v in beside):
                return {role: name}
    chosen = next((name for name in known.CHOICES if type(row.get(name)) is int), None)
    return {"winner": chosen} if chosen else None


def tell_fields(row: Row) -> Told | None:
    """The columns of a row with a field for each of three replies or more, and ranks or scores."""
    for marks in known.NUMBERED:
        for name in row:
            if is_said(row[name]) and is_stem(name, marks[0]):
                replies = [name, *_numbered(row, name, marks)]
                if len(replies) > 2 and (verdict := _judge_numbered(row, marks[: len(replies)])):
                    prompt = find_prompt(row, replies)
                    columns = {"replies": "+".join(replies), **verdict}
                    return ("replies", {**columns, **prompt}) if prompt else None
    return None


def _numbered(row: Row, name: str, marks: str) -> list[str]:
    """The names that go on from a first one, with the marks that follow its."""
    found = []
    for mark in marks[1:]:
        following = swap_mark(name, marks[0], mark)
        if following is None or following not in row:
            break
        found.append(following)
    return found


def _judge_numbered(row: Row, marks: str) -> Columns | None:
    for role, stems in (("rank", ("rank", "ranking")), ("score", known.SCORE_STEMS)):
        for name in row:
            words = [word for word in words_of(name) if word != marks[0].lower()]
            names = [name, *_numbered(row, name, marks)]
            if len(names) == len(marks) and words[-1:] and words[-1] in stems:
                return {role: "+".join(names)}
    return None


def tell_one(row: Row, preference: str | None = None) -> Told | None:
    """The columns of a row with one reply and a label or a rating; None where it has none.

    Args:
        row: One row, of filled fields.
        preference: A field that was named for the rating.
    """
    reply = next((name for name in known.REPLIES if is_said(row.get(name))), None)
    verdict = find_label(row)
    if preference and value_at(row, preference) is not None:
        verdict = {"score": preference}
    if verdict is None:
        return None
    if reply is None:
        whole = next((n for n in ("messages", "conversations") if is_whole(row.get(n))), None)
        return ("rows", {"reply": whole, **verdict}) if whole else None
    prompt = find_prompt(row, [reply, *verdict.values()])
    return ("rows", {"reply": reply, **verdict, **prompt}) if prompt else None


def find_label(row: Row) -> Columns | None:
    """The field that says whether a reply is good, or how good it is."""
    for name in known.LABELS:
        value = row.get(name)
        if isinstance(value, bool | str) or (isinstance(value, int) and value in (-1, 0, 1)):
            return {"label": name}
    rated = next((name for name in known.RATINGS if is_number(row.get(name))), None)
    return {"score": rated} if rated else None

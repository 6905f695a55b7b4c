"""Rows with two replies and a verdict: which fields they are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from pairsmith.sources.detection.tell_values import (
    Row,
    Told,
    find_prompt,
    is_said,
    is_text,
    is_whole,
    words_of,
)
from pairsmith.sources.outcomes import UnreadableError
from pairsmith.sources.rows import known_fields as known
from pairsmith.sources.rows.mapping import Columns, value_at
from pairsmith.sources.rows.rules import read_winner


def tell_two(row: Row, preference: str | None = None) -> Told | None:
    """The columns of a row with two replies; None where it has none, or no verdict.

    Args:
        row: One row, of filled fields.
        preference: A field that was named for the verdict.
    """
    found = find_two(row)
    if found is None:
        return None
    a, b, marks = found
    columns = {"a": a, "b": b}
    verdict = find_verdict(row, columns, marks)
    if verdict is None and preference and value_at(row, preference) is not None:
        verdict = {"winner": preference}
    if verdict is None:
        return None
    columns |= verdict
    prompt = find_prompt(row, columns.values())
    if prompt is None and not (is_whole(row[a]) and is_whole(row[b])):
        return None
    return "two", {**columns, **(prompt or {})}


def find_two(row: Row) -> tuple[str, str, tuple[str, str]] | None:
    """The names of two replies, and the marks that tell them apart."""
    replies = sorted((name for name, value in row.items() if is_said(value)), key=len)
    for one, other in known.MARKS:
        for name in replies:
            swapped = swap_mark(name, one, other)
            if swapped in replies and is_stem(name, one) and not _is_third(row, name, one, other):
                return name, swapped, (one, other)
    if is_text(row.get("A")) and is_text(row.get("B")) and "C" not in row:
        return "A", "B", ("A", "B")
    return None


@lru_cache(maxsize=4_096)
def swap_mark(name: str, mark: str, other: str) -> str | None:
    """The name with one mark for another; None where it has not that mark, or only that.

    >>> swap_mark("response_a", "a", "b"), swap_mark("answer1", "1", "2")
    ('response_b', 'answer2')
    """
    before, after = ("A-Za-z", "A-Za-z") if len(mark) > 1 or mark.islower() else ("A-Z", "A-Za-z")
    if mark.isdigit():
        before = after = "0-9"
    found = list(re.finditer(rf"(?<![{before}]){mark}(?![{after}])", name))
    if not found or found[-1].group() == name:
        return None
    place = found[-1]
    return name[: place.start()] + other + name[place.end() :]


def is_stem(name: str, mark: str) -> bool:
    """Whether the last word of a name, but for its mark, is one for a reply."""
    words = [word for word in words_of(name) if word != mark.lower()]
    joined = "_".join(words[-2:])
    return bool(words) and (words[-1] in known.STEMS or joined in known.STEMS)


def _is_third(row: Row, name: str, one: str, other: str) -> bool:
    """Whether there is a third reply, so that two of them are not all."""
    following = {"b": "c", "B": "C", "2": "3", "1": "2"}.get(other)
    return following is not None and swap_mark(name, one, following) in row


def find_verdict(row: Row, taken: Columns, marks: tuple[str, str]) -> Columns | None:
    """The fields that say which of two replies is better; None where none does."""
    scores = _find_scores(row, marks)
    rated = {"score_a": scores[0], "score_b": scores[1]} if scores else {}
    if flags := _find_flags(row, marks):
        return flags
    if any(name in row for name in known.PREFERENCES.values()):
        return {"winner": next(n for n in known.PREFERENCES.values() if n in row)}
    for path in known.STRENGTHS:
        name = path.partition("[")[0]
        if name in row and (name == path) != isinstance(row[name], list):
            return {"strength": path}
    if taken["a"].startswith("human_ref") and "labels" in row:
        return {"label": "labels", **rated}
    for name in known.WINNERS:
        if name in row and name not in taken.values() and isinstance(row[name], str | int | float):
            return {"winner": name, **rated}
    return rated or None


def _find_scores(row: Row, marks: tuple[str, str]) -> tuple[str, str] | None:
    for stem in known.SCORE_STEMS:
        for name in row:
            other = swap_mark(name, *marks)
            words = [word for word in words_of(name) if word != marks[0].lower()]
            if other in row and "_".join(words) in (stem, f"response_{stem}", f"answer_{stem}"):
                return name, other
    return None


def _find_flags(row: Row, marks: Sequence[str]) -> Columns | None:
    for form in known.ONE_HOT:
        a, b = (form.format(mark) for mark in marks)
        if a in row and b in row:
            tie = next((name for name in known.TIE_FLAGS if name in row), None)
            return {"wins_a": a, "wins_b": b, **({"ties": tie} if tie else {})}
    return None


def names_replies(row: Row) -> bool:
    """Whether chosen and rejected only name two other fields, in which the replies stand."""
    two = find_two(row)
    if two is None or not is_text(row.get("chosen")):
        return False
    try:
        return read_winner(row["chosen"], "chosen", two[:2], 0) is not None
    except UnreadableError:
        return False

"""Which role each field of a row plays, told by names that are widely used and by what they hold.

Only what needs no guess is told: a number that may mean either reply, or a field that may be a
score as well as a label, is left to `--columns`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from pairsmith.sources.detection.tell_lists import (
    find_label,
    find_text,
    judge_beside,
    judge_inside,
    tell_fields,
    tell_list,
    tell_one,
)
from pairsmith.sources.detection.tell_two import (
    find_two,
    find_verdict,
    names_replies,
    swap_mark,
    tell_two,
)
from pairsmith.sources.detection.tell_values import (
    Row,
    Told,
    fill,
    find_prompt,
    is_number,
    is_said,
    is_whole,
    words_of,
)
from pairsmith.sources.detection.tell_wrapped import (
    is_label_studio,
    tell_argilla,
    tell_label_studio,
)
from pairsmith.sources.rows import known_fields as known
from pairsmith.sources.rows.mapping import Columns, items_of, split_path, value_at

VERDICTS = {
    *("winner", "label", "strength", "wins_a", "wins_b", "ties", "score_a", "score_b", "rank"),
    *("score", "selected", "ranking", "named"),
}
"""Roles that tell which reply is better."""


def tell_row(row: Row, preference: str | None = None) -> Told | None:
    """The shape of a row, and the columns that make it; None where it looks like none.

    Of columns that a row may have besides, see `add_columns`.

    Args:
        row: One row.
        preference: A field that was named for what tells which reply is better.
    """
    given = fill(row)
    for tell in (_tell_wrapped, _tell_tree, _tell_sides, tell_fields):
        if told := tell(given):
            return told
    for tell_by in (tell_two, tell_list, tell_one):
        if told := tell_by(given, preference):
            return told
    return None


def _tell_wrapped(row: Row) -> Told | None:
    if is_label_studio(row):
        return tell_label_studio(row)
    return tell_argilla(row)


def _tell_tree(row: Row) -> Told | None:
    if not {"message_id", "role", "text"} <= row.keys():
        return None
    columns = {"id": "message_id", "parent": "parent_id", "role": "role", "reply": "text"}
    return "tree", {**columns, "rank": "rank"}


def _tell_sides(row: Row) -> Told | None:
    found = find_sides(row)
    if found is None or names_replies(row):
        return None
    chosen, rejected = found
    columns = {"chosen": chosen, "rejected": rejected}
    prompt = find_prompt(row, columns.values())
    if prompt is None and not (is_whole(row[chosen]) and is_whole(row[rejected])):
        return None
    return "pairs", columns if prompt is None else {**columns, **prompt}


def tell_written(row: Row) -> Told | None:
    """Two sides of text without a prompt: conversations that are written down in some way."""
    given = fill(row)
    if (sides := find_sides(given)) and all(isinstance(given[name], str) for name in sides):
        return "pairs", {"chosen": sides[0], "rejected": sides[1]}
    two = find_two(given)
    if two and all(isinstance(given[name], str) for name in two[:2]):
        columns = {"a": two[0], "b": two[1]}
        verdict = find_verdict(given, columns, two[2])
        return ("two", {**columns, **verdict}) if verdict else None
    return None


def find_sides(row: Row) -> tuple[str, str] | None:
    """The names of a better and a worse reply."""
    replies = [name for name, value in row.items() if _may_be_reply(name, value)]
    if {"preferred_output", "non_preferred_output"} <= set(replies):
        return "preferred_output", "non_preferred_output"
    for better, worse in known.BETTER_WORSE:
        for name in sorted(replies, key=len):
            other = _swap(name, better, worse)
            if other in replies and (len(better) > 1 or name != better):
                return name, other
    return None


def _swap(name: str, word: str, other: str) -> str | None:
    """The name with one of its words exchanged; None where it has not that word.

    >>> _swap("chosen_text", "chosen", "rejected"), _swap("textChosen", "chosen", "rejected")
    ('rejected_text', 'textRejected')
    """
    swapped = re.sub(rf"(?<![A-Za-z0-9]){word}(?![a-z0-9])", other, name, count=1)
    if swapped == name:
        capital = rf"(?<![A-Z]){word.capitalize()}(?![a-z0-9])"
        swapped = re.sub(capital, other.capitalize(), name, count=1)
    return None if swapped == name else swapped


def _may_be_reply(name: str, value: Any) -> bool:
    return not set(words_of(name)) & known.NO_REPLY and is_said(value)


def fill_columns(named: Columns, rows: Sequence[Row]) -> Columns:
    """What goes with columns that were named: a prompt, what tells which reply is better.

    Args:
        named: Columns that make a shape.
        rows: Rows of which some have them.
    """
    filled: Counter[tuple[tuple[str, str], ...]] = Counter()
    for row in rows:
        given = fill(row)
        more = _fill(named, given)
        filled[tuple(sorted(more.items()))] += 1
    best = filled.most_common(1)
    return dict(best[0][0]) if best else {}


def _fill(named: Columns, row: Row) -> Columns:
    more: Columns = {}
    taken = {part for path in named.values() for part in split_path(path)}
    sides = [value_at(row, named[role]) for role in ("chosen", "a") if role in named]
    if "prompt" not in named and not any(is_whole(side) for side in sides):
        more |= find_prompt(row, taken | {path.partition(".")[0] for path in taken}) or {}
    if "a" in named and not VERDICTS & named.keys():
        ends = (marks for marks in known.MARKS if swap_mark(named["a"], *marks) == named["b"])
        more |= find_verdict(row, named, next(ends, ("a", "b"))) or {}
    if "replies" in named and not VERDICTS & named.keys():
        items = items_of(row, named["replies"])
        more |= judge_inside(items) or judge_beside(row, len(items)) or {}
    if "replies" in named and "text" not in named:
        more |= find_text(items_of(row, named["replies"]))
    if "reply" in named and not VERDICTS & named.keys():
        more |= find_label(row) or {}
    return more


def add_columns(columns: Columns, rows: Sequence[Row]) -> Columns:
    """The same with what some of the rows have besides: scores, a status, a reply's beginning."""
    held = {name for row in rows for name in fill(row)}
    more: Columns = {}
    if "chosen" in columns:
        if scores := _find_scores(rows, held):
            more |= dict(zip(("score_chosen", "score_rejected"), scores, strict=True))
        said = {str(row.get(name)).lower() for row in rows for name in known.STATUS}
        if said & known.STATUS_WORDS:
            more["status"] = known.STATUS[0]
        if begun := next((name for name in known.REPLY_STARTS if name in held), None):
            more["reply_start"] = begun
    return {**columns, **{role: path for role, path in more.items() if role not in columns}}


def _find_scores(rows: Sequence[Row], held: set[str]) -> tuple[str, str] | None:
    """The fields of numbers that say how good the better and the worse reply are."""
    for pair in known.SCORES_OF_SIDES:
        if set(pair) <= held:
            return pair
    numbers = {name for row in rows for name, value in row.items() if is_number(value)}
    for better, worse in known.BETTER_WORSE:
        for name in sorted(numbers, key=lambda held: (len(held), held)):
            words = set(words_of(name))
            other = _swap(name, better, worse)
            if other in numbers and words & known.SCORE_WORDS and not words & known.NO_SCORE:
                return name, other
    return None

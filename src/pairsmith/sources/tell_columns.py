"""Which role each field of a row plays, told by names that are widely used and by what they hold.

Only what needs no guess is told: a number that may mean either reply, or a field that may be a
score as well as a label, is left to `--columns`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

from pairsmith.sources import known_fields as known
from pairsmith.sources.columns import Columns, items_of, split_path, value_at
from pairsmith.sources.tell_wrapped import is_label_studio, tell_argilla, tell_label_studio

Row: TypeAlias = dict[str, Any]
Told: TypeAlias = tuple[str, Columns]
"""A name for `--from` and the roles that decide it."""

VERDICTS = {
    *("winner", "label", "strength", "wins_a", "score_a", "rank", "score", "selected", "ranking"),
    "named",
}
"""Roles that tell which reply is better."""

_WORDS = re.compile(r"[^\W_]+")


def tell_row(row: Row) -> Told | None:
    """The shape of a row, and the columns that make it; None where it looks like none.

    Of columns that a row may have besides, see `add_columns`.
    """
    given = {name: value for name, value in row.items() if _is_filled(value)}
    for tell in (_tell_wrapped, _tell_tree, _tell_sides, _tell_two, _tell_list, _tell_one):
        if told := tell(given):
            return told
    return None


def _is_filled(value: Any) -> bool:
    return value is not None and value != "" and value != [] and value != {}


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
    if found is None:
        return None
    chosen, rejected = found
    columns = {"chosen": chosen, "rejected": rejected}
    prompt = find_prompt(row, columns.values())
    if prompt is None and not (is_whole(row[chosen]) and is_whole(row[rejected])):
        return None
    return "pairs", columns if prompt is None else {**columns, **prompt}


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
    """The name with one of its words exchanged; None where it has not that word."""
    swapped = re.sub(rf"(?<![^\W_]){word}(?![^\W_])", other, name, count=1)
    return None if swapped == name else swapped


def _may_be_reply(name: str, value: Any) -> bool:
    words = {word.lower() for word in _WORDS.findall(name)}
    return not words & known.NO_REPLY and is_said(value)


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
        value = value.get("messages")
    if not isinstance(value, list):
        return False
    said = [item.get("role", item.get("from")) for item in value if isinstance(item, dict)]
    return any(role in ("user", "human", "prompter") for role in said)


def find_prompt(row: Row, taken: Iterable[str]) -> Columns | None:
    """The field that the replies answer, and one that goes on from it; None without any."""
    left = {name: value for name, value in row.items() if name not in set(taken)}
    for name in known.PROMPTS:
        if path := _prompt_in(name, left.get(name)):
            below = "input" if name == "instruction" and _is_text(left.get("input")) else None
            return {"prompt": path, "input": below} if below else {"prompt": path}
    info = left.get("info")
    if isinstance(info, dict) and any(_is_text(info.get(name)) for name in known.POSTS[1:]):
        return {"prompt": "+".join(f"info.{name}" for name in known.POSTS)}
    return None


def _prompt_in(name: str, value: Any) -> str | None:
    """The path of a prompt in a field of this name; None where the field holds none."""
    if isinstance(value, str):
        return name if value.strip() else None
    if isinstance(value, list):
        return name if is_said(value) else None
    if not isinstance(value, dict):
        return None
    if isinstance(value.get("messages"), list):
        return f"{name}.messages"
    if _is_message(value):
        return name
    inner = next((key for key in known.TEXTS_INSIDE if _is_text(value.get(key))), None)
    return f"{name}.{inner}" if inner else None


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _tell_two(row: Row) -> Told | None:
    found = find_two(row)
    if found is None:
        return None
    a, b, suffixes = found
    columns = {"a": a, "b": b}
    verdict = find_verdict(row, columns, suffixes)
    if verdict is None:
        return None
    columns |= verdict
    prompt = find_prompt(row, columns.values())
    if prompt is None and not (is_whole(row[a]) and is_whole(row[b])):
        return None
    return "two", {**columns, **(prompt or {})}


def find_two(row: Row) -> tuple[str, str, tuple[str, str]] | None:
    """The names of two replies, and what tells them apart."""
    replies = {name for name, value in row.items() if is_said(value)}
    for stem in known.STEMS:
        for one, other in known.SUFFIXES:
            for between in ("_", "", "-", " "):
                a, b = f"{stem}{between}{one}", f"{stem}{between}{other}"
                if a in replies and b in replies and not _is_third(row, stem, between, other):
                    return a, b, (one, other)
    return None


def _is_third(row: Row, stem: str, between: str, last: str) -> bool:
    """Whether there is a third reply, so that two of them are not all."""
    if last not in ("b", "B", "2", "1"):
        return False
    following = {"b": "c", "B": "C", "2": "3", "1": "2"}[last]
    return f"{stem}{between}{following}" in row


def find_verdict(row: Row, taken: Columns, suffixes: tuple[str, str]) -> Columns | None:
    """The fields that say which of two replies is better; None where none does."""
    scores = _paired(row, known.SCORE_STEMS, suffixes)
    rated = {"score_a": scores[0], "score_b": scores[1]} if scores else {}
    if flags := _find_flags(row, suffixes):
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


def _paired(row: Row, stems: Sequence[str], suffixes: tuple[str, str]) -> tuple[str, str] | None:
    for stem in stems:
        for between in ("_", "", "-"):
            a, b = (f"{stem}{between}{suffix}" for suffix in suffixes)
            if a in row and b in row:
                return a, b
    return None


def _find_flags(row: Row, suffixes: tuple[str, str]) -> Columns | None:
    for form in known.ONE_HOT:
        a, b = (form.format(suffix) for suffix in suffixes)
        if a in row and b in row:
            tie = next((name for name in known.TIE_FLAGS if name in row), None)
            return {"wins_a": a, "wins_b": b, **({"ties": tie} if tie else {})}
    return None


def _tell_list(row: Row) -> Told | None:
    for name in known.LISTS:
        items = row.get(name)
        if not isinstance(items, list) or not items:
            continue
        columns: Columns = {"replies": name}
        if all(isinstance(item, dict) for item in items):
            text = next((key for key in known.INNER_TEXTS if is_said(items[0].get(key))), None)
            if text is None:
                continue
            columns["text"] = text
        elif not all(isinstance(item, str | list) for item in items):
            continue
        verdict = _judge_inside(items) or _judge_beside(row, len(items))
        prompt = find_prompt(row, [name])
        if verdict and prompt:
            return "replies", {**columns, **verdict, **prompt}
    return None


def _judge_inside(items: list[Any]) -> Columns | None:
    held: dict[str, Any] = {}
    for item in items:
        if isinstance(item, dict):
            held |= {key: value for key, value in item.items() if value is not None}
    for role, names in (
        ("rank", known.INNER_RANKS),
        ("score", known.INNER_SCORES),
        ("selected", known.INNER_FLAGS),
    ):
        kind: Callable[[Any], bool] = _is_flag if role == "selected" else _is_number
        if name := next((key for key in names if key in held and kind(held[key])), None):
            return {role: name}
    return None


def _judge_beside(row: Row, count: int) -> Columns | None:
    for role, names in (("rank", known.RANKS_BESIDE), ("score", known.SCORES_BESIDE)):
        for name in names:
            beside = row.get(name)
            if isinstance(beside, list) and len(beside) == count and _is_number(beside[0]):
                return {role: name}
    chosen = next((name for name in known.CHOICES if type(row.get(name)) is int), None)
    return {"winner": chosen} if chosen else None


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        return re.fullmatch(r"[+-]?\d+(\.\d*)?", value.strip()) is not None
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _tell_one(row: Row) -> Told | None:
    """One reply a row, with a label or a rating."""
    reply = next((name for name in known.REPLIES if is_said(row.get(name))), None)
    verdict = _find_label(row)
    if verdict is None:
        return None
    if reply is None:
        whole = next((n for n in ("messages", "conversations") if is_whole(row.get(n))), None)
        return ("rows", {"reply": whole, **verdict}) if whole else None
    prompt = find_prompt(row, [reply, *verdict.values()])
    return ("rows", {"reply": reply, **verdict, **prompt}) if prompt else None


def _find_label(row: Row) -> Columns | None:
    for name in known.LABELS:
        value = row.get(name)
        if isinstance(value, bool | str) or (isinstance(value, int) and value in (-1, 0, 1)):
            return {"label": name}
    rated = next((name for name in known.RATINGS if _is_number(row.get(name))), None)
    return {"score": rated} if rated else None


def is_alone(value: Any) -> bool:
    """Whether a list of messages is a reply without what it answers."""
    return isinstance(value, list) and bool(value) and not is_whole(value)


def fill_columns(named: Columns, rows: Sequence[Row]) -> Columns:
    """What goes with columns that were named: a prompt, what tells which reply is better.

    Args:
        named: Columns that make a shape.
        rows: Rows of which some have them.
    """
    filled: Counter[tuple[tuple[str, str], ...]] = Counter()
    for row in rows:
        given = {name: value for name, value in row.items() if _is_filled(value)}
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
        suffixes = next(
            (pair for pair in known.SUFFIXES if named["a"].endswith(pair[0])), ("a", "b")
        )
        more |= find_verdict(row, named, suffixes) or {}
    if "replies" in named and not VERDICTS & named.keys():
        items = items_of(row, named["replies"])
        more |= _judge_inside(items) or _judge_beside(row, len(items)) or {}
    if "replies" in named and "text" not in named:
        items = items_of(row, named["replies"])
        if items and isinstance(items[0], dict):
            text = next((key for key in known.INNER_TEXTS if is_said(items[0].get(key))), None)
            more |= {"text": text} if text else {}
    if "reply" in named and not VERDICTS & named.keys():
        more |= _find_label(row) or {}
    return more


def add_columns(columns: Columns, rows: Sequence[Row]) -> Columns:
    """The same with what some of the rows have besides: scores, a status, a reply's beginning."""
    held = {name for row in rows for name, value in row.items() if _is_filled(value)}
    more: Columns = {}
    if "chosen" in columns:
        pairs = (pair for pair in known.SCORES_OF_SIDES if set(pair) <= held)
        if scores := next(pairs, None):
            more |= dict(zip(("score_chosen", "score_rejected"), scores, strict=True))
        words = {row.get("status") for row in rows if isinstance(row.get("status"), str)}
        if "status" in held and "tie" in words | {"tie"} and not words <= {"discarded"}:
            more["status"] = "status"
        if begun := next((name for name in known.REPLY_STARTS if name in held), None):
            more["reply_start"] = begun
    return {**columns, **{role: path for role, path in more.items() if role not in columns}}

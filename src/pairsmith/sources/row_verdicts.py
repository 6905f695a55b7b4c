"""What a row says of its replies: from its fields to what each reply is worth."""

from __future__ import annotations

from typing import Any

from pairsmith.schema.reasons import Reason
from pairsmith.sources.columns import ledger_path, look_up, split_path, value_at
from pairsmith.sources.outcomes import UnreadableError
from pairsmith.sources.row_front import Look
from pairsmith.sources.rules import (
    Judged,
    Winner,
    judge_flags,
    judge_ranks,
    judge_scores,
    judge_strength,
    judge_two,
    read_flag,
    read_number,
    read_winner,
    settle,
)

SCORE_FIELDS = (
    ("score_chosen", "score_rejected"),
    ("chosen_score", "rejected_score"),
    ("rating_chosen", "rating_rejected"),
    ("chosen_rating", "rejected_rating"),
    ("reward_chosen", "reward_rejected"),
    ("chosen_reward", "rejected_reward"),
)
"""Names under which data of chosen and rejected replies tell their scores."""


def judge_sides(look: Look) -> Judged:
    """Of a chosen and a rejected reply: the first is better, unless the row says otherwise.

    Raises:
        UnreadableError: A score is no number.
    """
    status = look.shape.columns.get("status")
    if status and isinstance(said := value_at(look.row, status), str):
        look.used.add(ledger_path(status))
        if said.strip().lower() == "tie":
            return judge_two(None)
    scores = _side_scores(look)
    return judge_two(0, scores)


def _side_scores(look: Look) -> list[float] | None:
    named = look.shape.columns.get("score_chosen"), look.shape.columns.get("score_rejected")
    for better, worse in (named, *SCORE_FIELDS):
        if not better or not worse:
            continue
        held = [value_at(look.row, path) for path in (better, worse)]
        if None not in held:
            look.used.update(ledger_path(path) for path in (better, worse))
            return [read_number(v, p) for v, p in zip(held, (better, worse), strict=True)]
    return None


def judge_versus(look: Look) -> Judged:
    """Of two replies: by a winner, flags, a strength, a label or their scores.

    Raises:
        UnreadableError: What the row says cannot be understood.
    """
    columns = look.shape.columns
    scores = _two_scores(look)
    if "winner" in columns:
        return judge_two(_read_winners(look), scores)
    if "wins_a" in columns:
        return judge_two(_read_flags(look), scores)
    if "label" in columns:
        flag = read_flag(_needed(look, columns["label"]), columns["label"])
        return judge_two(0 if flag else 1, scores)
    if "strength" in columns:
        return _read_strength(look)
    if scores is None:
        raise UnreadableError(Reason.MALFORMED, "the row does not say which reply is better")
    return judge_scores(scores)


def _needed(look: Look, path: str) -> Any:
    """The value of a field that tells which reply is better."""
    look.used.add(ledger_path(path))
    value = value_at(look.row, path)
    if value is None:
        said = f"the field {path} is missing or null: neither reply is said to be better"
        raise UnreadableError(Reason.TIE, said)
    return value


def _two_scores(look: Look) -> list[float] | None:
    paths = [
        look.shape.columns[role] for role in ("score_a", "score_b") if role in look.shape.columns
    ]
    held = [value_at(look.row, path) for path in paths]
    if len(paths) < 2 or None in held:
        return None
    look.used.update(map(ledger_path, paths))
    return [read_number(value, path) for value, path in zip(held, paths, strict=True)]


def _read_winners(look: Look) -> Winner:
    path = look.shape.columns["winner"]
    look.used.update(map(ledger_path, split_path(path)))
    sides = look.shape.columns["a"], look.shape.columns["b"]
    first = look.shape.columns.get("first")
    base = int(first) if first in ("0", "1") else None
    said = [read_winner(value, path, sides, base) for value in look_up(look.row, path)]
    return settle(said)


def _read_flags(look: Look) -> Winner:
    """A winner from a flag for each end that a comparison can have."""
    flags: list[bool] = []
    for role in ("wins_a", "wins_b", "ties"):
        path = look.shape.columns.get(role)
        value = value_at(look.row, path) if path else None
        if path and value is not None:
            look.used.add(ledger_path(path))
        flags.append(value is not None and read_flag(value, str(path)))
    if sum(flags) != 1:
        count = sum(flags)
        said = f"of the flags that say which reply is better {count} are set, not one"
        raise UnreadableError(Reason.MALFORMED, said)
    return 0 if flags[0] else 1 if flags[1] else None


def _read_strength(look: Look) -> Judged:
    """One strength, or the middle of what several annotators say where they agree in which."""
    path = look.shape.columns["strength"]
    _needed(look, path)
    said = [read_number(value, path) for value in look_up(look.row, path)]
    if len(said) == 1:
        return judge_strength(said[0], path)
    winner = settle([None if number == 0 else int(number > 0) for number in said])  # type: ignore[misc]
    if winner is None:
        return judge_strength(0, path)
    agreed = [number for number in said if number and (number > 0) == bool(winner)]
    return judge_strength(sum(agreed) / len(agreed), path)


def judge_list(look: Look, items: list[Any]) -> Judged:
    """Of a list of replies: by ranks, scores, a flag or the number of one; else best first.

    Raises:
        UnreadableError: What the row says cannot be understood.
    """
    columns = look.shape.columns
    if "rank" in columns:
        return judge_ranks(_numbers(look, items, "rank"))
    if "score" in columns:
        return judge_scores(_numbers(look, items, "score"))
    if "selected" in columns:
        flags = _of_each(look, items, "selected")
        return judge_flags(
            [None if v is None else read_flag(v, columns["selected"]) for v in flags]
        )
    if "winner" in columns:
        place = read_number(_needed(look, columns["winner"]), columns["winner"])
        place -= int(columns.get("first") == "1")
        if place not in range(len(items)):
            said = f"the field {columns['winner']} names none of the {len(items)} replies"
            raise UnreadableError(Reason.MALFORMED, said)
        return judge_flags([number == place for number in range(len(items))])
    return judge_ranks([float(place) for place in range(len(items))])


def _numbers(look: Look, items: list[Any], role: str) -> list[float | None]:
    values = _of_each(look, items, role)
    return [
        None if value is None else read_number(value, f"the {role} of reply {number}")
        for number, value in enumerate(values, 1)
    ]


def _of_each(look: Look, items: list[Any], role: str) -> list[Any]:
    """One value a reply: from inside of each, or from a list beside them."""
    path = look.shape.columns[role]
    inside = [value_at(item, path) if isinstance(item, dict) else None for item in items]
    if any(value is not None for value in inside):
        look.used.add(f"{ledger_path(look.shape.columns['replies'])}[].{ledger_path(path)}")
        return inside
    beside = value_at(look.row, path)
    if not isinstance(beside, list):
        raise UnreadableError(Reason.MALFORMED, f"no reply has a {role}")
    if len(beside) != len(items):
        said = f"{path} has {len(beside)} items for {len(items)} replies"
        raise UnreadableError(Reason.MALFORMED, said)
    look.used.add(f"{ledger_path(path)}[]")
    return beside

"""What a row says of its replies: from its fields to what each reply is worth."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from pairsmith.schema.reasons import Reason
from pairsmith.sources.outcomes import UnreadableError
from pairsmith.sources.rows.front import Look
from pairsmith.sources.rows.known_fields import SCORES_OF_SIDES
from pairsmith.sources.rows.mapping import (
    items_of,
    ledger_path,
    look_up,
    said_at,
    split_path,
    value_at,
)
from pairsmith.sources.rows.rules import (
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


def judge_sides(look: Look) -> Judged:
    """Of a chosen and a rejected reply: the first is better, unless the row says otherwise.

    Raises:
        UnreadableError: A score is no number.
    """
    return judge_two(0, _side_scores(look))


def check_status(look: Look) -> None:
    """Refuses a row that says of itself that it is a tie, or was discarded.

    Raises:
        UnreadableError: It does.
    """
    path = look.shape.columns.get("status")
    said = value_at(look.row, path) if path else None
    if not path or not isinstance(said, str):
        return
    look.used.add(ledger_path(path))
    if said.strip().lower() == "tie":
        raise UnreadableError(Reason.TIE, f"the field {path} says that it is a tie")
    if said.strip().lower() == "discarded":
        raise UnreadableError(Reason.TIE, f"the field {path} says that the row was discarded")


def drop_discarded(look: Look) -> Look:
    """The row without what annotators discarded, cancelled or left as a draft."""
    name = look.shape.columns.get("annotations", "")
    held = look.row.get(name)
    if not isinstance(held, list):
        return look
    for field in ("status", "was_cancelled"):
        if any(isinstance(item, dict) and item.get(field) is not None for item in held):
            look.used.add(f"{name}[].{field}")
    kept = [item for item in held if not (isinstance(item, dict) and _is_discarded(item))]
    return look._replace(row={**look.row, name: kept})


def _is_discarded(item: dict[str, Any]) -> bool:
    return item.get("was_cancelled") is True or item.get("status") in ("discarded", "draft")


def _side_scores(look: Look) -> list[float] | None:
    named = look.shape.columns.get("score_chosen"), look.shape.columns.get("score_rejected")
    for better, worse in (named, *SCORES_OF_SIDES):
        if not better or not worse:
            continue
        held = [said_at(look.row, path) for path in (better, worse)]
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
    value = said_at(look.row, path)
    if value is None:
        said = f"the field {path} is missing or null: neither reply is said to be better"
        raise UnreadableError(Reason.TIE, said)
    return value


def _two_scores(look: Look) -> list[float] | None:
    paths = [
        look.shape.columns[role] for role in ("score_a", "score_b") if role in look.shape.columns
    ]
    held = [said_at(look.row, path) for path in paths]
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
    return settle(
        [read_winner(_side_of(look, value), path, sides, base) for value in look_up(look.row, path)]
    )


def _side_of(look: Look, value: Any) -> Any:
    """`a` or `b` where a value is the name of the model that gave one of the replies."""
    models = [look.row.get(name) for name in ("model_a", "model_b")]
    if not isinstance(value, str) or models.count(value) != 1:
        return value
    look.used.update(("model_a", "model_b"))
    return "ab"[models.index(value)]


def _read_flags(look: Look) -> Winner:
    """A winner from a flag for each end that a comparison can have."""
    flags: list[bool] = []
    for role in ("wins_a", "wins_b", "ties"):
        path = look.shape.columns.get(role)
        value = said_at(look.row, path) if path else None
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
    """Of a list of replies: by ranks, scores, a flag or the name of one; else best first.

    Raises:
        UnreadableError: What the row says cannot be understood.
    """
    columns = look.shape.columns
    if "rank" in columns:
        return judge_ranks(_numbers(look, items, "rank"))
    if "score" in columns:
        return judge_scores(_numbers(look, items, "score"))
    if "selected" in columns:
        flags, path = _of_each(look, items, "selected"), columns["selected"]
        return judge_flags([None if v is None else read_flag(v, path) for v in flags])
    if "ranking" in columns:
        return judge_ranks(_mean_ranks(look, len(items)))
    if "named" in columns:
        return _judge_named(look, len(items))
    if "winner" in columns:
        return _judge_place(look, len(items))
    return judge_ranks([float(place) for place in range(len(items))])


def _judge_place(look: Look, count: int) -> Judged:
    """One of the replies is better than the others, by its place from 0, or from `first`."""
    path = look.shape.columns["winner"]
    place = read_number(_needed(look, path), path)
    place -= int(look.shape.columns.get("first") == "1")
    if place not in range(count):
        said = f"the field {path} names none of the {count} replies"
        raise UnreadableError(Reason.MALFORMED, said)
    return judge_flags([number == place for number in range(count)])


def _judge_named(look: Look, count: int) -> Judged:
    """The same by its name, where more annotators name it than any other."""
    path = look.shape.columns["named"]
    _needed(look, path)
    places = [_place_of(look, name, path) for name in look_up(look.row, path)]
    votes = Counter(places).most_common(2)
    if len(votes) > 1 and votes[0][1] == votes[1][1]:
        raise UnreadableError(Reason.TIE, "annotators do not agree which reply is the best")
    return judge_flags([place == votes[0][0] for place in range(count)])


def _place_of(look: Look, name: Any, path: str) -> int:
    """The place of the reply that is called by the name of its field."""
    names = [part.rsplit(".", 1)[-1] for part in split_path(look.shape.columns["replies"])]
    said = re.sub(r"[\s_-]", "", str(name).lower())
    for place, field in enumerate(names):
        if said == re.sub(r"[\s_-]", "", field.lower()):
            return place
    raise UnreadableError(Reason.MALFORMED, f"{path} names none of the {len(names)} replies")


def _mean_ranks(look: Look, count: int) -> list[float | None]:
    """The mean of the ranks that annotators gave to each reply; None where nobody gave one."""
    path = look.shape.columns["ranking"]
    _needed(look, path)
    given: list[list[float]] = [[] for _ in range(count)]
    rankings = look_up(look.row, path)
    if rankings and isinstance(rankings[0], dict):
        rankings = [rankings]
    for ranking in rankings:
        for item in ranking if isinstance(ranking, list) else [None]:
            if not isinstance(item, dict) or not {"value", "rank"} <= item.keys():
                said = f"{path} is not a list of {{value, rank}}"
                raise UnreadableError(Reason.MALFORMED, said)
            place = _place_of(look, item["value"], path)
            if item["rank"] is not None:
                given[place].append(read_number(item["rank"], f"a rank in {path}"))
    return [sum(ranks) / len(ranks) if ranks else None for ranks in given]


def _numbers(look: Look, items: list[Any], role: str) -> list[float | None]:
    values = _of_each(look, items, role)
    said = [(value, f"the {role} of reply {number}") for number, value in enumerate(values, 1)]
    return [mean_of(value, name) for value, name in said]


def mean_of(value: Any, name: str) -> float | None:
    """A number, or the mean of what several annotators gave; None where nobody gave any.

    Raises:
        UnreadableError: One of them is no number.
    """
    given = value if isinstance(value, list) else [value]
    numbers = [read_number(item, name) for item in given if item is not None and item != ""]
    return sum(numbers) / len(numbers) if numbers else None


def _of_each(look: Look, items: list[Any], role: str) -> list[Any]:
    """One value a reply: from inside of each, from fields of their own, or from a list beside."""
    path = look.shape.columns[role]
    inside = [value_at(item, path) if isinstance(item, dict) else None for item in items]
    if any(value is not None for value in inside):
        look.used.add(f"{ledger_path(look.shape.columns['replies'])}[].{ledger_path(path)}")
        return inside
    if len(parts := split_path(path)) > 1:
        beside: list[Any] = [look_up(look.row, part) for part in parts]
        look.used.update(map(ledger_path, parts))
    else:
        beside = items_of(look.row, path)
        listed = isinstance(value_at(look.row, path), list)
        look.used.add(f"{ledger_path(path)}[]" if listed else ledger_path(path))
    if not beside:
        raise UnreadableError(Reason.MALFORMED, f"no reply has a {role}")
    if len(beside) != len(items):
        said = f"{path} has {len(beside)} items for {len(items)} replies"
        raise UnreadableError(Reason.MALFORMED, said)
    return beside

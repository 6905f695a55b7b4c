"""Fields that go along with a pair as columns, and its margin.

A carried field has one type in all rows, told by the first ones: text, whole numbers, numbers,
truth values, or, where it is anything else or several of these, a text of JSON. A row in which it
is of another type is refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from pairsmith.errors import RecipeError, SourceError
from pairsmith.schema.messages import encode_json
from pairsmith.schema.reasons import Reason
from pairsmith.sources.outcomes import Comparison, Outcome, UnreadableError

MINUS = " - "
"""Between the two fields of a margin, as a recipe holds it."""

SCORES = "scores"
"""The margin that is the difference of the scores by which a comparison was told."""

_KINDS: tuple[tuple[str, tuple[type, ...]], ...] = (
    ("truth", (bool,)),
    ("text", (str,)),
    ("whole", (int,)),
    ("number", (int, float)),
)
_WORDS = {"truth": "true or false", "text": "text", "whole": "a whole number", "number": "a number"}
_WHOLE = 1 << 63


def find_value(row: dict[str, Any], path: str) -> Any:
    """What stands at a path of objects in a row; None where there is nothing."""
    if path in row:
        return row[path]
    held: Any = row
    for name in path.split("."):
        if not isinstance(held, dict):
            return None
        held = held.get(name)
    return held


def tell_kinds(names: Iterable[str], rows: Sequence[dict[str, Any]]) -> dict[str, str]:
    """The types of carried fields, by the first rows.

    Raises:
        SourceError: No row has a field.
    """
    return {name: _tell_kind(name, [find_value(row, name) for row in rows], rows) for name in names}


def _tell_kind(name: str, values: list[Any], rows: Sequence[dict[str, Any]]) -> str:
    held = [value for value in values if value is not None]
    if not held:
        if any(name in row for row in rows):
            return "json"
        known = list(dict.fromkeys(str(field) for row in rows for field in row))
        raise SourceError(
            f"No row has the field {name[:60]!r} that is to be carried.",
            f"The fields are {', '.join(known[:12])}.",
        )
    return next((kind for kind, _ in _KINDS if all(_is_a(value, kind) for value in held)), "json")


def _is_a(value: Any, kind: str) -> bool:
    types = dict(_KINDS)[kind]
    if isinstance(value, bool) != (kind == "truth"):
        return False
    if isinstance(value, int) and not -_WHOLE <= value < _WHOLE:
        return False
    return isinstance(value, types) and not (isinstance(value, float) and not math.isfinite(value))


def settle_margin(margin: str | None, rows: Sequence[dict[str, Any]]) -> str | None:
    """A margin as a recipe holds it: a field, or two of them with `MINUS` between.

    Raises:
        RecipeError: It is none of these.
        SourceError: No row has a field of it.
    """
    if margin is None or margin == SCORES or _leads(margin, rows):
        return margin
    places = [place for place, character in enumerate(margin) if character == "-"]
    for place in places:
        left, right = margin[:place].strip(), margin[place + 1 :].strip()
        if _leads(left, rows) and _leads(right, rows):
            return f"{left}{MINUS}{right}"
    if not margin.strip():
        raise RecipeError("--margin names no field.", "Expected FIELD, or FIELD-FIELD.")
    known = list(dict.fromkeys(str(field) for row in rows for field in row))
    raise SourceError(
        f"No row has what --margin names: {margin[:60]!r}.",
        f"Expected FIELD or FIELD-FIELD, or {SCORES}. The fields are {', '.join(known[:12])}.",
    )


def _leads(path: str, rows: Sequence[dict[str, Any]]) -> bool:
    return any(find_value(row, path) is not None for row in rows)


def paths_of_margin(margin: str | None) -> tuple[str, ...]:
    """The fields of which a margin is made."""
    return () if margin in (None, SCORES) else tuple(str(margin).split(MINUS))


def carry_fields(row: dict[str, Any], carry: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The values of carried fields, as their columns hold them.

    Raises:
        UnreadableError: One is of another type.
    """
    return {name: _carry(find_value(row, name), name, kind) for name, kind in carry}


def _carry(value: Any, name: str, kind: str) -> Any:
    if value is None:
        return None
    if kind == "json":
        try:
            text = encode_json(value)
            text.encode()
        except (ValueError, RecursionError):
            raise _unlike(name, "what JSON can hold") from None
        return text
    if not _is_a(value, kind):
        raise _unlike(name, _WORDS[kind])
    return value


def _unlike(name: str, wanted: str) -> UnreadableError:
    return UnreadableError(
        Reason.MALFORMED, f"the field {name} is carried, and is not {wanted} as in the first rows"
    )


def find_margin(row: dict[str, Any], margin: str, outcome: Outcome) -> float | None:
    """The margin of one comparison; None where its fields hold nothing.

    Raises:
        UnreadableError: A field of it is no number.
    """
    if margin == SCORES:
        scores = outcome.scores if isinstance(outcome, Comparison) else None
        return scores[0] - scores[1] if scores else None
    values = [find_value(row, path) for path in paths_of_margin(margin)]
    if any(value is None for value in values):
        return None
    for path, value in zip(paths_of_margin(margin), values, strict=True):
        if not _is_a(value, "number"):
            raise UnreadableError(Reason.MALFORMED, f"the field {path} is no number")
    return float(values[0]) - float(values[1]) if len(values) == 2 else float(values[0])

"""How sure people were of a comparison, and which comparisons are too weak to be kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pairsmith.schema.reasons import Reason
from pairsmith.sources.outcomes import Comparison, Outcome, Refused
from pairsmith.sources.rows.carried import find_value
from pairsmith.sources.rows.known_fields import STRENGTHS_BESIDE
from pairsmith.sources.rows.mapping import Columns
from pairsmith.sources.rows.rules import read_number


def strength_path(row: dict[str, Any], columns: Columns) -> str | None:
    """The field of a row that tells a strength; None where none does."""
    named = (columns["strength"],) if "strength" in columns else STRENGTHS_BESIDE
    return next((path for path in named if find_value(row, path) is not None), None)


def drop_weak(
    row: dict[str, Any], outcomes: Iterable[Outcome], columns: Columns, most: float, used: set[str]
) -> list[Outcome]:
    """The outcomes of a row; its comparisons refused where its strength is at most `most`.

    A row that tells no strength is kept: nobody said that they were unsure.

    Raises:
        UnreadableError: The strength is no number.
    """
    held = list(outcomes)
    path = strength_path(row, columns) if most else None
    if path is None:
        return held
    used.add(path)
    strength = abs(read_number(find_value(row, path), path))
    if strength > most:
        return held
    said = f"the strength of the preference is {strength:g}, at most {most:g}"
    refused = Refused(Reason.WEAK_PREFERENCE, said)
    return [refused if isinstance(outcome, Comparison) else outcome for outcome in held]

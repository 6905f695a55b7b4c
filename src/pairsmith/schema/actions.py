"""What a recipe may ask to be done with rows, checked."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from pairsmith.errors import RecipeError
from pairsmith.schema.annotations import Action, Applied, Judge
from pairsmith.schema.reasons import DROPS, MENDS

ALL = "all"
LOST = {
    "replacement": "what a replacement character stands for is lost",
    "cut_length": "what was cut off is lost",
}
"""Damage that an audit finds and nothing mends, and why."""


def check_mend(mend: Iterable[str]) -> tuple[str, ...]:
    """The kinds of damage that are mended, in order; `all` stands for all of them.

    Raises:
        RecipeError: There is no such kind, or it cannot be mended.
    """
    names = list(mend) if isinstance(mend, Iterable) and not isinstance(mend, str) else [mend]
    for name in names:
        if isinstance(name, str) and name in LOST:
            raise RecipeError(f"{name} cannot be mended: {LOST[name]}.", f"{_mends()}.")
        if name not in (*MENDS, ALL):
            raise RecipeError(f"There is nothing to mend called {name!r}.", f"{_mends()}.")
    return tuple(name for name in MENDS if name in names or ALL in names)


def _mends() -> str:
    return f"What can be mended: {', '.join(MENDS)}; or {ALL} of these"


def check_drop(drop: Iterable[str]) -> tuple[str, ...]:
    """What rows are dropped for, sorted.

    Raises:
        RecipeError: There is nothing of such a name.
    """
    names = list(drop) if isinstance(drop, Iterable) and not isinstance(drop, str) else [drop]
    for name in names:
        if name not in DROPS:
            raise RecipeError(f"There is nothing to drop called {name!r}.", f"{_drops()}.")
    return tuple(sorted({str(name) for name in names}))


def _drops() -> str:
    return f"What can be dropped: {', '.join(DROPS)}"


def check_applied(held: Mapping[str, Any]) -> Applied:
    """An annotation that is acted on.

    Raises:
        RecipeError: It is none.
    """
    try:
        applied = Applied(**{**held, "actions": tuple(map(Action, held["actions"]))})
    except (KeyError, TypeError, ValueError) as error:
        raise RecipeError(f"The recipe applies what is no annotation: {error}.") from None
    texts = (applied.name, applied.sha256, applied.label or "", applied.by or "")
    if not all(isinstance(text, str) for text in texts):
        raise RecipeError("The recipe applies an annotation with a field of another type.")
    return applied


def check_judge(held: Mapping[str, Any] | None) -> Judge | None:
    """The annotation that doubts labels.

    Raises:
        RecipeError: It is none.
    """
    if held is None:
        return None
    try:
        judge = Judge(**held)
    except TypeError as error:
        raise RecipeError(f"The recipe's judge is no annotation: {error}.") from None
    if not isinstance(judge.name, str) or not isinstance(judge.sha256, str):
        raise RecipeError("The recipe's judge has a field of another type.")
    if not isinstance(judge.temperature, float) or not 0 < judge.temperature < math.inf:
        raise RecipeError(f"The recipe's judge has the temperature {judge.temperature!r}.")
    return judge


def check_doubt(name: str, doubt: float | None) -> float | None:
    """By how much a label is to be doubted.

    Args:
        name: Of the option.
        doubt: What was given.

    Raises:
        RecipeError: It is no number above 0.
    """
    if doubt is None:
        return None
    if isinstance(doubt, bool) or not isinstance(doubt, int | float):
        raise RecipeError(f"The recipe's {name} is {doubt!r}.", "Expected a number.")
    if not 0 < doubt < math.inf:
        raise RecipeError(
            f"A doubt of {doubt} cannot be acted on with {name.replace('_', '-')}.",
            "It is a distance in log-odds: use a number above 0, such as 1.",
        )
    return float(doubt)

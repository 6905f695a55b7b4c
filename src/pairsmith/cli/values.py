"""Values of options that the command line writes otherwise than Python does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pairsmith.errors import RecipeError
from pairsmith.schema.options import Option

if TYPE_CHECKING:
    from pairsmith.auditing.verdict import Level

DIVIDED = re.compile(r",((?:\\,|[^,])*)")
"""A comma and what follows up to the next one that divides."""


def value_of(declared: Option, flag: str, given: Any) -> Any:
    """A value as the field takes it.

    Raises:
        RecipeError: It is not as the option has to be given.
    """
    if declared.given == "list":
        return names_of(given)
    if declared.given == "pairs":
        return pairs_of(flag, given or [])
    if declared.given == "choices":
        return pairs_of(flag, names_of(given))
    if declared.given == "text":
        return ",".join(given) if given else None
    return given


def names_of(given: Sequence[str] | None) -> list[str]:
    """Names from an option that takes several: with commas between, or given again.

    A comma that belongs to a name is written with a backslash before it.
    """
    parts = (part for text in given or () for part in DIVIDED.findall("," + text))
    return [part.strip().replace("\\,", ",") for part in parts]


def level_of(flag: str, given: str | None) -> Level | None:
    """A level of a verdict that something may be done about; None if none is given.

    Raises:
        RecipeError: It is none.
    """
    from pairsmith.auditing.verdict import Level

    levels = {level.value: level for level in (Level.ACT, Level.LOOK)}
    if given is not None and given not in levels:
        raise RecipeError(f"{flag} {given} is no level.", f"Levels are {' and '.join(levels)}.")
    return levels.get(given or "")


def pairs_of(flag: str, given: Sequence[str]) -> dict[str, str]:
    """NAME=VALUE options as a dictionary.

    Raises:
        RecipeError: One has no equals sign, or a name is given twice.
    """
    pairs: dict[str, str] = {}
    for pair in given:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise RecipeError(f"{flag} {pair} gives no value.", f"Write {flag} NAME=VALUE.")
        if name in pairs:
            raise RecipeError(f"{flag} gives {name} twice.", "Leave one of them.")
        pairs[name] = value
    return pairs

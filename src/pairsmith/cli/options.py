"""Options that hold more than a word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypeAlias

import typer

Tokens: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--token", metavar="NAME=TEXT", help="A special token for the template: eos_token=…"
    ),
]
Date: TypeAlias = Annotated[
    str | None, typer.Option("--date", metavar="DAY", help="For a template that writes the date.")
]


def pairs_of(option: str, given: Sequence[str]) -> dict[str, str]:
    """NAME=VALUE options as a dictionary.

    Raises:
        RecipeError: One has no equals sign, or a name is given twice.
    """
    from pairsmith.errors import RecipeError

    pairs: dict[str, str] = {}
    for pair in given:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise RecipeError(f"{option} {pair} gives no value.", f"Write {option} NAME=VALUE.")
        if name in pairs:
            raise RecipeError(f"{option} gives {name} twice.", "Leave one of them.")
        pairs[name] = value
    return pairs

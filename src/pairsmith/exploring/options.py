"""What an exploration is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Annotated, TypedDict

from pairsmith.errors import RecipeError
from pairsmith.schema.options import Option


@dataclass(frozen=True)
class ExploreOptions:
    """What decides the outcome of an exploration, besides the rows.

    Raises:
        RecipeError: A value is out of its range.
    """

    scores: Annotated[
        str | None, Option("An annotation that holds scores of turns, or of both sides.", "NAME")
    ] = None
    success_from: Annotated[
        float, Option("The lowest rating with which an attack counts as successful.", "RATING")
    ] = 3.0
    no_text: Annotated[
        bool, Option("Leave texts, words and names of topics out: a report that can be shown.")
    ] = False
    seed: Annotated[int, Option("Of all draws, and of the map.", "N")] = 0

    def __post_init__(self) -> None:
        """Checks the values."""
        if not isfinite(self.success_from):
            raise RecipeError("--success-from is not a number.", "Name a rating, such as 3.")
        if self.seed < 0:
            raise RecipeError("--seed is below 0.", "Take 0 or more.")


class ExploreArguments(TypedDict, total=False):
    """The fields of `ExploreOptions`, as a function takes them."""

    scores: str | None
    success_from: float
    no_text: bool
    seed: int

"""Chat formats by name, in compiled form: the constant strings around contents."""

from __future__ import annotations

from pairsmith.errors import RecipeError
from pairsmith.schema import Template
from pairsmith.templates.llama2 import LLAMA2

BUILT_IN = {LLAMA2.name: LLAMA2}


def find(name: str) -> Template:
    """The template of this name.

    Raises:
        RecipeError: There is none.
    """
    if name not in BUILT_IN:
        raise RecipeError(
            f"There is no template called {name!r}.", f"Built in: {', '.join(sorted(BUILT_IN))}."
        )
    return BUILT_IN[name]

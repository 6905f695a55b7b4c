"""The models that options name, as a project has them: each with its server, and told apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from pairsmith.collecting.options import CollectOptions
from pairsmith.collecting.project import Pairing
from pairsmith.errors import RecipeError
from pairsmith.io.wire import Patience
from pairsmith.models.generation.endpoint import Endpoint, open_endpoint

ATTEMPTS, SECONDS = 2, 30.0
"""How often a server is asked for its models, and how long it may be silent: somebody waits."""


def models_of(options: CollectOptions) -> dict[str, Any]:
    """The settings `models` and `pairing` of a project that talks to the models of options.

    Of several, two are drawn for a conversation, and their replies compared.

    Raises:
        ModelError: A server does not tell its model's name.
        RecipeError: Addresses and names do not go together, or two name the same model.
    """
    patience = replace(Patience.usual(), attempts=ATTEMPTS, seconds=SECONDS)
    asked = [*_asked(options.models, options.served_models)]
    served = [open_endpoint(url, name, patience) for url, name in asked]
    if len(set(served)) < len(served):
        again = next(one for one in served if served.count(one) > 1)
        raise RecipeError(
            f"{again.model} at {again.name} is named twice: to compare models they have to differ.",
            "Name another with --model or --served-model; of one model alone, two samples are"
            " compared.",
        )
    parameters = {"temperature": options.temperature, "max_tokens": options.max_tokens}
    shared = {
        "system": options.system,
        "parameters": {name: value for name, value in parameters.items() if value is not None},
    }
    models = [
        {"name": name, "endpoint": url, "served_model": one.model, **shared}
        for name, (url, _), one in zip(_names(served), asked, served, strict=True)
    ]
    pairing = Pairing.SAME if len(models) == 1 else Pairing.DIFFERENT
    return {"models": models, "pairing": pairing.value}


def _asked(urls: Sequence[str], names: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """Addresses with the names of models there: as many of each, or one of either for all."""
    if len(urls) > 1 and len(names) > 1 and len(urls) != len(names):
        raise RecipeError(
            f"--model names {len(urls)} servers and --served-model {len(names)} models.",
            "Give as many of each, in the same order, or one of either for all.",
        )
    count = max(len(urls), len(names))
    for place in range(count):
        name = names[place % len(names)] if names else None
        yield urls[place % len(urls)], name


def _names(served: Sequence[Endpoint]) -> list[str]:
    """What the project calls them: as their servers do, a folder by its own name, each once."""
    made: list[str] = []
    for one in served:
        name = one.model.rstrip("/").rpartition("/")[2] if one.model.startswith("/") else one.model
        tries = (f"{name} {number}" if number > 1 else name for number in range(1, len(made) + 2))
        made.append(next(found for found in tries if found not in made))
    return made

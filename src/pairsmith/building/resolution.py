"""Options to the recipe that they make of a source: what was asked, and what its rows tell."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from pairsmith.building.options import MESSAGES, BuildOptions, Options
from pairsmith.dataset import card as cards
from pairsmith.errors import RecipeError
from pairsmith.schema.recipe import Recipe, make_recipe
from pairsmith.schema.rows import Form, Origin
from pairsmith.schema.templates import Template
from pairsmith.sources import told_places
from pairsmith.sources.detection.settling import Settled
from pairsmith.sources.rows.detected import Asked
from pairsmith.sources.rows.mapping import parse_columns

RESOLVED = (
    *("template", "tokens", "date", "as_", "apply", "judge", "temperature"),
    *("pairs", "min_margin", "drop_weak", "carry", "margin", "messages"),
)
"""Options that a recipe does not hold by their names: the template is resolved from three, and how
rows are read from what is asked and the first rows."""


def ask_for_shape(options: Options) -> Asked:
    """What is asked of the shape of rows."""
    source, made = options.source, options.build
    columns = {r: p for r, p in parse_columns(source.columns).items() if r not in told_places.ROLES}
    compared = made.pairs, made.min_margin, made.drop_weak
    return Asked(source.from_, columns, source.preference, *compared)


def card_fields(options: BuildOptions) -> dict[str, Any]:
    """The card's front-matter fields, from the file if one is named."""
    if isinstance(options.card, str | os.PathLike):
        return cards.read_fields(Path(options.card))
    return cards.check_fields(options.card or {})


def resolve_recipe(
    options: BuildOptions,
    template: Template | None,
    *,
    card: Mapping[str, Any],
    origin: Origin,
    settled: Settled,
    told: Mapping[str, str] | None = None,
    apply: Iterable[Mapping[str, Any]] = (),
    judge: Mapping[str, Any] | None = None,
) -> Recipe:
    """Resolves options into the recipe that decides a build's bytes.

    Args:
        options: What to make. An option that is not `RESOLVED` here is the recipe's by its name.
        template: The chat template that they name; None without one.
        card: The card's front-matter fields, checked.
        origin: What the source is known to be.
        settled: How its rows are read.
        told: The fields that tell where its rows belong; None for none.
        apply: The annotations that are acted on, as `Applied` has them.
        judge: The annotation that doubts labels, as `Judge` has it; None for the model `linear`.

    Raises:
        RecipeError: An option is out of range, or at odds with another.
    """
    held = {
        field.name: getattr(options, field.name)
        for field in fields(options)
        if field.name not in RESOLVED
    }
    held.update(template=template, form=options.as_, card=card, origin=origin, apply=apply)
    held.update(shape=settled.detected.name, reading=settled.reading)
    held["shapes"] = {
        path: {"from": detected.name, **({"reading": reading} if reading else {})}
        for path, (detected, reading) in settled.others.items()
    }
    held.update(told=told or {}, judge=judge)
    held.update(carry=settled.carry, margin=settled.margin)
    held.update(full=_is_full(options.messages, settled, held["form"], template))
    return make_recipe(**held)


def _is_full(asked: str, settled: Settled, form: str | None, template: Template | None) -> bool:
    """Whether messages are written with all that they may hold; text needs no place for it.

    Raises:
        RecipeError: There is no such way to write messages.
    """
    if asked not in MESSAGES:
        raise RecipeError(f"--messages takes no {asked!r}.", f"It takes {', '.join(MESSAGES)}.")
    if (form or (Form.TEXT if template else Form.MESSAGES)) != Form.MESSAGES:
        return False
    return settled.full if asked == "auto" else asked == "full"

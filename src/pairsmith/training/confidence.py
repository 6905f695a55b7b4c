"""How far the label of each row is to be believed, as an annotation or the build tells it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from pairsmith.dataset.annotations import read_annotation
from pairsmith.dataset.manifest import Manifest
from pairsmith.errors import AnnotationError, RecipeError
from pairsmith.io.remote import StoragePath
from pairsmith.schema.rows import CONFIDENCE, MARGIN

OWN = "label"
"""Stands for the column `label_confidence` of a build with --flip or --smooth."""

COLUMN = "confidence"
"""The column of an annotation that is read; where there is none, `score` is."""


CONSTANT = re.compile(r"0?\.\d{1,9}|1\.0{0,9}")
"""A number for all rows; no annotation has a name with a point."""

ById: TypeAlias = Mapping[str, float] | str | float | None
"""By a row's id, 0 to 1; `label` where the build's column tells it; one number for all; None for
nothing."""


class Told(NamedTuple):
    """What tells the confidence.

    Attributes:
        by_id: The confidence.
        sha256: Of the annotation's manifest; empty without one.
    """

    by_id: ById
    sha256: str


def write_constant(value: float) -> str:
    """A number for all rows as a text, as which it is kept.

    >>> write_constant(0.9), write_constant(1)
    ('0.9', '1.0')

    Raises:
        RecipeError: It is no probability.
    """
    text = repr(round(float(value), 9))
    if not CONSTANT.fullmatch(text):
        raise RecipeError(f"confidence is {value}.", "Expected a number from 0 to 1, as 0.9.")
    return text


def check_margin(built: Manifest) -> None:
    """Checks that a build has margins.

    Raises:
        RecipeError: It has none.
    """
    if MARGIN not in built.recipe.pair_columns.carried.names:
        raise RecipeError(
            "The build has no margins.", "Build it with --margin, or train without margin."
        )


def read_confidence(out: StoragePath, built: Manifest, name: str | None) -> Told:
    """Reads what tells the confidence.

    Args:
        out: The folder of the build.
        built: Its manifest.
        name: An annotation's name, `label` for the build's own column, a number with a point for
            all rows, None for no confidence.

    Raises:
        RecipeError: The build has no such column.
        AnnotationError: There is no such annotation, or what it says are no probabilities.
    """
    if name is None:
        return Told(None, "")
    if name == OWN:
        if not built.recipe.pair_columns.weighed:
            raise RecipeError(
                f"The build has no column {CONFIDENCE}.",
                "Build it with --smooth or --flip, or name an annotation.",
            )
        return Told(OWN, "")
    if CONSTANT.fullmatch(name):
        return Told(float(name), "")
    found = read_annotation(str(out), name)
    held: dict[str, float] = {}
    for batch in found.batches():
        column = COLUMN if COLUMN in batch.schema.names else "score"
        for id, value in zip(batch["id"].to_pylist(), batch[column].to_pylist(), strict=True):
            if value is None:
                continue
            if not isinstance(value, int | float) or not 0 <= value <= 1:
                raise AnnotationError(
                    f"The annotation {name} tells no confidence: {column} of {id} is "
                    f"{_shown(value)}.",
                    "A confidence is a probability, 0 to 1, that the label is right.",
                )
            held[id] = min(held.get(id, 1.0), float(value))
    if not held:
        raise AnnotationError(f"The annotation {name} tells no number.", "Name another.")
    return Told(held, found.sha256)


def _shown(value: object) -> str:
    """A value in a sentence; of what is no number the kind alone, for it may be anybody's text."""
    return repr(value) if isinstance(value, int | float) else f"a {type(value).__name__}"

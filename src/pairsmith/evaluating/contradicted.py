"""Rows where a sure model contradicts the label: either may be wrong, and it pays to look."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from pairsmith._version import __version__
from pairsmith.dataset.annotation import SLUG, Annotator
from pairsmith.dataset.annotations import list_annotations, read_annotation
from pairsmith.errors import AnnotationError
from pairsmith.scoring.linear import to_probability
from pairsmith.statistics.bootstrap import Floats

SURE = 0.9
"""A model is sure where it gives the reply that it prefers at least this chance, after the fitted
temperature."""
MOST = 1_000
"""At most this many rows are listed in the JSON; the annotation has them all."""
LABEL = "contradicts"
ANNOTATOR = "pairsmith evaluate"
SUFFIX = "-contradicted"
"""Behind the name of the annotation of scores."""


class Contradicted(NamedTuple):
    """The labels that a sure model contradicts, most sure first.

    Attributes:
        ids: The ids of n rows.
        margins: Their margins, all below 0.
        chances: The chance that the model gives each label, after the temperature.
    """

    ids: list[str]
    margins: list[float]
    chances: list[float]

    def to_dict(self) -> dict[str, Any]:
        """As `evaluation.json` holds it, at most `MOST` rows."""
        rows = zip(self.ids[:MOST], self.margins[:MOST], self.chances[:MOST], strict=True)
        return {
            "sure": SURE,
            "count": len(self.ids),
            "rows": [
                {"id": id, "margin": float(f"{margin:.7g}"), "chance": float(f"{chance:.4g}")}
                for id, margin, chance in rows
            ],
        }

    def statements(self) -> Iterator[dict[str, Any]]:
        """What an annotation says of each row."""
        for id, margin, chance in zip(self.ids, self.margins, self.chances, strict=True):
            detail = f"The model gives this label a chance of {100 * chance:.2g} %."
            yield {"id": id, "label": LABEL, "score": margin, "detail": detail}


def find_contradicted(ids: pa.Array, margins: Floats, temperature: float | None) -> Contradicted:
    """The rows whose label a sure model contradicts.

    Args:
        ids: The ids of n rows.
        margins: Their margins.
        temperature: What margins are divided by, to have chances that can be trusted; None where
            none fits, or the model is not surely better than chance: then no row is named.
    """
    if temperature is None:
        return Contradicted([], [], [])
    chances = to_probability(margins / temperature)
    some = np.flatnonzero(chances <= 1 - SURE)
    some = some[np.argsort(margins[some], kind="stable")]
    return Contradicted(
        ids.take(pa.array(some)).to_pylist(), margins[some].tolist(), chances[some].tolist()
    )


def annotation_name(scores: str) -> str | None:
    """What the annotation of contradicted rows is called; None where that is too long."""
    name = scores + SUFFIX
    return name if SLUG.fullmatch(name) else None


def is_taken(out: Path, name: str) -> bool:
    """Whether an annotation of this name is there that somebody else wrote."""
    if name not in list_annotations(out):
        return False
    try:
        return read_annotation(out, name).annotator.name != ANNOTATOR
    except AnnotationError:  # damaged, or of another build: ours to replace only if it says so
        return True


def annotator(scores: str, sha256: str, temperature: float) -> Annotator:
    """Who says which labels are contradicted.

    Args:
        scores: The name of the annotation of scores.
        sha256: Of its manifest.
        temperature: The temperature that was fitted.
    """
    return Annotator(
        ANNOTATOR,
        __version__,
        recipe={"scores": scores, "sha256": sha256, "temperature": temperature, "sure": SURE},
        actions={LABEL: "flip"},
    )

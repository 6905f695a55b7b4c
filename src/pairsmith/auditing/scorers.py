"""Scorers beside a build: what their margins say of the labels, and of those that are doubted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pairsmith.dataset import manifest
from pairsmith.dataset.annotations import list_annotations, read_annotation
from pairsmith.dataset.margins import are_of_other_labels, margins_of_rows, read_margins
from pairsmith.errors import AnnotationError
from pairsmith.io.durable import sha256_of
from pairsmith.statistics.intervals import Share, wilson

if TYPE_CHECKING:
    from pairsmith.auditing.answer import Study

MOST = 12
"""The most scorers that are compared."""


class Scored(NamedTuple):
    """How an annotation's margins stand to the labels of the kept rows.

    Attributes:
        name: Of the annotation.
        agreement: The share of labels that it agrees with, of the rows with a margin other than 0.
        rows: How many rows have a margin.
        doubted: How many labels it disagrees with.
        both: How many of these another model disagrees with too.
    """

    name: str
    agreement: Share
    rows: int
    doubted: int
    both: int

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, as values that JSON can hold."""
        return {**self._asdict(), "agreement": self.agreement.to_dict()}

    def __str__(self) -> str:
        return (
            f"The scorer {self.name} agrees with {self.agreement} of {self.rows:,} labels, and "
            f"doubts {self.doubted:,}, of which that model doubts {self.both:,} too."
        )


def compare_scorers(study: Study, margins: NDArray[np.float64]) -> list[Scored]:
    """Compares the annotations beside a build that have margins with a model of the labels.

    What has none, is damaged, is of other rows, or of labels that this build exchanged, is passed
    over.

    Args:
        study: The dataset and its index.
        margins: The model's, one a kept row, in the order of row numbers.

    Returns:
        A comparison for each annotation, by name; at most `MOST`.
    """
    out = study.data.out
    names = list_annotations(out)
    if not names:
        return []
    held = study.index.sql("SELECT id FROM rows WHERE kept ORDER BY row").to_arrow_table()["id"]
    ids = pa.concat_arrays(held.cast(pa.string()).chunks)
    sha256 = sha256_of(out / manifest.NAME)
    found = []
    for name in names:
        try:
            annotation = read_annotation(out, name)
            if are_of_other_labels(annotation, study.data.built, sha256):
                continue
            table = read_margins(annotation)
        except AnnotationError:
            continue
        theirs = margins_of_rows(table, ids)
        if np.any(theirs > 0) or np.any(theirs < 0):
            found.append(_compare(name, theirs, margins))
    return found[:MOST]


def _compare(name: str, theirs: NDArray[np.float64], ours: NDArray[np.float64]) -> Scored:
    agreed, doubted = int((theirs > 0).sum()), int((theirs < 0).sum())
    both = int(((theirs < 0) & (ours < 0)).sum())
    rows = int((~np.isnan(theirs)).sum())
    return Scored(name, wilson(agreed, agreed + doubted), rows, doubted, both)

"""Margins of an annotation: by how much chosen is better than rejected, in log-odds, by row.

An annotation has margins where it has a column `margin`, or `chosen_score` and `rejected_score`, or
where `score` can be one: then its labels say no more than whether the margin is above 0. The sides
are those of the build that was annotated.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pairsmith.dataset import manifest
from pairsmith.dataset.annotation import Annotation
from pairsmith.dataset.manifest import Manifest, read_manifest
from pairsmith.errors import AnnotationError, OutputError
from pairsmith.io.durable import sha256_of
from pairsmith.schema.annotations import DIALOGUE, MARGIN_LABELS
from pairsmith.schema.reasons import Note

SIDES = ("chosen_score", "rejected_score")
"""Columns of two scores, whose difference is the margin."""

COLUMN = "margin"
"""The column of an annotation whose `score` is something else."""

SCHEMA = pa.schema([("id", pa.string()), (COLUMN, pa.float64())])
"""No id comes twice, and no margin is null."""


def margins_in(batch: pa.RecordBatch) -> pa.DoubleArray | None:
    """The margins of statements; null where one has none. None where there are no such columns.

    Args:
        batch: n statements, with their annotator's own columns.

    Raises:
        AnnotationError: Such a column is not of numbers.
    """
    names = batch.schema.names
    if COLUMN in names:
        return numbers_in(batch, COLUMN)
    if all(side in names for side in SIDES):
        chosen, rejected = (numbers_in(batch, side) for side in SIDES)
        return pc.subtract(chosen, rejected)
    return None


def chances_in(batch: pa.RecordBatch) -> pa.DoubleArray:
    """How far the label of each row is to be believed, from 0 to 1, as an annotator says it.

    Args:
        batch: n statements, with their annotator's own columns.

    Returns:
        Of statements with scores of both sides the logistic function of the margin, in four digits;
        of others their score, whatever it is.
    """
    both = all(side in batch.schema.names for side in SIDES)
    margins = margins_in(batch) if both else None
    if margins is None:
        return batch["score"]
    held = np.asarray(pc.fill_null(margins, 0.0), np.float64)
    chances = pa.array(np.round(1 / (1 + np.exp(-np.clip(held, -700, 700))), 4))
    return pc.if_else(margins.is_valid(), chances, batch["score"])


def numbers_in(batch: pa.RecordBatch, name: str) -> pa.DoubleArray:
    """The numbers of an annotator's own column.

    Args:
        batch: n statements.
        name: Of a column that they have.

    Raises:
        AnnotationError: The column is not of numbers.
    """
    kinds, given = pa.types, batch[name]
    if not (kinds.is_floating(given.type) or kinds.is_integer(given.type)):
        raise AnnotationError(f"The column {name} of the annotation is not of numbers.")
    return given.cast(pa.float64(), safe=False)


def read_margins(annotation: Annotation) -> pa.Table:
    """The margins that an annotation gives, by row.

    Args:
        annotation: The annotation, open.

    Returns:
        Rows of `SCHEMA`, in the annotation's order; at least one.

    Raises:
        AnnotationError: It has no margins, has two of a row, or one that is no number.
    """
    found = [_by_row(annotation, batch) for batch in annotation.batches()]
    table = pa.concat_tables([SCHEMA.empty_table(), *found]).combine_chunks()
    if not len(table):
        raise AnnotationError(
            f"The annotation {annotation.name} gives no pair a margin.",
            "pairsmith score writes one that does.",
        )
    strange = pc.invert(pc.is_finite(table[COLUMN]))
    if pc.any(strange).as_py():
        row = table.filter(strange)["id"][0].as_py()
        raise AnnotationError(
            f"The margin that the annotation {annotation.name} gives {row} is no number."
        )
    _check_once(annotation, table["id"])
    return table


def _by_row(annotation: Annotation, batch: pa.RecordBatch) -> pa.Table:
    margins = margins_in(batch)
    if margins is None:
        _check_score(annotation)
        of_pairs = pc.is_in(batch["label"], pa.array(MARGIN_LABELS))
        nothing = pa.scalar(None, pa.float64())
        margins = pc.if_else(of_pairs, batch["score"], nothing)
    table = pa.table([batch["id"], margins], schema=SCHEMA)
    return table.filter(table[COLUMN].is_valid())


def _check_score(annotation: Annotation) -> None:
    """Checks that the scores of an annotation without columns of margins are margins.

    Raises:
        AnnotationError: Its labels do not say so.
    """
    known = (*MARGIN_LABELS, DIALOGUE)
    others = [label for label in annotation.labels if label not in known]
    if others or not annotation.labels:
        said = f"are labelled {', '.join(others[:5])}" if others else "have no label"
        raise AnnotationError(
            f"The annotation {annotation.name} has no margins: its statements {said}.",
            f"It takes a column {COLUMN}, or {' and '.join(SIDES)}, or the labels "
            f"{', '.join(MARGIN_LABELS)} with the margin as score.",
        )


def _check_once(annotation: Annotation, ids: pa.ChunkedArray) -> None:
    ordered = ids.combine_chunks().sort()
    again = pc.equal(ordered[1:], ordered[:-1])
    if pc.any(again, min_count=0).as_py():
        row = ordered[1:].filter(again)[0].as_py()
        raise AnnotationError(f"The annotation {annotation.name} gives {row} two margins.")


def margins_of_rows(table: pa.Table, ids: pa.Array) -> NDArray[np.float64]:
    """The margins of rows; NaN for a row without one.

    Args:
        table: Rows of `SCHEMA`, from `read_margins`.
        ids: n ids.
    """
    places = pc.index_in(ids, value_set=table["id"].combine_chunks())
    found = table[COLUMN].combine_chunks().take(places)
    return np.asarray(pc.fill_null(found, float("nan")), np.float64)


def are_of_other_labels(annotation: Annotation, built: Manifest, sha256: str) -> bool:
    """Whether the margins of an annotation may be of labels that a build has exchanged.

    Args:
        annotation: An annotation of its rows.
        built: The build's manifest.
        sha256: Of that file.
    """
    exchanged = built.totals.noted.get(Note.LABEL_FLIPPED.value)
    return annotation.build.manifest != sha256 and bool(exchanged)


def is_of_exchanged(annotation: Annotation) -> bool:
    """Whether the build beside which an annotation lies is the one it is of, and exchanged labels.

    Then its margins are of those labels, and not of the source's.
    """
    out = annotation.folder.parent.parent
    try:
        built = read_manifest(out)
    except OutputError:
        return False
    is_it = sha256_of(out / manifest.NAME) == annotation.build.manifest
    return is_it and bool(built.totals.noted.get(Note.LABEL_FLIPPED.value))

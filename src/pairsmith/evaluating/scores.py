"""Scores as an annotation holds them, and what is wrong with those that cannot be evaluated."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.dataset.annotation import Annotation
from pairsmith.dataset.annotations import read_annotation
from pairsmith.errors import AnnotationError
from pairsmith.statistics.bootstrap import Floats
from pairsmith.text.spans import Index, to_numpy

SIDES = ("chosen_score", "rejected_score")
"""Columns of an annotation of pairs."""
TURNS = "turn_scores"
"""A column of an annotation of dialogues."""
MOST = 1e30
"""Scores are not above this, nor below minus this: their squares are numbers as well."""
AGAIN = "Run pairsmith score again."


class Scores(NamedTuple):
    """The scores of an annotation.

    Attributes:
        annotation: That.
        ids: The ids of n rows.
        sides: Their scores of chosen and rejected, shape (n, 2); all finite.
        one_sided: How many rows lack one or both of these.
        dialogues: Its statements on dialogues: a table with `id` and `score`.
    """

    annotation: Annotation
    ids: pa.Array
    sides: Floats
    one_sided: int
    dialogues: pa.Table

    @property
    def margins(self) -> Floats:
        """N numbers: chosen less rejected."""
        return self.sides[:, 0] - self.sides[:, 1]

    @property
    def model(self) -> str:
        """The name of the model; that of the annotation where it tells none."""
        told = self.annotation.annotator.recipe.get("model")
        name = told.get("name") if isinstance(told, dict) else told
        return name if isinstance(name, str) and name else self.annotation.name

    @property
    def is_crossed(self) -> bool:
        """Whether each row was scored by a model of other rows: then all of them are held out."""
        folds = self.annotation.annotator.recipe.get("folds")
        return type(folds) is int and folds > 1


def read_scores(out: str | os.PathLike[str], name: str) -> Scores:
    """Reads the scores of the rows of a build.

    Args:
        out: The folder of the build.
        name: Of the annotation, as `pairsmith score` wrote it.

    Raises:
        AnnotationError: There is no such annotation, it is of another build, holds no scores, or
            scores that are no numbers, or two of one row.
    """
    annotation = read_annotation(out, name)
    pairs, dialogues = [], []
    for batch in annotation.batches():
        if set(SIDES) <= {*batch.schema.names}:
            pairs.append(_sides_of(annotation, batch))
        if TURNS in batch.schema.names:
            of_dialogues = batch.filter(pc.is_valid(batch[TURNS]))
            dialogues.append(pa.table({n: of_dialogues[n] for n in ("id", "score")}))
    if not pairs and not dialogues:
        raise AnnotationError(
            f"The annotation {name} holds no scores: it has no columns {' and '.join(SIDES)}.",
            "pairsmith score BUILD --model MODEL --name NAME writes such an annotation.",
        )
    ids = pa.chunked_array([ids for ids, _ in pairs], pa.string()).combine_chunks()
    sides = np.concatenate([np.zeros((0, 2)), *(sides for _, sides in pairs)])
    _check_once(annotation, ids)
    whole = ~np.isnan(sides).any(axis=1)
    table = pa.concat_tables(dialogues) if dialogues else _no_dialogues()
    if not len(ids) and not len(table):
        raise AnnotationError(f"The annotation {name} says nothing of any row.", AGAIN)
    return Scores(annotation, ids.filter(pa.array(whole)), sides[whole], int((~whole).sum()), table)


def _no_dialogues() -> pa.Table:
    return pa.table({"id": pa.array([], pa.string()), "score": pa.array([], pa.float64())})


def _sides_of(annotation: Annotation, batch: pa.RecordBatch) -> tuple[pa.Array, Floats]:
    """The ids and scores of a batch; a score that is missing is not a number.

    Raises:
        AnnotationError: A score is there and is no finite number.
    """
    if TURNS in batch.schema.names:  # of a build of both, dialogues have no sides
        batch = batch.filter(pc.is_null(batch[TURNS]))
    for name in SIDES:
        kind = batch.schema.field(name).type
        if not (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
            raise AnnotationError(
                f"The annotation {annotation.name} holds no scores: its column {name} is {kind}.",
                AGAIN,
            )
        held = batch[name].cast(pa.float64(), safe=False)
        usual = pc.less_equal(pc.abs(held), MOST)  # not so where it is not a number
        strange = pc.and_(pc.is_valid(held), pc.invert(usual))
        if pc.any(strange).as_py():
            ids = batch["id"].filter(strange)
            raise AnnotationError(
                f"In the annotation {annotation.name} the {name} of {ids[0]} is no finite number, "
                f"or beyond {MOST:g}.",
                f"Something went wrong in the model. {AGAIN}",
            )
    columns = [batch[name].cast(pa.float64(), safe=False).fill_null(np.nan) for name in SIDES]
    sides = [column.to_numpy(zero_copy_only=False) for column in columns]
    return batch["id"], np.stack(sides, axis=1).astype(np.float64)


def _check_once(annotation: Annotation, ids: pa.Array) -> None:
    """Checks that no row has scores twice.

    Raises:
        AnnotationError: One has.
    """
    if pc.count_distinct(ids).as_py() == len(ids):
        return
    counts = pc.value_counts(ids)
    twice = counts.filter(pc.greater(pc.struct_field(counts, "counts"), 1))[0].as_py()
    raise AnnotationError(
        f"The annotation {annotation.name} scores {twice['values']} {twice['counts']} times.", AGAIN
    )


def places_of(ids: pa.Array, scored: pa.Array) -> tuple[Index, Index]:
    """Which rows have scores, and where these stand.

    Args:
        ids: The ids of rows, in order.
        scored: The ids of rows with scores, each once.

    Returns:
        The m rows that have scores, ascending, and the place of each in `scored`.
    """
    found = pc.index_in(ids, scored)
    rows = np.flatnonzero(to_numpy(pc.is_valid(found)))
    places = found.drop_null().to_numpy(zero_copy_only=False)
    return rows, places.astype(np.int64)


def told(annotation: Annotation) -> dict[str, Any]:
    """What tells an annotation of scores, as `evaluation.json` holds it."""
    return {
        "name": annotation.name,
        "sha256": annotation.sha256,
        "annotator": annotation.annotator.name,
        "recipe": dict(annotation.annotator.recipe),
    }

"""Margins of an annotation, put into the pairs of a build for trainers that read them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.building.applied import find_annotation
from pairsmith.dataset import manifest
from pairsmith.dataset.annotation import Annotation, build_id
from pairsmith.dataset.annotations import check_bound
from pairsmith.dataset.manifest import Manifest
from pairsmith.dataset.margins import are_of_other_labels, margins_of_rows, read_margins
from pairsmith.errors import AnnotationError
from pairsmith.io.durable import sha256_of
from pairsmith.io.remote import StoragePath
from pairsmith.schema.reasons import Note
from pairsmith.schema.rows import MARGIN


@dataclass
class Margins:
    """The margins of an annotation.

    Attributes:
        name: Of the annotation.
        sha256: Of its manifest.
        table: Its margins, as `read_margins` gives them.
        turned: Whether they are of the labels as they were before the build exchanged some.
        missing: How many pairs were seen that have none.
    """

    name: str
    sha256: str
    table: pa.Table
    turned: bool
    missing: int = 0

    def put(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The rows of a shard of pairs with these margins, null where there is none."""
        margins = margins_of_rows(self.table, batch["id"])
        if self.turned:
            margins = np.where(_are_exchanged(batch), -margins, margins)
        self.missing += int(np.isnan(margins).sum())
        column = pa.array(margins, from_pandas=True)
        if MARGIN in batch.schema.names:
            return batch.set_column(batch.schema.names.index(MARGIN), MARGIN, column)
        return batch.append_column(MARGIN, column)


def _are_exchanged(batch: pa.RecordBatch) -> np.ndarray:
    notes = batch["notes"]
    parents = pc.list_parent_indices(notes)
    flipped = pc.equal(pc.list_flatten(notes), Note.LABEL_FLIPPED.value)
    held = np.zeros(len(batch), bool)
    held[np.asarray(parents.filter(flipped))] = True
    return held


def open_margins(out: StoragePath, built: Manifest, name: str) -> Margins:
    """Reads the margins of an annotation of a build.

    Args:
        out: The folder of the build.
        built: Its manifest.
        name: The annotation's, or its folder, with a slash.

    Raises:
        AnnotationError: It is not there, is of other rows, has no margins, or may be of other
            labels than those of the build.
    """
    annotation = find_annotation(out, name)
    sha256 = sha256_of(out / manifest.NAME)
    check_bound(annotation, build_id(built, sha256), f"the one in {out}")
    turned = are_of_other_labels(annotation, built, sha256)
    if turned and not _acted_on(annotation, built):
        raise AnnotationError(
            f"The margins of {annotation.name} are of another build, and this one has exchanged "
            "labels: of which of them they are cannot be told.",
            "Score this build.",
        )
    return Margins(annotation.name, annotation.sha256, read_margins(annotation), turned)


def _acted_on(annotation: Annotation, built: Manifest) -> bool:
    """Whether a build exchanged labels by what this annotation says, and so of the source's."""
    recipe = built.recipe
    judged = recipe.judge is not None and recipe.judge.sha256 == annotation.sha256
    return judged or any(applied.sha256 == annotation.sha256 for applied in recipe.apply)

"""Annotations that a build acts on: opened, bound to the source, and turned into decisions.

What an annotation says is decided before any shard is made, and in the recipe by the hash of its
manifest: the same command makes the same bytes, or is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.dataset import folder
from pairsmith.dataset.annotation import Annotation, BuildId
from pairsmith.dataset.annotations import (
    annotation_folder,
    check_bound,
    open_annotation,
    parse_reference,
)
from pairsmith.dataset.grown import Grown
from pairsmith.dataset.manifest import Manifest
from pairsmith.dataset.margins import chances_in, numbers_in
from pairsmith.dataset.row_ids import read_row_ids
from pairsmith.errors import AnnotationError
from pairsmith.io.remote import StoragePath
from pairsmith.schema.annotations import DECISIONS, TASK_SCORE, Action, Applied
from pairsmith.schema.reasons import FILL_NOTES, LABEL_NOTES, Note, Reason
from pairsmith.schema.rows import Kind
from pairsmith.sources.layouts import SourceFile
from pairsmith.text.sanitize import sanitize, shorten

NOTES = {
    Action.FLIP: Note.LABEL_FLIPPED,
    Action.SMOOTH: Note.LABEL_SMOOTHED,
    Action.FILL: Note.SCORE_FILLED,
}
LONGEST_NAME = 200


class _Meaning(NamedTuple):
    """What is done with the rows of a label.

    Attributes:
        action: What.
        decision: The reason or the note that they get.
    """

    action: Action
    decision: Reason | Note


@dataclass(frozen=True)
class AppliedAnnotation:
    """An annotation that a build acts on.

    Attributes:
        annotation: The annotation.
        label: Only statements with this label; None for all.
    """

    annotation: Annotation
    label: str | None

    @property
    def entry(self) -> Applied:
        """As the recipe holds it."""
        asked = self.annotation.labels if self.label is None else self._labels
        done = {self._meaning(label).action for label in asked}
        if self.label is None and sum(self.annotation.labels.values()) < self.annotation.statements:
            done.add(Action.DROP)  # some have no label
        actions = tuple(action for action in Action if action in done - {Action.LEAVE})
        by = self._by if Action.FILL in done else None
        return Applied(self.annotation.name, self.label, self.annotation.sha256, actions, by)

    @property
    def _by(self) -> str:
        """Whose numbers these are; of a model's folder no more than its own name."""
        annotator = self.annotation.annotator
        model = annotator.recipe.get("model")
        held = model if isinstance(model, Mapping) else {}
        named, sha256 = held.get("name"), held.get("sha256")
        told = named if isinstance(named, str) and named else annotator.name
        if told.startswith((".", "~")) or Path(told).is_absolute():
            told = Path(told).name or annotator.name
        digits = f" ({sha256[:12]})" if isinstance(sha256, str) and sha256 else ""
        return shorten(sanitize(told), LONGEST_NAME) + sanitize(digits)

    @property
    def _labels(self) -> list[str]:
        return self.annotation.labels_of(self.label or "")

    def _meaning(self, label: str | None) -> _Meaning:
        annotator = self.annotation.annotator
        action = Action(annotator.actions.get(label or "", Action.DROP))
        if label is None or (action == Action.LEAVE and self.label is not None):
            return _Meaning(Action.DROP, Reason.ANNOTATED)
        if action in NOTES:
            return _Meaning(action, NOTES[action])
        return _Meaning(action, Reason(annotator.reasons.get(label, Reason.ANNOTATED)))

    def decide(
        self, files: Sequence[SourceFile], inputs: Mapping[str, str], shape: str
    ) -> pa.Table:
        """Decides on the rows that the annotation names.

        Args:
            files: The source's files.
            inputs: The sha256 of each, by path.
            shape: The shape of their rows.

        Returns:
            Rows of `DECISIONS`, in the annotation's order, but that an id may come again.

        Raises:
            AnnotationError: It is of other rows, or of rows of another kind than its actions are
                for; or a score that should say how far a label is to be believed, or that is to
                fill one, does not.
        """
        splits = [*dict.fromkeys(f"{file.subset}/{file.split}" for file in files)]
        build = BuildId("", shape, dict(inputs), splits)
        check_bound(self.annotation, build, "the one that is asked for")
        made = [self._decide(batch) for batch in self.annotation.batches(self.label)]
        table = pa.concat_tables([DECISIONS.empty_table(), *made])
        self._check_kinds(table, files)
        return table

    def _decide(self, batch: pa.RecordBatch) -> pa.Table:
        labels = [*self.annotation.labels]
        meanings = [*map(self._meaning, labels), self._meaning(None)]  # the last of no label
        places = pc.fill_null(
            pc.index_in(batch["label"], pa.array(labels, pa.string())), len(labels)
        )
        if left := {place for place, held in enumerate(meanings) if held.action == Action.LEAVE}:
            acted = pc.invert(pc.is_in(places, pa.array(sorted(left), places.type)))
            batch, places = batch.filter(acted), places.filter(acted)
        decisions = pa.array([m.decision.value for m in meanings]).take(places)
        dropped = pa.array([m.action == Action.DROP for m in meanings]).take(places)
        words = pa.array([self._words(label) for label in [*labels, None]]).take(places)
        own = pc.binary_join_element_wise(words, batch["detail"], ", ", null_handling="skip")
        keeps = pc.not_equal(decisions, Reason.ANNOTATED.value)
        detail = pc.if_else(pc.and_(keeps, batch["detail"].is_valid()), batch["detail"], own)
        nothing = pa.scalar(None, pa.string())
        flips = pc.equal(decisions, Note.LABEL_FLIPPED.value)
        fills = pc.equal(decisions, Note.SCORE_FILLED.value)
        # a label that is said to be wrong, without a number, is not believed at all
        told = pc.if_else(fills, batch["score"], chances_in(batch))
        score = pc.if_else(pc.and_(flips, told.is_null()), 0.0, told)
        self._check_scores(batch["id"], score, pc.invert(pc.or_(dropped, fills)))
        task = self._task_scores(batch, fills)
        for given in (score, task):
            self._check_fills(batch["id"], given, fills)
        columns = [batch["id"], decisions, score, pc.if_else(dropped, detail, nothing), task]
        return pa.table(columns, schema=DECISIONS)

    def _words(self, label: str | None) -> str:
        return self.annotation.name if label is None else f"{self.annotation.name}: {label}"

    def _task_scores(self, batch: pa.RecordBatch, fills: pa.BooleanArray) -> pa.DoubleArray:
        """The scores of tasks that fill others; null where there is none."""
        nothing = pa.scalar(None, pa.float64())
        given = TASK_SCORE in batch.schema.names and not pa.types.is_null(batch[TASK_SCORE].type)
        if not given or not pc.any(fills, min_count=0).as_py():
            return pa.nulls(len(batch), pa.float64())
        return pc.if_else(fills, numbers_in(batch, TASK_SCORE), nothing)

    def _check_fills(self, ids: pa.Array, given: pa.DoubleArray, fills: pa.BooleanArray) -> None:
        """Checks that what fills scores is finite, where there is anything."""
        strange = pc.and_(fills, pc.fill_null(pc.invert(pc.is_finite(given)), False))
        if pc.any(strange, min_count=0).as_py():
            row = int(np.argmax(np.asarray(strange)))
            raise AnnotationError(
                f"The annotation {self.annotation.name} gives {ids[row].as_py()} the score "
                f"{given[row].as_py()}, which is no number to fill a score with."
            )

    def _check_scores(self, ids: pa.Array, score: pa.Array, weighed: pa.Array) -> None:
        """Checks that labels that are flipped or smoothed have a probability of being right."""
        inside = pc.and_(pc.greater_equal(score, 0.0), pc.less_equal(score, 1.0))
        strange = pc.and_(weighed, pc.invert(pc.fill_null(inside, False)))
        if pc.any(strange, min_count=0).as_py():
            row = int(np.argmax(np.asarray(strange)))
            raise AnnotationError(
                f"The annotation {self.annotation.name} gives {ids[row].as_py()} the score "
                f"{score[row].as_py()}, which is no chance that its label is right.",
                "To flip or smooth a label takes a score from 0 to 1.",
            )

    def _check_kinds(self, table: pa.Table, files: Iterable[SourceFile]) -> None:
        """Checks that labels are of pairs, and scores that are filled of dialogues."""
        weighed, filled = (
            table.filter(pc.is_in(table["label"], pa.array([note.value for note in notes])))["id"]
            for notes in (LABEL_NOTES, FILL_NOTES)
        )
        for file in files:
            is_pairs, place = file.kind == Kind.PAIRS, f"{file.subset}/{file.split}/"
            ids = filled if is_pairs else weighed
            if not pc.any(pc.starts_with(ids, place)).as_py():
                continue
            raise AnnotationError(
                f"The annotation {self.annotation.name} "
                + (
                    f"fills scores of rows of {file.subset}, which are pairs and have none."
                    if is_pairs
                    else f"flips or smooths rows of {file.subset}, which have no label."
                )
            )


def open_applied(out: StoragePath, references: Iterable[str]) -> list[AppliedAnnotation]:
    """Opens the annotations that a build acts on.

    Args:
        out: The folder of the build, beside whose earlier build they lie.
        references: For each `NAME` or `NAME:LABEL`, or the same with a folder for the name.

    Raises:
        AnnotationError: One is not there, is damaged, has no such label, or only points out rows,
            and no label of it is named.
    """
    given = [references] if isinstance(references, str) else [*references]
    opened = [
        AppliedAnnotation(find_annotation(out, name), label)
        for name, label in map(parse_reference, given)
    ]
    for applied in opened:
        held = applied.annotation
        if held.statements and not applied.entry.actions:
            named = shorten(sanitize(", ".join(held.labels)), LONGEST_NAME)
            raise AnnotationError(
                f"The annotation {held.name} only points out rows: with none of its labels "
                "anything is to be done.",
                f"To drop rows, name a label: --apply {held.name}:LABEL, of {named}.",
            )
    return opened


def find_annotation(out: StoragePath, name: str) -> Annotation:
    """Opens an annotation by its name, or by its folder, which has a slash in it.

    Args:
        out: The folder of the build, beside whose earlier build a named one lies.
        name: Which.

    Raises:
        AnnotationError: It is not there, or is damaged.
    """
    if "/" in name:
        return open_annotation(Path(name))
    if isinstance(out, Path):
        return open_annotation(annotation_folder(out, name))
    raise AnnotationError(
        f"{out} is not on this machine, where the annotation {name} would lie beside it.",
        "Name the annotation's folder.",
    )


def choose_first(tables: Iterable[pa.Table]) -> pa.Table:
    """One decision on each row: the first by which it is dropped, or else the first.

    Args:
        tables: Rows of `DECISIONS` each, or of `STATEMENTS` where none fills scores.

    Returns:
        Rows of `DECISIONS`, ordered by id, none of which comes twice.
    """
    table = pa.concat_tables([DECISIONS.empty_table(), *tables], promote_options="default")
    notes = pa.array([note.value for note in (*LABEL_NOTES, *FILL_NOTES)])
    ranked = table.append_column("stays", pc.is_in(table["label"], notes))
    ranked = ranked.append_column("place", pa.array(np.arange(len(table))))
    keys = [("id", "ascending"), ("stays", "ascending"), ("place", "ascending")]
    ordered = ranked.sort_by(keys).combine_chunks()
    ids = ordered["id"]
    if len(ids) > 1:
        fresh = pc.not_equal(ids[1:], ids[:-1]).combine_chunks()
        ordered = ordered.filter(pa.concat_arrays([pa.array([True]), fresh]))
    return ordered.select(DECISIONS.names)


def tell_filled(built: Manifest) -> list[str]:
    """A sentence on the scores that were filled, by whom; none where nothing was to be.

    Args:
        built: The manifest of the build.
    """
    by = [f"{held.by}, annotation {held.name}" for held in built.recipe.apply if held.by]
    if not by:
        return []
    noted = built.totals.noted
    score, task = (noted.get(note.value, 0) for note in FILL_NOTES)
    return [
        f"Filled, where the source has none, by {'; '.join(dict.fromkeys(by))}: "
        f"{score:,} min_harmlessness_score_transcript, {task:,} "
        "task_description_harmlessness_score."
    ]


def check_applied(
    statements: Iterable[tuple[str, Iterable[pa.RecordBatch]]],
    staging: StoragePath,
    built: Manifest,
) -> None:
    """Checks that the rows that were acted on are rows of the build.

    Args:
        statements: The name of each annotation that was acted on, and what it says.
        staging: The folder that the build grows in, whole but for its manifest; removed where it
            cannot be used.
        built: Its manifest.

    Raises:
        AnnotationError: One names a row that there is not.
    """
    held = [*statements]
    if not held:
        return
    grown = Grown(staging)
    staged = tuple(entry._replace(path=grown.name(entry.path)) for entry in built.outputs)
    ids = read_row_ids(staging, replace(built, outputs=staged))
    for name, batches in held:
        for batch in batches:
            places = ids.find(batch["id"])
            if (places < 0).any():
                strange = batch["id"][int(np.argmax(places < 0))].as_py()
                folder.abandon(staging)
                raise AnnotationError(
                    f"The annotation {name} says something of {strange}, which is "
                    "no row of the source.",
                    "Have it written again.",
                )

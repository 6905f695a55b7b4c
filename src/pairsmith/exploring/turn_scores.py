"""The scores of each turn of attacks, as an annotation holds them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.dataset.annotation import Annotation
from pairsmith.dataset.annotations import read_annotation
from pairsmith.errors import AnnotationError
from pairsmith.evaluating.scores import AGAIN, MOST, TURNS, places_of
from pairsmith.exploring.attempts import Attempts
from pairsmith.statistics.bootstrap import Floats
from pairsmith.text.spans import Index, Mask, to_numpy


class TurnScores(NamedTuple):
    """The scores of the turns of m of n attacks.

    Attributes:
        rows: The places of the m attacks among the n, ascending.
        scores: The t scores of their turns, those of one attack behind each other.
        owners: t numbers: whose each is, from 0 to m - 1, ascending.
        turns: t numbers: of the assistant's turn, from 0.
        left_out: How many attacks have scores, but not one a turn.
    """

    rows: Index
    scores: Floats
    owners: Index
    turns: Index
    left_out: int

    @property
    def counts(self) -> Index:
        """M numbers: how many turns each has."""
        return np.bincount(self.owners, minlength=len(self.rows)).astype(np.int64)

    @property
    def lowest(self) -> Index:
        """M numbers: the turn that has the lowest score, the first of equal ones."""
        order = np.lexsort((self.turns, self.scores, self.owners))
        first = np.searchsorted(self.owners, np.arange(len(self.rows)))
        found: Index = self.turns[order[first]]
        return found


def read_turn_scores(out: Path, name: str, attempts: Attempts) -> TurnScores | None:
    """Reads the scores of turns that an annotation holds.

    Args:
        out: The folder of the build.
        name: Of the annotation, as `pairsmith score` wrote it.
        attempts: The attacks of the build.

    Returns:
        None where it has none of turns, or none of these attacks.

    Raises:
        AnnotationError: There is no such annotation, it is of another build, two statements are of
            one attack, or a score is no finite number.
    """
    annotation = read_annotation(out, name)
    parts = [
        pa.table({"id": held["id"], TURNS: _numbers_of(annotation, held)})
        for batch in annotation.batches()
        if TURNS in batch.schema.names and len(held := batch.filter(pc.is_valid(batch[TURNS])))
    ]
    if not parts:
        return None
    table = pa.concat_tables(parts).combine_chunks()
    ids = table["id"].combine_chunks()
    if pc.count_distinct(ids).as_py() < len(ids):
        raise AnnotationError(f"The annotation {name} scores a row more than once.", AGAIN)
    rows, places = places_of(attempts.ids, ids)
    if not len(rows):
        return None
    lists = table[TURNS].combine_chunks().take(pa.array(places))
    counts = np.asarray(pc.list_value_length(lists), np.int64)
    whole = (counts == attempts.replies[rows]) & (counts > 0)
    kept = lists.filter(pa.array(whole))
    return _lay_out(rows[whole], kept, int((~whole).sum())) if whole.any() else None


def _lay_out(rows: Index, lists: pa.ListArray, left_out: int) -> TurnScores:
    counts = np.asarray(pc.list_value_length(lists), np.int64)
    owners = np.repeat(np.arange(len(rows)), counts)
    turns = np.arange(len(owners)) - np.repeat(np.cumsum(counts) - counts, counts)
    scores = np.asarray(lists.flatten(), np.float64)
    return TurnScores(rows, scores, owners, turns, left_out)


def _numbers_of(annotation: Annotation, batch: pa.RecordBatch) -> pa.ListArray:
    """The scores of a batch's turns.

    Raises:
        AnnotationError: They are no lists of finite numbers.
    """
    held = batch[TURNS]
    kind = held.type
    is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    if not is_list or not (
        pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type)
    ):
        raise AnnotationError(
            f"The annotation {annotation.name} holds no scores of turns: its column {TURNS} is "
            f"{kind}.",
            AGAIN,
        )
    numbers = held.cast(pa.list_(pa.float64()))
    if not _is_usual(numbers.flatten()).all():
        raise AnnotationError(
            f"The annotation {annotation.name} holds a score of a turn that is no finite number, "
            f"or beyond {MOST:g}.",
            f"Something went wrong in the model. {AGAIN}",
        )
    return numbers


def _is_usual(scores: pa.Array) -> Mask:
    """Which scores are numbers within bounds."""
    return to_numpy(pc.less_equal(pc.abs(scores), MOST).fill_null(False))

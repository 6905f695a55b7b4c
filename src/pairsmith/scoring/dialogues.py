"""Dialogues scored: each of the assistant's turns, given all that came before it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pairsmith.models.forward import Points, Scores
from pairsmith.schema.annotations import STATEMENTS
from pairsmith.scoring.pairs import Scored
from pairsmith.scoring.reading import (
    SAMPLE,
    TOO_LONG,
    Limit,
    Proof,
    Reads,
    check_finite,
    compare,
    concatenate,
    take,
)
from pairsmith.tokens.dialogues import DialogueIds
from pairsmith.tokens.ragged import Ragged

COLUMNS = pa.schema(
    [
        ("mean_score", pa.float32()),
        ("turn_scores", pa.list_(pa.float32())),
        ("tokens", pa.int32()),
        ("cut", pa.bool_()),
        ("task_score", pa.float32()),
    ]
)
"""What is told of a dialogue, besides a statement's own columns."""

LABEL = "dialogue"


class EncodedDialogues(NamedTuple):
    """A batch of dialogues as token ids.

    Attributes:
        ids: The ids of the d dialogues of `turns`.
        turns: Their conversations up to each reply.
        tasks: What the red team was to do, as a text of its own, of those that tell it.
        tasked: Which of the d dialogues these are, ascending.
    """

    ids: list[str]
    turns: DialogueIds
    tasks: Ragged
    tasked: NDArray[np.int64]


class _Dialogues(NamedTuple):
    """All rows at hand; fields as of `EncodedDialogues` and `DialogueIds`."""

    ids: list[str]
    prefixes: Ragged
    owners: NDArray[np.int64]
    stable: NDArray[np.bool_]
    tasks: Ragged
    tasked: NDArray[np.int64]

    @property
    def last(self) -> NDArray[np.int64]:
        """For each dialogue the number of its longest prefix."""
        return np.searchsorted(self.owners, np.arange(len(self.ids)), "right") - 1

    def keep(self, wanted: NDArray[np.bool_]) -> _Dialogues:
        """Those that are wanted."""
        number = np.cumsum(wanted) - 1
        mine, task = wanted[self.owners], wanted[self.tasked]
        return _Dialogues(
            [id for id, keep in zip(self.ids, wanted.tolist(), strict=True) if keep],
            self.prefixes.take(mine),
            number[self.owners[mine]],
            self.stable[wanted],
            self.tasks.take(task),
            number[self.tasked[task]],
        )


def score_dialogues(
    batches: Iterable[EncodedDialogues], reader: Reads, limit: Limit, dtype: str
) -> Scored:
    """Scores rows of dialogues; arguments and faults as those of `pairs.score_pairs`."""
    held, not_said = _gather(batches)
    tokens = held.prefixes.lengths[held.last]
    longer = tokens > limit.tokens
    if not limit.cut:
        not_said[TOO_LONG] += int(longer.sum())
        held, tokens, longer = held.keep(~longer), tokens[~longer], longer[~longer]
    prefixes = limit.ends_of(held.prefixes)
    proof, scores = read_turns(prefixes, held.owners, held.stable & ~longer, reader, dtype)
    tasks = _read_tasks(held, reader, limit)
    check_finite([held.ids[owner] for owner in held.owners], [scores])
    rows = _statements(held, scores, tokens, longer, tasks)
    return Scored(rows, dict(not_said), proof)


def _gather(batches: Iterable[EncodedDialogues]) -> tuple[_Dialogues, Counter[str]]:
    given, not_said, rows = [*batches], Counter[str](), 0
    owners, tasked = list[NDArray[np.int64]](), list[NDArray[np.int64]]()
    for batch in given:
        owners.append(batch.turns.owners + rows)
        tasked.append(batch.tasked + rows)
        rows += len(batch.ids)
        not_said.update(batch.turns.left_out.values())
    whole = np.zeros(0, np.int64)
    return _Dialogues(
        [id for batch in given for id in batch.ids],
        concatenate([batch.turns.prefixes for batch in given]),
        np.concatenate([whole, *owners]),
        np.concatenate([np.zeros(0, bool), *(batch.turns.stable for batch in given)]),
        concatenate([batch.tasks for batch in given]),
        np.concatenate([whole, *tasked]),
    ), not_said


def read_turns(
    prefixes: Ragged,
    owners: NDArray[np.int64],
    stable: NDArray[np.bool_],
    reader: Reads,
    dtype: str,
) -> tuple[Proof, Scores]:
    """The score of each prefix: of stable dialogues from one pass, where that is proved.

    Args:
        prefixes: The dialogues up to each reply, those of one behind each other.
        owners: Whose each is, from 0, ascending.
        stable: For each dialogue whether its last prefix begins with the others.
        reader: What reads them.
        dtype: The numbers that are computed in.
    """
    proof, before = Proof(None), reader.work
    counts = np.bincount(owners, minlength=len(stable))
    if reader.reads_once:
        proof = _prove(prefixes, owners, stable & (counts > 1), reader, dtype)
    reader.work = before
    once = stable[owners] & bool(proof.holds)
    scores = np.empty(len(owners), np.float32)
    if once.any():
        scores[once] = _read_once(prefixes.take(once), owners[once], reader)
    if not once.all():
        scores[~once] = reader.read_ends(prefixes.take(~once))
    return proof, scores


def _prove(
    prefixes: Ragged,
    owners: NDArray[np.int64],
    wanted: NDArray[np.bool_],
    reader: Reads,
    dtype: str,
) -> Proof:
    mine = np.isin(owners, np.flatnonzero(wanted)[:SAMPLE])
    if not mine.any():
        return Proof(None)
    some = prefixes.take(mine)
    return compare([_read_once(some, owners[mine], reader)], [reader.read_ends(some)], dtype)


def _read_once(prefixes: Ragged, owners: NDArray[np.int64], reader: Reads) -> Scores:
    """The score of each prefix, from a pass over the longest of each dialogue."""
    dialogues, numbers = np.unique(owners, return_inverse=True)
    longest = np.searchsorted(owners, dialogues, "right") - 1
    return reader.read_points(take(prefixes, longest), Points(numbers, prefixes.lengths - 1))


def _read_tasks(held: _Dialogues, reader: Reads, limit: Limit) -> list[float | None]:
    """For each dialogue the score of its task; None where there is none, or a longer one."""
    found: list[float | None] = [None] * len(held.ids)
    fits = ~limit.exceeded(held.tasks) & (held.tasks.lengths > 0)
    if fits.any():
        scores = reader.read_ends(held.tasks.take(fits))
        check_finite([held.ids[row] for row in held.tasked[fits]], [scores])
        for row, score in zip(held.tasked[fits].tolist(), scores.tolist(), strict=True):
            found[row] = score
    return found


def _statements(
    held: _Dialogues,
    scores: Scores,
    tokens: NDArray[np.int64],
    longer: NDArray[np.bool_],
    tasks: list[float | None],
) -> pa.RecordBatch:
    count = len(held.ids)
    offsets = np.searchsorted(held.owners, np.arange(count + 1))
    turns = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(scores, pa.float32()))
    exact = scores.astype(np.float64)
    lowest = np.minimum.reduceat(exact, offsets[:-1]) if count else exact
    mean = np.add.reduceat(exact, offsets[:-1]) / np.diff(offsets) if count else exact
    own: list[Any] = [mean.astype(np.float32), turns, tokens, longer, tasks]
    said = [pa.array(held.ids, pa.string()), pa.array([LABEL] * count, pa.string())]
    said += [pa.array(lowest), pa.nulls(count, pa.string())]
    told = [
        values if isinstance(values, pa.Array) else pa.array(values, field.type)
        for values, field in zip(own, COLUMNS, strict=True)
    ]
    return pa.RecordBatch.from_arrays([*said, *told], schema=pa.schema([*STATEMENTS, *COLUMNS]))

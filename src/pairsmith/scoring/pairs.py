"""Pairs scored: both replies of a row, and the margin between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from pairsmith.models.forward import Scores
from pairsmith.schema.annotations import STATEMENTS
from pairsmith.scoring.reading import (
    SAMPLE,
    TOO_LONG,
    UNFIT,
    Limit,
    Proof,
    Reads,
    check_finite,
    compare,
    concatenate,
    take,
)
from pairsmith.tokens.dialogues import REFUSED
from pairsmith.tokens.preview import EncodedBatch
from pairsmith.tokens.ragged import Ragged

COLUMNS = pa.schema(
    [
        ("chosen_score", pa.float32()),
        ("rejected_score", pa.float32()),
        ("chosen_tokens", pa.int32()),
        ("rejected_tokens", pa.int32()),
        ("cut", pa.bool_()),
    ]
)
"""What is told of a pair, besides a statement's own columns."""

LABELS = ("contradicts", "tied", "agrees")
"""What a margin says of the label, by its sign."""


class Scored(NamedTuple):
    """Rows scored.

    Attributes:
        rows: Statements, with own columns behind.
        not_said: How many rows there is none of, by why.
        proof: Whether the fast way was right, and taken.
    """

    rows: pa.RecordBatch
    not_said: dict[str, int]
    proof: Proof


def score_pairs(batches: Iterable[EncodedBatch], reader: Reads, limit: Limit, dtype: str) -> Scored:
    """Scores rows of pairs.

    Args:
        batches: The rows as token ids.
        reader: What reads them.
        limit: How long they may be.
        dtype: The numbers that are computed in, which tell how large rounding is.

    Raises:
        ModelError: A score is not a number, or the model cannot read a row.
    """
    ids, sides, not_said = list[str](), (list[Ragged](), list[Ragged]()), Counter[str]()
    for batch in batches:
        held = batch.stored["id"].to_pylist()
        ids += [held[row] for row in batch.texts.rows]
        sides[0].append(batch.encoded.whole_chosen)
        sides[1].append(batch.encoded.whole_rejected)
        not_said[REFUSED] += len(batch.texts.refused)
    chosen, rejected = (concatenate(side) for side in sides)
    longer = limit.exceeded(chosen) | limit.exceeded(rejected)
    if not limit.cut:
        not_said[TOO_LONG] += int(longer.sum())
        kept = np.flatnonzero(~longer)
        ids = [ids[row] for row in kept]
        chosen, rejected, longer = take(chosen, kept), take(rejected, kept), longer[kept]
    lengths = chosen.lengths, rejected.lengths
    proof, *scores = read_pairs(limit.ends_of(chosen), limit.ends_of(rejected), reader, dtype)
    check_finite(ids, scores)
    own = [*scores, *lengths, longer]
    return Scored(statements(ids, scores, own, COLUMNS), dict(not_said), proof)


def read_pairs(
    chosen: Ragged, rejected: Ragged, reader: Reads, dtype: str
) -> tuple[Proof, Scores, Scores]:
    """The scores of both sides, the fast way where that is proved on the first rows.

    Args:
        chosen: Prompt and reply of each row.
        rejected: The same of the other side.
        reader: What reads them.
        dtype: The numbers that are computed in.
    """
    before = reader.work
    most = int(max(chosen.lengths.max(initial=0), rejected.lengths.max(initial=0)))
    proof = Proof(None)
    if most and reader.shares_prompts(most):
        some = np.arange(min(SAMPLE, len(chosen.starts)))
        proof = _prove(take(chosen, some), take(rejected, some), reader, dtype)
    reader.work = before  # what was read to prove it is no part of the account
    if proof.holds:
        return proof, *reader.read_pairs(chosen, rejected)
    return proof, reader.read_ends(chosen), reader.read_ends(rejected)


def _prove(chosen: Ragged, rejected: Ragged, reader: Reads, dtype: str) -> Proof:
    plain = reader.read_ends(chosen), reader.read_ends(rejected)
    try:
        fast = reader.read_pairs(chosen, rejected)
    except UNFIT:
        return Proof(False)
    return compare(fast, plain, dtype)


def statements(
    ids: list[str], scores: list[Scores], own: list[object], columns: pa.Schema
) -> pa.RecordBatch:
    """What is said of pairs, as statements.

    Args:
        ids: The ids of n rows.
        scores: The scores of both sides, n each.
        own: n values for each of the own columns.
        columns: Those columns.
    """
    margins = scores[0].astype(np.float64) - scores[1].astype(np.float64)
    labels = pa.array(LABELS).take(pa.array(np.sign(margins).astype(np.int64) + 1))
    said = [pa.array(ids, pa.string()), labels, pa.array(margins), pa.nulls(len(ids), pa.string())]
    told = [pa.array(held, field.type) for held, field in zip(own, columns, strict=True)]
    return pa.RecordBatch.from_arrays([*said, *told], schema=pa.schema([*STATEMENTS, *columns]))

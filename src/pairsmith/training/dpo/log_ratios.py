"""How much likelier a policy finds the held-out replies than the model that it began as.

The log-ratio of a reply is log π(reply | prompt) − log π₀(reply | prompt), summed over its tokens;
β times it is the reward that DPO means (Rafailov and others, 2023, arXiv:2305.18290, equation 5).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from pairsmith.dataset.manifest import LedgerEntry, Manifest
from pairsmith.dataset.rows import entries_of, kept_batches
from pairsmith.io.remote import StoragePath
from pairsmith.models.generation.log_probs import log_probs
from pairsmith.models.policies import Policy
from pairsmith.schema.rows import Kind
from pairsmith.schema.splits import is_held_out
from pairsmith.sources.layouts import kind_of
from pairsmith.statistics.bootstrap import Floats
from pairsmith.tokens.encode import Encoded
from pairsmith.tokens.preview import BATCH_ROWS, encode_rows, open_encoder, open_writer
from pairsmith.tokens.ragged import Ragged
from pairsmith.training.progress import Tell


class Compared(NamedTuple):
    """A policy, and the model that it began as; both on one device."""

    after: Policy
    before: Policy


class Wanted(NamedTuple):
    """Which rows are compared.

    Attributes:
        subsets: Of these subsets alone; empty for all.
        max_length: The most tokens of a side.
    """

    subsets: frozenset[str]
    max_length: int


@dataclass
class LogRatios:
    """The log-ratios of n held-out pairs.

    Attributes:
        ids: Their n ids.
        places: The subset and split of each, as `harmless-base/test`.
        values: Those of chosen and of rejected, shape (n, 2).
        left_out: How many rows are not among them, by why.
    """

    ids: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    values: Floats = field(default_factory=lambda: np.zeros((0, 2)))
    left_out: Counter[str] = field(default_factory=Counter)


def held_out_batches(
    out: StoragePath, built: Manifest, subsets: frozenset[str]
) -> Iterator[tuple[str, pa.RecordBatch]]:
    """The pairs that are not for training, each batch with its subset and split."""
    for entry in _held_out(built, subsets):
        for batch in kept_batches(out, built, entry, BATCH_ROWS):
            yield f"{entry.subset}/{entry.split}", batch


def _held_out(built: Manifest, subsets: frozenset[str]) -> list[LedgerEntry]:
    return [
        entry
        for entry in entries_of(built)
        if (not subsets or entry.subset in subsets)
        and kind_of(entry.subset) == Kind.PAIRS
        and is_held_out(entry.split)
    ]


def compare_replies(
    out: StoragePath, built: Manifest, models: Compared, wanted: Wanted, tell: Tell | None = None
) -> LogRatios:
    """The log-ratios of the pairs that are held out.

    Args:
        out: The folder of the build.
        built: Its manifest.
        models: The models.
        wanted: Which rows.
        tell: Called with the rows so far.
    """
    total = sum(entry.kept for entry in _held_out(built, wanted.subsets))
    read = 0
    made, parts = LogRatios(), list[Floats]()
    tokenizer = models.after.tokenizer
    with open_writer(built, tokenizer, models.after.name) as chat:
        encoder = open_encoder(built, tokenizer)
        for place, stored in held_out_batches(out, built, wanted.subsets):
            batch = encode_rows(stored, encoder, chat)
            encoded = batch.encoded
            lengths = np.maximum(encoded.whole_chosen.lengths, encoded.whole_rejected.lengths)
            fits = np.flatnonzero((lengths <= wanted.max_length) & (encoded.prompt.lengths > 0))
            made.left_out["refused"] += len(batch.texts.refused)
            made.left_out["too_long"] += len(lengths) - len(fits)
            ids = stored["id"].take(pa.array(np.array(batch.texts.rows, np.int64)[fits]))
            made.ids += ids.to_pylist()
            made.places += [place] * len(fits)
            parts.append(_ratios(encoded, fits, models))
            read += len(stored)
            if tell is not None:
                tell("held-out rows", read, total)
    made.values = np.concatenate(parts) if parts else made.values
    made.left_out = +made.left_out
    return made


def _ratios(encoded: Encoded, rows: np.ndarray, models: Compared) -> Floats:
    """The log-ratios of some rows of a batch, shape (rows, 2)."""
    prompts = _lists(encoded.prompt, rows)
    found = np.empty((len(rows), 2))
    for side, replies in enumerate((encoded.chosen, encoded.rejected)):
        after, before = (
            log_probs(model, prompts, _lists(replies, rows))
            for model in (models.after, models.before)
        )
        pairs = zip(after, before, strict=True)
        found[:, side] = [float(a.sum(dtype=float) - b.sum(dtype=float)) for a, b in pairs]
    return found


def _lists(rows: Ragged, which: np.ndarray) -> list[list[int]]:
    return [rows.row(number) for number in which.tolist()]

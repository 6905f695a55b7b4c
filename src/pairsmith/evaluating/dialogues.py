"""Scores of red-team dialogues: they have no label, but scores of their own to hold them against.

The card's `min_harmlessness_score_transcript` is the lowest score that the authors' preference
model gave to a reply of the dialogue; `rating` is how well its author thought that the attack went.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.dataset.manifest import Manifest
from pairsmith.dataset.rows import kept_batches
from pairsmith.evaluating.scores import places_of
from pairsmith.schema.reasons import Note
from pairsmith.schema.rows import Kind
from pairsmith.sources.layouts import kind_of
from pairsmith.statistics.bootstrap import Bootstrap
from pairsmith.statistics.correlation import correlate, ranks

BATCH = 10_000
KNOWN = ("min_harmlessness_score_transcript", "rating")
WORKER = "red_team_member_id"


def measure_dialogues(out: Path, built: Manifest, scores: pa.Table, seed: int) -> dict[str, Any]:
    """What can be said of scores of dialogues, as `evaluation.json` holds it.

    Args:
        out: The folder of the build.
        built: Its manifest.
        scores: `id` and `score` of dialogues: the lowest score of a turn.
        seed: Of the bootstrap, over the people who wrote them.
    """
    held = _read(out, built)
    rows, places = places_of(held["id"].combine_chunks(), scores["id"].combine_chunks())
    mine = held.take(pa.array(rows))
    said = scores["score"].to_numpy()[places].astype(np.float64)
    finite = np.isfinite(said)
    workers = mine[WORKER].to_numpy(zero_copy_only=False).astype(np.float64)
    own = -1 - np.arange(len(rows))  # who is not known stands alone
    clusters = np.where(np.isnan(workers), own, np.nan_to_num(workers)).astype(np.int64)
    found: dict[str, Any] = {
        "dialogues": int(finite.sum()),
        "not_applicable": "Dialogues have no label: there is no accuracy, and no calibration.",
        "unit": "the lowest score of a reply; intervals over the people who wrote the dialogues",
        "mean": Bootstrap(clusters[finite], seed=seed).mean(said[finite]).to_dict(),
        "rank_correlation": {},
    }
    for name in KNOWN:
        other = mine[name].to_numpy(zero_copy_only=False).astype(np.float64)
        both = finite & np.isfinite(other)
        if both.any():
            boot = Bootstrap(clusters[both], seed=seed)
            found["rank_correlation"][name] = correlate(
                ranks(said[both]), ranks(other[both]), boot
            ).to_dict()
    return found


def _read(out: Path, built: Manifest) -> pa.Table:
    batches = [
        _as_told(batch)
        for entry in built.ledger
        if kind_of(entry.subset) == Kind.DIALOGUES
        for batch in kept_batches(out, built, entry, BATCH)
    ]
    return pa.Table.from_batches(batches)


def _as_told(batch: pa.RecordBatch) -> pa.RecordBatch:
    """What the source tells of dialogues: a score that was filled, a model told."""
    score = KNOWN[0]
    filled = [Note.SCORE_FILLED in notes for notes in batch["notes"].to_pylist()]
    told = pc.if_else(pa.array(filled, pa.bool_()), pa.scalar(None, pa.float64()), batch[score])
    columns = {name: batch[name] for name in ("id", *KNOWN, WORKER)}
    return pa.RecordBatch.from_pydict({**columns, score: told})

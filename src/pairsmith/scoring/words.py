"""The scorer `linear`: pairs by the words of their replies, each row by a model of the other rows.

It is weak, and needs no GPU, no model and no tokenizer: a floor for what others should reach.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.dataset.index import open_keys
from pairsmith.dataset.reader import Dataset
from pairsmith.dataset.rows import entries_of
from pairsmith.errors import RecipeError
from pairsmith.extras import require
from pairsmith.schema.rows import Kind
from pairsmith.scoring.folds import FOLDS, assign_folds, count_conversations
from pairsmith.scoring.linear import EPOCHS, FEATURES, MIN_ROWS, SEED, WORDS, predict_scores
from pairsmith.scoring.pairs import COLUMNS, statements
from pairsmith.sources.layouts import kind_of

NAME = "linear"
"""What `--model` calls it."""

OWN = pa.schema([COLUMNS.field("chosen_score"), COLUMNS.field("rejected_score")])
"""What it tells of a pair: nothing of tokens, for it has none."""


def score_by_words(out: Path, subset: str | None = None) -> tuple[pa.RecordBatch, dict[str, Any]]:
    """Scores the pairs of a build.

    Args:
        out: Its folder.
        subset: What is said is of this subset alone; the models learn from all pairs.

    Returns:
        Statements with `OWN` behind, and what decided them.

    Raises:
        RecipeError: There are too few rows to learn from, or the extra `audit` is missing.
        OutputError: There is no finished build, no such subset, or no pair in it.
    """
    require("audit", "The scorer linear needs")
    data = Dataset(out)
    wanted = {entry.subset for entry in entries_of(data.built, subset)}
    kept = sum(entry.kept for entry in data.entries)
    if kept < MIN_ROWS:
        raise RecipeError(
            f"The scorer linear cannot learn from {kept:,} pairs; it takes at least {MIN_ROWS}.",
            "Name a preference model.",
        )
    if not any(kind_of(name) == Kind.PAIRS for name in wanted):
        raise RecipeError("The scorer linear compares replies, and dialogues have one each.")
    with open_keys(data) as keys:
        conversations = count_conversations(keys)
        if conversations < 2:
            raise RecipeError("All pairs are of one conversation, so that none is left to judge.")
        folds = min(FOLDS, conversations)
        scores = predict_scores(data, assign_folds(keys, folds))
    ids = [id for batch in data.batches() for id in batch.ids.to_pylist()]
    sides = [side.astype("float32") for side in scores]
    rows = statements(ids, sides, [*sides], OWN)
    mine = pa.array([id.partition("/")[0] in wanted for id in ids])
    recipe = {
        "model": {"name": NAME},
        "form": data.built.recipe.form.value,
        "backend": "scikit-learn",
        "folds": folds,
        "features": FEATURES,
        "words": [*WORDS],
        "epochs": EPOCHS,
        "seed": SEED,
    }
    return rows.filter(mine), recipe


def mean_of(rows: pa.RecordBatch) -> float:
    """The mean of all scores; 0 where there are none."""
    both: Iterator[float | None] = (pc.mean(rows[name]).as_py() for name in OWN.names)
    held = [mean for mean in both if mean is not None]
    return sum(held) / len(held) if held else 0.0

"""A small preference model: what tells chosen from rejected by words and pairs of words.

P(chosen over rejected) = sigmoid(w · (x_chosen - x_rejected)), as Bradley and Terry (1952) have it;
x are the counts of a reply's words and pairs of neighbours, hashed (Weinberger and others, 2009,
arXiv:0902.2206) and scaled to length 1. There is no intercept, and every other row is shown to the
model the other way round: neither side is preferred for being it. Differences lie on disk, and are
gone through batch by batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pairsmith.dataset.reader import Dataset

if TYPE_CHECKING:
    from sklearn.linear_model import SGDClassifier

Folds = NDArray[np.int8]
Floats = NDArray[np.float64]

FEATURES = 1 << 18
WORDS = (1, 2)
EPOCHS = 5
SEED = 0


def judge_rows(data: Dataset, folds: Folds) -> Floats:
    """The log-odds of chosen over rejected by models that have not seen the row's fold.

    Args:
        data: The dataset.
        folds: The fold of each of n kept rows, from 0, each with rows of other folds to learn from.

    Returns:
        n log-odds; 0 where the replies have the same words.
    """
    with TemporaryDirectory(prefix="pairsmith-") as folder:
        parts = _write_differences(data, Path(folder))
        models = [_new_model(int((folds != fold).sum())) for fold in range(int(folds.max()) + 1)]
        for _ in range(EPOCHS):
            for differences, own in _batches(parts, folds):
                _learn(models, differences, own)
        return np.concatenate([_judge(models, *batch) for batch in _batches(parts, folds)])


def _write_differences(data: Dataset, folder: Path) -> list[Path]:
    """The sparse differences of all kept rows, a file a batch, in order."""
    from scipy.sparse import save_npz
    from sklearn.feature_extraction.text import HashingVectorizer

    hasher = HashingVectorizer(n_features=FEATURES, ngram_range=WORDS, dtype=np.float32)
    parts: list[Path] = []
    for batch in data.batches():
        chosen, rejected = (
            hasher.transform(side.replies.texts().to_pylist())
            for side in (batch.chosen, batch.rejected)
        )
        parts.append(folder / f"{len(parts)}.npz")
        save_npz(parts[-1], (chosen - rejected).tocsr(), compressed=False)
    return parts


def _batches(parts: list[Path], folds: Folds) -> Iterator[tuple[Any, Folds]]:
    """The differences, batch by batch, each with the folds of its rows."""
    from scipy.sparse import load_npz

    done = 0
    for part in parts:
        differences = load_npz(part)
        yield differences, folds[done : done + differences.shape[0]]
        done += differences.shape[0]


def _new_model(rows: int) -> SGDClassifier:
    """A logistic regression whose penalty is that of C = 1 over so many rows."""
    from sklearn.linear_model import SGDClassifier

    return SGDClassifier(
        loss="log_loss", alpha=1 / rows, fit_intercept=False, average=True, random_state=SEED
    )


def _learn(models: list[SGDClassifier], differences: Any, folds: Folds) -> None:
    """Shows each model the rows of other folds than its own, every other one turned round."""
    from scipy.sparse import diags_array

    sides = np.where(np.arange(len(folds)) % 2, -1, 1)
    turned = (diags_array(sides.astype(np.float32)) @ differences).tocsr()
    for fold, model in enumerate(models):
        shown = np.flatnonzero(folds != fold)
        if len(shown):
            model.partial_fit(turned[shown], sides[shown], classes=[-1, 1])


def _judge(models: list[SGDClassifier], differences: Any, folds: Folds) -> Floats:
    """The log-odds of each row by the model that has not seen its fold."""
    weights = np.stack([model.coef_[0] for model in models], axis=1)
    every: Floats = (differences @ weights).astype(np.float64)
    return every[np.arange(len(folds)), folds]

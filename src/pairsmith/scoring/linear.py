"""The label model: a linear Bradley-Terry model of preferences on words and pairs of words.

P(chosen over rejected) = sigmoid(w · (x_chosen - x_rejected)) (Bradley and Terry, Biometrika 39,
1952), where x are the counts of a reply's words and bigrams, hashed (Weinberger and others, 2009,
arXiv:0902.2206) and scaled to length 1. It is fitted as a logistic regression by averaged
stochastic gradient descent, with the L2 penalty of C = 1 but few epochs: not to convergence.

The model has no intercept and sees every second row with its sides exchanged, so that neither side
has an advantage. The feature differences lie on disk and are read batch by batch.
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
"""The number of hashed features."""
WORDS = (1, 2)
"""The fewest and the most words of a feature."""
EPOCHS = 5
"""Passes over all rows."""
SEED = 0
"""The seed of the optimiser."""
MIN_ROWS = 300
"""The fewest kept rows that the model is trained on: fewer teach it nothing."""


def predict_log_odds(data: Dataset, folds: Folds) -> Floats:
    """Predicts each row's log-odds of chosen over rejected, by cross-validation.

    Each row is scored by the model that was trained on all other folds.

    Args:
        data: The dataset; its replies are read once, in batches.
        folds: The fold of each of n kept rows, from 0; at least two different ones.

    Returns:
        n log-odds, in nats; exactly 0 where both replies have the same features.
    """
    with TemporaryDirectory(prefix="pairsmith-") as folder:
        files = _write_differences(data, Path(folder))
        return _predict_all(_fit(files, folds), files, folds)


def predict_scores(data: Dataset, folds: Folds) -> tuple[Floats, Floats]:
    """Predicts a score for either side of each row; their difference is the row's log-odds.

    Args:
        data: The dataset, as for `predict_log_odds`.
        folds: The fold of each of n kept rows, as for `predict_log_odds`.

    Returns:
        n scores of the chosen sides, and n of the rejected ones.
    """
    with TemporaryDirectory(prefix="pairsmith-") as folder:
        files = _write_differences(data, Path(folder), chosen=True)
        models = _fit(files, folds)
        chosen = _predict_all(models, [_chosen_file(file) for file in files], folds)
        return chosen, chosen - _predict_all(models, files, folds)


def _fit(files: list[Path], folds: Folds) -> list[SGDClassifier]:
    """A model per fold, trained on all others."""
    models = [_new_model(int((folds != fold).sum())) for fold in range(int(folds.max()) + 1)]
    for _ in range(EPOCHS):
        for differences, own in _batches(files, folds):
            _train(models, differences, own)
    return models


def _predict_all(models: list[SGDClassifier], files: list[Path], folds: Folds) -> Floats:
    return np.concatenate([_predict(models, *batch) for batch in _batches(files, folds)])


def to_probability(log_odds: Floats) -> Floats:
    """Converts n log-odds to probabilities, by the logistic function.

    Log-odds of log 3 stand for odds of three to one:

    >>> to_probability(np.array([0.0, np.log(3), -np.log(3)])).round(6).tolist()
    [0.5, 0.75, 0.25]
    """
    probability: Floats = 1 / (1 + np.exp(-np.clip(log_odds, -700, 700)))  # exp(710) overflows
    return probability


def _chosen_file(file: Path) -> Path:
    """Where the features of the chosen sides lie, beside a batch's differences."""
    return file.with_name(f"chosen-{file.name}")


def _write_differences(data: Dataset, folder: Path, chosen: bool = False) -> list[Path]:
    """Writes the sparse feature differences of all kept rows, one file per batch, in order.

    Args:
        data: The dataset.
        folder: Where to.
        chosen: Whether to write the features of the chosen sides too.
    """
    from scipy.sparse import save_npz
    from sklearn.feature_extraction.text import HashingVectorizer

    hasher = HashingVectorizer(n_features=FEATURES, ngram_range=WORDS, dtype=np.float32)
    files: list[Path] = []
    for batch in data.batches():
        better, worse = (
            hasher.transform(side.replies.texts().to_pylist())
            for side in (batch.chosen, batch.rejected)
        )
        files.append(folder / f"{len(files)}.npz")
        save_npz(files[-1], (better - worse).tocsr(), compressed=False)
        if chosen:
            save_npz(_chosen_file(files[-1]), better.tocsr(), compressed=False)
    return files


def _batches(files: list[Path], folds: Folds) -> Iterator[tuple[Any, Folds]]:
    """Reads the differences batch by batch: a matrix (rows, `FEATURES`) and its rows' folds."""
    from scipy.sparse import load_npz

    done = 0
    for file in files:
        differences = load_npz(file)
        yield differences, folds[done : done + differences.shape[0]]
        done += differences.shape[0]


def _new_model(rows: int) -> SGDClassifier:
    """An untrained logistic regression with the penalty of C = 1.

    scikit-learn's `LogisticRegression` minimises |w|² / 2 + C · (sum of losses), `SGDClassifier`
    alpha · |w|² / 2 + (mean of losses): they agree for alpha = 1 / (C · rows), so that 2,000 rows
    take an alpha of 0.0005.

    Args:
        rows: The number of rows that the model is trained on; at least one.
    """
    from sklearn.linear_model import SGDClassifier

    return SGDClassifier(
        loss="log_loss", alpha=1 / rows, fit_intercept=False, average=True, random_state=SEED
    )


def _train(models: list[SGDClassifier], differences: Any, folds: Folds) -> None:
    """Trains each model on a batch's rows of the other folds, every second one exchanged.

    Args:
        models: One model per fold.
        differences: Feature differences, shape (rows, `FEATURES`).
        folds: The fold of each row.
    """
    from scipy.sparse import diags_array

    sides = np.where(np.arange(len(folds)) % 2, -1, 1)
    signed = (diags_array(sides.astype(np.float32)) @ differences).tocsr()
    for fold, model in enumerate(models):
        others = np.flatnonzero(folds != fold)
        if len(others):
            model.partial_fit(signed[others], sides[others], classes=[-1, 1])


def _predict(models: list[SGDClassifier], differences: Any, folds: Folds) -> Floats:
    """The log-odds of each row of a batch by the model of its fold; arguments as in `_train`."""
    weights = np.stack([model.coef_[0] for model in models], axis=1)
    log_odds: Floats = (differences @ weights).astype(np.float64)
    return log_odds[np.arange(len(folds)), folds]

"""Texts as vectors: TF-IDF, and the few axes along which they differ most (latent semantics)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pairsmith.auditing.answer import UnansweredError
from pairsmith.exploring.topics.words import split
from pairsmith.text.spans import Index

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Vector = NDArray[np.float32]

AXES = 50
"""The axes that are kept."""
WORDS = 20_000
"""The most words that are told apart, the commonest."""
COMMON = 0.5
"""A word of more than this share of the texts says nothing of their topics."""
ROUNDS = 4
"""Power iterations of the decomposition."""
BATCH = 20_000
"""So many texts are counted at once."""


class Vectors(NamedTuple):
    """m texts by their words.

    Attributes:
        words: The w words that are told apart.
        counted: The places of the k texts that words and axes were found in, ascending.
        counts: How often each of these k texts holds each word, shape (k, w).
        of: Each text along the axes, shape (m, d): of length 1, or 0 where it holds no such word.
    """

    words: tuple[str, ...]
    counted: Index
    counts: csr_matrix
    of: Vector


def vectorise(texts: pa.StringArray, most: int, seed: int) -> Vectors:
    """Turns texts into vectors.

    Args:
        texts: m different texts, none null.
        most: Of so many of them, drawn by the seed, words and axes are found.
        seed: Of the draw and of the decomposition.

    Raises:
        UnansweredError: No two texts have a word in common.
    """
    from sklearn.feature_extraction.text import CountVectorizer

    counted = sample(len(texts), most, seed)
    counter = CountVectorizer(
        analyzer=split, min_df=max(2, len(counted) // 5_000), max_features=WORDS, dtype=np.float32
    )
    try:
        counts = counter.fit_transform(texts.take(pa.array(counted)).to_pylist())
    except ValueError as error:  # no words, or none in two texts
        raise UnansweredError("The texts have no words in common.") from error
    held = np.bincount(counts.indices, minlength=counts.shape[1])
    kept = held <= max(COMMON * len(counted), 2)
    if kept.sum() < 2:
        raise UnansweredError("The texts have too few different words.")
    weights = (np.log((1 + len(counted)) / (1 + held)) * kept).astype(np.float32)
    axes = _find_axes(_weigh(counts, weights), seed)
    if len(counted) == len(texts):
        made = [_project(counts, weights, axes)]
    else:
        made = [
            _project(counter.transform(texts.slice(first, BATCH).to_pylist()), weights, axes)
            for first in range(0, len(texts), BATCH)
        ]
    words = tuple(counter.get_feature_names_out()[kept].tolist())
    return Vectors(words, counted, counts[:, kept].tocsr(), np.concatenate(made))


def sample(count: int, most: int, seed: int) -> Index:
    """At most so many of `count` places, drawn without replacement, ascending."""
    if count <= most:
        return np.arange(count)
    drawn = np.random.default_rng(seed).choice(count, most, replace=False)
    return np.sort(drawn).astype(np.int64)


def lengthen(vectors: Vector) -> Vector:
    """Vectors of length 1; those of length 0 stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(np.where(lengths > 1e-6, vectors / np.maximum(lengths, 1e-6), 0), np.float32)


def _weigh(counts: csr_matrix, weights: Vector) -> Any:
    """Counts as TF-IDF: the logarithm of a count, times a word's weight, rows of length 1."""
    from scipy.sparse import csr_matrix
    from sklearn.preprocessing import normalize

    data = (1 + np.log(counts.data)) * weights[counts.indices]
    return normalize(csr_matrix((data, counts.indices, counts.indptr), shape=counts.shape))


def _find_axes(weighed: csr_matrix, seed: int) -> Vector:
    """The axes along which texts differ most, shape (w, d)."""
    from sklearn.utils.extmath import randomized_svd

    axes = min(AXES, *(side - 1 for side in weighed.shape))
    _, _, found = randomized_svd(weighed, max(1, axes), n_iter=ROUNDS, random_state=seed)
    return np.asarray(found.T, np.float32)


def _project(counts: csr_matrix, weights: Vector, axes: Vector) -> Vector:
    return lengthen(np.asarray(_weigh(counts, weights) @ axes, np.float32))

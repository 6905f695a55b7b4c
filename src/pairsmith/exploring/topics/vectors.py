"""Texts as vectors: TF-IDF, and the few axes along which they differ most (latent semantics)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pairsmith.auditing.answer import UnansweredError
from pairsmith.auditing.content.words import count_known, count_words
from pairsmith.statistics.bootstrap import Floats
from pairsmith.text.spans import Index

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Vector = NDArray[np.float32]

AXES = 50
"""The axes that are kept."""
WORDS = 20_000
"""The most words that are told apart, the commonest."""
COMMON = 0.5
"""A word of more than this share of the texts says nothing of their topics."""
ROUNDS = 4
"""Power iterations of the decomposition."""
BATCH = 50_000
"""The number of texts that are counted at once."""
_FUNCTION = """
a about after again all also am an and any are aren't as at be because been before being but by can
can't could couldn't did didn't do does doesn't doing don't for from get getting go going got had
has have having he her here hers him his how i i'd i'll i'm i've if in into is isn't it it's its
itself just let like make me more most much my myself no nor not now of off on once one only or
other our out over own please really same she should so some such tell than that that's the their
them then there these they they're this those through to too trying tried try under until up upon
us very want was wasn't way we were what what's when where which while who whom why will with won't
would wouldn't you you'd you'll you're you've your yours yourself
"""
FUNCTION_WORDS = frozenset(_FUNCTION.split())
"""English words that say nothing of what a text is about. Those of other languages are told by how
many texts hold them."""


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
    counts: csr_array
    of: Vector


def vectorise(texts: pa.StringArray, most: int, seed: int) -> Vectors:
    """Turns texts into vectors.

    Args:
        texts: m different texts, none null.
        most: The most of them, drawn by the seed, of which words and axes are found.
        seed: Of the draw and of the decomposition.

    Raises:
        UnansweredError: No two texts have a word in common.
    """
    counted = sample(len(texts), most, seed)
    least = max(2, len(counted) // 5_000)
    found = count_words(texts.take(pa.array(counted)), least=least, most=3 * WORDS)
    held = np.bincount(found.counts.indices, minlength=len(found.names))
    rare = held <= max(COMMON * len(counted), 2)
    kept = np.flatnonzero(rare & np.array([_is_told(name) for name in found.names], bool))[:WORDS]
    if len(kept) < 2:
        raise UnansweredError("The texts have too few words in common.")
    words = tuple(found.names[place] for place in kept.tolist())
    counts = found.counts[:, kept].tocsr()
    weights = 1 + np.log((1 + len(counted)) / (1 + held[kept]))
    axes = _find_axes(_weigh(counts, weights), seed)
    if len(counted) == len(texts):
        made = [_project(counts, weights, axes)]
    else:
        made = [
            _project(count_known(texts.slice(first, BATCH), words), weights, axes)
            for first in range(0, len(texts), BATCH)
        ]
    return Vectors(words, counted, counts, np.concatenate(made))


def _is_told(name: str) -> bool:
    """Whether a word says what a text is about: phrases do only where words have no spaces."""
    return (
        " " not in name and name not in FUNCTION_WORDS and not (len(name) == 1 and name.isascii())
    )


def sample(count: int, most: int, seed: int) -> Index:
    """Places out of `count`, at most `most` of them, drawn without replacement, ascending."""
    if count <= most:
        return np.arange(count)
    drawn = np.random.default_rng(seed).choice(count, most, replace=False)
    return np.sort(drawn).astype(np.int64)


def lengthen(vectors: Vector) -> Vector:
    """Vectors of length 1; those of length 0 stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(np.where(lengths > 1e-6, vectors / np.maximum(lengths, 1e-6), 0), np.float32)


def _weigh(counts: csr_array, weights: Floats) -> Any:
    """Counts as TF-IDF: the logarithm of a count, times a word's weight, rows of length 1."""
    from scipy.sparse import csr_array
    from sklearn.preprocessing import normalize

    data = ((1 + np.log(counts.data)) * weights[counts.indices]).astype(np.float32)
    return normalize(csr_array((data, counts.indices, counts.indptr), shape=counts.shape))


def _find_axes(weighed: csr_array, seed: int) -> Vector:
    """The axes along which texts differ most, shape (w, d)."""
    from sklearn.utils.extmath import randomized_svd

    axes = min(AXES, *(side - 1 for side in weighed.shape))
    _, _, found = randomized_svd(weighed, max(1, axes), n_iter=ROUNDS, random_state=seed)
    return np.asarray(found.T, np.float32)


def _project(counts: csr_array, weights: Floats, axes: Vector) -> Vector:
    return lengthen(np.asarray(_weigh(counts, weights) @ axes, np.float32))

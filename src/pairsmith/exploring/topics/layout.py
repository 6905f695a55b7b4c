"""A layout on two axes: texts that are alike lie together, and groups of them apart.

Each text is tied to its nearest neighbours, with a weight that falls with the distance as it does
among them (the fuzzy graph of McInnes, Healy and Melville, UMAP, 2018, section 3.1); ties pull
their ends together, and each end is pushed away from texts drawn by chance (section 3.2, with the
curve 1 / (1 + d²)). All ties are drawn, pulled and pushed at once, an epoch at a time: so it is
arrays from end to end, and needs nothing compiled.
"""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairsmith.exploring.topics.vectors import Vector
from pairsmith.text.spans import Index

if TYPE_CHECKING:
    from scipy.sparse import coo_matrix

NEAREST = 15
"""The neighbours that a text is tied to."""
EPOCHS = 150
"""How often all are moved."""
PUSHED = 4
"""The texts by chance that each end of a tie is pushed from."""
FARTHEST = 4.0
"""The most that one tie moves an end at once."""
SPREAD = 10.0
"""The first layout lies between -`SPREAD` and `SPREAD`."""


class Neighbours(NamedTuple):
    """The k nearest of some texts among m others.

    Attributes:
        of: Their places, the nearest first, shape (n, k).
        distances: How far they are, of the same shape.
    """

    of: Index
    distances: Vector


def find_nearest(held: Vector, asked: Vector, count: int) -> Neighbours:
    """Finds the nearest of each of n vectors among m: at most `count` of them.

    Args:
        held: m vectors.
        asked: n vectors.
        count: How many.
    """
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=min(count, len(held)), algorithm="brute").fit(held)
    distances, places = search.kneighbors(asked)
    return Neighbours(places.astype(np.int64), distances.astype(np.float32))


def lay(vectors: Vector, seed: int) -> Vector:
    """Lays m texts out, shape (m, 2).

    Args:
        vectors: m vectors of length 1.
        seed: Of what is drawn by chance.
    """
    first = vectors[:, :2] if vectors.shape[1] > 1 else np.repeat(vectors, 2, axis=1)
    first = first * (SPREAD / max(float(np.abs(first).max()), 1e-6))
    # texts of equal vectors would never part
    jitter = np.random.default_rng(seed).normal(scale=1e-3, size=first.shape)
    ties = _tie(find_nearest(vectors, vectors, NEAREST + 1))
    return _move((first + jitter).astype(np.float32), ties, seed)


def has_umap() -> bool:
    """Whether `umap-learn` is installed."""
    return find_spec("umap") is not None


def lay_by_umap(vectors: Vector, first: Vector, seed: int) -> Vector:
    """Lays m texts out by UMAP, beginning with another layout; shape (m, 2)."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning, module="umap")
        warnings.filterwarnings("ignore", category=ImportWarning)  # of Tensorflow
        warnings.filterwarnings("ignore", message=".*n_jobs.*", category=UserWarning)
        from umap import UMAP  # type: ignore[import-not-found, unused-ignore]

        made = UMAP(
            n_neighbors=min(NEAREST, len(vectors) - 1), init=first, random_state=seed, n_jobs=1
        )
        return np.asarray(made.fit_transform(vectors), np.float32)


def _tie(near: Neighbours) -> coo_matrix:
    """Ties by weight, from 0 to 1, each once."""
    from scipy.sparse import csr_matrix, triu

    of, distances = near.of[:, 1:], near.distances[:, 1:]
    count, nearest = of.shape
    beyond = np.maximum(distances - distances[:, :1], 0)
    weights = np.exp(-beyond / _widths(beyond)[:, None])
    rows = np.repeat(np.arange(count), nearest)
    there = csr_matrix((weights.ravel(), (rows, of.ravel())), shape=(count, count))
    back = there.T.tocsr()
    return triu(there + back - there.multiply(back), k=1).tocoo()


def _widths(beyond: Vector) -> NDArray[np.float64]:
    """For each text the width with which the weights of its neighbours sum to log2(k)."""
    low, high, width = (np.full(len(beyond), value) for value in (0.0, np.inf, 1.0))
    wanted = np.log2(max(beyond.shape[1], 2))
    for _ in range(40):
        wide = np.exp(-beyond / width[:, None]).sum(axis=1) > wanted
        high, low = np.where(wide, width, high), np.where(wide, low, width)
        width = np.where(np.isinf(high), 2 * width, (low + high) / 2)
    return np.asarray(np.maximum(width, 1e-3), np.float64)


def _move(at: Vector, ties: coo_matrix, seed: int) -> Vector:
    """Moves texts from where they lie to where ties and pushes bring them."""
    chance = np.random.default_rng(seed)
    ends = np.stack([ties.row, ties.col]).astype(np.int64)
    weights = ties.data.astype(np.float32)
    strong = weights >= 1 / EPOCHS  # the others would hardly ever be drawn
    ends, weights = ends[:, strong], weights[strong]
    for epoch in range(EPOCHS):
        drawn = chance.random(len(weights), dtype=np.float32) < weights
        left, right = ends[:, drawn]
        pull = _pull(at[left] - at[right])
        both = np.repeat(np.concatenate([left, right]), PUSHED)
        push = _push(at[both] - at[chance.integers(len(at), size=len(both))])
        moved = [
            np.bincount(left, pull[:, axis], len(at))
            - np.bincount(right, pull[:, axis], len(at))
            + np.bincount(both, push[:, axis], len(at))
            for axis in (0, 1)
        ]
        step = 0.5 * (1 - epoch / EPOCHS)
        at = (at + step * np.stack(moved, axis=1)).astype(np.float32)
    return at


def _pull(apart: Vector) -> Vector:
    squares = (apart * apart).sum(axis=1, keepdims=True)
    return _bound(-2 * apart / (1 + squares))


def _push(apart: Vector) -> Vector:
    squares = (apart * apart).sum(axis=1, keepdims=True)
    return _bound(2 * apart / ((0.001 + squares) * (1 + squares)))


def _bound(moves: Vector) -> Vector:
    return np.asarray(np.clip(moves, -FARTHEST, FARTHEST), np.float32)

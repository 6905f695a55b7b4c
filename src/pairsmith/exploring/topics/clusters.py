"""Clusters: where texts lie closer together than around (HDBSCAN), and whose the others are."""

from __future__ import annotations

import numpy as np

from pairsmith.exploring.topics.layout import Neighbours
from pairsmith.exploring.topics.vectors import Vector
from pairsmith.text.spans import Index

LEAST = 10
"""The fewest texts of a topic."""
SHARE = 0.6
"""Of m texts, a topic has at least this many times the root of m."""
NEAR = 10
"""The neighbours by which a density is told."""


def cluster(at: Vector) -> Index:
    """Finds clusters of m places, shape (m, 2).

    Returns:
        The cluster of each, from 0; -1 for none.
    """
    from sklearn.cluster import HDBSCAN

    least = max(LEAST, round(SHARE * np.sqrt(len(at))))
    if len(at) <= least:
        return np.full(len(at), -1, np.int64)
    made = HDBSCAN(min_cluster_size=least, min_samples=min(NEAR, len(at) - 1), copy=True).fit(at)
    return np.asarray(made.labels_, np.int64)


def elect(near: Neighbours, clusters: Index, farthest: float) -> Index:
    """The cluster of each of n texts by those of its neighbours, nearer ones counting more.

    Args:
        near: The neighbours of each, places in `clusters`.
        clusters: The cluster of each text that has been put to one; -1 for none.
        farthest: A text whose nearest neighbour is farther away has no cluster.
    """
    count = int(clusters.max(initial=-1)) + 2
    found = np.empty(len(near.of), np.int64)
    weights = 1 / (near.distances.astype(np.float64) + 1e-3)
    step = max(1, 20_000_000 // count)
    for first in range(0, len(found), step):
        of = clusters[near.of[first : first + step]] + 1
        cells = of + count * np.arange(len(of))[:, None]
        votes = np.bincount(cells.ravel(), weights[first : first + step].ravel(), len(of) * count)
        found[first : first + step] = votes.reshape(-1, count).argmax(axis=1) - 1
    found[near.distances[:, 0] > farthest] = -1
    return found

"""Topics of n texts, and where each lies on a map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.auditing.answer import UnansweredError
from pairsmith.auditing.content.words import LONGEST
from pairsmith.exploring.topics.clusters import cluster, elect
from pairsmith.exploring.topics.copies import find_copies
from pairsmith.exploring.topics.layout import (
    Neighbours,
    find_nearest,
    has_umap,
    lay,
    lay_by_umap,
)
from pairsmith.exploring.topics.names import name
from pairsmith.exploring.topics.vectors import Vector, Vectors, lengthen, sample, vectorise
from pairsmith.statistics.bootstrap import Floats
from pairsmith.text.spans import Index

if TYPE_CHECKING:
    from pairsmith.exploring.answer import Study

FEWEST = 30
"""Of fewer different texts there are no topics."""
COUNTED = 100_000
"""The most texts of which words and axes are found; the others are put among them."""
LAID = 10_000
"""The most texts that are laid out and clustered; the others are put beside their nearest."""
VOTING = 10
"""The number of nearest texts that say where another text belongs."""
FAR = 0.99
"""A text belongs to none if it is farther from all than this share of those are from their own."""


class Topics(NamedTuple):
    """The topics of n rows.

    Attributes:
        of: n places in `names`; -1 for none.
        names: The k names, their own words, the largest topic first.
        places: Where each row lies on the map, shape (n, 2), from 0 to 1; not a number where it
            lies nowhere.
        copies: n numbers: rows whose texts are almost identical have the same.
        laid_by: How the map was laid, in words.
        typical: n numbers: how near each lies to the middle of its topic, at most 1 (the cosine);
            not a number where it has none.
    """

    of: Index
    names: tuple[str, ...]
    places: Floats
    copies: Index
    laid_by: str
    typical: Floats = np.empty(0)


class _Laid(NamedTuple):
    """m different texts on the map.

    Attributes:
        of: The cluster of each; -1 for none.
        at: Where it lies, shape (m, 2); not a number where nowhere.
        by: How it was laid, in words.
    """

    of: Index
    at: Floats
    by: str


def find_topics(study: Study) -> Topics:
    """Finds the topics of a build's dialogues: of their tasks' descriptions and openings.

    Raises:
        UnansweredError: There are too few texts, or they have no words in common.
    """
    attempts = study.dialogues
    return topics_of((attempts.task, attempts.opening), study.options.seed)


def topics_of(texts: pa.StringArray | Sequence[pa.StringArray], seed: int = 0) -> Topics:
    """Finds the topics of texts.

    Args:
        texts: n texts, null where there is none; or two columns of them, which say together what a
            row is about.
        seed: Of all that is drawn by chance: equal texts and seeds give equal topics.

    Raises:
        UnansweredError: There are too few different texts, or they have no words in common.
    """
    columns = [texts] if isinstance(texts, pa.Array) else list(texts)
    columns = [_plain(column) for column in columns]
    whole = pc.binary_join_element_wise(*columns, "\n")
    held = whole.dictionary_encode()
    codes = np.asarray(held.indices, np.int64)
    if len(held.dictionary) < FEWEST:
        said = len(held.dictionary)
        raise UnansweredError(f"Different texts: {said}, too few: topics need {FEWEST}.")
    _, firsts = np.unique(codes, return_index=True)
    copies = find_copies([column.take(pa.array(firsts)) for column in columns])
    vectors = vectorise(held.dictionary, COUNTED, seed)
    laid = _lay(vectors, seed)
    of, names = _order(laid.of, codes, vectors)
    typical = _typical(vectors.of, of, len(names))
    return Topics(of[codes], names, laid.at[codes], copies[codes], laid.by, typical[codes])


def _plain(column: pa.StringArray) -> pa.StringArray:
    """What is read of a column's texts."""
    return pc.utf8_slice_codeunits(pc.fill_null(column.cast(pa.string()), ""), 0, LONGEST)


def _lay(vectors: Vectors, seed: int) -> _Laid:
    """Lays texts out and clusters them: a sample, and the others beside their nearest."""
    count = len(vectors.of)
    spoken = np.flatnonzero(np.abs(vectors.of).sum(axis=1) > 0)
    if len(spoken) < FEWEST:
        said = len(spoken)
        raise UnansweredError(
            f"Different texts with words in common: {said}, too few: topics need {FEWEST}."
        )
    picked = spoken[sample(len(spoken), LAID, seed)]
    at = lay(vectors.of[picked], seed)
    clusters = cluster(at)
    by = "a graph of nearest neighbours"
    if has_umap():
        at, by = lay_by_umap(vectors.of[picked], at, seed), "UMAP"
    of, places = np.full(count, -1, np.int64), np.full((count, 2), np.nan)
    of[picked], places[picked] = clusters, at
    others = np.setdiff1d(spoken, picked)
    if len(others):
        own = find_nearest(vectors.of[picked], vectors.of[picked], 2).distances[:, -1]
        near = find_nearest(vectors.of[picked], vectors.of[others], VOTING)
        of[others] = elect(near, clusters, float(np.quantile(own, FAR)))
        places[others] = _put(at, near, of[others], clusters, seed)
        by += f" of {len(picked):,} of {count:,} different texts, the others beside their nearest"
    return _Laid(of, _scale(places), by)


def _put(at: Vector, near: Neighbours, of: Index, clusters: Index, seed: int) -> Floats:
    """Where texts lie: in the middle of those of their nearest that have their cluster."""
    alike = (clusters[near.of] == of[:, None]) | (of < 0)[:, None]
    weights = alike / (near.distances.astype(np.float64) + 1e-3)
    middles = (at[near.of] * weights[:, :, None]).sum(axis=1) / weights.sum(axis=1, keepdims=True)
    spread = np.ptp(at, axis=0).max() / np.sqrt(len(at)) / 4
    chance = np.random.default_rng(seed)
    return np.asarray(middles + chance.normal(scale=spread, size=middles.shape), np.float64)


def _scale(places: Floats) -> Floats:
    """Places from 0 to 1, in their proportions; the few that lie far out, at the edge."""
    low, high = np.nanquantile(places, [0.001, 0.999], axis=0)
    middle, side = (low + high) / 2, max(float((high - low).max()) * 1.04, 1e-9)
    return np.asarray(np.clip((places - middle) / side + 0.5, 0, 1), np.float64)


def _order(clusters: Index, codes: Index, vectors: Vectors) -> tuple[Index, tuple[str, ...]]:
    """Clusters by the number of their rows, the largest first, with names."""
    count = int(clusters.max(initial=-1)) + 1
    sizes = np.bincount(clusters[codes] + 1, minlength=count + 1)[1:]
    order = np.argsort(-sizes, kind="stable")
    rank = np.append(np.argsort(order), -1)
    of = rank[clusters]
    return of, name(vectors, of[vectors.counted], count)


def _typical(vectors: Vector, of: Index, count: int) -> Floats:
    """How near each text lies to the middle of its topic."""
    some = np.flatnonzero(of >= 0)
    found = np.full(len(of), np.nan)
    sums = [np.bincount(of[some], axis[some], count) for axis in vectors.T]
    middles = lengthen(np.stack(sums, axis=1).astype(np.float32))
    found[some] = np.einsum("ij,ij->i", vectors[some], middles[of[some]])
    return found

"""The search for similar rows: candidates from band keys, compared exactly.

Rows with equal band keys share a bucket and are candidates. In a first round each bucket's rows are
compared with its first row, in a second round with each other, but only the pairs that the goal
still needs: clustering does not need the pairs within a cluster. So thousands of similar rows cost
about one comparison each, and the outcome equals that of comparing all pairs of each bucket, unless
the budget of the second round runs out; the buckets that were cut short are counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pairsmith.auditing.similarity.shingles import Hashes
from pairsmith.dataset.conversations import components
from pairsmith.text.spans import Index, Mask

Scores = NDArray[np.float64]

Compare: TypeAlias = Callable[[Index, Index], Scores]
"""Maps k left and k right row numbers to k similarities."""

BLOCK_PAIRS = 1 << 16
"""About how many pairs are compared before the goal is asked again which pairs it needs."""

EFFORT, EFFORT_PER_ROW = 1_000_000, 20
"""The budget of the second round, in comparisons: a constant, and an amount per row."""

SCAN = 32
"""Listing this many candidate pairs costs as much of the budget as one comparison."""


class Pairs(NamedTuple):
    """k pairs of rows and their similarity.

    Attributes:
        left, right: k row numbers each, `left` less than `right`.
        scores: k similarities, from 0 to 1.
    """

    left: Index
    right: Index
    scores: Scores


class Goal(Protocol):
    """Decides which pairs of a search are still needed, and collects the similar ones."""

    def groups(self) -> Index:
        """The group of each row; pairs within a group are not needed."""

    def is_open(self, left: Index, right: Index) -> Mask:
        """Flags the pairs, left less than right, that are still needed."""

    def take(self, pairs: Pairs) -> None:
        """Adds pairs that are similar."""


class Clusters:
    """A goal: clusters of rows that are similar, directly or through others.

    Args:
        rows: The number of rows.
    """

    def __init__(self, rows: int) -> None:
        self.labels: Index = np.arange(rows)
        self.pairs: list[Pairs] = []

    def groups(self) -> Index:
        """The cluster of each row."""
        return self.labels

    def is_open(self, left: Index, right: Index) -> Mask:
        """Flags the pairs of rows in different clusters."""
        different: Mask = self.labels[left] != self.labels[right]
        return different

    def take(self, pairs: Pairs) -> None:
        """Merges the clusters of each pair."""
        self.pairs.append(pairs)
        alike = joined(self.pairs)
        self.labels = components(alike.left, alike.right, len(self.labels))


class Crossing:
    """A goal: for each row of the second part, a similar row of the first part.

    Args:
        second: A flag per row, set for rows of the second part, which come after the others.
    """

    def __init__(self, second: Mask) -> None:
        self.second, self.sought = second, second.copy()
        self.pairs: list[Pairs] = []

    def groups(self) -> Index:
        """1 for rows of the second part without a match so far, else 0."""
        return self.sought.astype(np.int64)

    def is_open(self, left: Index, right: Index) -> Mask:
        """Flags the pairs whose right row has no match and whose left row is of the first part."""
        still: Mask = self.sought[right] & ~self.second[left]
        return still

    def take(self, pairs: Pairs) -> None:
        """Keeps the best of these matches for each right row."""
        self.pairs.append(pick_best(pairs))
        self.sought[pairs.right] = False


@dataclass
class Search:
    """A search for similar pairs, and its statistics.

    Attributes:
        compare: Computes the exact similarity of pairs.
        threshold: The least similarity of a similar pair.
        effort: The remaining budget of the second round, in comparisons.
        compared: The number of pairs compared so far.
        cut: The number of buckets whose pairs were not all considered.
        tried: The pairs compared so far, as `left * rows + right`.
    """

    compare: Compare
    threshold: float
    effort: float
    compared: int = 0
    cut: int = 0
    tried: Index = field(default_factory=lambda: np.empty(0, np.int64))

    def run(self, keys: Hashes, goal: Goal) -> None:
        """Searches until the goal needs no more pairs or the budget is spent.

        Args:
            keys: Band keys, shape (rows, bands).
            goal: Receives the similar pairs.
        """
        for band in keys.T:
            self.put(len(keys), *Buckets.of(band).heads(), goal)
        for band in keys.T:
            self._all_pairs(Buckets.of(band).mixed(goal.groups()), goal, len(keys))

    def _all_pairs(self, buckets: Buckets, goal: Goal, rows: int) -> None:
        pending: list[tuple[Index, Index]] = []
        waiting = 0
        for left, right, open_buckets in buckets.pairs():
            if self.effort < 0:
                self.cut += open_buckets
                break
            self.effort -= len(left) / SCAN
            left, right = np.minimum(left, right), np.maximum(left, right)
            needed = goal.is_open(left, right)
            pending.append((left[needed], right[needed]))
            waiting += int(needed.sum())
            if waiting > BLOCK_PAIRS:
                self.effort -= self._put_pending(rows, pending, goal)
                pending, waiting = [], 0
        self.effort -= self._put_pending(rows, pending, goal)

    def _put_pending(self, rows: int, pending: list[tuple[Index, Index]], goal: Goal) -> int:
        if not pending:
            return 0
        left, right = (np.concatenate(side) for side in zip(*pending, strict=True))
        return self.put(rows, left, right, goal)

    def put(self, rows: int, left: Index, right: Index, goal: Goal) -> int:
        """Compares the pairs that the goal needs and that were not compared before.

        Args:
            rows: The number of rows.
            left: k row numbers; a pair may be repeated.
            right: k row numbers.
            goal: Receives the similar pairs.

        Returns:
            The number of pairs compared.
        """
        needed = goal.is_open(left, right)
        codes = np.unique(left[needed] * rows + right[needed])
        codes = codes[~np.isin(codes, self.tried, assume_unique=True)]
        if not len(codes):
            return 0
        self.tried = np.concatenate([self.tried, codes])
        self.compared += len(codes)
        left, right = codes // rows, codes % rows
        scores = self.compare(left, right)
        alike = scores >= self.threshold
        if alike.any():
            goal.take(Pairs(left[alike], right[alike], scores[alike]))
        return len(codes)


class Buckets(NamedTuple):
    """b buckets of rows with equal keys.

    Attributes:
        rows: Row numbers, bucket by bucket, ascending within each.
        starts: b + 1 offsets of the buckets into `rows`.
    """

    rows: Index
    starts: Index

    @staticmethod
    def of(keys: Hashes) -> Buckets:
        """Groups n rows by their n keys; buckets of one row are left out."""
        rows = np.argsort(keys, kind="stable")
        ordered = keys[rows]
        starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(keys)])
        every = Buckets(rows, np.append(starts, len(keys)))
        return every.select(every.sizes > 1)

    @property
    def sizes(self) -> Index:
        """The number of rows of each bucket."""
        return np.diff(self.starts)

    def select(self, kept: Mask) -> Buckets:
        """The buckets whose flag is set, given b flags."""
        sizes = self.sizes
        return Buckets(self.rows[np.repeat(kept, sizes)], np.append(0, np.cumsum(sizes[kept])))

    def heads(self) -> tuple[Index, Index]:
        """Pairs of each bucket's first row (left) with each other row of it (right)."""
        left = np.repeat(self.rows[self.starts[:-1]], self.sizes)
        other = left != self.rows
        return left[other], self.rows[other]

    def mixed(self, groups: Index) -> Buckets:
        """The buckets with rows of more than one group, given the group of each row."""
        if not len(self.rows):
            return self
        own = groups[self.rows]
        least, most = (f.reduceat(own, self.starts[:-1]) for f in (np.minimum, np.maximum))
        return self.select(least != most)

    def pairs(self) -> Iterator[tuple[Index, Index, int]]:
        """All pairs within buckets, neighbours first.

        Yields:
            Left and right row numbers, and the number of buckets with pairs not listed before.
        """
        buckets, shift = self, 1
        while len(buckets.rows):
            own = np.repeat(np.arange(len(buckets.sizes)), buckets.sizes)
            same = own[shift:] == own[:-shift]
            yield buckets.rows[:-shift][same], buckets.rows[shift:][same], len(buckets.sizes)
            shift += 1
            buckets = buckets.select(buckets.sizes > shift)


def pick_best(pairs: Pairs) -> Pairs:
    """The most similar pair of each right row, ties going to the least left; `right` ascends."""
    best = np.lexsort((pairs.left, -pairs.scores, pairs.right))
    firsts = best[np.unique(pairs.right[best], return_index=True)[1]]
    return Pairs(pairs.left[firsts], pairs.right[firsts], pairs.scores[firsts])


def joined(parts: list[Pairs]) -> Pairs:
    """Concatenates lists of pairs, in order."""
    none = Pairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    return Pairs(*(np.concatenate(columns) for columns in zip(none, *parts, strict=True)))


def span(pairs: Pairs, n: int) -> Pairs:
    """Computes a breadth-first spanning forest, each tree rooted at its component's first node.

    Args:
        pairs: The edges, in any order, no two the same.
        n: The number of nodes.

    Returns:
        An edge for each node that is no root: `right`, ascending, is the node and `left` its
        parent, which may be the greater number.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import breadth_first_order

    labels = components(pairs.left, pairs.right, n)
    first = np.unique(labels, return_index=True)[1]
    ends = np.concatenate(
        [pairs.left, np.full(len(first), n)]
    )  # an extra node n, parent of all roots
    others = np.concatenate([pairs.right, first])
    graph = coo_array((np.ones(len(ends), np.int8), (ends, others)), shape=(n + 1, n + 1))
    _, parents = breadth_first_order(graph.tocsr(), n, directed=False)
    parents = parents[:n].astype(np.int64)
    children = np.flatnonzero(parents != n)
    own = parents[children]
    codes = pairs.left * n + pairs.right
    order = np.argsort(codes)
    edges = np.minimum(children, own) * n + np.maximum(children, own)
    return Pairs(own, children, pairs.scores[order][np.searchsorted(codes[order], edges)])

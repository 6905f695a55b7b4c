"""Which rows are alike: candidates from band keys, compared exactly, until a goal has no more.

Rows with a band key in common are in one bucket, and candidates. In each bucket all are compared
with its first, and then pair by pair whatever the goal still asks about: a cluster asks nothing
about two rows that it holds. So thousands of like rows cost about one comparison each, and the
outcome is that of comparing all pairs of a bucket, unless the effort that is allowed is spent; the
buckets that this cuts short are counted.
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
"""The similarity of pairs of rows, k and k numbers."""

AT_ONCE = 1 << 16
"""Pairs that are compared before the goal is asked again, about."""

EFFORT, EFFORT_PER_ROW = 1_000_000, 20
"""What the second round may cost: comparisons, and a `SCAN`th for each pair that is looked at."""

SCAN = 32


class Pairs(NamedTuple):
    """k pairs of rows, `left` less than `right`, and their similarity."""

    left: Index
    right: Index
    scores: Scores


class Goal(Protocol):
    """What is sought: it says which pairs matter, and is told which are alike."""

    def groups(self) -> Index:
        """A number for each row; rows of one number are not asked about."""

    def is_open(self, left: Index, right: Index) -> Mask:
        """Whether these pairs, left less than right, matter still."""

    def take(self, pairs: Pairs) -> None:
        """Takes pairs that are alike."""


class Clusters:
    """Rows that are alike, directly or through others.

    Args:
        rows: How many rows there are.
    """

    def __init__(self, rows: int) -> None:
        self.labels: Index = np.arange(rows)
        self.pairs: list[Pairs] = []

    def groups(self) -> Index:
        """The cluster of each row."""
        return self.labels

    def is_open(self, left: Index, right: Index) -> Mask:
        """Whether they are in different clusters."""
        different: Mask = self.labels[left] != self.labels[right]
        return different

    def take(self, pairs: Pairs) -> None:
        """Joins clusters."""
        self.pairs.append(pairs)
        alike = joined(self.pairs)
        self.labels = components(alike.left, alike.right, len(self.labels))


class Crossing:
    """For each row of the second part, one of the first that is like it.

    Args:
        second: A flag for each row; those of the first part come first.
    """

    def __init__(self, second: Mask) -> None:
        self.second, self.sought = second, second.copy()
        self.pairs: list[Pairs] = []

    def groups(self) -> Index:
        """Whether a row is of the second part and still without a match."""
        return self.sought.astype(np.int64)

    def is_open(self, left: Index, right: Index) -> Mask:
        """Whether the right one is without a match and the left one may be it."""
        still: Mask = self.sought[right] & ~self.second[left]
        return still

    def take(self, pairs: Pairs) -> None:
        """Notes the best match of each row."""
        self.pairs.append(pick_best(pairs))
        self.sought[pairs.right] = False


@dataclass
class Search:
    """How a search went.

    Attributes:
        compare: The exact similarity of pairs.
        threshold: From which on they are alike.
        effort: What may still be spent on the second round.
        compared: The pairs that were compared.
        cut: The buckets of which not all pairs could be looked at.
    """

    compare: Compare
    threshold: float
    effort: float
    compared: int = 0
    cut: int = 0
    tried: Index = field(default_factory=lambda: np.empty(0, np.int64))

    def run(self, keys: Hashes, goal: Goal) -> None:
        """Finds what a goal seeks.

        Args:
            keys: n × b band keys.
            goal: Is told what is alike.
        """
        for band in keys.T:
            self.put(len(keys), *Buckets.of(band).heads(), goal)
        for band in keys.T:
            self._all_pairs(Buckets.of(band).mixed(goal.groups()), goal, len(keys))

    def _all_pairs(self, buckets: Buckets, goal: Goal, rows: int) -> None:
        held: list[tuple[Index, Index]] = []
        waiting = 0
        for left, right, open_buckets in buckets.pairs():
            if self.effort < 0:
                self.cut += open_buckets
                break
            self.effort -= len(left) / SCAN
            left, right = np.minimum(left, right), np.maximum(left, right)
            asked = goal.is_open(left, right)
            held.append((left[asked], right[asked]))
            waiting += int(asked.sum())
            if waiting > AT_ONCE:
                self.effort -= self._put_held(rows, held, goal)
                held, waiting = [], 0
        self.effort -= self._put_held(rows, held, goal)

    def _put_held(self, rows: int, held: list[tuple[Index, Index]], goal: Goal) -> int:
        if not held:
            return 0
        left, right = (np.concatenate(side) for side in zip(*held, strict=True))
        return self.put(rows, left, right, goal)

    def put(self, rows: int, left: Index, right: Index, goal: Goal) -> int:
        """Compares pairs that matter and were not compared before.

        Args:
            rows: How many rows there are.
            left: The pairs, any number of times.
            right: The same.
            goal: Is told what is alike.

        Returns:
            How many were compared.
        """
        asked = goal.is_open(left, right)
        codes = np.unique(left[asked] * rows + right[asked])
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
    """Rows with a key in common.

    Attributes:
        rows: Numbers of rows, those of a bucket together and ascending.
        starts: Where the buckets begin, and the end.
    """

    rows: Index
    starts: Index

    @staticmethod
    def of(keys: Hashes) -> Buckets:
        """The buckets with more than one row, given a key for each."""
        rows = np.argsort(keys, kind="stable")
        ordered = keys[rows]
        starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(keys)])
        every = Buckets(rows, np.append(starts, len(keys)))
        return every.select(every.sizes > 1)

    @property
    def sizes(self) -> Index:
        """The rows of each."""
        return np.diff(self.starts)

    def select(self, kept: Mask) -> Buckets:
        """Some of them."""
        sizes = self.sizes
        return Buckets(self.rows[np.repeat(kept, sizes)], np.append(0, np.cumsum(sizes[kept])))

    def heads(self) -> tuple[Index, Index]:
        """Pairs: the first row of each bucket with every other."""
        left = np.repeat(self.rows[self.starts[:-1]], self.sizes)
        other = left != self.rows
        return left[other], self.rows[other]

    def mixed(self, groups: Index) -> Buckets:
        """The buckets with rows of more than one group."""
        if not len(self.rows):
            return self
        held = groups[self.rows]
        least, most = (f.reduceat(held, self.starts[:-1]) for f in (np.minimum, np.maximum))
        return self.select(least != most)

    def pairs(self) -> Iterator[tuple[Index, Index, int]]:
        """All pairs, the nearest first; and how many buckets were still to be looked at."""
        buckets, shift = self, 1
        while len(buckets.rows):
            own = np.repeat(np.arange(len(buckets.sizes)), buckets.sizes)
            same = own[shift:] == own[:-shift]
            yield buckets.rows[:-shift][same], buckets.rows[shift:][same], len(buckets.sizes)
            shift += 1
            buckets = buckets.select(buckets.sizes > shift)


def pick_best(pairs: Pairs) -> Pairs:
    """For each right one the most alike, of equal ones the first; right ascending."""
    best = np.lexsort((pairs.left, -pairs.scores, pairs.right))
    firsts = best[np.unique(pairs.right[best], return_index=True)[1]]
    return Pairs(pairs.left[firsts], pairs.right[firsts], pairs.scores[firsts])


def joined(parts: list[Pairs]) -> Pairs:
    """All pairs."""
    none = Pairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    return Pairs(*(np.concatenate(columns) for columns in zip(none, *parts, strict=True)))


def span(pairs: Pairs, n: int) -> Pairs:
    """For each node but the first of every component, a pair that ties it to one nearer the first.

    Args:
        pairs: The edges, in any order, no two the same.
        n: How many nodes there are.

    Returns:
        `right` ascending, each the node that hangs on `left`; here left may be the greater.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import breadth_first_order

    labels = components(pairs.left, pairs.right, n)
    first = np.unique(labels, return_index=True)[1]
    ends = np.concatenate([pairs.left, np.full(len(first), n)])  # n hangs on every first one
    others = np.concatenate([pairs.right, first])
    graph = coo_array((np.ones(len(ends), np.int8), (ends, others)), shape=(n + 1, n + 1))
    _, before = breadth_first_order(graph.tocsr(), n, directed=False)
    before = before[:n].astype(np.int64)
    hung = np.flatnonzero(before != n)
    codes = pairs.left * n + pairs.right
    order = np.argsort(codes)
    sought = np.minimum(hung, before[hung]) * n + np.maximum(hung, before[hung])
    return Pairs(before[hung], hung, pairs.scores[order][np.searchsorted(codes[order], sought)])

"""What goes with an outcome when who attacked and what was attacked are taken out.

For a feature f of rows (a tag, a topic, a word), with strata s (which model was attacked) and an
intercept for each group g (who attacked):

    y = a_s + b f + u_g + e

b is how much more of y a row with f has than one without, of the same stratum and group. People who
are good at attacks have words and topics of their own. A random intercept takes that for an effect
of the words, the more so the fewer attacks each has made: of features that only follow skill, 14 to
29 % came out at p < 0.05 where 5 % may. So rows are compared within groups alone, which equals a
random intercept with the means of f by group beside f (Mundlak, On the pooling of time series and
cross section data, Econometrica 46 (1978), 69-85); 4 to 8 % did then. With W for I - 1 1' / n_g in
each group, D for the columns of strata, and f* for f less what the strata say of it (Frisch and
Waugh, Partial time regressions as compared with individual trends, Econometrica 1 (1933), 387-401),

    b = f*' W y / f*' W f*,   f* = f - D (D' W D)^-1 D' W f

For what all rows of a group have in common (on which platform somebody works) groups have to be
compared: W is then that of the mixed model without f (`mixed.py`), once for all features.

All of it is made of sums over the rows of a member, and leaving a member out takes that member's
sums away: standard errors, intervals and probabilities are those of `jackknife.py`, for thousands
of features at once.

A worked example: two members of one model, four attacks each. With the feature 2 of 2 and 1 of 2
succeed, without it 1 of 2 and 0 of 2: within each member it is worth 0.5.

>>> success = np.array([1.0, 1, 1, 0, 1, 0, 0, 0])
>>> has = np.array([[1.0], [1], [0], [0], [1], [1], [0], [0]])
>>> one = np.zeros(8, np.int64)
>>> found = Adjustment(success, one, np.array([0, 0, 0, 0, 1, 1, 1, 1]), few=(1, 1))
>>> found = found.effects(has)
>>> found.estimate.round(6).tolist(), found.rows.tolist(), found.groups.tolist()
([0.5], [4], [2])
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from pairsmith.statistics.bootstrap import Floats
from pairsmith.statistics.compared import Compared
from pairsmith.statistics.jackknife import Inference, blocks_of, infer
from pairsmith.statistics.mixed import COLLINEAR, Mixed, fit_mixed, number_groups
from pairsmith.text.spans import Index

FEW = (20, 10)
"""Of fewer rows, or of rows of fewer groups, with a feature or without it, nothing is said."""
STRATA = 64
"""Of more strata than this, the smallest ones are one."""
AT_ONCE = 4_000_000
"""At most about this many numbers are held at once."""


class Products(NamedTuple):
    """Sums of products over the rows of B blocks of groups, of k features and S strata.

    Attributes:
        strata: D' W f, shape (B, S, k).
        with_y: f' W y, shape (B, k).
        inner: f' W f, shape (B, k).
        outer: D' W y, shape (B, S).
    """

    strata: Floats
    with_y: Floats
    inner: Floats
    outer: Floats


class Adjustment:
    """The outcome of n rows, with strata and groups taken out; features come later.

    Args:
        success: n outcomes, 0 and 1, or any numbers.
        strata: The stratum of each row: any numbers.
        groups: The group of each row: any numbers.
        within: Whether rows are compared only with others of their group. Else groups are compared
            with each other too, as the variance of the random intercept allows: for what all rows
            of a group have in common, and wrong where those who are good at it have the feature.
        few: Of fewer rows and fewer groups than these, with a feature or without it, nothing is
            said; within groups, of fewer groups in which the feature differs.

    Attributes:
        fitted: The model without any feature: a column a stratum.

    Raises:
        ValueError: An outcome is no number, or there are not more rows than strata.
    """

    def __init__(
        self,
        success: Floats,
        strata: Index,
        groups: Index,
        *,
        within: bool = True,
        few: tuple[int, int] = FEW,
    ) -> None:
        self.few, self.within = few, within
        self.strata = merge_rare(strata)
        self.count = int(self.strata.max(initial=0)) + 1
        held, self.codes = number_groups(groups)
        dummies = np.zeros((len(success), self.count))
        dummies[np.arange(len(success)), self.strata] = 1
        self.fitted: Mixed = fit_mixed(success, dummies, self.codes)
        cells = np.bincount(self.codes * self.count + self.strata, minlength=len(held) * self.count)
        self.counts: Floats = cells.reshape(len(held), self.count).astype(np.float64)
        sizes = self.counts.sum(axis=1)
        ratio = self.fitted.ratio
        self.factors: Floats = 1 / sizes if within else ratio / (1 + ratio * sizes)  # c_g
        self.blocks = blocks_of(sizes.astype(np.int64))
        sums = np.bincount(self.codes, success, len(held))
        self.weighted: Floats = success - (self.factors * sums)[self.codes]  # W y
        self.matrices = self._arrange()
        inner, self.outer = self._sum_strata()
        self.inner = _invert(inner.sum(axis=0))
        self.inner_without = _invert(inner.sum(axis=0) - inner)

    def _arrange(self) -> dict[str, Any]:
        """Sparse matrices that sum features: by member, by block, by block and stratum."""
        groups, count, rows = len(self.factors), self.count, np.arange(len(self.codes))
        many = int(self.blocks.max()) + 1
        of_row = self.blocks[self.codes]
        own = np.arange(groups)
        member, stratum = self.counts.nonzero()
        shares = (self.factors[:, None] * self.counts)[member, stratum]
        return {
            "members": _sparse(self.codes, rows, np.ones(len(rows)), groups),
            "blocks": _sparse(of_row, rows, np.ones(len(rows)), many),
            "with_y": _sparse(of_row, rows, self.weighted, many),
            "strata": _sparse(of_row * count + self.strata, rows, np.ones(len(rows)), many * count),
            "members_blocks": _sparse(self.blocks, own, self.factors, many),
            "members_strata": _sparse(
                self.blocks[member] * count + stratum, member, shares, many * count, groups
            ),
        }

    def _sum_strata(self) -> tuple[Floats, Floats]:
        """D' W D and D' W y of each block."""
        many = int(self.blocks.max()) + 1
        inner = np.zeros((many, self.count, self.count))
        for place in range(self.count):
            held = -self.counts * (self.factors * self.counts[:, place])[:, None]
            held[:, place] += self.counts[:, place]
            np.add.at(inner[:, place], self.blocks, held)
        outer = np.zeros((many, self.count))
        np.add.at(outer, (self.blocks[self.codes], self.strata), self.weighted)
        return inner, outer

    def effects(self, features: Any) -> Compared:
        """The effects of k features, each by itself.

        Args:
            features: Which rows have them, dense or sparse, shape (n, k): 0 and 1, or numbers.

        Raises:
            ValueError: A feature is no number.
        """
        from scipy.sparse import csc_array

        held = csc_array(features, dtype=np.float64)
        held.eliminate_zeros()
        if not np.isfinite(held.data).all():
            raise ValueError("features hold what is no number")
        step = max(1, AT_ONCE // (len(self.outer) * self.count))
        parts = [self._some(held[:, at : at + step]) for at in range(0, held.shape[1], step)]
        if not parts:
            none = np.zeros(0)
            counts = none.astype(np.int64)
            parts = [Compared(none, none, none, none, none, counts, counts)]
        columns: list[Any] = [np.concatenate(column) for column in zip(*parts, strict=True)]
        return Compared(*columns)

    def _some(self, features: Any) -> Compared:
        """The effects of as many as fit into memory."""
        held, squares = self.matrices["members"], features.multiply(features)
        has = features.copy()
        has.data = np.ones_like(has.data)
        rows = _count(features != 0)
        many = held @ has
        sums = many.tocoo()
        sizes = self.counts.sum(axis=1)
        groups = _count(many)
        full = np.bincount(sums.col[sums.data >= sizes[sums.row]], minlength=len(rows))
        number = _count(features != has) > 0  # any numbers: all rows have some
        rows = np.where(number, len(self.codes), rows)
        groups = np.where(number, len(sizes), groups)
        lacking = np.where(number, groups, len(sizes) - full)
        enough = np.where(number, rows, np.minimum(rows, len(self.codes) - rows)) >= self.few[0]
        enough &= np.minimum(groups, lacking) >= self.few[1]
        if self.within:
            spread = _spread(held @ features, held @ squares, sizes)
            enough &= spread >= self.few[1]
        enough &= self.fitted.sigma2 > 0
        found = self._infer(features)
        columns: list[Any] = [np.where(enough, column, np.nan) for column in found[:5]]
        columns += [rows, groups]
        return Compared(*columns)

    def _infer(self, features: Any) -> Inference:
        """The b of each feature, with and without each block of groups."""
        held, squares = self.matrices, features.multiply(features)
        sums = held["members"] @ features
        strata = (held["strata"] @ features - held["members_strata"] @ sums).toarray()
        strata = strata.reshape(len(self.outer), self.count, -1)  # D' W f
        with_y = (held["with_y"] @ features).toarray()  # f' W y
        between = held["members_blocks"] @ sums.multiply(sums)
        inner = (held["blocks"] @ squares - between).toarray()  # f' W f
        least = COLLINEAR * np.asarray(squares.sum(axis=0))
        parts = Products(strata, with_y, inner, self.outer)
        whole = Products(*(part.sum(axis=0)[None] for part in parts))
        rest = Products(*(one - part for one, part in zip(whole, parts, strict=True)))
        b, precision = _solve(whole, self.inner[None], least)
        without, precisions = _solve(rest, self.inner_without, least)
        return infer(b[0], without, 1 / precision[0], 1 / precisions)


def merge_rare(strata: Index) -> Index:
    """Strata from 0 on, the rarest as one where there are more than `STRATA`."""
    _, codes, counts = np.unique(strata, return_inverse=True, return_counts=True)
    rank = np.empty(len(counts), np.int64)
    rank[np.argsort(-counts, kind="stable")] = np.arange(len(counts))
    return np.minimum(rank, STRATA - 1)[codes]


def _solve(sums: Products, inverse: Floats, least: Floats) -> tuple[Floats, Floats]:
    """The b and f*' W f* of k features, B times; not a number where strata say all.

    Args:
        sums: B times.
        inverse: The inverse of D' W D, shape (B, S, S).
        least: What f*' W f* is at least, of k features.
    """
    said = inverse @ sums.strata
    precision = sums.inner - (sums.strata * said).sum(axis=1)
    precision = np.where(precision > least, precision, np.nan)
    return (sums.with_y - (said * sums.outer[:, :, None]).sum(axis=1)) / precision, precision


def _count(matrix: Any) -> Index:
    """How many numbers of each column are not 0."""
    held = matrix.tocsc(copy=True)
    held.eliminate_zeros()
    counts: Index = np.diff(held.indptr).astype(np.int64)
    return counts


def _spread(sums: Any, squares: Any, sizes: Floats) -> Index:
    """In how many groups each feature differs from row to row, given its sums by group."""
    held = squares.tocoo()
    beyond: Any = held.data - (sums.multiply(sums).tocsr()[held.row, held.col]) / sizes[held.row]
    differs = np.asarray(beyond).ravel() > COLLINEAR * held.data
    return np.bincount(held.col[differs], minlength=held.shape[1]).astype(np.int64)


def _invert(matrices: Floats) -> Floats:
    """Inverses; of a stratum without rows, 0."""
    found: Any = np.linalg.pinv(matrices, rcond=COLLINEAR, hermitian=True)
    return np.asarray(found, np.float64)


def _sparse(rows: Index, columns: Index, values: Floats, height: int, width: int = 0) -> Any:
    """A sparse matrix whose width is the number of values unless it is told."""
    from scipy.sparse import csr_array

    return csr_array((values, (rows, columns)), shape=(height, width or len(values)))

"""What differs between the two sides of pairs, when pairs of one conversation are alike.

For a feature of replies, such as a list or a word, d is 1 where chosen has it and rejected has not,
-1 the other way round, and 0 where both or neither have it. Its mean b is the share of chosen less
the share of rejected. With z for what else differs between the sides of a pair, such as the
logarithm of their lengths,

    d = b + c z + e

b is how they differ where they are equal in z: z is not centred, and with sides exchanged at random
b is 0 on average whatever c is. As least squares, b is a sum over pairs of a weight times d; so the
error of b is a sum over conversations g of u_g, the weights times e within each, and

    se² = G / (G - 1) · Σ u_g²

(Liang and Zeger, Longitudinal data analysis using generalized linear models, Biometrika 73 (1986),
13-22). Where few conversations differ at all, or one holds most of what does, the sum rests on few
terms, and the interval is Student's with about that many degrees of freedom (Satterthwaite):

    df = (Σ u_g²)² / Σ u_g⁴ - 1

Where all pairs differ alike no error is to be seen in them. So se² is at least what it would be
if half a pair more had differed the other way: 2 / n for the square of e.

Without z and with each pair a conversation of its own this is McNemar's test, nearly.

A worked example: of eight pairs chosen alone has a list in three, and rejected alone in one.

>>> d = np.array([1.0, 1, 1, -1, 0, 0, 0, 0])[:, None]
>>> found = weigh_pairs(d, np.arange(8), few=(1, 1))
>>> found.estimate.tolist(), found.se.round(4).tolist(), found.rows.tolist()
([0.25], [0.25], [4])
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pairsmith.statistics.bootstrap import LEVEL, Floats
from pairsmith.statistics.compared import Compared
from pairsmith.text.spans import Index, Mask

FEW = (20, 10)
"""Of fewer pairs that differ, or of fewer conversations of such pairs, nothing is said."""
AT_ONCE = 4_000_000
"""At most about this many numbers are held at once."""


def weigh_pairs(
    differences: Any,
    groups: Index,
    controls: Floats | None = None,
    few: tuple[int, int] = FEW,
) -> Compared:
    """Weighs k features of n pairs, each by itself.

    Args:
        differences: Chosen less rejected, dense or sparse, shape (n, k).
        groups: The conversation of each pair: any numbers.
        controls: What else differs, chosen less rejected, shape (n, c); None for nothing.
        few: Of fewer pairs that differ, or of fewer conversations of these, nothing is said.
    """
    from scipy.sparse import csc_array, csr_array

    held = csc_array(differences, dtype=np.float64)
    held.eliminate_zeros()
    count = held.shape[0]
    codes = np.unique(groups, return_inverse=True)[1].astype(np.int64)
    many = int(codes.max(initial=-1)) + 1
    member = csr_array((np.ones(count), (codes, np.arange(count))), shape=(many, count))
    design = np.ones((count, 1)) if controls is None else np.c_[np.ones(count), controls]
    inverse = np.linalg.pinv(design.T @ design, hermitian=True)
    weights = design @ inverse[:, 0]
    step = max(1, AT_ONCE // max(many, 1))
    parts = [
        _some(held[:, at : at + step], member, design, inverse, weights)
        for at in range(0, held.shape[1], step)
    ]
    none = [(np.zeros(0),)] * 3 + [(np.zeros(0, np.int64),)] * 2
    estimate, squares, fourths, rows, of_groups = (
        np.concatenate(columns) for columns in (zip(*parts, strict=True) if parts else none)
    )
    return _infer(estimate, (squares, fourths), (rows, of_groups), many, few)


def contrast_parts(
    values: Floats,
    parts: Index,
    count: int,
    groups: Index,
    differ: Mask | None = None,
    few: tuple[int, int] = FEW,
) -> Compared:
    """How far the mean of each part of n pairs is from the mean of all others.

    A part may be so small that its numbers happen to be alike. So its variance is at least what it
    would be if they varied as all numbers do.

    Args:
        values: n numbers, such as 1 where the longer reply is chosen and -1 where the shorter is.
        parts: The part of each pair, from 0; -1 for none of them.
        count: How many parts there are.
        groups: The conversation of each pair: any numbers.
        differ: n flags: the pairs that say something; None for all.
        few: Of fewer of these in a part, or of fewer of their conversations, nothing is said.

    Returns:
        `count` differences; rows and groups are those in the part that say something.
    """
    codes = np.unique(groups, return_inverse=True)[1].astype(np.int64)
    many = int(codes.max(initial=-1)) + 1
    sizes = np.bincount(parts[parts >= 0], minlength=count)
    said = np.ones(len(values), bool) if differ is None else differ
    spread = float(values.var()) if len(values) else 0.0
    columns = []
    for place in range(count):
        own, size = parts == place, int(sizes[place])
        rest = len(values) - size
        if not size or not rest:
            columns.append((np.nan, np.nan, np.nan, 0, 0))
            continue
        middles = values[own].mean(), values[~own].mean()
        u = np.where(own, (values - middles[0]) / size, (middles[1] - values) / rest)
        squares = np.bincount(codes, u, many) ** 2
        least = spread / size
        total = max(float(squares.sum()), least)
        whole = float(squares.sum())  # none at all where both sides are constant
        shares = squares / whole if whole else np.full(many, 1 / many)
        fourth = float((shares**2).sum()) * total**2
        rows = int((own & said).sum())
        of = len(np.unique(codes[own & said]))
        columns.append((middles[0] - middles[1], total, max(fourth, 1e-300), rows, of))
    held = [np.array(column) for column in zip(*columns, strict=True)] or [np.zeros(0)] * 5
    counted = held[3].astype(np.int64), held[4].astype(np.int64)
    return _infer(held[0], (held[1], held[2]), counted, many, few)


def _some(
    held: Any, member: Any, design: Floats, inverse: Floats, weights: Floats
) -> tuple[Floats, Floats, Floats, Index, Index]:
    """Estimates, sums of u² and u⁴, and how many pairs and groups differ."""
    beta = inverse @ (held.T @ design).T  # (1 + c, k)
    own = (member @ held.multiply(weights[:, None])).toarray()
    own -= (member @ (design * weights[:, None])) @ beta
    sums = (own**2).sum(axis=0)
    fourths = (own**4).sum(axis=0)
    least = 2 * float((weights**2).sum()) / max(len(weights), 1)
    fourths = np.where(sums < least, least**2 / max(len(own), 1), fourths)
    sums = np.maximum(sums, least)
    has = held.copy()
    has.data = np.ones_like(has.data)
    rows = np.asarray(has.sum(axis=0)).astype(np.int64)
    of_groups = np.diff((member @ has).tocsc().indptr).astype(np.int64)
    return beta[0], sums, fourths, rows, of_groups


def _infer(
    estimate: Floats,
    sums: tuple[Floats, Floats],
    counted: tuple[Index, Index],
    many: int,
    few: tuple[int, int],
) -> Compared:
    from scipy.special import stdtr, stdtrit

    enough = (counted[0] >= few[0]) & (counted[1] >= few[1]) & (many > 1)
    squares, fourths = (np.where(enough, held, np.nan) for held in sums)
    se = np.sqrt(squares * many / max(many - 1, 1))
    df = np.maximum(squares**2 / fourths - 1, 1)
    half = stdtrit(df, (1 + LEVEL) / 2) * se
    middle = np.where(enough, estimate, np.nan)
    p = 2 * stdtr(df, -np.abs(middle / se))
    return Compared(middle, se, middle - half, middle + half, p, *counted)

"""How well a number tells successes from failures: the area under the ROC curve, with an interval.

The area is the share of pairs of a success and a failure in which the success has the higher
number, ties counting half (Hanley and McNeil, Radiology 143 (1982), 29-36). No pair is formed: each
row is placed among the sorted numbers of the other side, so that it takes O(n log n). What the area
is without a group follows from the same places: of all pairs that are won, those go that its
successes win, and those that its failures lose, but for the pairs within it, which both count.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pairsmith.statistics.bootstrap import Bootstrap, Floats
from pairsmith.statistics.leaving_out import Certainty, Inferred, infer, of_rows
from pairsmith.text.spans import Index, Mask


def measure_area(
    values: Floats, success: Mask, boot: Bootstrap, strata: Index | None = None
) -> Inferred:
    """The area under the curve of a number, for success, held against 0.5.

    >>> boot = Bootstrap(np.arange(4), of="members")
    >>> wins = np.array([False, True, False, True])
    >>> measure_area(np.array([1.0, 2.0, 3.0, 4.0]), wins, boot).estimate.estimate
    0.75

    Args:
        values: n numbers.
        success: n flags.
        boot: The groups of these n rows.
        strata: n numbers: only rows of the same one are compared; None to compare all. What has no
            success, or no failure, is left out.
    """
    used = np.zeros(len(values), bool)
    won = without_won = np.zeros(1)
    pairs = without_pairs = np.zeros(1)
    for rows in _strata(strata, len(values)):
        wins = success[rows]
        if not 0 < wins.sum() < len(rows):
            continue
        used[rows] = True
        told = _count(values[rows], wins, boot.codes[rows], boot.count)
        won, pairs = won + told[0].sum(), pairs + told[2].sum() * told[3].sum()
        mine = told[0] + told[1] - told[4]
        without_won = without_won + told[0].sum() - mine
        left = (told[2].sum() - told[2]) * (told[3].sum() - told[3])
        without_pairs = without_pairs + left
    if not used.any():
        return of_rows(np.nan, Certainty(), used, boot)
    held = boot.summed(used.astype(np.float64))[:, 0]
    middle = float(won[0] / pairs[0])
    some = held > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        without = without_won[some] / without_pairs[some]
    sure = infer(middle, without, held[some], against=0.5)
    low, high = (None if end is None else min(max(end, 0.0), 1.0) for end in sure[:2])
    return of_rows(middle, sure._replace(low=low, high=high), used, boot)


def _strata(strata: Index | None, count: int) -> Iterator[Index]:
    """The rows of each stratum."""
    if strata is None:
        yield np.arange(count)
        return
    order = np.argsort(strata, kind="stable")
    yield from np.split(order, np.flatnonzero(np.diff(strata[order])) + 1)


def _count(
    values: Floats, wins: Mask, codes: Index, groups: int
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """For each group: the pairs that its successes win, and those that its failures lose; its
    successes and failures; the pairs that are won within it.
    """  # noqa: D205
    high, low = values[wins], values[~wins]
    one, other = codes[wins], codes[~wins]
    above = _below(np.sort(low), high)
    beneath = len(high) - _below(np.sort(high), low)
    own = np.zeros(groups)
    order, others = np.argsort(one, kind="stable"), np.argsort(other, kind="stable")
    both = np.intersect1d(one, other)
    wins_of, losses_of = (
        np.searchsorted(held, np.stack([both, both + 1])) for held in (one[order], other[others])
    )
    high, low = high[order], low[others]
    for place, code in enumerate(both):
        mine, theirs = (slice(*held[:, place]) for held in (wins_of, losses_of))
        own[code] = _below(np.sort(low[theirs]), high[mine]).sum()
    return (
        np.bincount(one, above, groups).astype(np.float64),
        np.bincount(other, beneath, groups).astype(np.float64),
        np.bincount(one, minlength=groups).astype(np.float64),
        np.bincount(other, minlength=groups).astype(np.float64),
        own,
    )


def _below(held: Floats, values: Floats) -> Floats:
    """How many of ordered numbers are below each value, those that equal it counting half."""
    left, right = (np.searchsorted(held, values, side) for side in ("left", "right"))
    found: Floats = (left + right) / 2
    return found

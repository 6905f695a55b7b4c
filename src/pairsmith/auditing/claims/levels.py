"""How urgent a share of rows is."""

from __future__ import annotations

from math import floor, log10

from pairsmith.auditing.verdict import Level
from pairsmith.statistics.intervals import Share


def level_of(share: Share, act: float) -> Level:
    """The level of a share of rows that have a fault.

    Args:
        share: The rows with the fault among all, with its interval.
        act: The share above which the whole interval has to lie to be acted on.

    Returns:
        `FINE` without a row, `ACT` where the lower end is above the threshold, else `LOOK`.
    """
    if not share.hits:
        return Level.FINE
    return Level.ACT if share.low > act else Level.LOOK


def of_rows(share: Share, rows: str = "rows") -> str:
    """A share in words, with its interval.

    >>> of_rows(Share(250, 2000, 0.125, 0.1112, 0.1402))
    '250 of 2,000 rows (12.5 %, 11.1 to 14.0)'

    Args:
        share: The share; below one per cent, it is told to two digits.
        rows: What is counted, in the plural.
    """
    digits = max(1, 1 - floor(log10(100 * share.share))) if share.hits else 1
    told, low, high = (f"{100 * of:.{digits}f}" for of in (share.share, share.low, share.high))
    return f"{share.hits:,} of {share.rows:,} {rows} ({told} %, {low} to {high})"

"""Many questions are many chances: which of many p-values are still news."""

from __future__ import annotations

import numpy as np

from pairsmith.statistics.bootstrap import Floats
from pairsmith.text.spans import Index


def adjust(p: Floats, lists: Index | None = None) -> Floats:
    """The q-values of p-values, by Benjamini and Hochberg.

    Benjamini and Hochberg, Controlling the false discovery rate, J. R. Stat. Soc. B 57 (1995),
    289-300. Of those with q at most 0.05, 5 % are expected to be chance; and if all of them are
    chance, there is none with q at most 0.05 in 95 % of cases.

    >>> adjust(np.array([0.01, 0.04, 0.03, 0.5])).round(4).tolist()
    [0.04, 0.0533, 0.0533, 0.5]

    With lists, each has the same share of what may be found by chance: a list of four is not
    drowned by one of three hundred. Those are p-values by weights whose mean is 1 (Genovese, Roeder
    and Wasserman, False discovery control with p-value weighting, Biometrika 93 (2006), 509-524);
    what is promised of all of them together holds as before.

    >>> adjust(np.array([0.01, 0.04, 0.03, 0.5]), np.array([0, 1, 1, 1])).round(4).tolist()
    [0.02, 0.08, 0.08, 0.75]

    Args:
        p: n probabilities, from 0 to 1.
        lists: n numbers: those of one list have the same; None for one list.

    Returns:
        n numbers from 0 to 1.
    """
    if lists is not None and len(p):
        _, codes, sizes = np.unique(lists, return_inverse=True, return_counts=True)
        p = np.minimum(p * sizes[codes] * len(sizes) / len(p), 1.0)
    order = np.argsort(p, kind="stable")[::-1]
    among = len(p) / np.arange(len(p), 0, -1)
    least = np.minimum.accumulate(np.minimum(p[order] * among, 1.0))
    adjusted = np.empty(len(p))
    adjusted[order] = least
    return adjusted

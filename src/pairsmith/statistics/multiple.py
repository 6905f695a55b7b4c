"""Many questions are many chances: which of many p-values are still news."""

from __future__ import annotations

import numpy as np

from pairsmith.statistics.bootstrap import Floats


def adjust(p: Floats) -> Floats:
    """The q-values of p-values, by Benjamini and Hochberg.

    Benjamini and Hochberg, Controlling the false discovery rate, J. R. Stat. Soc. B 57 (1995),
    289-300. Of those with q at most 0.05, 5 % are expected to be chance; and if all of them are
    chance, there is none with q at most 0.05 in 95 % of cases.

    >>> adjust(np.array([0.01, 0.04, 0.03, 0.5])).round(4).tolist()
    [0.04, 0.0533, 0.0533, 0.5]

    Args:
        p: n probabilities, from 0 to 1.

    Returns:
        n numbers from 0 to 1, none below its p-value.
    """
    order = np.argsort(p, kind="stable")[::-1]
    among = len(p) / np.arange(len(p), 0, -1)
    least = np.minimum.accumulate(np.minimum(p[order] * among, 1.0))
    adjusted = np.empty(len(p))
    adjusted[order] = least
    return adjusted

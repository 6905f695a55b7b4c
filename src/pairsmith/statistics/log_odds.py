"""Which words one side of texts uses more: log-odds ratios with an informative Dirichlet prior.

Monroe, Colaresi and Quinn, Fightin' words: lexical feature selection and evaluation for identifying
the content of political conflict, Political Analysis 16 (2008), 372-403. With y for the texts of a
side that hold word w, n for the sum of y over all words, and a prior of a_w for each word, a_0 in
all, that says what is used on either side, their log-odds ratio of side i over side j is

    d_w = log (y_iw + a_w) / (n_i + a_0 - y_iw - a_w) - log (y_jw + a_w) / (n_j + a_0 - y_jw - a_w)

and z = d_w / s_w, of which s_w is nearly the root of 1 / (y_iw + a_w) + 1 / (y_jw + a_w).

Where texts are of several strata (which model was attacked, of which subset a pair is), a word may
be of one side only because that side has more of a stratum. So there is such a table of four cells
for each stratum, A, B, C, D for `y_iw + a_w`, `n_i + a_0 - y_iw - a_w`, the same two of j, and N
for their sum; and they are combined as Mantel and Haenszel do (J. Natl. Cancer Inst. 22 (1959),
719-748), which holds for strata however small,

    d_w = log sum(A D / N) / sum(B C / N)

with the variance of Robins, Breslow and Greenland (Biometrics 42 (1986), 311-323). Of one stratum
d_w is Monroe's, and the variance 1 / A + 1 / B + 1 / C + 1 / D, of which he leaves out two small
terms. The prior of a stratum is a share of what all its texts use: so it says nothing of sides.

A worked example, one stratum: moss in 3 of 4 texts of one side and in 1 of 4 of the other, tea in
all of both. n is 7 and 5; a tenth of all is a prior of 0.4 and 0.8:
log (3.4 / 4.8) - log (1.4 / 4.8) = 0.887.

>>> held = np.array([[1, 1], [1, 1], [1, 1], [0, 1], [1, 1], [0, 1], [0, 1], [0, 1.0]])
>>> side = np.arange(8) < 4
>>> weigh_words(held, side).estimate.round(3).tolist()
[0.887, -0.887]
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from pairsmith.statistics.bootstrap import Floats
from pairsmith.statistics.intervals import Z
from pairsmith.text.spans import Index, Mask

PRIOR = 0.1
"""The prior of each side, as a share of what the texts of both use."""


class LogOdds(NamedTuple):
    """How much more one side uses each of k words; not a number where it cannot be told.

    Attributes:
        estimate: The log-odds ratio, in nats: above 0 where the first side uses it more.
        se: Its standard error.
    """

    estimate: Floats
    se: Floats

    @property
    def z(self) -> Floats:
        """The log-odds ratio by its standard error: words are ranked by it."""
        return self.estimate / self.se

    @property
    def low(self) -> Floats:
        """The lower ends of 95 % intervals, which take texts as independent of each other."""
        return self.estimate - Z * self.se

    @property
    def high(self) -> Floats:
        """The upper ends."""
        return self.estimate + Z * self.se


def weigh_words(
    held: Any, side: Mask, strata: Index | None = None, prior: float = PRIOR
) -> LogOdds:
    """Weighs the words of n texts, some of one side and the others of the other.

    Args:
        held: 1 where a text holds a word, else 0: dense or sparse, shape (n, k).
        side: n flags: true for the first side.
        strata: The stratum of each text, any numbers; None where there is one. What has texts of
            one side alone says nothing.
        prior: That of each side, as a share of what the texts of a stratum use; above 0.
    """
    first, second = _tables(held, side, strata)
    a_w = prior * (first + second)
    a, c = first + a_w, second + a_w
    b, d = a.sum(axis=1, keepdims=True) - a, c.sum(axis=1, keepdims=True) - c
    n = a + b + c + d
    with np.errstate(divide="ignore", invalid="ignore"):
        p, q = (np.nan_to_num(held / n) for held in (a + d, b + c))
        r, s = (np.nan_to_num(held / n) for held in (a * d, b * c))
        over, under = r.sum(axis=0), s.sum(axis=0)
        variance = (
            (p * r).sum(axis=0) / (2 * over**2)
            + (p * s + q * r).sum(axis=0) / (2 * over * under)
            + (q * s).sum(axis=0) / (2 * under**2)
        )
        estimate = np.log(over / under)
    known = (over > 0) & (under > 0)
    nothing = np.full(len(known), np.nan)
    return LogOdds(np.where(known, estimate, nothing), np.where(known, np.sqrt(variance), nothing))


def _tables(held: Any, side: Mask, strata: Index | None) -> tuple[Floats, Floats]:
    """How many texts of each side hold each word, by stratum with texts of both: shape (S, k)."""
    from scipy.sparse import csr_array

    rows = len(side)
    codes = np.zeros(rows, np.int64)
    if strata is not None:
        codes = np.unique(strata, return_inverse=True)[1].astype(np.int64)
    count = int(codes.max(initial=0)) + 1
    cells = 2 * codes + ~side
    sums = csr_array((np.ones(rows), (cells, np.arange(rows))), shape=(2 * count, rows))
    found = sums @ held
    dense: Floats = found.toarray() if hasattr(found, "toarray") else np.asarray(found)
    both = np.bincount(cells, minlength=2 * count).reshape(count, 2).min(axis=1) > 0
    return dense[::2][both], dense[1::2][both]

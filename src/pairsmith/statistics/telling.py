"""Words that tell one side of texts from the other: chosen by log-odds ratios, and weighed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from pairsmith.statistics.bootstrap import Floats
from pairsmith.statistics.compared import Compared
from pairsmith.statistics.log_odds import LogOdds, weigh_words
from pairsmith.statistics.multiple import adjust
from pairsmith.statistics.paired import FEW, weigh_pairs
from pairsmith.text.spans import Index, Mask

LISTED = 150
"""The most words that are listed of each side."""
SURE = 0.05
"""What is sure among words has at most this q-value."""


class Telling(NamedTuple):
    """The k words that tell most, those of the first side before the others, each by rank.

    Attributes:
        names: Their names.
        side: Flags: those that the first side has more of.
        points: What each is worth and its interval, in points: shape (3, k).
        surest: How many standard errors that is from 0, whichever way.
        p: Probabilities, `among` times as large as they are: of m words k are listed, and then
            Benjamini and Hochberg's procedure among these k finds no more than among all m.
        rows: The rows that have each.
        groups: The members, or conversations, that these are of.
        odds: How much more the first side uses each; words are ranked by it.
        looked_at: How many words they are the most telling of.
    """

    names: tuple[str, ...]
    side: Mask
    points: Floats
    surest: Floats
    p: Floats
    rows: Index
    groups: Index
    odds: LogOdds
    looked_at: int

    @property
    def among(self) -> float:
        """How many words were looked at for each that is listed."""
        return self.looked_at / max(len(self.names), 1)

    def to_dict(self, sides: tuple[str, str]) -> dict[str, Any]:
        """How many words were looked at, are listed, and are sure of each side, by its name."""
        return {
            "words_and_phrases": self.looked_at,
            "listed": len(self.names),
            "sure_among_words": dict(zip(sides, self.counts, strict=True)),
        }

    @property
    def sure(self) -> Mask:
        """Flags: what would be sure if only words were listed."""
        found: Mask = adjust(self.p) <= SURE
        return found

    @property
    def counts(self) -> tuple[int, int]:
        """How many are sure of the first side, and of the other."""
        sure = self.sure
        return int(sure[self.side].sum()), int(sure[~self.side].sum())

    @property
    def remark(self) -> str:
        """What to know of a list of them."""
        return (
            "Each word is taken by itself, and words that come together share what they are "
            f"worth. Of {self.looked_at:,} that were looked at {len(self.names):,} are listed, and "
            f"p-values are multiplied by {self.among:.3g} for that."
        )

    def tell_surest(self) -> tuple[str, int, int] | None:
        """The surest word without its name: its points in words, its rows and groups."""
        some = np.flatnonzero(self.sure)
        if not len(some):
            return None
        place = int(some[np.argmax(self.surest[some])])
        middle, low, high = (f"{value:+.1f}" for value in self.points[:, place])
        said = f"{middle} points ({low} to {high})".replace("-", "\u2212")
        return said, int(self.rows[place]), int(self.groups[place])


def choose_telling(odds: LogOdds, usable: Mask) -> Index:
    """The words that tell most of each side: places, those of the first side first.

    Args:
        odds: Of all words, those of most texts first: equal ones stay in this order.
        usable: Flags: those that may be chosen.
    """
    z = np.where(usable, odds.z, 0.0)
    order = np.argsort(-np.abs(z), kind="stable")
    return np.concatenate([order[z[order] > 0][:LISTED], order[z[order] < 0][:LISTED]])


def tell(
    names: Sequence[str], some: Index, effects: Compared, odds: LogOdds, looked_at: int
) -> Telling:
    """Puts together what is known of chosen words; those of which nothing is said are left out.

    Args:
        names: Of all words.
        some: The places of those that were chosen.
        effects: Theirs, as shares.
        odds: Of all words.
        looked_at: How many could have been chosen.
    """
    known = np.flatnonzero(np.isfinite(effects.p))
    some = some[known]
    among = looked_at / max(len(known), 1)
    return Telling(
        tuple(names[place] for place in some.tolist()),
        odds.z[some] > 0,
        100 * np.stack([effects.estimate, effects.low, effects.high])[:, known],
        np.abs(effects.estimate / effects.se)[known],
        np.minimum(effects.p[known] * among, 1.0),
        effects.rows[known],
        effects.groups[known],
        LogOdds(odds.estimate[some], odds.se[some]),
        looked_at,
    )


def tell_sides(
    names: Sequence[str], held: Any, subsets: Index, groups: Index, longer: Floats
) -> Telling:
    """Ranks words by their log-odds ratios, and weighs those that tell most within pairs.

    Args:
        names: Of k words, those of most texts first.
        held: 1 where a reply holds a word, sparse, shape (2 n, k): n chosen ones, then the n
            rejected ones in the same order.
        subsets: The subset of each pair, any numbers.
        groups: The conversation of each pair, any numbers.
        longer: The logarithm of how many times as long chosen is as rejected.
    """
    many = len(groups)
    odds = weigh_words(held, np.repeat([True, False], many), np.tile(subsets, 2))
    differences = held[:many] - held[many:]
    # where few pairs differ in a word, no more is said of it, and it was no chance either
    differ = np.asarray(abs(differences).sum(axis=0))
    usable = np.isfinite(odds.z) & (differ >= FEW[0])
    some = choose_telling(odds, usable)
    effects = weigh_pairs(differences[:, some], groups, longer[:, None])
    return tell(names, some, effects, odds, int(usable.sum()))

"""How a rater chooses: the same again, the left side more often, or too fast to have read.

Preferences are signed steps: below 0 for the left or first reply, above 0 for the right or second,
0 for a tie; how far from 0 is how much better. Any scale will do, as -4 to 4 or -1 to 1.

**Repeats.** Some comparisons are shown twice with sides exchanged. Who chooses by content then
takes the other side the second time. Of those who do not, whoever took the left side twice, or the
right side twice, was led by the side or guessed: guesses fall on left twice and right twice alike,
so a difference of the two is a position bias.

**Sides.** If sides are drawn at random, half of the better replies are on the left, and the share
of choices of the left side is one half but for chance, by Wilson's interval; the same as log odds,

    log(l / r), standard error √(1 / l + 1 / r)

A rater who sees which reply is better shows less of a bias than one who guesses.

**Pace.** The median of seconds a choice, and the share below what a reader needs at least. Silent
reading of English is 238 words a minute (Brysbaert, Journal of Memory and Language 109 (2019),
104047), about 23 characters a second; a choice in less than a quarter of that time was hardly read.

Worked examples: of four comparisons shown twice, a rater takes by content three times, and once the
left side both times. Of 100 choices 60 are of the left: log(60 / 40) = 0.405.

>>> repeat = measure_repeats(np.array([-1, 2, -3, -1]), np.array([2, -1, 1, -2]))
>>> repeat.same.hits, repeat.same.rows, repeat.left_twice, repeat.right_twice
(3, 4, 1, 0)
>>> sides = measure_sides(np.repeat([-1, 1], [60, 40]))
>>> round(sides.log_odds, 3), round(sides.se, 3), sides.biased
(0.405, 0.204, True)
"""

from __future__ import annotations

from math import log, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from pairsmith.statistics.bootstrap import Floats
from pairsmith.statistics.intervals import Share, wilson

CHARACTERS_A_SECOND = 23.0
"""How fast English is read silently, by adults on average."""
LEAST_OF_READING = 0.25
"""The share of the time of reading below which a choice is too fast."""
MOST_FAST = 0.1
"""A rater is too fast whose share of fast choices surely lies above this."""


class Repeats(NamedTuple):
    """Comparisons that one rater made twice, sides exchanged the second time.

    Attributes:
        same: The share in which the same reply was preferred; None where none was shown twice
            without a tie.
        left_twice, right_twice: How often the same side was preferred, and so the other reply.
        ties: In how many one of the two was a tie; they are in no share.
        moved: The mean number of steps between the two preferences of the same reply, ties among
            them; None where none was shown twice. From -1 to 1 it is two, whether the scale has a
            tie between them or not.
    """

    same: Share | None
    left_twice: int
    right_twice: int
    ties: int
    moved: float | None


class Sides(NamedTuple):
    """How often the left side is preferred.

    Attributes:
        left: The share with its interval; None where nothing but ties was said.
        ties: How many choices were of neither side.
        log_odds: The logarithm of left choices by right ones; None where one side was never chosen.
        se: Its standard error; None as well.
    """

    left: Share | None
    ties: int
    log_odds: float | None
    se: float | None

    @property
    def biased(self) -> bool:
        """Whether the interval of the share leaves one half out."""
        return self.left is not None and not self.left.low <= 0.5 <= self.left.high


class Pace(NamedTuple):
    """How long choices take.

    Attributes:
        choices: How many there are.
        median: The median of seconds a choice; None where there is none.
        fast: The share of choices that took less than the least time; None where there is none.
    """

    choices: int
    median: float | None
    fast: Share | None

    @property
    def too_fast(self) -> bool:
        """Whether the share of fast choices surely lies above `MOST_FAST`."""
        return self.fast is not None and self.fast.low > MOST_FAST


def measure_repeats(first: ArrayLike, again: ArrayLike) -> Repeats:
    """How often a rater prefers the same reply when a comparison is shown with sides exchanged.

    Args:
        first: n preferences as they were shown: below 0 for the left side.
        again: Those of the same comparisons, as they were shown the second time.

    Raises:
        ValueError: A preference is no number, or lengths differ.
    """
    one, other = _read(first), _read(again)
    if len(one) != len(other):
        raise ValueError("first and again have to be of one length")
    tied = (one == 0) | (other == 0)
    left = int(((one < 0) & (other < 0)).sum())
    right = int(((one > 0) & (other > 0)).sum())
    rows = len(one) - int(tied.sum())
    same = wilson(rows - left - right, rows) if rows else None
    moved = float(np.abs(one + other).mean()) if len(one) else None
    return Repeats(same, left, right, int(tied.sum()), moved)


def measure_sides(shown: ArrayLike) -> Sides:
    """How often the left side is preferred, where sides are drawn at random.

    Args:
        shown: n preferences as they were shown: below 0 for the left side.

    Raises:
        ValueError: A preference is no number.
    """
    held = _read(shown)
    left, right = int((held < 0).sum()), int((held > 0).sum())
    ties = len(held) - left - right
    share = wilson(left, left + right) if left + right else None
    if not left or not right:
        return Sides(share, ties, None, None)
    return Sides(share, ties, log(left / right), sqrt(1 / left + 1 / right))


def measure_pace(seconds: ArrayLike, least: ArrayLike) -> Pace:
    """How long choices take, and which share of them is too fast.

    Args:
        seconds: n times, from when both replies were complete until the choice.
        least: The least time that a choice needs, in seconds: one number, or n, as
            `reading_seconds` gives them.

    Raises:
        ValueError: A time is no number, or below 0, or lengths differ.
    """
    held = _read(seconds)
    bounds = np.broadcast_to(np.asarray(least, np.float64), held.shape)
    if (held < 0).any() or not np.isfinite(bounds).all():
        raise ValueError("times have to be numbers from 0")
    if not len(held):
        return Pace(0, None, None)
    return Pace(len(held), float(np.median(held)), wilson(int((held < bounds).sum()), len(held)))


def reading_seconds(characters: ArrayLike, share: float = LEAST_OF_READING) -> Floats:
    """The least time in which texts can have been looked at.

    >>> reading_seconds([920, 0]).tolist()
    [10.0, 0.0]

    Args:
        characters: How many there were to read for each choice: those of both replies.
        share: The share of the time of reading that is the least.
    """
    found: Floats = np.asarray(characters, np.float64) * share / CHARACTERS_A_SECOND
    return found


def _read(values: ArrayLike) -> Floats:
    held = np.asarray(values, np.float64)
    if held.ndim != 1 or not np.isfinite(held).all():
        raise ValueError("preferences and times have to be one row of finite numbers")
    return held

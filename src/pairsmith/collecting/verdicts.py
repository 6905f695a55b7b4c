"""What a person says of two replies: which one, and by how much; or neither.

A strength is a whole number from −4 to 4 without 0: negative where A is picked, and the farther
from 0 the surer. Eight steps, no tie. Beside it there are words: both replies are bad, the person
does not say, and, where a pair that there is is judged again, there is no difference.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, TypeAlias

STRONGEST = 4


class Word(StrEnum):
    """What is said instead of a strength."""

    BOTH_BAD = "both_bad"
    SKIP = "skip"
    TIE = "tie"


class Side(StrEnum):
    """Where a reply is shown."""

    A = "A"
    B = "B"

    @property
    def other(self) -> Side:
        """The other one."""
        return Side.B if self == Side.A else Side.A


Verdict: TypeAlias = int | Word


def read_verdict(value: Any) -> Verdict | None:
    """A verdict that somebody sent; None where it is none.

    Args:
        value: A whole number, or one of the words. A text of a number is none: whoever reads a
            form turns it into one.
    """
    if isinstance(value, str):
        return Word(value) if value in [*Word] else None
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 1 <= abs(value) <= STRONGEST else None


def side_of(strength: int) -> Side:
    """The side that a strength picks."""
    return Side.A if strength < 0 else Side.B

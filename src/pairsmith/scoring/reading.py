"""What scoring asks of whatever reads token ids, and what is too long for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from pairsmith.errors import ModelError
from pairsmith.models.batches import Work
from pairsmith.models.forward import Points, Scores
from pairsmith.tokens.ragged import Ragged

TOO_LONG = "too_long"
"""Why nothing is said of a row that has more tokens than the model is given."""

SAMPLE = 8
"""Rows that are scored both ways, to prove that the fast one is right."""

TOLERANCE = {"float32": 1e-4, "bfloat16": 5e-2, "float16": 1e-2}
"""By the type of weights, the difference of two ways that is rounding: absolute for scores up to
1, in proportion for larger ones."""

UNFIT = (RuntimeError, ValueError, TypeError, IndexError)
"""What models raise that cannot be given a prompt with two replies, or a mask of what sees what."""


class Reads(Protocol):
    """Whatever gives scores of token ids: `pairsmith.models.forward.Reader`, or a server."""

    work: Work

    @property
    def backend(self) -> str:
        """What computes."""

    @property
    def remark(self) -> str:
        """What is to be told of it, a sentence; empty if nothing."""

    @property
    def reads_once(self) -> bool:
        """Whether there is `read_points`."""

    def shares_prompts(self, tokens: int) -> bool:
        """Whether there is `read_pairs`, for sides of at most `tokens` tokens."""

    def read_ends(self, rows: Ragged) -> Scores:
        """The score of each row."""

    def read_points(self, rows: Ragged, points: Points) -> Scores:
        """The scores at some tokens of each row."""

    def read_pairs(self, chosen: Ragged, rejected: Ragged) -> tuple[Scores, Scores]:
        """The scores of both sides of each row."""


class Limit(NamedTuple):
    """How long texts may be.

    Attributes:
        tokens: The most tokens of a text.
        cut: Whether the last tokens of longer ones are scored; else those are left out.
    """

    tokens: int
    cut: bool

    def exceeded(self, rows: Ragged) -> NDArray[np.bool_]:
        """Which rows are longer."""
        longer: NDArray[np.bool_] = rows.lengths > self.tokens
        return longer

    def ends_of(self, rows: Ragged) -> Ragged:
        """The last tokens of each row, as many as may be."""
        return Ragged(rows.ids, np.maximum(rows.starts, rows.ends - self.tokens), rows.ends)


class Proof(NamedTuple):
    """Whether a fast way gave what the plain one gives, on rows at hand.

    Attributes:
        holds: Whether it did, and is used; None where there was nothing to try it on.
        difference: The largest difference found; None where the fast way could not be tried.
    """

    holds: bool | None
    difference: float | None = None


def compare(fast: Sequence[Scores], plain: Sequence[Scores], dtype: str) -> Proof:
    """Whether scores are the same but for rounding."""
    one, other = np.concatenate(fast), np.concatenate(plain)
    difference = float(np.abs(one - other).max(initial=0))
    size = max(1.0, float(np.abs(other).max(initial=0)))
    return Proof(bool(difference <= TOLERANCE[dtype] * size), difference)


def check_finite(ids: Iterable[str], scores: Iterable[Scores]) -> None:
    """Checks that scores are numbers.

    Args:
        ids: The ids of n rows.
        scores: n scores each.

    Raises:
        ModelError: One is none; its row is named.
    """
    bad = [id for id, *held in zip(ids, *scores, strict=True) if not np.isfinite(held).all()]
    if bad:
        raise ModelError(
            f"The model's score of {bad[0]} is not a number.",
            "Its weights are damaged, or the numbers too small: try --dtype float32.",
        )


def concatenate(parts: Sequence[Ragged]) -> Ragged:
    """Rows of several batches as one."""
    if not parts:
        empty = np.zeros(0, np.int64)
        return Ragged(np.zeros(0, np.int32), empty, empty)
    before = np.cumsum([0, *(len(part.ids) for part in parts[:-1])])
    return Ragged(
        np.concatenate([part.ids for part in parts]),
        np.concatenate([part.starts + n for part, n in zip(parts, before, strict=True)]),
        np.concatenate([part.ends + n for part, n in zip(parts, before, strict=True)]),
    )


def take(rows: Ragged, numbers: NDArray[np.int64]) -> Ragged:
    """Some rows, by number."""
    return Ragged(rows.ids, rows.starts[numbers], rows.ends[numbers])

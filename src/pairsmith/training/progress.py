"""How far a training has come, for whoever shows it: the library itself prints nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias


class TrainingProgress(NamedTuple):
    """How far a training has come.

    Attributes:
        phase: `rows` while rows become token ids, then `training`.
        what: The split whose rows are read; empty while it trains.
        done: Rows read, or steps made.
        total: Of all; 0 where it is not known.
        loss: The mean loss of the last step; None before it.
        accuracy: The share of the last step's pairs whose chosen side scored higher; None before
            it. Ties count as wrong.
        tokens_per_second: Since this process began to train, over all devices; None before.
        seconds_left: Until the last step, at that pace; None before.
    """

    phase: str
    what: str
    done: int
    total: int
    loss: float | None = None
    accuracy: float | None = None
    tokens_per_second: float | None = None
    seconds_left: float | None = None


TrainingWatch: TypeAlias = Callable[[TrainingProgress], None]
"""A callback that a training calls with its progress."""

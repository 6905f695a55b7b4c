"""How far a training has come, for whoever shows it: the library itself prints nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple, TypeAlias


class TrainingProgress(NamedTuple):
    """How far a training has come.

    Attributes:
        phase: `rows` while rows become token ids, then `training`, at the end `evaluating`.
        what: The split whose rows are read; what is evaluated; empty while it trains.
        done: Rows read, steps made, or what is evaluated so far.
        total: Of all; 0 where it is not known.
        loss: The mean loss of the last step; None before it.
        accuracy: The share of the last step's pairs whose chosen side scored higher; None before
            it. Ties count as wrong.
        tokens_per_second: Since this process began to train, over all devices; None before.
        seconds_left: Until the last step, at that pace; None before.
        readings: What a method reads of the last step besides, such as `reward`, by name.
    """

    phase: str
    what: str
    done: int
    total: int
    loss: float | None = None
    accuracy: float | None = None
    tokens_per_second: float | None = None
    seconds_left: float | None = None
    readings: Mapping[str, float] = MappingProxyType({})


TrainingWatch: TypeAlias = Callable[[TrainingProgress], None]
"""A callback that a training calls with its progress."""

Tell: TypeAlias = Callable[[str, int, int], None]
"""A callback that an evaluation calls with what it reads, how many are done, and how many of all;
0 where that is not known."""


def tell_evaluating(watch: TrainingWatch | None) -> Tell:
    """What tells a watch how far an evaluation has come."""

    def tell(what: str, done: int, total: int) -> None:
        if watch is not None:
            watch(TrainingProgress("evaluating", what, done, total))

    return tell

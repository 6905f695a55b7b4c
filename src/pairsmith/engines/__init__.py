"""Engines: a picklable task mapped over shards, results as they finish; that is all they do."""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

from pairsmith.errors import WorkerError

T = TypeVar("T")
R = TypeVar("R")

ATTEMPTS = 3
"""A task whose worker dies is tried so many times."""


class Outcome(NamedTuple, Generic[T, R]):
    """What became of a task: its result, or why there is none.

    Attributes:
        task: The task.
        result: What the work returned; None where it failed.
        error: What it raised, or that its worker died too often; None where it succeeded.
    """

    task: T
    result: R | None
    error: Exception | None


def died(name: str, how: str) -> WorkerError:
    """The fault of a task whose worker died every time."""
    return WorkerError(
        f"The worker for {name} died {ATTEMPTS} times ({how}).",
        "Does it run out of memory? Take fewer --workers. What is finished is kept: the same "
        "command goes on.",
    )

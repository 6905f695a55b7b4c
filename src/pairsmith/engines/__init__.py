"""Engines: a picklable task mapped over shards, results as they finish; that is all they do."""

from __future__ import annotations

import pickle
import traceback
from typing import Generic, NamedTuple, TypeVar

from pairsmith.errors import PairsmithError, WorkerError

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


def portable(error: Exception) -> Exception:
    """An error that a worker can send: one that cannot be pickled as one that tells of it.

    A bug gets its traceback as a note, which pickling keeps.
    """
    said = "".join(traceback.format_exception(error))
    if not isinstance(error, PairsmithError):
        error.add_note(said)
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301  (its own)
    except Exception as fault:  # whatever its class raises
        return RuntimeError(f"{said.rstrip()} (cannot be pickled: {fault})")
    return error

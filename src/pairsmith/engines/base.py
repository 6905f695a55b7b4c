"""What every engine has in common: how it is called, the outcome of a task, how faults travel."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable, Generator, Iterable
from typing import Generic, NamedTuple, Protocol, TypeVar

from pairsmith.errors import PairsmithError, WorkerError

T = TypeVar("T")
R = TypeVar("R")

ATTEMPTS = 3
"""A task whose worker dies is tried at most this many times."""


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


class Run(Protocol):
    """How an engine is called."""

    def __call__(
        self,
        work: Callable[[T], R],
        tasks: Iterable[T],
        *,
        workers: int | None,
        name: Callable[[T], str],
        address: str | None = None,
    ) -> Generator[Outcome[T, R]]:
        """Works on tasks, and yields the outcome of each as they finish.

        Whatever a task does to its worker, every task has one outcome; a task whose worker dies
        is tried `ATTEMPTS` times. Closing the generator ends what is still running.

        Args:
            work: What to do: a function of a module, which can be pickled.
            tasks: On what; can be pickled. Taken as workers become free.
            workers: How many tasks run at once; None for as many as there are cores.
            name: What to call a task in a fault.
            address: Where the workers are; None for this machine. Only where the engine
                `takes_address`.

        Raises:
            WorkerError: What the engine needs is missing, or out of reach.
        """


class Engine(NamedTuple):
    """One way to map a task.

    Attributes:
        run: Does it.
        in_process: Whether it works in this very process where it is asked for one worker. Then
            such work need not be pickled, and a build starts no more workers than pay off.
        takes_address: Whether its workers can be elsewhere, at an address.
        run_on_gpus: As `run`, and each worker has a GPU of its own where the workers' machines have
            any, and lives as long as there are tasks; then there are as many workers as GPUs, if
            none are named. None where it is the task's own affair to find one.
    """

    run: Run
    in_process: bool = False
    takes_address: bool = False
    run_on_gpus: Run | None = None


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

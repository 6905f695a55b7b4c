"""This machine: one task after another in this process, or several in processes of their own."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from threading import Thread
from typing import Any, Generic, TypeVar

from pairsmith.engines import ATTEMPTS, Outcome
from pairsmith.errors import PairsmithError, WorkerError

T = TypeVar("T")
R = TypeVar("R")

GRACE = 5
"""Seconds for a process that closed its connection to be gone."""


def run(
    work: Callable[[T], R], tasks: Iterable[T], *, workers: int, name: Callable[[T], str]
) -> Iterator[Outcome[T, R]]:
    """Works on tasks, in this process if there is one worker.

    Args:
        work: What to do; for several workers a function that can be pickled.
        tasks: On what. Taken as workers become free.
        workers: How many processes; with 1, this one.
        name: What to call a task in a fault.

    Yields:
        The outcome of each task, as they finish.
    """
    if workers == 1:
        for task in tasks:
            yield _attempt(work, task)
        return
    yield from _in_processes(work, iter(tasks), workers, name)


def _attempt(work: Callable[[T], R], task: T) -> Outcome[T, R]:
    try:
        return Outcome(task, work(task), None)
    except Exception as error:
        return Outcome(task, None, error)


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Blocks Ctrl-C, which a terminal sends to children too, for a process started meanwhile.

    It is told to ignore it only once it runs; the parent, which stops it, gets it afterwards.
    """
    resource_tracker.ensure_running()  # starting it with the first process would unblock it
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Worker(Generic[T, R]):
    """A process and the task that it is at."""

    def __init__(self, work: Callable[[T], R]) -> None:
        # spawn, because a fork of a process with threads may hang
        context = multiprocessing.get_context("spawn")
        self.here, there = context.Pipe()
        self.process = context.Process(target=_serve, args=(work, there), daemon=True)
        with _deaf_to_interrupts():
            self.process.start()
        there.close()

    def give(self, task: T, attempt: int) -> None:
        self.task, self.attempt = task, attempt
        with suppress(BrokenPipeError, ConnectionResetError):  # it has died: `take` finds out
            self.here.send(task)

    def take(self) -> Outcome[T, R] | None:
        """What became of the task; None where the process died over it."""
        try:
            outcome: Outcome[T, R] = self.here.recv()
        except (EOFError, OSError):  # it ended before its answer, or in the middle of it
            self.process.join(GRACE)
            return None
        return outcome

    def stop(self) -> None:
        self.process.kill()
        self.process.join()
        self.here.close()


def _in_processes(
    work: Callable[[T], R], tasks: Iterator[T], workers: int, name: Callable[[T], str]
) -> Iterator[Outcome[T, R]]:
    busy: list[_Worker[T, R]] = []
    idle: list[_Worker[T, R]] = []
    left = True
    try:
        while left or busy:
            while left and len(busy) < workers:
                try:
                    task = next(tasks)
                except StopIteration:
                    left = False
                    break
                worker = idle.pop() if idle else _Worker(work)
                busy.append(worker)
                worker.give(task, 1)
            ready = wait([worker.here for worker in busy])
            for worker in [worker for worker in busy if worker.here in ready]:
                busy.remove(worker)
                outcome = worker.take()
                if outcome is not None:
                    idle.append(worker)
                    yield outcome
                    continue
                worker.stop()
                if worker.attempt == ATTEMPTS:
                    yield Outcome(worker.task, None, died(name(worker.task), worker.process))
                    continue
                fresh: _Worker[T, R] = _Worker(work)
                busy.append(fresh)
                fresh.give(worker.task, worker.attempt + 1)
    finally:
        for worker in (*idle, *busy):
            worker.stop()


def died(name: str, process: Any) -> WorkerError:
    """The fault of a task whose worker died every time."""
    code = process.exitcode
    how = f"signal {signal.Signals(-code).name}" if code and code < 0 else f"status {code}"
    if code == 0:
        how = "out of memory"
    return WorkerError(
        f"The worker for {name} died {ATTEMPTS} times ({how}).",
        "Does it run out of memory? Take fewer --workers. What is finished is kept: the same "
        "command goes on.",
    )


def _serve(work: Callable[[T], R], connection: Connection) -> None:
    """What a process does: tasks, one after another, until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent says when to stop
    Thread(target=_end_with_parent, daemon=True).start()
    while True:
        try:
            task = connection.recv()
        except EOFError:
            return
        outcome = _attempt(work, task)
        if isinstance(outcome.error, MemoryError):
            return  # what it holds is free when it is gone
        connection.send(_portable(outcome))


def _portable(outcome: Outcome[T, R]) -> Outcome[T, R]:
    """An outcome that the parent can read; an error that is a bug with its traceback."""
    error = outcome.error
    said = "".join(traceback.format_exception(error)).rstrip() if error else "its result"
    if error and not isinstance(error, PairsmithError):
        error.add_note(said)
    try:
        pickle.loads(pickle.dumps((outcome.result, error)))  # noqa: S301  (its own)
    except Exception as fault:  # whatever a class does there
        return Outcome(outcome.task, None, RuntimeError(f"{said} (cannot be pickled: {fault})"))
    return outcome


def _end_with_parent() -> None:
    """Ends this process with its parent, or it would write where the next build does."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)

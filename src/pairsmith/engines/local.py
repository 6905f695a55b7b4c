"""This machine: one task after another in this process, or several in processes of their own."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from threading import Thread
from typing import Any, Generic, TypeVar

from pairsmith.engines.base import ATTEMPTS, Engine, Outcome, died, portable

T = TypeVar("T")
R = TypeVar("R")

GRACE = 5
"""Seconds for a process that closed its connection to be gone."""


def run(
    work: Callable[[T], R],
    tasks: Iterable[T],
    *,
    workers: int | None,
    name: Callable[[T], str],
    address: str | None = None,
) -> Generator[Outcome[T, R]]:
    """Works on tasks, in this process if there is one worker.

    Args:
        work: What to do; for several workers a function that can be pickled.
        tasks: On what. Taken as workers become free.
        workers: How many processes; with 1, this one. None for as many as there are cores.
        name: What to call a task in a fault.
        address: None: its workers are on this machine.

    Yields:
        The outcome of each task, as they finish.
    """
    if address is not None:
        raise ValueError("the workers of the engine local are on this machine")
    workers = workers or os.cpu_count() or 1
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
) -> Generator[Outcome[T, R]]:
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
            if not busy:
                return
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
                    yield Outcome(worker.task, None, died(name(worker.task), _how(worker.process)))
                    continue
                fresh: _Worker[T, R] = _Worker(work)
                busy.append(fresh)
                fresh.give(worker.task, worker.attempt + 1)
    finally:
        for worker in (*idle, *busy):
            worker.stop()


def _how(process: Any) -> str:
    """How a process ended; it ends by itself when it is out of memory."""
    code = process.exitcode
    if not code:
        return "out of memory"
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"status {code}"


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
        error = portable(outcome.error) if outcome.error else None
        try:
            connection.send(outcome._replace(error=error))
        except Exception as fault:  # whatever a result raises that cannot be pickled
            said = f"its result cannot be pickled: {fault}"
            connection.send(Outcome(task, None, RuntimeError(said)))


def _end_with_parent() -> None:
    """Ends this process with its parent, or it would write where the next build does."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


ENGINE = Engine(run, in_process=True)

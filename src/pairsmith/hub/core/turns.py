"""Whose turn it is to write: one after the other, and nobody long behind another's many rows."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Turn:
    """A lock that goes to whoever has waited longest; `threading.Lock` goes to anybody."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._taken = False
        self._waiting: deque[threading.Lock] = deque()

    def __enter__(self) -> None:
        with self._guard:
            if not self._taken:
                self._taken = True
                return
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
        mine.acquire()  # until it is handed over

    def __exit__(self, *_: object) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False


class Turns:
    """A turn for each of many, of which those are remembered that somebody has or waits for."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._known: dict[Hashable, tuple[Turn, int]] = {}

    @contextmanager
    def of(self, key: Hashable) -> Iterator[None]:
        """The turn of one of them, when it has come."""
        with self._guard:
            turn, users = self._known.get(key, (Turn(), 0))
            self._known[key] = (turn, users + 1)
        try:
            with turn:
                yield
        finally:
            with self._guard:
                turn, users = self._known[key]
                if users == 1:
                    del self._known[key]
                else:
                    self._known[key] = (turn, users - 1)


class Writers:
    """The turns of those who write. Of those with many rows only one waits among the others.

    So whoever writes a row waits for what was asked before, and for one of many rows at most.
    """

    def __init__(self) -> None:
        self._next = Turn()
        self._many = Turn()
        self._thread = 0  # whose turn it is

    @contextmanager
    def turn(self, many: bool = False) -> Iterator[None]:
        """A turn, when it has come.

        Raises:
            RuntimeError: The thread has it already, and would wait for itself.
        """
        if self._thread == threading.get_ident():
            raise RuntimeError("A write within a write of the same thread would wait for itself.")
        if many:
            with self._many, self._one():
                yield
        else:
            with self._one():
                yield

    @contextmanager
    def _one(self) -> Iterator[None]:
        with self._next:
            self._thread = threading.get_ident()
            try:
                yield
            finally:
                self._thread = 0


class Job(Generic[T]):
    """Something to do in a transaction with others, and what came of it."""

    def __init__(self, act: Callable[..., T]) -> None:
        self.act = act
        self.made: T
        self.error: BaseException | None = None
        self.over = threading.Event()


class Group:
    """Jobs that wait for one transaction, which the first who came makes for all."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._jobs: list[Job[Any]] = []

    def join(self, job: Job[Any]) -> bool:
        """Adds a job; whether it is the first, whose thread makes the transaction."""
        with self._guard:
            self._jobs.append(job)
            return len(self._jobs) == 1

    def take(self) -> list[Job[Any]]:
        """All who wait, in the order in which they came; who comes now is first of the next."""
        with self._guard:
            jobs, self._jobs = self._jobs, []
            return jobs

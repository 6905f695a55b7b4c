"""Connections to one SQLite file, each lent to one thread at a time, and used again."""

from __future__ import annotations

import queue
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Connections:
    """Connections that are not in use, and more where none is left.

    Args:
        connect: Opens one. Since threads use it in turn, with `check_same_thread=False`.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connect = connect
        self._idle: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()

    @contextmanager
    def lent(self) -> Iterator[sqlite3.Connection]:
        """A connection, for this thread alone."""
        try:
            db = self._idle.get_nowait()
        except queue.Empty:
            db = self._connect()
        try:
            yield db
        finally:
            self._idle.put(db)

    def close(self) -> None:
        """Closes those that are not in use."""
        while True:
            try:
                self._idle.get_nowait().close()
            except queue.Empty:
                return

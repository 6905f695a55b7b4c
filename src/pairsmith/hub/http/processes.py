"""Processes apart, for work on what strangers sent: each piece of it has an end.

A thread cannot be stopped, and what eats memory in one takes the hub along. Here a function runs
in a process of its own that is killed when its time or its memory is used up, and another takes
its place. anyio's `to_process` is close to this, but its processes belong to one event loop, start
by running the program's main module again, and have no bound of memory.
"""

from __future__ import annotations

import atexit
import io
import os
import pickle
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import is_dataclass
from datetime import date, time
from enum import Enum
from multiprocessing.connection import Connection
from pathlib import Path
from time import monotonic
from typing import TypeVar, cast

from markupsafe import Markup

T = TypeVar("T")

LOOK = 0.05  # seconds between two looks at whether an outcome is still wanted
FULL = 0.5  # of its bound that a worker may keep when its task is done
NICENESS = 5  # the hub's own threads come first
ORPHAN_SECONDS = 1.0  # that a worker goes on over its time, where no hub is left to kill it


class TooMuchWorkError(Exception):
    """A piece of work that was given up: it took too long, or too much memory, or crashed."""


class BusyError(TooMuchWorkError):
    """A piece of work that was not begun, for all workers had others; it may go well later."""


class Workers:
    """A few processes that run functions within bounds; they are started when they are wanted.

    They are used again, and end with the process that made them, even where that one is killed.
    """

    def __init__(self, count: int = 2, wait: float = 1.0, queue: int = 8, spare: str = "") -> None:
        """Workers of one kind of work; another kind has others, and does not wait for these.

        Args:
            count: How many there are at most.
            wait: Seconds that a piece of work waits for one of them.
            queue: How many pieces wait at once; the threads that wait are not there for others.
            spare: A module that takes long to import. One more worker waits that has imported it,
                to take the place of one that is killed; '' for none.
        """
        self._wait = wait
        self._places = threading.BoundedSemaphore(count + queue)
        self._turns = threading.BoundedSemaphore(count)
        self._idle: list[_Worker] = []
        self._spare = spare
        atexit.register(self.close)

    def run(
        self,
        function: Callable[..., T],
        *args: object,
        seconds: float,
        memory: int,
        over: threading.Event | None = None,
    ) -> T:
        """Calls a function in a worker. It blocks: from async code, call it in a thread.

        Args:
            function: One that a module has at its top; importing that module should be quick, for
                a new worker does it within `seconds`.
            args: What it is given; pickled, as is what it returns or raises, which may be plain
                data, tuples with names, enumerations and errors.
            seconds: How long it may take, by the clock.
            memory: Bytes that the worker may take in all, itself included (some 20 MB of Python
                and what the function's module imports); Linux alone keeps to it.
            over: Set by another thread when nobody wants the outcome any more.

        Raises:
            BusyError: No worker was free in time, or too many waited for one.
            TooMuchWorkError: It was given up.
            Exception: What the function raised.
        """
        with self._turn():
            worker = self._next()
            if self._spare and not self._idle:
                self._idle.append(_Worker(self._spare))
            try:
                raised, outcome = worker.call((function, args, seconds, memory), seconds, over)
            except BaseException:
                worker.kill()
                raise
            if worker.data_bytes() > memory * FULL:
                worker.kill()  # what it keeps would be missing to the next task
            else:
                self._idle.append(worker)
        if raised:
            raise cast(Exception, outcome)
        return cast(T, outcome)

    def close(self) -> None:
        """Ends the workers that have nothing to do."""
        while self._idle:
            self._idle.pop().kill()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise BusyError("Too many wait for a worker.")
        try:
            if not self._turns.acquire(timeout=self._wait):
                raise BusyError("All workers are busy.")
            try:
                yield
            finally:
                self._turns.release()
        finally:
            self._places.release()

    def _next(self) -> _Worker:
        """A worker that is alive: one that waits, or a new one."""
        while self._idle:
            worker = self._idle.pop()
            if worker.process.poll() is None:
                return worker
            worker.kill()
        return _Worker(self._spare)


PAGES = Workers(1, wait=0.4, queue=6)
"""For what a page wants that was not done when it came in: those who send much do not hold it up.
"""

VISITORS = Workers(1, wait=0.5)
"""For what a visitor alone causes: what was stored does not wait for it."""


class _Worker:
    """A process that waits for functions to call, and the connection to it."""

    def __init__(self, module: str = "") -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            imports = f"import {module}; " if module else ""
            command = f"{imports}from {__name__} import _work; _work({theirs.fileno()})"
            self.process = subprocess.Popen(  # noqa: S603 - this Python and this module
                [sys.executable, "-P", "-c", command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            )
        self.connection = Connection(ours.detach())

    def call(
        self, task: tuple[object, ...], seconds: float, over: threading.Event | None = None
    ) -> tuple[bool, object]:
        """Whether a task raised, and what it raised or returned.

        Raises:
            TooMuchWorkError: It did not end in time, or the process did, or nobody waits for it.
        """
        try:
            self.connection.send(task)
            self._await(seconds, over)
            raised, outcome = _Data(io.BytesIO(self.connection.recv_bytes())).load()
        except (EOFError, ConnectionResetError, BrokenPipeError, pickle.UnpicklingError):
            raise TooMuchWorkError("It took too much memory, or crashed.") from None
        if isinstance(outcome, MemoryError):
            raise TooMuchWorkError("It took too much memory.") from None
        return raised, outcome

    def _await(self, seconds: float, over: threading.Event | None) -> None:
        """Waits for an outcome, and looks now and then whether anybody still does.

        Raises:
            TooMuchWorkError: It did not come in time, or nobody waits for it.
        """
        end = monotonic() + seconds
        while not self.connection.poll(LOOK if over else seconds):
            if over is not None and over.is_set():
                raise TooMuchWorkError("Nobody waits for it any more.")
            if monotonic() >= end:
                raise TooMuchWorkError(f"It took longer than {seconds:g} seconds.")

    def data_bytes(self) -> int:
        """Bytes of its memory that count against its bound; 0 where the system does not tell."""
        try:
            pages = Path(f"/proc/{self.process.pid}/statm").read_bytes().split()[5]
        except (OSError, IndexError):
            return 0
        return int(pages) * resource.getpagesize()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.connection.close()


class _Data(pickle.Unpickler):
    """Reads what a worker sends: data and errors, and nothing that does more than hold them.

    A worker reads files of strangers by libraries in C; one that was taken over sends what it
    likes.
    """

    def find_class(self, module: str, name: str) -> type:
        """A record, an enumeration or an error, of ours or of Python's; or markup."""
        if module.partition(".")[0] in ("builtins", "datetime", "markupsafe", "pairsmith"):
            found = super().find_class(module, name)
            if isinstance(found, type) and (
                issubclass(found, Exception | Enum | Markup | date | time | bytearray)
                or (issubclass(found, tuple) and hasattr(found, "_fields"))
                or is_dataclass(found)
            ):
                return found
        raise pickle.UnpicklingError(f"A worker sent {module}.{name}, which is no data.")


def _work(descriptor: int) -> None:
    """What a worker does: calls functions until the hub is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the hub, which ends this
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(NICENESS)
    connection = Connection(descriptor)
    with suppress(EOFError, ConnectionResetError, BrokenPipeError):
        while True:
            reply = _reply(connection.recv_bytes())
            _limit(0, -1)  # what waits for work, or takes it in, is bounded by nothing
            connection.send_bytes(reply)


def _reply(request: bytes) -> bytes:
    """Whether a task raised, and what came of it, pickled."""
    try:
        function, args, seconds, memory = pickle.loads(request)  # noqa: S301 - the hub sent it
        _limit(seconds + ORPHAN_SECONDS, memory)
        return pickle.dumps((False, function(*args)))
    except Exception as error:  # goes to the caller, whatever it is
        return _pickled(error)


def _limit(seconds: float, memory: int) -> None:
    """Has this process end after a time (0: never), and take so much memory (-1: any)."""
    # what a timer's signal does by default is to end the process, whatever it is doing
    signal.setitimer(signal.ITIMER_REAL, seconds)
    # private memory that can be written: libraries map far more addresses than they use
    resource.setrlimit(resource.RLIMIT_DATA, (memory, resource.getrlimit(resource.RLIMIT_DATA)[1]))


def _pickled(error: Exception) -> bytes:
    try:
        reply = pickle.dumps((True, error))
        pickle.loads(reply)  # noqa: S301 - our own, a line above; some errors cannot be unpickled
    except Exception:
        return pickle.dumps((True, RuntimeError(f"{type(error).__name__}: {error}")))
    return reply

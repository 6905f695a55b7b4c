"""A Ray cluster, or a Ray of this machine's own: the way out of one machine.

`pairsmith` must be importable where the workers run, in the same version: installed in their image
or environment. What a task reads and writes must lie where every worker reaches it.
"""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

from pairsmith.engines.base import ATTEMPTS, Engine, Outcome, died, portable
from pairsmith.errors import WorkerError
from pairsmith.extras import hint

T = TypeVar("T")
R = TypeVar("R")

PATIENCE = 10
"""Seconds in which an address must answer, and in which cancelled tasks may end."""

STORE = 100 << 20
"""Bytes for Ray's object store on this machine: tasks and results are small."""

FORMS = "An address is ray://HOST:10001, HOST:6379 or auto."

TOKEN = "Set RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN_PATH to the file of the cluster's token."  # noqa: S105

_MUTE: Any = {"stdin": subprocess.DEVNULL, "capture_output": True}


def run(
    work: Callable[[T], R],
    tasks: Iterable[T],
    *,
    workers: int | None,
    name: Callable[[T], str],
    address: str | None = None,
) -> Generator[Outcome[T, R]]:
    """Works on tasks on a Ray cluster, one CPU each.

    A Ray that the caller has started is used as it is and left running; `address` is then not
    looked at. A cluster takes no environment variables from here: its workers see their own.

    Args:
        work: What to do; a function of a module that the workers can import.
        tasks: On what. Taken as workers become free.
        workers: How many tasks run at once; None for as many as there are CPUs.
        name: What to call a task in a fault.
        address: Of a cluster, `ray://host:10001`, `host:6379` or `auto`; None to start a Ray on
            this machine, which ends with the work.

    Yields:
        The outcome of each task, as they finish.

    Raises:
        WorkerError: Ray is not installed, or nobody answers at the address.
    """
    ray = _ray()
    with _connected(ray, address, workers):
        yield from _in_flight(ray, work, iter(tasks), workers, name)


def run_on_gpus(
    work: Callable[[T], R],
    tasks: Iterable[T],
    *,
    workers: int | None,
    name: Callable[[T], str],
    address: str | None = None,
) -> Generator[Outcome[T, R]]:
    """As `run`, by actors with a GPU each; as `run` does where the cluster has no GPUs."""
    ray = _ray()
    with _connected(ray, address, workers):
        gpus = int(ray.cluster_resources().get("GPU", 0))
        if gpus:
            yield from _on_actors(ray, work, iter(tasks), workers or gpus, name)
        else:
            yield from _in_flight(ray, work, iter(tasks), workers, name)


def _ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # or Ray prints to stdout that a worker died; read when Ray is imported
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".*")
    try:
        import ray
    except ImportError:
        raise WorkerError("The engine ray needs a library that is missing.", hint("ray")) from None
    return ray


@contextmanager
def _connected(ray: Any, address: str | None, workers: int | None) -> Iterator[None]:
    """A Ray to work on, shut down afterwards if it was started or connected to here."""
    if ray.is_initialized():
        yield
        return
    with _silence():
        _connect(ray, address, workers)
        try:
            yield
        finally:
            ray.shutdown()


@contextmanager
def _silence() -> Iterator[None]:
    """Keeps Ray's log to itself: what matters of it becomes an outcome or a fault."""
    logger = logging.getLogger("ray")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)


def _connect(ray: Any, address: str | None, workers: int | None) -> None:
    quiet = {"log_to_driver": False, "configure_logging": False}
    if address is None:
        local = {"num_cpus": workers, "include_dashboard": False, "object_store_memory": STORE}
        ray.init("local", **local, **quiet)
        return
    if address == "auto":
        address = os.environ.get("RAY_ADDRESS") or address
    if address != "auto":
        _knock(address)
    try:
        with warnings.catch_warnings(action="ignore"):  # what it warns of, it raises too
            ray.init(address, **quiet)
    except ImportError:
        raise WorkerError("Ray lacks what ray:// needs.", hint("ray")) from None
    except Exception as error:  # whatever Ray raises: another version, no token, no cluster
        raise _unreachable(address, error) from error


def _knock(address: str) -> None:
    """Asks whether a Ray answers, for Ray itself asks for minutes, and then ends the process."""
    host, port = _host_port(address)
    try:
        socket.create_connection((host, port), timeout=PATIENCE).close()
        if not address.startswith("ray://"):
            check = "-m", "ray.scripts.scripts", "health-check", "--address", address
            subprocess.run((sys.executable, *check), **_MUTE, timeout=PATIENCE, check=True)  # noqa: S603
    except subprocess.SubprocessError as error:
        if b"AuthenticationError" in (error.stderr or b""):  # type: ignore[attr-defined]
            raise WorkerError(f"The Ray cluster at {address} asks for a token.", TOKEN) from None
        why = "what listens there does not answer as a Ray of this version does"
        raise WorkerError(f"No Ray cluster can be reached at {address}: {why}.", FORMS) from None
    except OSError as error:
        raise _unreachable(address, error) from error


def _host_port(address: str) -> tuple[str, int]:
    client = address.startswith("ray://")
    try:
        parts = urlsplit(address if client else f"//{address}")
        host, port = parts.hostname, parts.port or (10001 if client else None)
    except ValueError:
        host = port = None
    if "/" in address.removeprefix("ray://") or not host or not port:
        raise WorkerError(f"{address} is not the address of a Ray cluster.", FORMS)
    return host, port


def _unreachable(address: str, error: Exception) -> WorkerError:
    why = str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
    return WorkerError(f"No Ray cluster can be reached at {address}: {why}.", FORMS)


class _Attempt(NamedTuple):
    """A task handed to Ray, for the how-manieth time."""

    task: Any
    number: int


def _in_flight(
    ray: Any,
    work: Callable[[T], R],
    tasks: Iterator[T],
    workers: int | None,
    name: Callable[[T], str],
) -> Generator[Outcome[T, R]]:
    # attempts are counted here: Ray tries without end what ran out of memory
    submit = ray.remote(num_cpus=1, max_retries=0)(_attempt).remote
    busy: dict[Any, _Attempt] = {}
    try:
        while True:
            for task in islice(tasks, max(0, _room(ray, workers) - len(busy))):
                busy[submit(work, task)] = _Attempt(task, 1)
            if not busy:
                return
            (ref, *_), _ = ray.wait(list(busy))
            task, number = busy.pop(ref)
            done = _done(ray, ref)
            if done.death and number < ATTEMPTS:
                busy[submit(work, task)] = _Attempt(task, number + 1)
                continue
            error = died(name(task), done.death) if done.death else done.error
            yield Outcome(task, done.result, error)
    finally:
        _cancel(ray, list(busy))


class _Host:
    """An actor: what it has loaded stays, and its GPU is the same for all of its tasks."""

    def attempt(self, work: Callable[[Any], Any], task: Any) -> _Done:
        """Works on a task."""
        return _attempt(work, task)


def _on_actors(
    ray: Any,
    work: Callable[[T], R],
    tasks: Iterator[T],
    workers: int,
    name: Callable[[T], str],
) -> Generator[Outcome[T, R]]:
    start = ray.remote(num_cpus=1, num_gpus=1, max_restarts=0)(_Host).remote
    busy: dict[Any, tuple[Any, _Attempt]] = {}
    idle: list[Any] = []

    def give(attempt: _Attempt) -> None:
        actor = idle.pop() if idle else start()
        busy[actor.attempt.remote(work, attempt.task)] = actor, attempt

    try:
        while True:
            for task in islice(tasks, max(0, workers - len(busy))):
                give(_Attempt(task, 1))
            if not busy:
                return
            (ref, *_), _ = ray.wait(list(busy))
            actor, (task, number) = busy.pop(ref)
            done = _done(ray, ref)
            if done.death:
                ray.kill(actor)  # one that is out of memory is still there
            else:
                idle.append(actor)
            if done.death and number < ATTEMPTS:
                give(_Attempt(task, number + 1))
                continue
            error = died(name(task), done.death) if done.death else done.error
            yield Outcome(task, done.result, error)
    finally:
        if ray.is_initialized():
            for actor in (*idle, *(actor for actor, _ in busy.values())):
                ray.kill(actor)


def _room(ray: Any, workers: int | None) -> int:
    """How many tasks may be with Ray; more than it has CPUs for, so that a cluster can grow."""
    return workers or 2 * max(1, int(ray.cluster_resources().get("CPU", 1)))


class _Done(NamedTuple):
    """What became of an attempt: a result, an error, or why its worker did not end it."""

    result: Any = None
    error: Exception | None = None
    death: str = ""


def _attempt(work: Callable[[T], R], task: T) -> _Done:
    """What a worker does."""
    try:
        return _Done(result=work(task))
    except MemoryError:
        return _Done(death="out of memory")
    except Exception as error:  # whoever asked for the work decides
        return _Done(error=portable(error))


def _done(ray: Any, ref: Any) -> _Done:
    try:
        done: _Done = ray.get(ref)
    except ray.exceptions.RayTaskError as error:  # not even begun: see _attempt
        why = str(error.cause).partition("\n")[0]
        hint = "Is the same pairsmith, and what it needs, installed where the workers run?"
        return _Done(error=WorkerError(f"A worker cannot take up its work: {why}.", hint))
    except ray.exceptions.OutOfMemoryError:
        return _Done(death="out of memory")
    except ray.exceptions.RayError as error:
        return _Done(death=type(error).__name__)
    return done


def _cancel(ray: Any, refs: list[Any]) -> None:
    """Ends what is running; on a cluster its process may be there for a moment longer."""
    if not refs or not ray.is_initialized():
        return  # asked for anything once it is shut down, Ray starts again
    for ref in refs:
        ray.cancel(ref, force=True)
    ray.wait(refs, num_returns=len(refs), timeout=PATIENCE)


ENGINE = Engine(run, takes_address=True, run_on_gpus=run_on_gpus)

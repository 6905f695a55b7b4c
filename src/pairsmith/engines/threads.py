"""Threads within a shard: reading, working and writing overlap, in bounded queues, in order."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from threading import Event, Semaphore, Thread
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

AHEAD = 2
"""At most this many items wait for a thread, or for the results before theirs."""

LINGER = 1.0
"""Seconds that a read under way is waited for when nobody wants its items any more."""


def overlap(items: Iterable[T], work: Callable[[T], R], threads: int) -> Generator[R]:
    """Reads items in one thread, works on them in others, hands out results in the items' order.

    At most `threads + AHEAD` items are held, the one that was handed out last among them, and one
    that has just been read.

    Args:
        items: What to work on. What it raises is raised behind the results of what it yielded.
        work: Is called in several threads at once.
        threads: How many.

    Raises:
        Exception: Whatever `items` or `work` raise.
    """
    room = Semaphore(threads + AHEAD)
    results: SimpleQueue[Future[R] | None] = SimpleQueue()
    stopped = Event()
    with ThreadPoolExecutor(threads) as pool:

        def read() -> None:
            try:
                for item in items:
                    room.acquire()
                    if stopped.is_set():
                        return
                    results.put(pool.submit(work, item))
                results.put(None)
            except BaseException as error:
                failed: Future[R] = Future()
                failed.set_exception(error)
                results.put(failed)

        # a daemon, so that a read which hangs does not keep an interrupted process alive
        reader = Thread(target=read, daemon=True)
        reader.start()
        try:
            while (result := results.get()) is not None:
                yield result.result()
                room.release()
        finally:
            stopped.set()
            room.release()
            pool.shutdown(wait=True, cancel_futures=True)
            # Python aborts where it ends while a daemon is at work in C
            reader.join(LINGER)

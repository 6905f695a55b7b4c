"""Threads apart: what may take long has some of its own, and keeps none from the other calls.

Starlette has 40 threads for all calls; where those who look at rows, or send contents, could take
them all, a page that takes a millisecond would wait for them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar
from weakref import WeakValueDictionary

from anyio import CapacityLimiter, Lock, to_thread

T = TypeVar("T")

ROWS = CapacityLimiter(16)  # looks at rows; most of them wait for their turn at DuckDB
READS = CapacityLimiter(40)  # files; one that is put on record waits for who writes just then
PARSING = CapacityLimiter(4)  # JSON of bodies


async def run_apart(threads: CapacityLimiter, act: Callable[[], T]) -> T:
    """Does something in one of these threads, when one is free."""
    return await to_thread.run_sync(act, limiter=threads)


class OneEach:
    """Threads of which each account has one at a time, whatever it sends at once.

    So who comes next waits for as many as there are accounts, not for all that one of them sent.
    """

    def __init__(self, threads: int) -> None:
        self.threads = CapacityLimiter(threads)
        self._turns: WeakValueDictionary[Hashable, Lock] = WeakValueDictionary()

    async def run(self, account: Hashable, act: Callable[[], T]) -> T:
        """Does something in one of these threads, when one is free and it is the account's turn."""
        turn = self._turns.setdefault(account, Lock())
        async with turn:
            return await run_apart(self.threads, act)


COMMITS = OneEach(8)  # commits of a few files
LARGE_COMMITS = OneEach(3)  # of very many, or large ones, which take their time
CONTENTS = OneEach(8)  # contents that are put together

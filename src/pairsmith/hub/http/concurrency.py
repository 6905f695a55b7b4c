"""Threads apart: what may take long has some of its own, and keeps none from the other calls.

Starlette has 40 threads for all calls; where those who look at rows, or send contents, could take
them all, a page that takes a millisecond would wait for them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

T = TypeVar("T")

ROWS = CapacityLimiter(16)  # looks at rows; most of them wait for their turn at DuckDB
READS = CapacityLimiter(40)  # files; one that is put on record waits for who writes just then
CONTENTS = CapacityLimiter(8)  # commits, and contents that are put together


async def run_apart(threads: CapacityLimiter, act: Callable[[], T]) -> T:
    """Does something in one of these threads, when one is free."""
    return await to_thread.run_sync(act, limiter=threads)

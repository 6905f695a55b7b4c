"""What a hub goes through while somebody attacks it: its memory, and how long others wait."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import psutil

from support.hub.running import Running

PAUSE = 0.05
"""Seconds between two visits, and between two looks at the memory."""

MAX_WAIT = 2.0
"""Seconds that nobody may be kept waiting by another visitor."""

MAX_MEMORY = 1 << 30
"""Bytes that a hub and its processes may take, whatever it is sent."""


@dataclass
class Strain:
    """What was measured.

    Attributes:
        idle: Bytes that the hub and its processes took before.
        now: Bytes that they took a moment ago.
        peak: The most bytes that they took.
        waits: Seconds of each visit, by its name.
        faults: What visitors got in place of an answer below 500.
    """

    idle: int = 0
    now: int = 0
    peak: int = 0
    waits: dict[str, list[float]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    @property
    def slowest(self) -> float:
        """Seconds of the slowest visit."""
        return max(wait for waits in self.waits.values() for wait in waits)

    def check(self) -> None:
        """Asserts that visitors were served, soon, and that the memory stayed within its bound."""
        assert not self.faults, self.faults[:3]
        # where more programs run than there are cores, all of them wait for each other besides
        shared = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
        slow = {name: max(waits) for name, waits in self.waits.items()}
        assert self.slowest < MAX_WAIT * shared, slow
        assert self.peak < MAX_MEMORY, f"{self.peak >> 20} MiB"

    def __str__(self) -> str:
        waits = ", ".join(f"{name} {max(waits):.2f} s" for name, waits in self.waits.items())
        return f"peak {self.peak >> 20} MiB (idle {self.idle >> 20}), slowest: {waits}"


@contextmanager
def strained(server: Running, visits: Sequence[httpx.Request] = ()) -> Iterator[Strain]:
    """Visits a hub again and again while the block lasts, and watches its memory.

    Args:
        server: The hub, a process of its own.
        visits: What honest visitors ask for, besides the home page; each at least once.
    """
    strain = Strain(idle=_memory(server))
    home = httpx.Request("GET", f"{server.url}/")
    over = threading.Event()
    threads = [
        threading.Thread(target=_visit, args=(visit, strain, over)) for visit in (home, *visits)
    ]
    threads.append(threading.Thread(target=_watch, args=(server, strain, over)))
    for thread in threads:
        thread.start()
    try:
        yield strain
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _visit(request: httpx.Request, strain: Strain, over: threading.Event) -> None:
    waits = strain.waits.setdefault(f"{request.method} {request.url.path}", [])
    with httpx.Client(timeout=120) as client:
        while True:
            began = time.monotonic()
            try:
                status = client.send(request).status_code
            except httpx.HTTPError as error:
                status = 599
                strain.faults.append(f"{request.url.path}: {error!r}")
            waits.append(time.monotonic() - began)
            if 500 <= status < 599:
                strain.faults.append(f"{request.url.path}: status {status}")
            if over.wait(PAUSE):
                return


def _watch(server: Running, strain: Strain, over: threading.Event) -> None:
    while not over.wait(PAUSE):
        strain.now = _memory(server)
        strain.peak = max(strain.peak, strain.now)


def _memory(server: Running) -> int:
    """Resident bytes of a hub's process and of those that it started."""
    try:
        hub = psutil.Process(server.process.pid)
        processes = [hub, *hub.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    total = 0
    for process in processes:
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total

"""A server that SIGINT and SIGTERM stop, in a process that goes on to what comes at the end."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import uvicorn


@contextmanager
def stoppable(server: uvicorn.Server) -> Iterator[None]:
    """Has SIGINT and SIGTERM stop the server from here on, and the process outlive them.

    While it runs uvicorn takes these signals, and when it has stopped it sends them once more.
    In a thread other than the main one nothing is changed: it cannot take signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        server.should_exit = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

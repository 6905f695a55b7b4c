"""Serves one person's pages on loopback, until Ctrl-C."""

from __future__ import annotations

import errno
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from pairsmith.collecting.pages.served import Served
from pairsmith.collecting.solo.door import Door
from pairsmith.errors import CollectionError

if TYPE_CHECKING:
    import uvicorn

HOST = "127.0.0.1"
PATIENCE = 3
"""Seconds that answers under way are given when it is stopped."""


def serve(served: Served, port: int, ready: Callable[[str], None]) -> None:
    """Serves the pages until SIGINT or SIGTERM.

    Args:
        served: What they show.
        port: The port of 127.0.0.1; 0 for a free one.
        ready: Takes the link that lets a browser in, once it can be followed.

    Raises:
        CollectionError: The port cannot be had.
    """
    with listening(port) as listener:
        door = Door(listener.getsockname()[1])
        server = make_server(served, door)
        with _stoppable(server):
            ready(door.link)
            server.run([listener])


def make_server(served: Served, door: Door) -> uvicorn.Server:
    """What serves the pages at a socket that is given to it, until it is told to exit."""
    import uvicorn

    from pairsmith.collecting.solo.app import application

    return uvicorn.Server(
        uvicorn.Config(
            application(served, door),
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=PATIENCE,
        )
    )


@contextmanager
def listening(port: int) -> Iterator[socket.socket]:
    """A socket of loopback at a port; 0 for a free one.

    Raises:
        CollectionError: It cannot be had.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
            listener.listen()
        except (OSError, OverflowError) as error:
            taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
            said = "is in use" if taken else f"cannot be listened at: {error}"
            raise CollectionError(
                f"Port {port} of {HOST} {said}.", "Give another --port, or none for a free one."
            ) from None
        yield listener


@contextmanager
def _stoppable(server: uvicorn.Server) -> Iterator[None]:
    """Has SIGINT and SIGTERM stop the server, and the process go on to what comes at the end.

    While it runs uvicorn takes these signals, and when it has stopped it sends them once more.
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

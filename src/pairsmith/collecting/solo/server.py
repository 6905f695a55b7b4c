"""Serves one person's pages on loopback, until Ctrl-C."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pairsmith.collecting.live import Tell, log
from pairsmith.collecting.pages.served import Served
from pairsmith.collecting.solo.door import Door
from pairsmith.errors import CollectionError
from pairsmith.io.stopping import stoppable

if TYPE_CHECKING:
    import uvicorn

HOST = "127.0.0.1"
PATIENCE = 3
"""Seconds that answers under way are given when it is stopped."""


def serve(served: Served, port: int, ready: Callable[[str], None], tell: Tell) -> None:
    """Serves the pages until SIGINT or SIGTERM.

    Args:
        served: What they show.
        port: The port of 127.0.0.1; 0 for a free one.
        ready: Takes the link that lets a browser in, once it can be followed.
        tell: Takes what goes wrong with the collection's file.

    Raises:
        CollectionError: The port cannot be had.
    """
    with listening(port) as listener:
        door = Door(listener.getsockname()[1])
        server = make_server(served, door, tell)
        with stoppable(server):
            ready(door.link)
            server.run([listener])


def make_server(served: Served, door: Door, tell: Tell = log.warning) -> uvicorn.Server:
    """What serves the pages at a socket that is given to it, until it is told to exit."""
    import uvicorn

    from pairsmith.collecting.solo.app import application
    from pairsmith.collecting.solo.connections import few_connections

    return uvicorn.Server(
        uvicorn.Config(
            application(served, door, tell),
            http=few_connections(),
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

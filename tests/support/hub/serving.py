"""A hub behind a real server on a free port of this machine."""

from __future__ import annotations

import dataclasses
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from pairsmith.hub.app import application
from pairsmith.hub.context import Hub
from pairsmith.hub.http.connections import bounded_protocol


@contextmanager
def serving(hub: Hub) -> Iterator[str]:
    """Serves a hub; its address, which its settings have too."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        url = f"http://127.0.0.1:{door.getsockname()[1]}"
        hub.settings = dataclasses.replace(hub.settings, public_url=url)
        protocol = bounded_protocol(1 << 12)
        config = uvicorn.Config(application(hub), http=protocol, ws="none", log_level="warning")
        server = Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]})
        thread.start()
        try:
            assert server.ready.wait(30)
            yield url
        finally:
            server.should_exit = True
            thread.join()


class Server(uvicorn.Server):
    """One that tells when it takes calls."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

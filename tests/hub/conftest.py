"""A hub in a folder of its own, and calls to it without a network."""

from __future__ import annotations

import dataclasses
import socket
import threading
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.testclient import TestClient

from pairsmith.hub.app import application
from pairsmith.hub.auth import tokens, users
from pairsmith.hub.context import Hub, Settings
from support.hub.stage import Stage, staged


@pytest.fixture
def hub(tmp_path) -> Iterator[Hub]:
    made = Hub(tmp_path / "hub", Settings("http://testserver", key="a key of the tests"))
    yield made
    made.close()


@pytest.fixture
def client(hub) -> Iterator[TestClient]:
    with TestClient(application(hub), raise_server_exceptions=True) as made:
        yield made


@pytest.fixture
def account(hub):
    """Makes an account: its user and the header that shows whose it is."""

    def make(name: str, role: str = "write"):
        with hub.database.write() as db:
            user = users.add(db, name, name.title(), f"{name}@example.org", None)
            token = tokens.add(db, user, "test", role)
        return user, {"Authorization": f"Bearer {token}"}

    return make


class Server(uvicorn.Server):
    """One that tells when it takes calls."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


@pytest.fixture
def served(hub) -> Iterator[str]:
    """The hub behind a real server on a free port of this machine: its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        hub.settings = dataclasses.replace(hub.settings, public_url=url)
        server = Server(uvicorn.Config(application(hub), ws="none", log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            assert server.ready.wait(30)
            yield url
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def stage(tmp_path_factory) -> Iterator[Stage]:
    """A hub with something to hide; the tests of a module share it and leave it as it is."""
    made = Hub(tmp_path_factory.mktemp("hub"), Settings("http://testserver", key="k"))
    yield staged(made, application(made))
    made.close()

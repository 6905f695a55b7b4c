"""A hub behind a real server on loopback, for the stock client, which is no Python inside."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
import uvicorn

from pairsmith.hub import repos
from pairsmith.hub.app import application
from pairsmith.hub.place import Hub, Settings


@pytest.fixture
def served(tmp_path, monkeypatch) -> Iterator[Hub]:
    """A hub that answers at its public address."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_XET_CACHE", str(tmp_path / "home" / "xet"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        made = Hub(tmp_path / "served", Settings(address, key="a key of the tests"))
        config = uvicorn.Config(application(made), log_level="warning", ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield made
        server.should_exit = True
        thread.join()
        made.close()


@pytest.fixture
def repo():
    """Makes a repository of a user."""

    def make(hub: Hub, user, name: str = "pairs"):
        with hub.database.write() as db:
            return repos.create(db, user, name, private=False)

    return make

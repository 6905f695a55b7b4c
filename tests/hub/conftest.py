"""A hub in a folder of its own, and calls to it without a network."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from pairsmith.hub.accounts import tokens, users
from pairsmith.hub.app import application
from pairsmith.hub.place import Hub, Settings


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

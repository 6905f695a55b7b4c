"""A hub in a folder of its own, and calls to it without a network."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from pairsmith.hub.app import application
from pairsmith.hub.auth import tokens, users
from pairsmith.hub.context import Hub
from pairsmith.hub.core import database
from support.hub.opened import new_hub
from support.hub.serving import serving
from support.hub.shop import Browser
from support.hub.stage import Stage, staged


@pytest.fixture(scope="session", autouse=True)
def unsynced_database() -> Iterator[None]:
    """SQLite does not wait for the disk, as `unsynced` has `os.fsync` do for all tests."""
    connect = database._connect

    def unsynced(path):
        made = connect(path)
        made.execute("PRAGMA synchronous = OFF")
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "_connect", unsynced)
        yield


@pytest.fixture
def hub(tmp_path) -> Iterator[Hub]:
    made = new_hub(tmp_path / "hub")
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


@pytest.fixture
def served(hub) -> Iterator[str]:
    """The hub behind a real server on a free port of this machine: its address."""
    with serving(hub) as url:
        yield url


@pytest.fixture(scope="module")
def stage(tmp_path_factory) -> Iterator[Stage]:
    """A hub with something to hide; the tests of a module share it and leave it as it is."""
    made = new_hub(tmp_path_factory.mktemp("stage") / "hub")
    yield staged(made, application(made))
    made.close()


@pytest.fixture
def own_stage(tmp_path) -> Iterator[Stage]:
    """The same for one test, which may change it."""
    made = new_hub(tmp_path / "hub")
    yield staged(made, application(made))
    made.close()


@pytest.fixture
def person(hub):
    """Makes an account and its browser; some folders make people otherwise."""

    def make(name: str) -> Browser:
        with hub.database.write() as db:
            user = users.add(db, name, name.title(), f"{name}@example.org", None)
        return Browser(hub, user)

    return make


@pytest.fixture
def ann(person):
    """Ann, as the nearest fixture `person` makes people."""
    return person("ann")


@pytest.fixture
def bob(person):
    """Bob, in the same way."""
    return person("bob")

"""People at a hub: each with a browser and a token; and ann's datasets."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from pairsmith.hub.app import application
from pairsmith.hub.auth import sessions
from pairsmith.hub.repos import repos
from pairsmith.hub.repos.repos import Repo
from support.hub.browsers import Browser
from support.hub.gated import CARD, Inputs, Person
from support.hub.stock import commit_files


@pytest.fixture
def visitor(hub) -> Callable[[], TestClient]:
    """Makes browsers of nobody."""
    app = application(hub)

    def make() -> TestClient:
        return TestClient(app, follow_redirects=False, headers={"accept": "text/html"})

    return make


@pytest.fixture
def person(hub, account, visitor) -> Callable[..., Person]:
    def make(name: str, role: str = "write") -> Person:
        user, headers = account(name, role)
        client = visitor()
        with hub.database.write() as db:
            client.cookies.set(sessions.COOKIE, sessions.begin(db, user))
        return Person(user, Browser(client), headers)

    return make


@pytest.fixture
def dataset(hub, ann) -> Callable[..., Repo]:
    """Makes a dataset of ann's, with a card."""

    def make(gate: str = "manual", private: bool = False, card: bytes = CARD, name: str = "pets"):
        with hub.database.write() as db:
            repo = repos.create(db, ann.user, "dataset", name, private)
            repos.set_gate(db, repo, gate)
        commit_files(hub, repo, ann.user, {"README.md": card})
        with hub.database.read() as db:
            return repos.find(db, "dataset", "ann", name)

    return make


@pytest.fixture
def inputs() -> Callable[[str], Inputs]:
    return Inputs

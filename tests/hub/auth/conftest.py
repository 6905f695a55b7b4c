"""Browsers of several people, at one hub, and one of them who has an account."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest
from argon2 import PasswordHasher
from starlette.testclient import TestClient

from pairsmith.hub.app import application
from pairsmith.hub.auth import passwords, users
from pairsmith.hub.auth.limits import Limits
from support.hub.browsers import PASSWORD, Browser


@pytest.fixture
def quick(monkeypatch) -> Iterator[None]:
    """Hashes that take little work."""
    hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", hasher)
    passwords._nobodys.cache_clear()
    yield
    passwords._nobodys.cache_clear()


@pytest.fixture
def browser(hub, quick) -> Iterator[Callable[..., Browser]]:
    """Makes browsers, all of one server; the first one may say its limits."""
    with contextlib.ExitStack() as open_:
        apps = []

        def make(limits: Limits | None = None, address: str = "192.0.2.1") -> Browser:
            if not apps:
                apps.append(application(hub, limits))
            client = TestClient(
                apps[0],
                hub.settings.public_url,
                follow_redirects=False,
                client=(address, 40000),
                headers={"accept": "text/html"},
            )
            return Browser(open_.enter_context(client))

        yield make


@pytest.fixture
def ann(hub, quick) -> users.User:
    """An account with a password."""
    kept = passwords.hash_password(PASSWORD)
    with hub.database.write() as db:
        return users.add(db, "ann", "Ann", "ann@example.org", kept)

"""A hub that takes payments, people with browsers, and an offer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pairsmith.hub.auth import users
from pairsmith.hub.context import Hub, Settings
from pairsmith.hub.licensing import offers, orders
from pairsmith.hub.repos import repos
from support.hub.opened import KEY, new_hub
from support.hub.shop import RESEARCH, SECRET, Browser, Shop


@pytest.fixture
def hub(tmp_path) -> Iterator[Hub]:
    settings = Settings("http://testserver", stripe_secret=SECRET, key=KEY)
    made = new_hub(tmp_path / "hub", settings)
    yield made
    made.close()


@pytest.fixture
def browser(hub):
    """Makes an account and its browser; '' for nobody's."""

    def make(name: str, fullname: str = "") -> Browser:
        if not name:
            return Browser(hub)
        with hub.database.write() as db:
            made = users.add(db, name, fullname or name.title(), f"{name}@example.org", None)
        return Browser(hub, made)

    return make


@pytest.fixture
def shop(hub, browser) -> Shop:
    ann, bob = browser("ann"), browser("bob")
    with hub.database.write() as db:
        repo = repos.create(db, ann.user, "dataset", "pairs", False)
        repos.set_gate(db, repo, "manual")
        repo = repos.find(db, "dataset", "ann", "pairs")
        offer = offers.make(db, repo, RESEARCH)
        reference = orders.create(db, repo, offer, bob.user)
    return Shop(hub, ann, bob, repo, offer, reference)

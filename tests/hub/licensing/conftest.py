"""A hub that takes payments, people with browsers, and an offer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from starlette.testclient import TestClient

from pairsmith.hub.app import application
from pairsmith.hub.auth import sessions, users
from pairsmith.hub.context import Hub, Settings
from pairsmith.hub.licensing import offers, orders
from pairsmith.hub.licensing.offers import Draft
from pairsmith.hub.repos import repos
from support.hub import browsers
from support.hub.stripe_events import signed_event

SECRET = "whsec_of_the_tests"
RESEARCH = Draft(
    "Research",
    "You may *read* it.",
    "49 USD",
    "https://buy.stripe.com/test_abc?locale=de",
    "plink_research",
    "4900",
    "usd",
)


@pytest.fixture
def hub(tmp_path) -> Iterator[Hub]:
    settings = Settings("http://testserver", stripe_secret=SECRET, key="a key of the tests")
    made = Hub(tmp_path / "hub", settings)
    yield made
    made.close()


class Browser(browsers.Browser):
    """Someone at the hub's pages, signed in or not."""

    def __init__(self, hub: Hub, user=None) -> None:
        super().__init__(TestClient(application(hub), follow_redirects=False))
        self.user = user
        self.client.headers["accept"] = "text/html"
        if user is not None:
            with hub.database.write() as db:
                self.cookies.set(sessions.COOKIE, sessions.begin(db, user))

    def send(self, path: str, **fields: str):
        """A form, with the hidden field of a page that this browser loaded."""
        page = "/settings/profile" if self.user else "/login"
        return super().send(path, page=page, **fields)


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


class Shop(NamedTuple):
    """Ann's gated dataset with an offer, and Bob who ordered it."""

    hub: Hub
    ann: Browser
    bob: Browser
    repo: repos.Repo
    offer: offers.Offer
    reference: str

    def deliver(self, type: str, object: dict, **how):
        """Sends an event as Stripe does."""
        body, headers = signed_event(SECRET, type, object, **how)
        return self.ann.client.post("/stripe/webhook", content=body, headers=headers)

    def said(self, type: str, object: dict, **how) -> str:
        """What became of an event that was taken."""
        answer = self.deliver(type, object, **how)
        assert answer.status_code == 200, answer.text
        return answer.json()["outcome"]

    def rows(self, query: str, *values):
        """What the database holds."""
        with self.hub.database.read() as db:
            return [tuple(row) for row in db.execute(query, values).fetchall()]

    @property
    def licences(self):
        """Every licence: its user, checkout and whether it holds."""
        return self.rows("SELECT user, checkout, revoked IS NULL FROM licences ORDER BY rowid")


@pytest.fixture
def shop(hub, browser) -> Shop:
    ann, bob = browser("ann"), browser("bob")
    with hub.database.write() as db:
        repo = repos.create(db, ann.user, "pairs", False)
        repos.set_gate(db, repo, "manual")
        repo = repos.find(db, "ann", "pairs")
        offer = offers.make(db, repo, RESEARCH)
        reference = orders.place(db, offer, bob.user)
    return Shop(hub, ann, bob, repo, offer, reference)

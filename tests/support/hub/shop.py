"""Ann's shop: a gated dataset with an offer of a licence, and what its owner set up."""

from __future__ import annotations

from typing import NamedTuple

from starlette.testclient import TestClient

from pairsmith.hub.app import application
from pairsmith.hub.auth import sessions
from pairsmith.hub.context import Hub, Settings
from pairsmith.hub.licensing import licences, offers
from pairsmith.hub.licensing.offers import Draft
from pairsmith.hub.repos import repos
from pairsmith.hub.repos.rendering import Rendering
from pairsmith.hub.web.render import environment
from support.hub import browsers
from support.hub.stripe_events import signed_event

SECRET = "whsec_of_the_tests"
RESEARCH = Draft(
    "Research",
    "You may *read* it.",
    "49 USD",
    "https://buy.stripe.com/test_abc?locale=de",
    "plink_research",
    "49.00",
    "USD",
)
SETTINGS = "/datasets/ann/pairs/settings/licences"


def granted(shop, browser, by="ann"):
    with shop.hub.database.write() as db:
        return licences.grant(db, shop.repo, shop.offer, browser.user, by)


def shown(shop, user=None, active=None, secret="whsec_x"):
    """The offers as the page of the repository shows them."""
    with shop.hub.database.read() as db:
        made = offers.active(db, shop.repo)
    more = {} if active is None else {"active_licences": active}
    return (
        environment()
        .get_template("_offers.html.jinja")
        .render(
            offers=made,
            repo=shop.repo,
            user=user,
            owns=user is not None and user.id == shop.repo.owner_id,
            csrf="",
            settings=Settings("http://testserver", stripe_secret=secret),
            rendered=Rendering(shop.hub),
            **more,
        )
    )


def owner_forms(shop, number):
    """Every address for its owner: its path, and a form where it takes one."""
    draft = RESEARCH._replace(name="Other")._asdict()
    return [
        (SETTINGS, None),
        (f"{SETTINGS}.csv", None),
        (f"{SETTINGS}/offers/{shop.offer.id}", None),
        (SETTINGS, draft),
        (f"{SETTINGS}/offers/{shop.offer.id}", draft),
        (f"{SETTINGS}/offers/{shop.offer.id}/active", {"active": "no"}),
        (f"{SETTINGS}/grant", {"user": "eve", "offer": str(shop.offer.id)}),
        (f"{SETTINGS}/revoke/{number}", {"reason": "No"}),
    ]


def kept(shop):
    return [shop.rows(f"SELECT * FROM {table}") for table in ("offers", "licences", "events")]


class Browser(browsers.Browser):
    """Someone at the hub's pages, signed in or not."""

    def __init__(self, hub: Hub, user=None) -> None:
        super().__init__(TestClient(application(hub), follow_redirects=False))
        self.user = user
        self.client.headers["accept"] = "text/html"
        if user is not None:
            with hub.database.write() as db:
                self.cookies.set(sessions.COOKIE, sessions.begin(db, user))

    def send(self, path: str, page: str | None = None, **fields: str):
        """A form, with the hidden field of a page that this browser loaded."""
        page = page or ("/settings/profile" if self.user else "/login")
        return super().send(path, page=page, **fields)


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
    def agreed(self):
        """What the page of the terms sends, once its box is ticked."""
        return {"offered": self.offer.words.mark, "agree": "yes"}

    @property
    def happened(self):
        """Who did what about whom, and more, since bob agreed to the terms."""
        return self.rows(
            "SELECT actor, user, action, detail FROM events WHERE action <> 'terms accepted'"
        )

    @property
    def licences(self):
        """Every licence: its user, checkout and whether it holds."""
        return self.rows("SELECT user, checkout, revoked IS NULL FROM licences ORDER BY rowid")

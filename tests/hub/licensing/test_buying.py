"""Who buys a licence, and what the page of a dataset offers."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from pairsmith.hub.auth import tokens
from pairsmith.hub.context import Hub, Settings
from pairsmith.hub.licensing import offers, orders
from pairsmith.hub.repos import repos
from support.hub.shop import RESEARCH, Browser, granted, owner_forms, shown
from support.hub.stripe_events import session


def test_buying_leads_to_the_payment_link_with_a_reference(shop):
    answer = shop.bob.send(f"/datasets/ann/pairs/buy/{shop.offer.id}", **shop.agreed)
    assert answer.status_code == 303
    url = urlsplit(answer.headers["location"])
    assert (url.scheme, url.netloc, url.path) == ("https", "buy.stripe.com", "/test_abc")
    assert parse_qs(url.query) == {"locale": ["de"], "client_reference_id": [shop.reference]}
    assert re.fullmatch(r"[A-Za-z0-9_-]{32,200}", shop.reference)
    assert shop.said("checkout.session.completed", session(shop.reference)).startswith("granted ")
    again = shop.bob.send(f"/datasets/ann/pairs/buy/{shop.offer.id}")
    assert again.status_code == 409
    assert "You hold this licence already: PS-" in again.text


def test_the_payment_links_own_reference_gives_way(shop):
    url = "https://buy.stripe.com/x?client_reference_id=theirs&prefilled_promo_code=a%26b&c="
    assert orders.checkout_url(shop.offer._replace(url=url), "ours") == (
        "https://buy.stripe.com/x?prefilled_promo_code=a%26b&c=&client_reference_id=ours"
    )


def test_a_token_that_only_reads_buys_nothing(shop):
    with shop.hub.database.write() as db:
        token = tokens.add(db, shop.bob.user, "reads", "read")
    shop.bob.client.headers["authorization"] = f"Bearer {token}"
    assert shop.bob.send(f"/datasets/ann/pairs/buy/{shop.offer.id}").status_code == 403


def test_buying_wants_the_pages_hidden_field(shop):
    where = f"/datasets/ann/pairs/buy/{shop.offer.id}"
    before = shop.rows("SELECT * FROM orders")
    assert shop.bob.client.post(where).status_code == 403
    assert shop.bob.send(where, csrf="made-up").status_code == 403
    nobody = Browser(shop.hub).send(where)
    assert nobody.status_code == 303
    assert nobody.headers["location"] == "/login?next=%2Fdatasets%2Fann%2Fpairs"
    assert shop.rows("SELECT * FROM orders") == before


@pytest.mark.parametrize("number", ["0", "99", "-1", "1.0", "x", "9" * 400, "%2F", "1%00", "١"])
def test_an_offer_that_is_not_there_is_not_bought(shop, number):
    assert shop.bob.send(f"/datasets/ann/pairs/buy/{number}").status_code in (400, 404)


def test_an_offer_of_another_repository_is_not_bought_here(shop):
    with shop.hub.database.write() as db:
        repos.create(db, shop.ann.user, "dataset", "other", False)
    assert shop.bob.send(f"/datasets/ann/other/buy/{shop.offer.id}").status_code == 404


def test_a_private_repositorys_offer_is_as_none(shop, browser):
    with shop.hub.database.write() as db:
        repos.set_private(db, shop.repo, True)
    number = granted(shop, browser("eve")).number
    for who, status in ((shop.bob, 404), (browser(""), 303)):
        for path, form in [
            (f"/datasets/ann/pairs/buy/{shop.offer.id}", {}),
            *owner_forms(shop, number),
        ]:
            there = who.get(path) if form is None else who.send(path, **form)
            path = path.replace("pairs", "none")
            none = who.get(path) if form is None else who.send(path, **form)
            assert there.status_code == none.status_code == status, path
            assert there.text == none.text
            moved = there.headers.get("location", "").replace("pairs", "none")
            assert moved == none.headers.get("location", "")


def test_an_offer_that_is_retired_or_granted_by_hand_is_not_bought(shop, tmp_path):
    where = f"/datasets/ann/pairs/buy/{shop.offer.id}"
    with shop.hub.database.write() as db:
        offers.set_active(db, shop.offer, False)
    assert shop.bob.send(where).status_code == 409
    with shop.hub.database.write() as db:
        offers.set_active(db, shop.offer, True)
        offers.change(db, shop.repo, shop.offer, RESEARCH._replace(url=""))
    answer = shop.bob.send(where)
    assert answer.status_code == 409
    assert "ann grants this licence by hand" in answer.text


def test_without_stripe_nothing_is_bought(shop):
    hub = Hub(shop.hub.root, Settings("http://testserver", key="k"))
    bob = Browser(hub, shop.bob.user)
    assert bob.send(f"/datasets/ann/pairs/buy/{shop.offer.id}").status_code == 409
    hub.close()


def test_the_repositorys_page_lists_offers_with_what_one_can_do(shop):
    assert f'href="/datasets/ann/pairs/buy/{shop.offer.id}"' in shown(shop, shop.bob.user)
    assert "<em>read</em>" in shown(shop)
    nobody = shown(shop)
    assert 'href="/login?next=%2Fdatasets%2Fann%2Fpairs"' in nobody
    assert "<form" not in nobody
    by_hand = shown(shop, shop.bob.user, secret="")
    assert "grants this licence by hand" in by_hand
    assert "<form" not in by_hand
    held = shown(shop, shop.bob.user, {shop.offer.id: "PS-1"})
    assert 'href="/licences/PS-1"' in held
    assert "<form" not in held
    with shop.hub.database.write() as db:
        offers.set_active(db, shop.offer, False)
    assert shown(shop).strip() == ""


@pytest.mark.parametrize("gate", ["manual", "off"])
@pytest.mark.parametrize(
    ("status", "said"),
    [("rejected", "request for access was rejected"), ("revoked", "access was revoked")],
)
def test_nothing_is_sold_to_whom_the_owner_turned_away(shop, status, said, gate):
    where = f"/datasets/ann/pairs/buy/{shop.offer.id}"
    with shop.hub.database.write() as db:
        db.execute(
            "INSERT INTO requests (repo, user, status, fields, asked) VALUES (?, ?, ?, '{}', 1)",
            (shop.repo.id, shop.bob.user.id, status),
        )
        repos.set_gate(db, shop.repo, gate)
    page = shop.bob.get("/datasets/ann/pairs").text
    assert said in page
    assert "ann can let you in" in page
    assert "/buy/" not in page
    answer = shop.bob.send(where)
    assert (answer.status_code, said in answer.text) == (403, True)
    # who set out to buy before is not let in by a payment that comes now; its owner is told
    paid = shop.said("checkout.session.completed", session(shop.reference))
    assert paid.startswith("turned away: the buyer's")
    assert shop.licences == []
    assert "the buyer&#39;s" in shop.ann.get("/datasets/ann/pairs/settings/licences").text
    with shop.hub.database.write() as db:
        db.execute("UPDATE requests SET status = 'accepted'")
    assert "/buy/" in shop.bob.get("/datasets/ann/pairs").text
    assert shop.said("checkout.session.completed", session(shop.reference)).startswith("granted ")


def test_who_lost_a_licence_by_hand_buys_none_and_who_got_the_money_back_may(shop):
    first = granted(shop, shop.bob).number
    shop.ann.send(f"/datasets/ann/pairs/settings/licences/revoke/{first}", reason="Shared it")
    assert "access was revoked" in shop.bob.get("/datasets/ann/pairs").text
    assert shop.bob.send(f"/datasets/ann/pairs/buy/{shop.offer.id}").status_code == 403
    granted(shop, shop.bob)
    assert "You hold this licence" in shop.bob.get("/datasets/ann/pairs").text
    with shop.hub.database.write() as db:
        db.execute("DELETE FROM licences")
    paid = session(shop.reference)
    assert shop.said("checkout.session.completed", paid).startswith("granted ")
    back = {"object": "charge", "payment_intent": paid["payment_intent"], "refunded": True}
    assert shop.said("charge.refunded", back).startswith("revoked ")
    assert "/buy/" in shop.bob.get("/datasets/ann/pairs").text

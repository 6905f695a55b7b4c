"""Who reads a licence, and in which words."""

from __future__ import annotations

import re

from pairsmith.hub.licensing import offers
from pairsmith.hub.repos import repos
from support.hub.shop import RESEARCH, granted


def test_the_buyer_reads_the_licence_in_the_words_it_was_granted_with(shop):
    licence = granted(shop, shop.bob)
    with shop.hub.database.write() as db:
        offers.change(db, shop.repo, shop.offer, RESEARCH._replace(text="Other", price="1 EUR"))
    assert re.fullmatch(r"PS-20\d\d-[2-9A-HJKMNP-Z]{4}-[2-9A-HJKMNP-Z]{4}", licence.number)
    for who in (shop.bob, shop.ann):
        page = who.get(f"/licences/{licence.number}")
        assert page.status_code == 200
        for word in (
            licence.number,
            "Bob (bob), bob@example.org",
            "Ann (ann)",
            "http://testserver/datasets/ann/pairs",
            "<em>read</em>",
            "49 USD",
            "is valid",
        ):
            assert word in page.text
    mine = shop.bob.get("/settings/licences").text
    assert f'href="/licences/{licence.number}"' in mine
    assert "load this page again" in mine
    assert licence.number not in shop.ann.get("/settings/licences").text


def test_anothers_licence_is_as_none(shop, browser):
    licence = granted(shop, shop.bob)
    eve = browser("eve")
    theirs, none = eve.get(f"/licences/{licence.number}"), eve.get("/licences/PS-2026-AAAA-AAAA")
    assert theirs.status_code == none.status_code == 404
    assert theirs.text == none.text
    nobody = browser("").get(f"/licences/{licence.number}")
    assert nobody.status_code == 303
    assert nobody.headers["location"] == f"/login?next=%2Flicences%2F{licence.number}"
    assert browser("").get("/licences/none").status_code == 303
    assert browser("").get("/settings/licences").status_code == 303


def test_the_owner_of_another_repository_does_not_touch_a_licence(shop, browser):
    licence = granted(shop, shop.bob)
    eve = browser("eve")
    with shop.hub.database.write() as db:
        repos.create(db, eve.user, "dataset", "own", False)
    where = f"/datasets/eve/own/settings/licences/revoke/{licence.number}"
    assert eve.send(where, reason="mine").status_code == 404
    assert shop.licences[0][2] == 1

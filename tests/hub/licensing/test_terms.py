"""Terms that are agreed to before paying, seats that are exchanged, licences that end."""

from __future__ import annotations

import hashlib
import time

import pytest

from pairsmith.hub import permissions
from pairsmith.hub.core.database import now
from pairsmith.hub.licensing import expiry, licences, offers
from support.hub.shop import RESEARCH, SETTINGS, Browser
from support.hub.stripe_events import session

DAY = 24 * 3600
COMPLETED = "checkout.session.completed"


def change(shop, **fields: str):
    """The offer in other words."""
    with shop.hub.database.write() as db:
        return offers.change(db, shop.repo, shop.offer, RESEARCH._replace(**fields))


def reads(shop, one: Browser) -> bool:
    with shop.hub.database.read() as db:
        return permissions.standing(db, shop.repo, one.user).reads


def test_nothing_is_sold_before_the_terms_are_agreed_to(shop, browser):
    eve, where = browser("eve"), f"/datasets/ann/pairs/buy/{shop.offer.id}"
    page = eve.get(where).text
    assert "<em>read</em>" in page
    assert "for one account" in page
    assert "USD 49.00" in page
    refused = eve.send(where, offered=shop.offer.words.mark)
    assert (refused.status_code, "Tick that you agree" in refused.text) == (400, True)
    new = change(shop, text="You may *not*.")
    old = eve.send(where, **shop.agreed)
    assert (old.status_code, "was changed since" in old.text) == (409, True)
    assert "<em>not</em>" in old.text
    accepted = "SELECT count(*) FROM events WHERE action = 'terms accepted' AND user = 'eve'"
    assert shop.rows(accepted) == [(0,)]
    for _ in range(2):
        assert eve.send(where, offered=new.words.mark, agree="yes").status_code == 303
    assert shop.rows(accepted) == [(1,)], "once, however often the button is pressed"
    digest = hashlib.sha256(b"You may *not*.").hexdigest()
    assert digest in shop.ann.get("/datasets/ann/pairs/settings/record.csv").text


def test_a_licence_has_the_words_that_were_agreed_to_whatever_the_offer_says_by_then(shop):
    before = now()
    change(shop, name="Another", text="Other terms.", price="1 USD", seats="9")
    assert shop.said(COMPLETED, session(shop.reference)).startswith("granted ")
    [(number, name, text, price, seats, accepted)] = shop.rows(
        "SELECT number, name, text, price, seats, accepted FROM licences"
    )
    assert (name, text, price, seats) == (*RESEARCH[:3], 1)
    assert before - 60 <= accepted <= now()
    for who in (shop.bob, shop.ann):
        page = who.get(f"/licences/{number}").text
        assert "Terms accepted" in page
        assert hashlib.sha256(RESEARCH.text.encode()).hexdigest() in page
    table = shop.ann.get(f"{SETTINGS}.csv").text
    assert "terms accepted" in table
    assert hashlib.sha256(RESEARCH.text.encode()).hexdigest() in table


def test_the_licensee_names_who_reads_and_exchanges_them(shop, browser):
    with shop.hub.database.write() as db:
        offer = offers.make(db, shop.repo, offers.Draft("Team", "T", "9", seats="2"))
        number = licences.grant(db, shop.repo, offer, shop.bob.user, "ann").number
    eve, fay, where = browser("eve"), browser("fay"), f"/licences/{number}/seats"
    assert "1 of 2 seats" in shop.bob.get(f"/licences/{number}").text
    assert reads(shop, shop.bob)
    assert not reads(shop, eve)
    assert shop.bob.send(where, user="EVE").status_code == 303
    assert reads(shop, eve)
    assert "ann/pairs" in eve.get("/settings/licences").text
    assert eve.get(f"/licences/{number}").status_code == 404, "it has bob's address on it"
    assert shop.bob.send(where, user="eve").status_code == 409
    assert shop.bob.send(where, user="fay").status_code == 409, "all are taken"
    assert shop.bob.send(where, user="nobody-here").status_code == 400
    for other, status in ((eve, 404), (fay, 404), (shop.ann, 403)):
        assert other.send(where, user="fay").status_code == status
        assert other.send(where, user="eve", free="yes").status_code == status
    assert shop.bob.send(where, user="bob", free="yes").status_code == 303, "not even for himself"
    assert shop.bob.send(where, user="bob", free="yes").status_code == 404
    assert shop.bob.send(where, user="fay").status_code == 303
    assert [reads(shop, one) for one in (shop.bob, eve, fay)] == [False, True, True]
    assert "eve, fay" in shop.ann.get(SETTINGS).text
    assert shop.rows("SELECT actor, user, action FROM events WHERE action LIKE 'seat%'") == [
        ("bob", "eve", "seat given"),
        ("bob", "bob", "seat freed"),
        ("bob", "fay", "seat given"),
    ]
    shop.ann.send(f"{SETTINGS}/revoke/{number}", reason="Passed on")
    assert not any(reads(shop, one) for one in (shop.bob, eve, fay))
    assert shop.bob.send(where, user="fay", free="yes").status_code == 303
    assert shop.bob.send(where, user="bob").status_code == 409, "it does not hold"


def test_a_licence_for_one_stays_with_it_and_whom_the_owner_turned_away_gets_no_seat(shop, browser):
    eve = browser("eve")
    with shop.hub.database.write() as db:
        one = licences.grant(db, shop.repo, shop.offer, shop.bob.user, "ann").number
        offer = offers.make(db, shop.repo, offers.Draft("Team", "T", "9", seats="2"))
        team = licences.grant(db, shop.repo, offer, shop.bob.user, "ann").number
        db.execute(
            "INSERT INTO requests (repo, user, status, fields, asked) VALUES (?, ?, ?, '{}', 1)",
            (shop.repo.id, eve.user.id, "rejected"),
        )
    assert shop.bob.send(f"/licences/{one}/seats", user="bob", free="yes").status_code == 409
    assert shop.bob.send(f"/licences/{one}/seats", user="eve").status_code == 409
    refused = shop.bob.send(f"/licences/{team}/seats", user="eve")
    assert (refused.status_code, "rejected" in refused.text) == (403, False)
    assert not reads(shop, eve)


def test_a_licence_that_is_over_is_read_by_no_more_and_can_be_bought_again(shop):
    with shop.hub.database.write() as db:
        offer = offers.change(db, shop.repo, shop.offer, RESEARCH._replace(days="30"))
        number = licences.grant(db, shop.repo, offer, shop.bob.user, "ann").number
    assert reads(shop, shop.bob)
    [(granted, ends)] = shop.rows("SELECT granted, ends FROM licences")
    assert ends == granted + 30 * DAY
    where = f"/datasets/ann/pairs/buy/{shop.offer.id}"
    assert shop.bob.get(where).status_code == 409
    with shop.hub.database.write() as db:
        db.execute("UPDATE licences SET ends = ?", (now(),))
    assert not reads(shop, shop.bob)
    for who in (shop.bob, shop.ann):
        page = who.get(f"/licences/{number}").text
        assert "This licence is over" in page
    assert ">over</span>" in shop.bob.get("/settings/licences").text
    assert "30 days from when it is granted" in shop.bob.get(where).text


def test_an_offer_until_a_day_ends_with_it_for_all(shop):
    last = time.strftime("%Y-%m-%d", time.gmtime(now() + 3 * DAY))
    assert shop.ann.send(SETTINGS, **RESEARCH._replace(name="B", until=last)._asdict()).is_redirect
    [(number, until)] = shop.rows("SELECT id, until FROM offers WHERE name = 'B'")
    assert until % DAY == 0
    assert 3 * DAY < until - now() <= 4 * DAY, "that day included"
    assert f'value="{last}"' in shop.ann.get(f"{SETTINGS}/offers/{number}").text
    assert f"until {last}" in shop.bob.get(f"/datasets/ann/pairs/buy/{number}").text
    with shop.hub.database.write() as db:
        db.execute("UPDATE offers SET until = ?", (now(),))
    over = shop.bob.get(f"/datasets/ann/pairs/buy/{number}")
    assert (over.status_code, "is over" in over.text) == (409, True)
    by_hand = shop.ann.send(f"{SETTINGS}/grant", user="bob", offer=str(number))
    assert by_hand.status_code == 409


BAD = {
    "no account": {"seats": "0"},
    "too many": {"seats": "1001"},
    "a part of one": {"seats": "1.5"},
    "other digits": {"seats": "٣"},
    "no day": {"days": "0"},
    "days for ever": {"days": "99999"},
    "yesterday": {"until": "2020-01-01"},
    "no date": {"until": "2027-02-30"},
    "both": {"days": "1", "until": "2999-01-01"},
}


@pytest.mark.parametrize("wrong", BAD.values(), ids=BAD)
def test_an_extent_that_cannot_be_is_refused(shop, wrong):
    answer = shop.ann.send(SETTINGS, **RESEARCH._replace(name="B", **wrong)._asdict())
    assert (answer.status_code, 'role="alert"' in answer.text) == (400, True)
    assert len(shop.rows("SELECT 1 FROM offers")) == 1


def test_whoever_reads_by_a_licence_is_told_once_before_it_ends(shop, browser):
    eve, hub = browser("eve"), shop.hub
    with hub.database.write() as db:
        offer = offers.make(db, shop.repo, offers.Draft("T", "T", "9", seats="2", days="100"))
        number = licences.grant(db, shop.repo, offer, shop.bob.user, "ann").number
    shop.bob.send(f"/licences/{number}/seats", user="eve")
    assert expiry.tell(hub) == 0
    with hub.database.write() as db:
        db.execute("UPDATE licences SET granted = granted - ?1, ends = ends - ?1", (90 * DAY,))
    assert "ends soon" in shop.bob.get("/settings/licences").text
    assert [expiry.tell(hub), expiry.tell(hub)] == [1, 0]
    said = f"The licence {number} of ann/pairs ends after"
    assert [person.get("/notifications").text.count(f">{said}") for person in (shop.bob, eve)] == [
        1,
        1,
    ]
    assert said not in shop.ann.get("/notifications").text
    with hub.database.write() as db:
        licences.revoke(db, licences.readable(db, shop.bob.user, number), "ann", "Over.")
    assert "in which you have a seat was revoked" in eve.get("/notifications").text

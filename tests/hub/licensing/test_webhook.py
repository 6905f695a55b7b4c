"""Events from Stripe: the right ones grant and revoke, no other does anything."""

from __future__ import annotations

import json
import logging
import threading
import time

import pytest
from starlette.testclient import TestClient

from pairsmith.hub import permissions
from pairsmith.hub.app import application
from pairsmith.hub.context import Hub, Settings
from pairsmith.hub.licensing import offers, orders, payments
from pairsmith.hub.licensing.webhook import LIMIT
from pairsmith.hub.repos import repos
from support.hub.shop import RESEARCH, SECRET
from support.hub.stripe_events import charge, dispute, session, signed_body, signed_event

COMPLETED = "checkout.session.completed"
LATER = "checkout.session.async_payment_succeeded"
REFUNDED = "charge.refunded"


def standing(shop):
    with shop.hub.database.read() as db:
        return permissions.standing(db, shop.repo, shop.bob.user)


@pytest.mark.parametrize("type", [COMPLETED, LATER])
@pytest.mark.parametrize("case", ["usd", "USD"])
def test_a_paid_checkout_grants(shop, type, case):
    assert standing(shop) is permissions.Standing.STRANGER
    said = shop.said(type, session(shop.reference, currency=case), id="evt_a")
    [(number, user, payment)] = shop.rows("SELECT number, user, payment FROM licences")
    assert said == f"granted {number}"
    assert (user, payment) == (shop.bob.user.id, "pi_1")
    assert standing(shop) is permissions.Standing.LICENSED
    assert shop.rows("SELECT id, type, outcome FROM payment_events") == [("evt_a", type, said)]
    [(*who, detail)] = shop.happened
    assert who == ["stripe", "bob", "licence granted"]
    assert json.loads(detail) == {
        "number": number, "offer": "Research", "checkout": "cs_test_1", "payment": "pi_1",
        "terms": offers.digest(RESEARCH.text),
    }  # fmt: skip


def test_a_checkout_that_cost_nothing_grants(shop):
    with shop.hub.database.write() as db:
        offers.change(db, shop.repo, shop.offer, RESEARCH._replace(amount="0"))
    free = session(
        shop.reference, payment_status="no_payment_required", amount_total=0, payment_intent=None
    )
    assert shop.said(COMPLETED, free).startswith("granted ")
    assert shop.rows("SELECT payment FROM licences") == [(None,)]


WRONG = {
    "amount": {"amount_total": 4899},
    "more than the amount": {"amount_total": 490000},
    "no amount": {"amount_total": None},
    "an amount that is a text": {"amount_total": "4900"},
    "an amount with a point": {"amount_total": 4900.0},
    "currency": {"currency": "jpy"},
    "no currency": {"currency": None},
    "link": {"payment_link": "plink_cheap"},
    "no link": {"payment_link": None},
    "a link that is an object": {"payment_link": {"id": "plink_research"}},
    "status": {"payment_status": "refunded"},
    "no status": {"payment_status": None},
    "subscription": {"mode": "subscription"},
    "no id": {"id": None},
    "an endless id": {"id": "cs_" + "x" * 300},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_a_checkout_that_is_not_the_offers_grants_nothing(shop, wrong):
    assert shop.said(COMPLETED, session(shop.reference, **wrong)).startswith("turned away: ")
    assert shop.licences == []
    assert [one[1:3] for one in shop.happened] == [("bob", "payment turned away")]
    assert shop.said(COMPLETED, session(shop.reference)).startswith("granted "), "the right one"


@pytest.mark.parametrize("reference", ["nobody-ordered-this", "", None, 7, ["x"], "x" * 5000])
def test_a_reference_of_no_order_grants_nothing(shop, reference):
    said = shop.said(COMPLETED, session(reference))
    assert said == "turned away: its client_reference_id is of no order here"
    assert shop.licences == []
    assert shop.happened == []


def test_a_checkout_that_is_not_paid_yet_waits_for_its_payment(shop):
    assert shop.said(COMPLETED, session(shop.reference, payment_status="unpaid")) == (
        "waiting: cs_test_1 is not paid yet"
    )
    assert shop.licences == []
    assert shop.happened == []
    assert shop.said(LATER, session(shop.reference)).startswith("granted ")


def test_paying_for_the_cheap_offer_does_not_buy_the_dear_one(shop):
    with shop.hub.database.write() as db:
        cheap = RESEARCH._replace(name="Cheap", link="plink_cheap", amount="1")
        offers.make(db, shop.repo, cheap)
    paid = session(shop.reference, payment_link="plink_cheap", amount_total=1)
    assert shop.said(COMPLETED, paid).startswith("turned away: its payment_link is 'plink_cheap'")
    assert shop.licences == []


def test_an_offer_that_is_granted_by_hand_is_not_bought_without_a_link(shop):
    with shop.hub.database.write() as db:
        offers.change(db, shop.repo, shop.offer, offers.Draft("Research", "Text", "49 USD"))
    free = session(shop.reference, payment_link=None, amount_total=0, currency="")
    assert shop.said(COMPLETED, free).startswith("turned away: its payment_link is None")
    assert shop.licences == []


def test_what_is_delivered_again_grants_once(shop):
    first = shop.said(COMPLETED, session(shop.reference), id="evt_a")
    assert shop.said(COMPLETED, session(shop.reference), id="evt_a") == first
    other = shop.said(LATER, session(shop.reference), id="evt_b")
    assert other.startswith("nothing to do: cs_test_1 made ")
    assert len(shop.licences) == 1
    assert len(shop.happened) == 1
    assert shop.rows("SELECT outcome FROM payment_events WHERE id = 'evt_a'") == [(first,)]


@pytest.mark.parametrize("same", [True, False], ids=["one event", "many events"])
def test_what_is_delivered_at_the_same_time_grants_once(shop, same):
    together = threading.Barrier(8)
    said = []

    def deliver(i):
        id = "evt_a" if same else f"evt_{i}"
        body, headers = signed_event(SECRET, COMPLETED, session(shop.reference), id=id)
        with TestClient(application(shop.hub)) as client:
            together.wait()
            answer = client.post("/stripe/webhook", content=body, headers=headers)
        said.append(answer.json()["outcome"])

    threads = [threading.Thread(target=deliver, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(shop.licences) == 1
    assert sum(outcome.startswith("granted ") for outcome in said) == (8 if same else 1)
    assert len(said) == 8


def test_every_paid_checkout_of_an_order_is_a_licence_and_its_refund_ends_that_one(shop):
    shop.said(COMPLETED, session(shop.reference))
    shop.said(COMPLETED, session(shop.reference, id="cs_test_2", payment_intent="pi_2"))
    unpaid = session(shop.reference, id="cs_test_3", payment_status="unpaid")
    assert shop.said(COMPLETED, unpaid).startswith("waiting: ")
    bob = shop.bob.user.id
    assert shop.licences == [(bob, "cs_test_1", 1), (bob, "cs_test_2", 1)]
    shop.said(REFUNDED, charge("pi_1"))
    assert shop.licences == [(bob, "cs_test_1", 0), (bob, "cs_test_2", 1)]
    assert standing(shop) is permissions.Standing.LICENSED, "the second payment still stands"


RETURNS = [
    (REFUNDED, charge("pi_1"), "refunded"),
    ("charge.dispute.created", dispute("pi_1"), "disputed"),
    ("charge.dispute.funds_withdrawn", dispute("pi_1"), "disputed"),
]


@pytest.mark.parametrize(("type", "object", "word"), RETURNS, ids=[r[0] for r in RETURNS])
def test_money_that_goes_back_revokes(shop, type, object, word):
    number = shop.said(COMPLETED, session(shop.reference)).removeprefix("granted ")
    assert shop.said(type, object, id="evt_back") == f"revoked {number}"
    assert standing(shop) is permissions.Standing.STRANGER
    assert shop.rows("SELECT reason FROM licences") == [(f"The payment was {word}.",)]
    assert shop.happened[-1][:3] == ("stripe", "bob", "licence revoked")
    assert json.loads(shop.happened[-1][3])["number"] == number
    # whatever comes again, in whatever order, it stays revoked and is recorded once
    assert shop.said(type, object, id="evt_back") == f"revoked {number}"
    assert shop.said(type, object).startswith("nothing to do: ")
    assert shop.said(COMPLETED, session(shop.reference)).startswith("nothing to do: ")
    assert standing(shop) is permissions.Standing.STRANGER
    assert len(shop.happened) == 2


@pytest.mark.parametrize(("type", "object", "word"), RETURNS, ids=[r[0] for r in RETURNS])
def test_money_that_went_back_before_its_checkout_was_heard_of_grants_nothing(
    shop, type, object, word
):
    assert shop.said(type, object) == "nothing to do: no licence that holds came of pi_1"
    said = shop.said(COMPLETED, session(shop.reference))
    assert said == f"turned away: its payment was {word} before"
    assert shop.said(LATER, session(shop.reference)) == said
    assert shop.licences == []


def test_a_part_that_is_refunded_revokes_nothing_until_all_is(shop):
    part = charge("pi_1", amount_refunded=100, refunded=False)
    before = shop.said(REFUNDED, part)
    assert before == "nothing to do: 100 of 4900 was refunded, the licence holds"
    assert shop.said(COMPLETED, session(shop.reference)).startswith("granted ")
    shop.said(REFUNDED, part)
    assert standing(shop) is permissions.Standing.LICENSED
    assert shop.said(REFUNDED, charge("pi_1")).startswith("revoked ")


@pytest.mark.parametrize("payment", ["pi_of_another_shop", None, ""])
def test_a_refund_of_another_payment_revokes_nothing(shop, payment):
    shop.said(COMPLETED, session(shop.reference))
    assert shop.said(REFUNDED, charge(payment)).startswith("nothing to do: ")
    assert standing(shop) is permissions.Standing.LICENSED


def test_a_refund_that_names_no_payment_has_nothing_to_do_with_what_was_free(shop):
    with shop.hub.database.write() as db:
        offers.change(db, shop.repo, shop.offer, RESEARCH._replace(amount="0"))
    free = session(
        shop.reference, payment_status="no_payment_required", amount_total=0, payment_intent=None
    )
    shop.said(REFUNDED, charge(None))
    assert shop.said(COMPLETED, free).startswith("granted ")
    shop.said(REFUNDED, charge(None))
    assert standing(shop) is permissions.Standing.LICENSED


def test_events_of_other_types_are_noted_and_change_nothing(shop):
    for type in ("customer.created", "checkout.session.expired", "charge.succeeded"):
        said = shop.said(type, session(shop.reference))
        assert said == "nothing to do: events of this type change no licence"
    assert shop.licences == []
    assert len(shop.rows("SELECT * FROM payment_events")) == 3


def test_what_was_turned_away_is_judged_anew_once_the_offer_is_right(shop):
    with shop.hub.database.write() as db:
        offers.change(db, shop.repo, shop.offer, RESEARCH._replace(amount="50"))
    assert shop.said(COMPLETED, session(shop.reference), id="evt_a").startswith("turned away: ")
    with shop.hub.database.read() as db:
        assert [one.checkout for one in payments.of_repo(db, shop.repo)] == ["cs_test_1"]
    with shop.hub.database.write() as db:
        offers.change(db, shop.repo, shop.offer, RESEARCH)
    assert shop.said(COMPLETED, session(shop.reference), id="evt_a").startswith("granted ")
    with shop.hub.database.read() as db:
        assert payments.of_repo(db, shop.repo) == []


def test_what_was_turned_away_and_refunded_is_over(shop):
    shop.said(COMPLETED, session(shop.reference, amount_total=1))
    with shop.hub.database.read() as db:
        assert len(payments.of_repo(db, shop.repo)) == 1
    shop.said(REFUNDED, charge("pi_1"))
    with shop.hub.database.read() as db:
        assert payments.of_repo(db, shop.repo) == []


def test_an_offer_retired_after_the_order_is_still_what_was_paid_for(shop):
    with shop.hub.database.write() as db:
        offers.set_active(db, shop.offer, False)
    assert shop.said(COMPLETED, session(shop.reference)).startswith("granted ")


def test_a_payment_for_a_repository_that_is_gone_grants_nothing(shop):
    with shop.hub.database.write() as db:
        repos.delete(db, shop.repo)
        again = repos.create(db, shop.ann.user, "dataset", "pairs", False)
        offers.make(db, again, RESEARCH)
    assert shop.said(COMPLETED, session(shop.reference)).startswith("turned away: ")
    assert shop.licences == []


def refused(shop, body, headers, status=400):
    """The event is not taken, and nothing at all is kept of it."""
    answer = shop.ann.client.post("/stripe/webhook", content=body, headers=headers)
    assert answer.status_code == status, answer.text
    assert shop.licences == []
    assert shop.rows("SELECT * FROM payment_events") == []
    assert shop.happened == []
    return answer


def test_a_stale_event_is_refused(shop):
    at = int(time.time()) - 301
    refused(shop, *signed_event(SECRET, COMPLETED, session(shop.reference), at))


def test_a_tampered_event_is_refused(shop):
    body, headers = signed_event(SECRET, COMPLETED, session(shop.reference, amount_total=1))
    refused(shop, body.replace(b'"amount_total": 1', b'"amount_total": 4900'), headers)


def test_an_event_of_another_secret_is_refused(shop):
    refused(shop, *signed_event("whsec_of_another", COMPLETED, session(shop.reference)))


SIGNATURES = ["", "t=,v1=", "v1=abc", "t=1", "t=9" + "9" * 5000 + ",v1=00", "=", ",", "t=1,v1=é"]


@pytest.mark.parametrize("signature", SIGNATURES, ids=range(len(SIGNATURES)))
def test_a_signature_that_is_none_is_refused(shop, signature):
    body, headers = signed_event(SECRET, COMPLETED, session(shop.reference))
    refused(shop, body, {**headers, "Stripe-Signature": signature.encode("latin-1")})
    del headers["Stripe-Signature"]
    refused(shop, body, headers)


def test_a_signature_under_another_scheme_is_refused(shop):
    body, headers = signed_event(SECRET, COMPLETED, session(shop.reference))
    headers["Stripe-Signature"] = headers["Stripe-Signature"].replace("v1=", "v0=")
    refused(shop, body, headers)


BODIES = {
    "not JSON": "{",
    "nothing": "",
    "a list": "[]",
    "null": "null",
    "nested": "[" * 100_000,
    "half a letter": '{"id": "\\ud800", "object": "event", "type": "x", "data": {"object": {}}}',
    "no id": '{"object": "event", "type": "x", "data": {"object": {}}}',
    "a number": '{"id": 1, "object": "event", "type": "x", "data": {"object": {}}}',
    "no type": '{"id": "e", "object": "event", "data": {"object": {}}}',
    "no data": '{"id": "e", "object": "event", "type": "x"}',
    "data that are a list": '{"id": "e", "object": "event", "type": "x", "data": []}',
    "no object": '{"id": "e", "object": "event", "type": "x", "data": {}}',
    "thin": '{"id": "e", "object": "v2.core.event", "type": "x", "data": {"object": {}}}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_signed_body_that_is_no_event_is_refused(shop, body):
    refused(shop, *signed_body(SECRET, body))


def test_a_body_that_is_no_text_is_refused(shop):
    _, headers = signed_body(SECRET, "{}")
    refused(shop, b"\xff{}", headers)


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_over_the_bound_is_refused(shop, declared):
    body, headers = signed_event(SECRET, COMPLETED, session(shop.reference, pad="x" * LIMIT))
    refused(shop, body if declared else iter([body[:10], body[10:]]), headers, 413)


def test_without_a_secret_there_is_no_webhook(tmp_path):
    hub = Hub(tmp_path / "other", Settings("http://testserver", key="k"))
    with TestClient(application(hub)) as client:
        body, headers = signed_event("", COMPLETED, session("x"))
        assert client.post("/stripe/webhook", content=body, headers=headers).status_code == 404
    hub.close()


def test_nothing_is_kept_or_logged_of_the_payer_or_the_secret(shop, caplog):
    caplog.set_level(logging.DEBUG)
    answers = [
        shop.deliver(COMPLETED, session(shop.reference)),
        shop.deliver(COMPLETED, session(shop.reference, amount_total=1, id="cs_test_2")),
        refused_quietly(shop),
    ]
    with shop.hub.database.read() as db:
        kept = "\n".join(db.iterdump())
    said = "\n".join(answer.text + str(answer.headers) for answer in answers)
    for text in (kept, said, caplog.text, repr(shop.hub.settings)):
        for never in ("payer@example.org", "Payer Name", SECRET):
            assert never not in text
    assert shop.reference not in said + caplog.text


def refused_quietly(shop):
    body, headers = signed_event("whsec_of_another", COMPLETED, session(shop.reference))
    return shop.ann.client.post("/stripe/webhook", content=body, headers=headers)


def test_references_are_opaque_and_the_same_for_the_same_order(shop, browser):
    eve = browser("eve")
    with shop.hub.database.write() as db:
        assert orders.create(db, shop.repo, shop.offer, shop.bob.user) == shop.reference
        assert orders.create(db, shop.repo, shop.offer, eve.user) != shop.reference


def test_a_licence_outlives_its_repository(shop):
    shop.said(COMPLETED, session(shop.reference))
    [(number,)] = shop.rows("SELECT number FROM licences")
    with shop.hub.database.write() as db:
        repos.delete(db, shop.repo)
        again = repos.create(db, shop.ann.user, "dataset", "pairs", private=False)
        repos.set_gate(db, again, "manual")
        again = repos.find(db, "dataset", "ann", "pairs")
    page = shop.bob.get(f"/licences/{number}")
    assert (page.status_code, "ann/pairs" in page.text) == (200, True)
    with shop.hub.database.read() as db:  # it is of the one that was deleted
        assert permissions.standing(db, again, shop.bob.user) is permissions.Standing.STRANGER
    assert shop.said(REFUNDED, charge("pi_1")) == f"revoked {number}"
    assert shop.rows("SELECT repo, action FROM events")[-1] == (
        "ann/pairs",
        "licence revoked",
    )

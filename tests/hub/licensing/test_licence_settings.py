"""The settings of licences: offers, grants and revocations, and what others typed into it."""

from __future__ import annotations

import csv
import io

import pytest

from pairsmith.hub import permissions
from pairsmith.hub.app import application
from pairsmith.hub.auth import tokens
from pairsmith.hub.licensing import licences, offers
from support.hub.shop import RESEARCH, SETTINGS, granted, kept, owner_forms, shown
from support.hub.stripe_events import session

SCRIPT = "<script>alert(1)</script>"


def test_the_owner_grants_and_revokes_by_hand(shop):
    assert (
        shop.ann.send(f"{SETTINGS}/grant", user="bob", offer=str(shop.offer.id)).status_code == 303
    )
    [licence] = shop.rows("SELECT number, checkout, payment FROM licences")
    assert licence[1:] == (None, None)
    with shop.hub.database.read() as db:
        assert permissions.standing(db, shop.repo, shop.bob.user) is permissions.Standing.LICENSED
    again = shop.ann.send(f"{SETTINGS}/grant", user="bob", offer=str(shop.offer.id))
    assert again.status_code == 409
    where = f"{SETTINGS}/revoke/{licence[0]}"
    assert shop.ann.send(where, reason="  ").status_code == 400
    assert shop.ann.send(where, reason="x" * 501).status_code == 400
    assert shop.ann.send(where, reason="It was\r\nbroken").status_code == 303
    assert shop.ann.send(where, reason="Again").status_code == 409
    with shop.hub.database.read() as db:
        assert permissions.standing(db, shop.repo, shop.bob.user) is permissions.Standing.STRANGER
    assert "revoked on" in shop.bob.get(f"/licences/{licence[0]}").text
    assert "It was broken" in shop.bob.get(f"/licences/{licence[0]}").text
    assert shop.rows("SELECT actor, user, action FROM events") == [
        ("ann", "bob", "licence granted"),
        ("ann", "bob", "licence revoked"),
    ]
    assert (
        shop.ann.send(f"{SETTINGS}/grant", user="bob", offer=str(shop.offer.id)).status_code == 303
    )


def test_a_user_or_an_offer_that_is_not_there_is_granted_nothing(shop):
    unknown = shop.ann.send(f"{SETTINGS}/grant", user="zoe", offer=str(shop.offer.id))
    assert (unknown.status_code, "has no user" in unknown.text) == (400, True)
    assert shop.ann.send(f"{SETTINGS}/grant", user="bob", offer="99").status_code == 404
    assert shop.ann.send(f"{SETTINGS}/grant").status_code == 404
    assert shop.licences == []


def test_the_settings_are_the_owners_alone(shop, browser):
    number = granted(shop, shop.bob).number
    before = kept(shop)
    for who, status in ((browser(""), 303), (browser("eve"), 403), (shop.bob, 403)):
        for path, form in owner_forms(shop, number):
            answer = who.get(path) if form is None else who.send(path, **form)
            assert answer.status_code == status, (path, form)
            assert number not in answer.text
            assert answer.headers.get("location", "/login?").startswith("/login?")
    assert kept(shop) == before


def test_the_forms_want_the_hidden_field(shop):
    number = granted(shop, shop.bob).number
    before = kept(shop)
    for path, form in owner_forms(shop, number):
        if form is not None:
            assert shop.ann.client.post(path, data=form).status_code == 403, path
    assert kept(shop) == before
    for path, form in owner_forms(shop, number):
        if form is not None and "grant" not in path:
            assert shop.ann.send(path, **form).status_code in (303, 409), path
    assert kept(shop) != before, "with the field they do something"


def test_a_token_that_only_reads_changes_nothing(shop):
    with shop.hub.database.write() as db:
        token = tokens.add(db, shop.ann.user, "reads", "read")
    before = kept(shop)
    shop.ann.client.headers["authorization"] = f"Bearer {token}"
    for path, form in owner_forms(shop, "PS"):
        if form is not None:
            assert shop.ann.send(path, **form).status_code == 403, path
    assert kept(shop) == before


def test_the_owner_makes_changes_and_retires_offers(shop):
    new = RESEARCH._replace(name=" Big ", text="One\r\nTwo", currency="EUR")._asdict()
    assert shop.ann.send(SETTINGS, **new).status_code == 303
    [(number, name, text, currency)] = shop.rows(
        "SELECT id, name, text, currency FROM offers WHERE id <> ?", shop.offer.id
    )
    assert (name, text, currency) == ("Big", "One\nTwo", "eur")
    where = f"{SETTINGS}/offers/{number}"
    assert 'value="Big"' in shop.ann.get(where).text
    assert shop.ann.send(where, **(new | {"price": "2 EUR"})).status_code == 303
    assert shop.rows("SELECT price FROM offers WHERE id = ?", number) == [("2 EUR",)]
    taken = shop.ann.send(where, **(new | {"name": "Research"}))
    assert taken.status_code == 409
    assert "has an offer &#39;Research&#39; already" in taken.text
    assert 'value="Research"' in taken.text, "what was typed is still there"
    for active, left in (("no", 1), ("yes", 2)):
        assert shop.ann.send(f"{where}/active", active=active).status_code == 303
        with shop.hub.database.read() as db:
            assert len(offers.active(db, shop.repo)) == left


BAD = {
    "no name": ({"name": " "}, "The name has to be"),
    "a name of two lines": ({"name": "a\nb"}, "The name has to be"),
    "a long name": ({"name": "x" * 81}, "The name has to be"),
    "no price": ({"price": ""}, "The price has to be"),
    "no terms": ({"text": "\n"}, "The terms have to be"),
    "terms with a NUL": ({"text": "a\0b"}, "The terms have to be"),
    "long terms": ({"text": "x" * 50_001}, "The terms have to be"),
    "another host": ({"url": "https://example.org/x"}, "The Payment Link has to be"),
    "a host that begins alike": (
        {"url": "https://buy.stripe.com.example.org/x"},
        "The Payment Link has to be",
    ),
    "a user in front": ({"url": "https://buy.stripe.com@example.org/x"}, "The Payment Link has"),
    "a backslash": ({"url": "https://buy.stripe.com\\@example.org/x"}, "The Payment Link has"),
    "a long link": ({"url": "https://buy.stripe.com/" + "x" * 2000}, "The Payment Link has"),
    "http": ({"url": "http://buy.stripe.com/x"}, "The Payment Link has to be"),
    "a script": ({"url": "javascript:alert(1)"}, "The Payment Link has to be"),
    "a line break": ({"url": "https://buy.stripe.com/x\r\nx: y"}, "The Payment Link has"),
    "a link's id": ({"link": "price_1"}, "The Payment Link&#39;s id"),
    "no link's id": ({"link": ""}, "The Payment Link&#39;s id"),
    "an amount with a point": ({"amount": "49.00"}, "The amount has to be"),
    "an amount below nothing": ({"amount": "-1"}, "The amount has to be"),
    "an amount too large": ({"amount": "9" * 30}, "The amount has to be"),
    "an amount in other digits": ({"amount": "٤٩"}, "The amount has to be"),
    "no amount": ({"amount": ""}, "The amount has to be"),
    "a currency": ({"currency": "dollar"}, "The currency has to be"),
}


@pytest.mark.parametrize(("wrong", "said"), BAD.values(), ids=BAD)
def test_an_offer_that_is_not_as_it_has_to_be_is_said_so(shop, wrong, said):
    before = kept(shop)
    new = RESEARCH._replace(name="Other")._asdict() | wrong
    for path in (SETTINGS, f"{SETTINGS}/offers/{shop.offer.id}"):
        answer = shop.ann.send(path, **new)
        assert answer.status_code == 400
        assert said in answer.text
    assert kept(shop) == before


def test_an_offer_without_a_payment_link_needs_none_of_its_fields(shop):
    answer = shop.ann.send(SETTINGS, name="By hand", text="Text", price="ask", link="x", amount="y")
    assert answer.status_code == 303
    assert shop.rows("SELECT url, link, amount, currency FROM offers WHERE name = 'By hand'") == [
        ("", "", 0, "")
    ]


def test_a_form_with_too_many_fields_or_a_file_is_refused(shop):
    many = {f"field{i}": "x" for i in range(20)}
    assert shop.ann.send(SETTINGS, **many).status_code == 400
    assert shop.ann.client.post(SETTINGS, files={"name": b"x"}).status_code == 400


def test_payments_that_made_no_licence_are_shown_to_the_owner(shop):
    shop.said("checkout.session.completed", session(shop.reference, amount_total=1))
    page = shop.ann.get(SETTINGS).text
    assert "its amount_total is 1, and the offer&#39;s is 4900" in page
    assert "pi_1" in page


def test_names_terms_and_reasons_are_shown_as_text(shop, browser):
    eve = browser("eve", f"Eve {SCRIPT}")
    evil = RESEARCH._replace(
        name=f"N{SCRIPT}", price=f"P{SCRIPT}", text=f"T{SCRIPT} [x](javascript:alert(1))"
    )
    assert shop.ann.send(SETTINGS, **evil._asdict()).status_code == 303
    with shop.hub.database.write() as db:
        made = offers.listed(db, shop.repo)[-1]
        licence = licences.grant(db, shop.repo, made, eve.user, "ann")
    shop.ann.send(f"{SETTINGS}/revoke/{licence.number}", reason=f"R{SCRIPT}")
    bad = shop.ann.send(SETTINGS, **evil._replace(url=f'"{SCRIPT}')._asdict())
    pages = [
        bad.text,
        shop.ann.get(SETTINGS).text,
        shop.ann.get(f"{SETTINGS}/offers/{made.id}").text,
        eve.get("/settings/licences").text,
        eve.get(f"/licences/{licence.number}").text,
        shown(shop, eve.user),
    ]
    for page in pages:
        assert "&lt;script&gt;" in page
        assert "<script" not in page
        assert 'href="javascript' not in page


def test_no_cell_of_the_table_is_taken_for_a_formula(shop, browser):
    names = ["=1+1", "+1", "-1", "@SUM(A1)", " \t=1", "＝1", 'Plain "quoted", name']
    for i, name in enumerate(names):
        granted(shop, browser(f"user{i}", name))
    answer = shop.ann.get(f"{SETTINGS}.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "ann-pairs-licences.csv" in answer.headers["content-disposition"]
    header, *rows = csv.reader(io.StringIO(answer.text))
    assert header[:5] == ["number", "offer", "price", "user", "full name"]
    assert len(rows) == len(names)
    fullnames = {row[4] for row in rows}
    assert fullnames == {f"'{name}" for name in names[:-1] if "\t" not in name} | {
        "' \t'=1",
        names[-1],
    }


def test_every_route_of_the_settings_is_of_the_application(shop):
    paths = {getattr(route, "path", "") for route in application(shop.hub).routes}
    assert {"/stripe/webhook", "/licences/{number:part}"} <= paths


def test_terms_that_take_too_much_work_are_shown_as_they_were_typed(shop):
    text = "".join(f"<b a={number}>" for number in range(2_000)) + "<p>x" * 2_000
    with shop.hub.database.write() as db:
        offer = offers.make(db, shop.repo, offers.Draft("Bold", text, "free"))
        licence = licences.grant(db, shop.repo, offer, shop.bob.user, "ann")
    for html in (shown(shop), shop.bob.get(f"/licences/{licence.number}").text):
        assert "takes too much work to be rendered" in html
        assert "&lt;b a=1999&gt;" in html
        assert "<b a=" not in html


def test_a_repository_has_so_many_offers_and_no_more(shop):
    """Its page shows the terms of all of them."""
    draft = RESEARCH._replace(url="", link="", amount="", currency="")._asdict()
    for number in range(offers.MAX_OFFERS - 1):
        assert shop.ann.send(SETTINGS, **{**draft, "name": f"N{number}"}).status_code == 303
    refused = shop.ann.send(SETTINGS, **{**draft, "name": "One more"})
    assert refused.status_code == 400
    assert "at most 20 offers" in refused.text

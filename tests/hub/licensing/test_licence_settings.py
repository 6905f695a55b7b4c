"""The settings of licences: offers, grants and revocations, and what others typed into it."""

from __future__ import annotations

import csv
import io
import re

import pytest

from pairsmith.hub import permissions
from pairsmith.hub.app import application
from pairsmith.hub.auth import tokens
from pairsmith.hub.licensing import licences, offers
from support.hub.shop import RESEARCH, SETTINGS, granted, kept, owner_forms, shown
from support.hub.stripe_events import charge, session

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
    assert shop.rows("SELECT actor, user, action FROM events WHERE action <> 'terms accepted'") == [
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
    "an amount below nothing": ({"amount": "-1"}, "The amount has to be"),
    "an amount too large": ({"amount": "9" * 30}, "The amount has to be"),
    "an amount in other digits": ({"amount": "٤٩"}, "The amount has to be"),
    "no amount": ({"amount": ""}, "The amount has to be"),
    "more decimals than there are": ({"amount": "49.001"}, "written as USD 490.00"),
    "thousands": ({"amount": "4,900"}, "without anything between thousands"),
    "thousands and decimals": ({"amount": "4,900.00"}, "without anything between thousands"),
    "a currency": ({"currency": "dollar"}, "The currency has to be"),
    "none that Stripe takes": ({"currency": "eru"}, "The currency has to be"),
    "two currencies": ({"amount": "49.00 EUR"}, "The currency has to be"),
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


AMOUNTS = {
    "490 EUR": ("490", "EUR", 49000, "EUR 490.00"),
    "490.00 EUR": ("490.00", "eur", 49000, "EUR 490.00"),
    "490.00 with its code": ("490.00 EUR", "", 49000, "EUR 490.00"),
    "a code before and beside": ("EUR 490", "EUR", 49000, "EUR 490.00"),
    "a comma": ("490,50", "EUR", 49050, "EUR 490.50"),
    "one decimal": ("4.9", "USD", 490, "USD 4.90"),
    "yen": ("490", "JPY", 490, "JPY 490"),
    "dinars": ("1.230", "KWD", 1230, "KWD 1.230"),
    "whole dinars": ("490", "KWD", 490000, "KWD 490.000"),
    "kronur": ("490", "ISK", 49000, "ISK 490"),
    "ariary": ("490", "MGA", 490, "MGA 490"),
}


@pytest.mark.parametrize(("amount", "currency", "kept", "told"), AMOUNTS.values(), ids=AMOUNTS)
def test_an_amount_is_typed_and_shown_as_its_currency_is_written(
    shop, amount, currency, kept, told
):
    offer = f"{SETTINGS}/offers/{shop.offer.id}"
    new = RESEARCH._replace(amount=amount, currency=currency)._asdict()
    assert shop.ann.send(offer, **new).status_code == 303
    assert shop.rows("SELECT amount, currency FROM offers") == [(kept, told[:3].lower())]
    assert f"<strong>{told}</strong>" in shop.ann.get(SETTINGS).text
    form = shop.ann.get(offer).text
    typed = {name: re.search(f'name="{name}" value="([^"]*)"', form)[1] for name in new if name in
             ("amount", "currency")}  # fmt: skip
    assert shop.ann.send(offer, **(new | typed)).status_code == 303
    assert shop.rows("SELECT amount FROM offers") == [(kept,)], "saved again, it is the same"


def test_decimals_that_a_currency_has_not_are_refused_and_one_that_stripe_refuses_is_told(shop):
    offer = f"{SETTINGS}/offers/{shop.offer.id}"
    for amount, currency in (("490.00", "JPY"), ("490.5", "UGX"), ("1,234", "KWD")):
        new = RESEARCH._replace(amount=amount, currency=currency)._asdict()
        assert shop.ann.send(offer, **new).status_code == 400, (amount, currency)
    new = RESEARCH._replace(amount="1.234", currency="KWD")._asdict()
    assert shop.ann.send(offer, **new).status_code == 303
    page = shop.ann.get(SETTINGS).text
    assert "KWD 1.234" in page
    assert "only with 0 as the third decimal" in page


def test_a_payment_that_does_not_fit_is_told_to_both_sides(shop, browser):
    """The owner grants the licence for it, and it ends with that payment."""
    paid = session(shop.reference, amount_total=490)
    for kind in ("completed", "async_payment_succeeded"):
        assert shop.said(f"checkout.session.{kind}", paid).startswith("turned away: USD 4.90 was")
    said = "USD 4.90 was paid, and the offer is USD 49.00"
    for who, path in ((shop.ann, SETTINGS), (shop.bob, "/settings/licences")):
        page = who.get(path).text
        assert page.count(said) == 1, "once, however often Stripe told of it"
        assert "pi_1" in page
    assert "You have none yet" not in page
    assert 'href="/datasets/ann/pairs/discussions/new"' in page
    assert said not in browser("eve").get("/settings/licences").text
    assert shop.ann.send(f"{SETTINGS}/settle", checkout="cs_other").status_code == 404
    assert shop.ann.send(f"{SETTINGS}/settle", checkout="cs_test_1").status_code == 303
    assert shop.licences == [(shop.bob.user.id, "cs_test_1", True)]
    assert shop.ann.send(f"{SETTINGS}/settle", checkout="cs_test_1").status_code == 404
    for who, path in ((shop.ann, SETTINGS), (shop.bob, "/settings/licences")):
        assert said not in who.get(path).text
    assert shop.said("charge.refunded", charge("pi_1")).startswith("revoked ")


def test_a_payment_that_went_back_is_told_to_nobody_any_more(shop):
    shop.said("checkout.session.completed", session(shop.reference, currency="jpy"))
    assert "JPY 4900 was paid" in shop.bob.get("/settings/licences").text
    shop.said("charge.refunded", charge("pi_1"))
    assert "You have none yet" in shop.bob.get("/settings/licences").text
    assert "JPY 4900" not in shop.ann.get(SETTINGS).text
    assert shop.ann.send(f"{SETTINGS}/settle", checkout="cs_test_1").status_code == 404


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

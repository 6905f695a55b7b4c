"""The desk's pages: who buys, who reads a licence, who grants and revokes."""

from __future__ import annotations

import csv
import io
import re
from urllib.parse import parse_qs, urlsplit

import pytest

from hub.licensing.conftest import RESEARCH, Browser
from pairsmith.hub import permissions
from pairsmith.hub.app import application
from pairsmith.hub.auth import tokens
from pairsmith.hub.context import Hub, Settings
from pairsmith.hub.licensing import licences, offers, orders
from pairsmith.hub.repos import repos
from pairsmith.hub.web.render import environment
from support.hub.stripe_events import session

DESK = "/datasets/ann/pairs/settings/licences"
SCRIPT = "<script>alert(1)</script>"


def granted(shop, browser, by="ann"):
    with shop.hub.database.write() as db:
        return licences.grant(db, shop.repo, shop.offer, browser.user, by)


def shown(shop, user=None, held=None, secret="whsec_x"):
    """The offers as the page of the repository shows them."""
    with shop.hub.database.read() as db:
        made = offers.active(db, shop.repo)
    more = {} if held is None else {"held": held}
    return (
        environment()
        .get_template("_offers.html.jinja")
        .render(
            offers=made,
            repo=shop.repo,
            user=user,
            csrf="",
            settings=Settings("http://testserver", stripe_secret=secret),
            **more,
        )
    )


# buying


def test_buying_leads_to_the_payment_link_with_a_reference(shop):
    answer = shop.bob.send(f"/datasets/ann/pairs/buy/{shop.offer.id}")
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
        repos.create(db, shop.ann.user, "other", False)
    assert shop.bob.send(f"/datasets/ann/other/buy/{shop.offer.id}").status_code == 404


def test_a_private_repositorys_offer_is_as_none(shop, browser):
    with shop.hub.database.write() as db:
        repos.set_private(db, shop.repo, True)
    number = granted(shop, browser("eve")).number
    for who, status in ((shop.bob, 404), (browser(""), 303)):
        for path, form in [(f"/datasets/ann/pairs/buy/{shop.offer.id}", {}), *doors(shop, number)]:
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
    assert f'action="/datasets/ann/pairs/buy/{shop.offer.id}"' in shown(shop, shop.bob.user)
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


# reading a licence


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
        repos.create(db, eve.user, "own", False)
    where = f"/datasets/eve/own/settings/licences/revoke/{licence.number}"
    assert eve.send(where, reason="mine").status_code == 404
    assert shop.licences[0][2] == 1


# the owner's desk


def test_the_owner_grants_and_revokes_by_hand(shop):
    assert shop.ann.send(f"{DESK}/grant", user="bob", offer=str(shop.offer.id)).status_code == 303
    [licence] = shop.rows("SELECT number, checkout, payment FROM licences")
    assert licence[1:] == (None, None)
    with shop.hub.database.read() as db:
        assert permissions.standing(db, shop.repo, shop.bob.user) is permissions.Standing.LICENSED
    again = shop.ann.send(f"{DESK}/grant", user="bob", offer=str(shop.offer.id))
    assert again.status_code == 409
    where = f"{DESK}/revoke/{licence[0]}"
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
    assert shop.ann.send(f"{DESK}/grant", user="bob", offer=str(shop.offer.id)).status_code == 303


def test_a_user_or_an_offer_that_is_not_there_is_granted_nothing(shop):
    unknown = shop.ann.send(f"{DESK}/grant", user="zoe", offer=str(shop.offer.id))
    assert (unknown.status_code, "has no user" in unknown.text) == (400, True)
    assert shop.ann.send(f"{DESK}/grant", user="bob", offer="99").status_code == 404
    assert shop.ann.send(f"{DESK}/grant").status_code == 404
    assert shop.licences == []


def doors(shop, number):
    """Every address of the desk: its path, and a form where it takes one."""
    draft = RESEARCH._replace(name="Other")._asdict()
    return [
        (DESK, None),
        (f"{DESK}.csv", None),
        (f"{DESK}/offers/{shop.offer.id}", None),
        (DESK, draft),
        (f"{DESK}/offers/{shop.offer.id}", draft),
        (f"{DESK}/offers/{shop.offer.id}/active", {"active": "no"}),
        (f"{DESK}/grant", {"user": "eve", "offer": str(shop.offer.id)}),
        (f"{DESK}/revoke/{number}", {"reason": "No"}),
    ]


def kept(shop):
    return [shop.rows(f"SELECT * FROM {table}") for table in ("offers", "licences", "events")]


def test_the_desk_is_the_owners_alone(shop, browser):
    number = granted(shop, shop.bob).number
    before = kept(shop)
    for who, status in ((browser(""), 303), (browser("eve"), 403), (shop.bob, 403)):
        for path, form in doors(shop, number):
            answer = who.get(path) if form is None else who.send(path, **form)
            assert answer.status_code == status, (path, form)
            assert number not in answer.text
            assert answer.headers.get("location", "/login?").startswith("/login?")
    assert kept(shop) == before


def test_the_desks_forms_want_the_hidden_field(shop):
    number = granted(shop, shop.bob).number
    before = kept(shop)
    for path, form in doors(shop, number):
        if form is not None:
            assert shop.ann.client.post(path, data=form).status_code == 403, path
    assert kept(shop) == before
    for path, form in doors(shop, number):
        if form is not None and "grant" not in path:
            assert shop.ann.send(path, **form).status_code in (303, 409), path
    assert kept(shop) != before, "with the field they do something"


def test_a_token_that_only_reads_changes_nothing(shop):
    with shop.hub.database.write() as db:
        token = tokens.add(db, shop.ann.user, "reads", "read")
    before = kept(shop)
    shop.ann.client.headers["authorization"] = f"Bearer {token}"
    for path, form in doors(shop, "PS"):
        if form is not None:
            assert shop.ann.send(path, **form).status_code == 403, path
    assert kept(shop) == before


def test_the_owner_makes_changes_and_retires_offers(shop):
    new = RESEARCH._replace(name=" Big ", text="One\r\nTwo", currency="EUR")._asdict()
    assert shop.ann.send(DESK, **new).status_code == 303
    [(number, name, text, currency)] = shop.rows(
        "SELECT id, name, text, currency FROM offers WHERE id <> ?", shop.offer.id
    )
    assert (name, text, currency) == ("Big", "One\nTwo", "eur")
    where = f"{DESK}/offers/{number}"
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
    for path in (DESK, f"{DESK}/offers/{shop.offer.id}"):
        answer = shop.ann.send(path, **new)
        assert answer.status_code == 400
        assert said in answer.text
    assert kept(shop) == before


def test_an_offer_without_a_payment_link_needs_none_of_its_fields(shop):
    answer = shop.ann.send(DESK, name="By hand", text="Text", price="ask", link="x", amount="y")
    assert answer.status_code == 303
    assert shop.rows("SELECT url, link, amount, currency FROM offers WHERE name = 'By hand'") == [
        ("", "", 0, "")
    ]


def test_a_form_with_too_many_fields_or_a_file_is_refused(shop):
    many = {f"field{i}": "x" for i in range(20)}
    assert shop.ann.send(DESK, **many).status_code == 400
    assert shop.ann.client.post(DESK, files={"name": b"x"}).status_code == 400


def test_payments_that_made_no_licence_are_shown_to_the_owner(shop):
    shop.said("checkout.session.completed", session(shop.reference, amount_total=1))
    page = shop.ann.get(DESK).text
    assert "its amount_total is 1, and the offer&#39;s is 4900" in page
    assert "pi_1" in page


# what others typed


def test_names_terms_and_reasons_are_shown_as_text(shop, browser):
    eve = browser("eve", f"Eve {SCRIPT}")
    evil = RESEARCH._replace(
        name=f"N{SCRIPT}", price=f"P{SCRIPT}", text=f"T{SCRIPT} [x](javascript:alert(1))"
    )
    assert shop.ann.send(DESK, **evil._asdict()).status_code == 303
    with shop.hub.database.write() as db:
        made = offers.listed(db, shop.repo)[-1]
        licence = licences.grant(db, shop.repo, made, eve.user, "ann")
    shop.ann.send(f"{DESK}/revoke/{licence.number}", reason=f"R{SCRIPT}")
    bad = shop.ann.send(DESK, **evil._replace(url=f'"{SCRIPT}')._asdict())
    pages = [
        bad.text,
        shop.ann.get(DESK).text,
        shop.ann.get(f"{DESK}/offers/{made.id}").text,
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
    answer = shop.ann.get(f"{DESK}.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "ann-pairs-licences.csv" in answer.headers["content-disposition"]
    header, *rows = csv.reader(io.StringIO(answer.text))
    assert header[:5] == ["number", "offer", "price", "user", "full name"]
    assert len(rows) == len(names)
    fullnames = {row[4] for row in rows}
    assert fullnames == {f"'{name}" for name in names[:-1]} | {names[-1]}


def test_every_route_of_the_desk_is_of_the_application(shop):
    paths = {getattr(route, "path", "") for route in application(shop.hub).routes}
    assert {"/stripe/webhook", "/licences/{number:part}"} <= paths

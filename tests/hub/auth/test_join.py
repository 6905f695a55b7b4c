from __future__ import annotations

import dataclasses

import pytest

from pairsmith.hub.auth import users
from pairsmith.hub.auth.limits import Limits

GOOD = {
    "name": "bob",
    "fullname": "Bob  B.",
    "email": " bob@example.org ",
    "password": "a long password",
    "again": "a long password",
}


def known(hub, name):
    with hub.database.read() as db:
        return users.credentials(db, name)


def test_joining_makes_an_account_and_signs_in(browser, hub):
    his = browser()
    answer = his.send("/join", **GOOD, next="/settings/tokens")
    assert (answer.status_code, answer.headers["location"]) == (303, "/settings/tokens")
    assert his.signed_in()
    user, kept, _ = known(hub, "bob")
    assert user[1:] == ("bob", "Bob B.", "bob@example.org")
    assert kept.startswith("$argon2id$")
    assert browser().sign_in("bob", GOOD["password"]).status_code == 303


def test_one_without_a_full_name_goes_by_the_name(browser, hub):
    assert browser().send("/join", **{**GOOD, "fullname": " "}).status_code == 303
    assert known(hub, "bob").user.fullname == "bob"


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "", "cannot be a user"),
        ("name", "-bob", "cannot be a user"),
        ("name", "bob/ann", "cannot be a user"),
        ("name", "b\u00f6b", "cannot be a user"),
        ("name", "x" * 40, "cannot be a user"),
        ("name", "Settings", "the hub needs it"),
        ("name", "hub", "the hub needs it"),
        ("fullname", "x" * 101, "full name"),
        ("fullname", "a\0b", "full name"),
        ("email", "", "e-mail"),
        ("email", "bob", "e-mail"),
        ("email", "bob@", "e-mail"),
        ("email", "bob@example..org", "e-mail"),
        ("email", "bob@example.org, ann@example.org", "e-mail"),
        ("email", "x" * 250 + "@example.org", "e-mail"),
        ("password", "short", "at least 10"),
        ("password", "x" * 257, "at most 256"),
        ("again", "another password", "not the same"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_made(browser, hub, field, value, said):
    answer = browser().send("/join", **{**GOOD, field: value})
    assert answer.status_code == 400
    assert 'class="fault"' in answer.text
    assert said in answer.text
    assert GOOD["password"] not in answer.text
    with hub.database.read() as db:
        assert db.execute("SELECT count(*) FROM users").fetchone()[0] == 0


def test_what_was_written_stands_there_again_escaped(browser):
    mark = '"><b>Bob</b>'
    answer = browser().send("/join", **{**GOOD, "fullname": mark, "again": "another"})
    assert answer.status_code == 400
    assert mark not in answer.text
    assert "&gt;&lt;b&gt;Bob" in answer.text


def test_a_name_is_taken_once_whatever_its_case(browser, hub, ann):
    answer = browser().send("/join", **{**GOOD, "name": "ANN"})
    assert answer.status_code == 409
    assert "is taken" in answer.text
    assert known(hub, "ann").user == ann


def test_a_hub_that_is_closed_says_so(browser, hub):
    his = browser()
    proof = his.proof("/join")
    hub.settings = dataclasses.replace(hub.settings, registration=False)
    answers = [his.get("/join"), his.client.post("/join", data={**GOOD, "csrf": proof})]
    for answer in answers:
        assert answer.status_code == 403
        assert "made by whoever runs it" in answer.text
        assert 'name="password"' not in answer.text
    assert known(hub, "bob") is None
    assert "/join" not in his.get("/login").text


def test_so_many_accounts_are_made_from_one_address(browser, hub):
    limits = Limits(joins="2 per hour")
    for name, status in (("bob", 303), ("carol", 303), ("dave", 429)):
        answer = browser(limits).send("/join", **{**GOOD, "name": name})
        assert answer.status_code == status
    assert 0 < int(answer.headers["retry-after"]) <= 3600
    assert "Too many tries" in answer.text
    assert known(hub, "dave") is None
    other = browser(address="192.0.2.2").send("/join", **{**GOOD, "name": "dave"})
    assert other.status_code == 303
    assert known(hub, "dave") is not None

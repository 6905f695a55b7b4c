from __future__ import annotations

import pytest

from pairsmith.hub.auth import passwords, sessions, users
from support.hub.browsers import PASSWORD

NEW = "quite another password"


@pytest.fixture
def her(browser, ann):
    made = browser()
    made.sign_in()
    return made


def change(browser_, old=PASSWORD, password=NEW, again=NEW):
    fields = {"old": old, "password": password, "again": again}
    return browser_.send("/settings/password", page="/settings/profile", **fields)


def test_the_profile_is_shown_and_changed(hub, her):
    assert 'value="ann@example.org"' in her.get("/settings/profile").text
    answer = her.send(
        "/settings/profile", fullname=" Ann  A. ", email=" ann@example.com ", old=PASSWORD
    )
    assert answer.status_code == 303
    shown = her.get(answer.headers["location"]).text
    assert "The profile was changed." in shown
    assert 'value="Ann A."' in shown
    with hub.database.read() as db:
        user = users.named(db, "ann")
    assert (user.fullname, user.email) == ("Ann A.", "ann@example.com")


@pytest.mark.parametrize(
    "fields",
    [{"fullname": "Ann", "email": "ann"}, {"fullname": "x" * 101, "email": "ann@example.org"}],
)
def test_what_cannot_be_changes_nothing(hub, her, ann, fields):
    answer = her.send("/settings/profile", **fields)
    assert answer.status_code == 400
    assert 'class="fault"' in answer.text
    with hub.database.read() as db:
        assert users.named(db, "ann") == ann


def test_a_changed_password_ends_the_other_sessions(browser, her):
    elsewhere = browser()
    elsewhere.sign_in()
    before = her.cookies[sessions.COOKIE]
    answer = change(her)
    assert answer.status_code == 303
    assert "The password was changed." in her.get(answer.headers["location"]).text
    assert her.cookies[sessions.COOKIE] != before
    assert not elsewhere.signed_in()
    old = browser()
    old.cookies.set(sessions.COOKIE, before)
    assert not old.signed_in()
    assert browser().sign_in(password=PASSWORD).status_code == 401
    assert browser().sign_in(password=NEW).status_code == 303


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"old": "not the password"}, 401),
        ({"old": ""}, 401),
        ({"password": "short", "again": "short"}, 400),
        ({"again": "something else"}, 400),
    ],
)
def test_a_password_is_changed_by_who_knows_it_alone(browser, her, fields, status):
    elsewhere = browser()
    elsewhere.sign_in()
    answer = change(her, **fields)
    assert answer.status_code == status
    assert 'class="fault"' in answer.text
    assert her.signed_in()
    assert elsewhere.signed_in()
    assert browser().sign_in().status_code == 303


def test_a_password_set_from_outside_ends_every_session(hub, her, ann):
    with hub.database.write() as db:
        users.set_password(db, ann, passwords.hash_password(NEW))
    assert not her.signed_in()
    assert her.sign_in(password=NEW).status_code == 303


def test_another_accounts_sessions_stay(hub, browser, her):
    kept = passwords.hash_password(PASSWORD)
    with hub.database.write() as db:
        users.add(db, "bob", "", "bob@example.org", kept)
    his = browser()
    his.sign_in("bob")
    assert change(her).status_code == 303
    assert his.signed_in()


@pytest.mark.parametrize("path", ["/settings/profile", "/settings/tokens"])
def test_nobody_is_sent_to_sign_in(browser, path):
    answer = browser().get(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login?next=%2Fsettings%2F")


@pytest.mark.parametrize(
    "path",
    ["/settings/profile", "/settings/password", "/settings/tokens", "/settings/tokens/revoke"],
)
def test_nobodys_form_leads_to_sign_in(browser, path):
    answer = browser().send(path, page="/login", name="x", role="write", email="x@example.org")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2F")


def test_the_address_of_the_password_form_shows_it(her):
    assert 'name="old"' in her.get("/settings/password").text

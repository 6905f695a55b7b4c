"""Where an account is signed in: listed, and ended."""

from __future__ import annotations

import re

import pytest

from pairsmith.hub.auth import last_use, sessions, tokens
from support.hub.browsers import PASSWORD

IDS = re.compile(r'name="id" value="([0-9a-f]{16})"')


@pytest.fixture
def two(browser, ann):
    """Two browsers of ann's."""
    made = [browser(), browser()]
    for one, words in zip(made, ("Reader 1", "<b>Phone</b>" + "x" * 500), strict=True):
        one.client.headers["user-agent"] = words
        one.sign_in()
    return made


def test_sessions_are_listed_and_ended_at_once(two):
    desk, phone = two
    page = desk.get("/settings/security").text
    assert "Reader 1" in page
    assert "this browser" in page
    assert "<b>Phone" not in page  # what a browser calls itself is text, and has an end
    assert "&lt;b&gt;Phone" in page
    assert "x" * 200 not in page
    assert len(IDS.findall(page)) == 1
    assert phone.cookies[sessions.COOKIE] not in page
    answer = desk.send("/settings/security/end", "/settings/security", id=IDS.findall(page)[0])
    assert answer.status_code == 303
    assert desk.signed_in()
    assert not phone.signed_in()
    phone.sign_in()
    phone.send("/settings/security/end-others", "/settings/security")
    assert phone.signed_in()
    assert not desk.signed_in()


def test_nobody_ends_anothers_session(hub, browser, two, account):
    desk, phone = two
    (id,) = IDS.findall(phone.get("/settings/security").text)
    bo = account("bo")[0]
    with hub.database.write() as db:
        secret = sessions.begin(db, bo)
    his = browser()
    his.cookies.set(sessions.COOKIE, secret)
    his.send("/settings/security/end", "/settings/security", id=id)
    his.send("/settings/security/end-others", "/settings/security")
    assert desk.signed_in()
    assert phone.signed_in()
    assert desk.client.post("/settings/security/end-others").status_code == 403  # no form of ours


def test_an_account_has_no_more_sessions_than_it_may(hub, ann, monkeypatch):
    monkeypatch.setattr(sessions, "MAX_OF_USER", 3)
    with hub.database.write() as db:
        secrets = [sessions.begin(db, ann) for _ in range(5)]
        db.execute("UPDATE sessions SET created = rowid")
        assert len(sessions.listed(db, ann)) == 3
        assert sessions.find(db, secrets[-1]) is not None


def test_the_last_use_is_written_for_all_together(hub, browser, ann, client, account):
    her = browser()
    her.sign_in()
    user, header = account("bo")
    with hub.database.write() as db:
        db.execute("UPDATE sessions SET used = 1")
    assert her.signed_in()
    assert client.get("/api/whoami-v2", headers=header).status_code == 200
    with hub.database.read() as db:
        assert [one.used for one in tokens.listed(db, user)] == [None]  # not with each request
        assert [one.used for one in sessions.listed(db, ann)] == [1]
    last_use.write_uses(hub)
    with hub.database.read() as db:
        assert all(one.used > 1 for one in tokens.listed(db, user))
        assert all(one.used > 1 for one in sessions.listed(db, ann))
    her.send("/settings/tokens", name="laptop", role="read")
    assert "not known" in her.get("/settings/tokens").text


def test_one_who_is_suspended_is_shut_out_and_told_who_knows_the_password(hub, browser, ann):
    from pairsmith.hub.maintenance import accounts

    her = browser()
    her.sign_in()
    with hub.database.write() as db:
        token = tokens.add(db, ann, "laptop", "write")
        accounts.suspend(db, ann)
        assert tokens.find(db, token) is None
    assert not her.signed_in()
    assert her.sign_in(password=PASSWORD).status_code == 403
    assert "suspended" not in her.sign_in(password="not the password").text
    with hub.database.write() as db:
        assert accounts.restore(db, ann)
        assert not accounts.restore(db, ann)
        assert tokens.find(db, token).user == ann
    assert her.sign_in().status_code == 303

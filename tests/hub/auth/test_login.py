from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from pairsmith.hub.auth import passwords, sessions, users
from pairsmith.hub.auth.limits import Limits
from pairsmith.hub.auth.sign_in import Attempt, sign_in
from pairsmith.hub.auth.tokens import digest
from pairsmith.hub.http.errors import HubError
from support.hub.browsers import PASSWORD

WRONG = "There is no account of that name with that password."


def test_the_right_password_signs_in(browser, ann):
    her = browser()
    assert not her.signed_in()
    answer = her.sign_in()
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert her.signed_in()
    assert her.get("/login").headers["location"] == "/"


def test_a_name_is_known_whatever_its_case_and_the_blanks_around_it(browser, ann):
    assert browser().sign_in(name=" Ann ").status_code == 303


def test_a_password_counts_with_its_case_and_the_blanks_around_it(browser, ann):
    for near in (PASSWORD.title(), PASSWORD + " ", ""):
        assert browser().sign_in(password=near).status_code == 401


def test_who_there_is_cannot_be_told_from_the_answer(browser, ann, hub):
    with hub.database.write() as db:
        users.add(db, "nopass", "", "nopass@example.org", None)
    answers = [
        browser().sign_in(name=name, password="not the password")
        for name in ("ann", "bob", "nopass")
    ]
    assert [answer.status_code for answer in answers] == [401] * 3
    assert all(WRONG in answer.text for answer in answers)
    shapes = {
        (answer.text.replace(name, "NAME").split('name="csrf"')[0], *sorted(answer.headers))
        for answer, name in zip(answers, ("ann", "bob", "nopass"), strict=True)
    }
    assert len(shapes) == 1


class Counted(PasswordHasher):
    """Does the same and remembers with which hashes."""

    __slots__ = ("verified",)

    def __init__(self) -> None:
        super().__init__()
        self.verified: list[str] = []

    def verify(self, hash, password):
        self.verified.append(hash)
        return super().verify(hash, password)


def test_as_much_work_is_done_for_a_name_that_is_not_there(hub, ann, monkeypatch):
    counted = Counted()
    monkeypatch.setattr(passwords, "_hasher", counted)
    passwords._nobodys.cache_clear()
    with hub.database.write() as db:
        users.keep_hash(db, ann, passwords.hash_password(PASSWORD))
        users.add(db, "nopass", "", "nopass@example.org", None)
    for name in ("ann", "bob", "nopass"):
        with pytest.raises(HubError):
            sign_in(Attempt(hub, Limits(), "192.0.2.1"), name, "not the password")
    parameters = {kept.rsplit("$", 2)[0] for kept in counted.verified}
    assert len(counted.verified) == 3
    assert parameters == {"$argon2id$v=19$m=65536,t=3,p=4"}


def test_a_hash_of_other_parameters_is_made_anew(hub, browser, ann):
    old = PasswordHasher(time_cost=2, memory_cost=64, parallelism=1).hash(PASSWORD)
    with hub.database.write() as db:
        users.keep_hash(db, ann, old)
    assert browser().sign_in().status_code == 303
    with hub.database.read() as db:
        kept = users.credentials(db, "ann").password
    assert kept != old
    assert not passwords.outdated(kept)
    assert browser().sign_in().status_code == 303
    with hub.database.read() as db:
        assert users.credentials(db, "ann").password == kept


def test_a_password_that_is_changed_meanwhile_signs_nobody_in(hub, ann, monkeypatch):
    verify = passwords.verify

    def slow(kept, text, known):
        with hub.database.write() as db:
            users.set_password(db, ann, "another hash")
        return verify(kept, text, known)

    monkeypatch.setattr(passwords, "verify", slow)
    with pytest.raises(HubError) as caught:
        sign_in(Attempt(hub, Limits(), "192.0.2.1"), "ann", PASSWORD)
    assert caught.value.status == 401
    with hub.database.read() as db:
        assert db.execute("SELECT count(*) FROM sessions").fetchone()[0] == 0


def test_signing_in_begins_another_session_and_ends_what_the_browser_held(browser, ann):
    planter = browser()
    planter.sign_in()
    planted = {sessions.COOKIE: planter.cookies[sessions.COOKIE]}
    victim = browser()
    victim.client.cookies = dict(planted)
    proof = victim.proof("/settings/profile")
    fields = {"csrf": proof, "name": "ann", "password": PASSWORD}
    answer = victim.client.post("/login", data=fields)
    assert answer.status_code == 303
    assert answer.cookies[sessions.COOKIE] != planted[sessions.COOKIE]
    assert not planter.signed_in()
    fresh = browser()
    fresh.client.cookies = {sessions.COOKIE: answer.cookies[sessions.COOKIE]}
    assert fresh.signed_in()


def test_the_session_ends_when_signing_out(browser, ann):
    her = browser()
    her.sign_in()
    stolen = her.cookies[sessions.COOKIE]
    answer = her.send("/logout", page="/settings/profile")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert sessions.COOKIE not in her.cookies
    assert not her.signed_in()
    other = browser()
    other.cookies.set(sessions.COOKIE, stolen)
    assert not other.signed_in()


def test_a_session_is_over_some_day(hub, browser, ann):
    her = browser()
    her.sign_in()
    with hub.database.write() as db:
        db.execute("UPDATE sessions SET expires = unixepoch()")
    assert not her.signed_in()


def test_a_session_is_kept_as_a_hash(hub, browser, ann):
    her = browser()
    her.sign_in()
    secret = her.cookies[sessions.COOKIE].encode()
    kept = b"".join(path.read_bytes() for path in hub.root.glob("hub.sqlite*"))
    assert secret not in kept
    assert digest(secret.decode()) in kept


def test_a_page_of_an_account_sends_to_sign_in_and_back(browser, ann):
    her = browser()
    sent = her.get("/settings/tokens?x=1&y=%2F")
    assert sent.status_code == 303
    assert 'value="/settings/tokens?x=1&amp;y=%2F"' in her.get(sent.headers["location"]).text
    answer = her.sign_in(next="/settings/tokens?x=1&y=%2F")
    assert answer.headers["location"] == "/settings/tokens?x=1&y=%2F"

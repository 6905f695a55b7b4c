"""Others' wrong passwords are no weapon against an account's owner, and no way to guess on."""

from __future__ import annotations

import pytest

from pairsmith.hub.app import application
from pairsmith.hub.auth import browsers, passwords, tokens, users
from pairsmith.hub.auth.limits import Limits
from support.hub.browsers import PASSWORD, Browser
from support.slow import slow

NEW = "quite another password"
WRONG = "not the password"


def change(browser: Browser, old: str) -> int:
    fields = {"old": old, "password": NEW, "again": NEW}
    answer = browser.send("/settings/password", page="/settings/profile", **fields)
    return int(answer.status_code)


@pytest.fixture
def attack(browser, ann):
    """Wrong passwords from eleven addresses, until the account takes no more."""

    def run() -> None:
        statuses = [
            browser(address=f"198.51.100.{place}").sign_in(password=WRONG).status_code
            for place in range(11)
            for _ in range(10)
        ]
        assert statuses.count(401) == 100
        assert statuses[-1] == 429

    return run


def test_the_owner_signs_in_from_where_they_did_before(browser, ann, attack):
    her = browser()
    her.sign_in()
    her.send("/logout", page="/settings/profile")
    attack()
    assert browser(address="192.0.2.2").sign_in().status_code == 429  # new to the account
    assert her.sign_in(password=WRONG).status_code == 401
    assert her.sign_in().status_code == 303


@slow
def test_the_owner_changes_the_password_in_a_session(browser, ann, attack):
    her = browser()
    her.sign_in()
    attack()
    assert change(her, PASSWORD) == 303
    her.send("/logout", page="/settings/profile")
    assert her.sign_in(password=NEW).status_code == 303


def test_tokens_go_on(browser, hub, ann, attack):
    with hub.database.write() as db:
        token = tokens.add(db, ann, "laptop", "read")
    attack()
    headers = {"authorization": f"Bearer {token}"}
    assert browser().get("/api/whoami-v2", headers=headers).status_code == 200


@slow
def test_a_browser_is_known_after_the_hub_was_begun_again(browser, hub, ann, attack):
    her = browser()
    her.sign_in()
    her.client.app = application(hub)  # whose counts, and key, are new
    attack()
    kept = browser()
    kept.cookies.set(browsers.COOKIE, her.cookies[browsers.COOKIE])
    assert kept.sign_in().status_code == 303


def test_a_known_browser_guesses_no_more_than_an_address(browser, ann):
    her = browser()
    her.sign_in()
    her.send("/logout", page="/settings/profile")
    statuses = [her.sign_in(password=WRONG).status_code for _ in range(12)]
    assert statuses == [401] * 10 + [429] * 2
    assert browser().sign_in().status_code == 303  # those were not the address's


def test_the_cookie_of_another_account_opens_no_more_tries(browser, hub, ann, attack):
    with hub.database.write() as db:
        users.add(db, "bob", "", "bob@example.org", passwords.hash_password(PASSWORD))
    his = browser(address="203.0.113.1")
    his.sign_in("bob")
    his.send("/logout", page="/settings/profile")
    attack()
    assert his.sign_in("ann").status_code == 429


def test_a_cookie_that_is_made_up_is_none(browser, ann, attack):
    attack()
    forger = browser(address="203.0.113.1")
    for cookie in ("x", "x.y", "x" * 5000, ".", "a.b.c"):
        forger.cookies.set(browsers.COOKIE, cookie)
        assert forger.sign_in().status_code == 429
    for cookie in ("", "\u00e9.x", "x.\u00e9", "\0"):
        assert browsers.name_of(cookie, users.Credentials(ann, "a hash")) == ""


def test_a_cookie_is_void_once_the_password_is_another(hub, browser, ann):
    her = browser()
    her.sign_in()
    before = her.cookies[browsers.COOKIE]
    assert change(her, PASSWORD) == 303
    with hub.database.read() as db:
        known = users.credentials(db, "ann")
    assert browsers.name_of(before, known) == ""
    assert browsers.name_of(her.cookies[browsers.COOKIE], known)


def test_a_browser_keeps_its_name_and_with_it_its_count(hub, browser, ann):
    her = browser()
    with hub.database.read() as db:
        known = users.credentials(db, "ann")
    names = set()
    for _ in range(3):
        her.sign_in()
        names.add(browsers.name_of(her.cookies[browsers.COOKIE], known))
        her.send("/logout", page="/settings/profile")
    assert len(names) == 1
    assert "" not in names


def test_the_cookie_signs_nobody_in(browser, ann):
    her = browser()
    her.sign_in()
    other = browser()
    other.cookies.set(browsers.COOKIE, her.cookies[browsers.COOKIE])
    assert not other.signed_in()


def test_an_own_account_is_no_way_to_more_hashes(browser, ann):
    her = browser(Limits(sign_ins="3 per hour", from_browser="2 per hour"))
    statuses = []
    for _ in range(6):
        statuses.append(her.sign_in().status_code)
        if statuses[-1] == 303:
            her.send("/logout", page="/settings/profile")
    assert statuses == [303] * 3 + [429] * 3


def test_a_try_that_was_not_looked_at_does_not_count(browser, ann, monkeypatch):
    strict = Limits(from_address="1 per hour")
    monkeypatch.setattr(passwords, "MAX_WAITING", 0)
    held = [passwords._lines[False].acquire(blocking=False) for _ in range(8)]
    try:
        assert all(held)
        assert [browser(strict).sign_in().status_code for _ in range(3)] == [503] * 3
    finally:
        for _ in held:
            passwords._lines[False].release()
    assert browser().sign_in().status_code == 303


def test_tokens_are_made_so_often(browser, ann):
    her = browser(Limits(tokens="2 per hour"))
    her.sign_in()
    answers = [her.send("/settings/tokens", name=f"t{at}", role="read") for at in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert "Too many tries" in answers[2].text

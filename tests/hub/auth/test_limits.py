from __future__ import annotations

import time
from types import SimpleNamespace

import limits.storage.memory as memory
import pytest
from starlette.requests import Request

from pairsmith.hub.auth import limits as ours
from pairsmith.hub.auth.limits import Limits, address_of
from pairsmith.hub.http.errors import HubError
from support.hub.browsers import PASSWORD


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands until it is set."""
    shown = SimpleNamespace(at=time.time())
    hands = SimpleNamespace(time=lambda: shown.at)
    monkeypatch.setattr(memory, "time", hands)
    monkeypatch.setattr(ours, "time", hands)
    return shown


def refused(act, *given) -> int:
    """After how many seconds to come again; 0 where it was not refused."""
    try:
        act(*given)
    except HubError as error:
        return int(error.headers["Retry-After"]) if error.status == 429 else -1
    return 0


def test_the_window_moves_along(clock):
    counted = Limits(from_address="2 per minute")
    assert not refused(counted.try_account, "a", "ann")
    clock.at += 40
    assert not refused(counted.try_account, "a", "ann")
    assert refused(counted.try_account, "a", "ann") == 20
    clock.at += 19
    assert refused(counted.try_account, "a", "ann") == 1
    clock.at += 2
    assert not refused(counted.try_account, "a", "ann")
    assert refused(counted.try_account, "a", "ann") == 39


def test_addresses_and_accounts_are_counted_apart(clock):
    counted = Limits(from_address="2 per minute", to_account="3 per minute")
    assert not refused(counted.try_account, "a", "ann")
    assert not refused(counted.try_account, "a", "bob")
    assert refused(counted.try_account, "a", "carol")
    assert not refused(counted.try_account, "b", "ANN")
    assert not refused(counted.try_account, "c", "ann")
    assert refused(counted.try_account, "d", "ann")
    assert not refused(counted.try_account, "d", "bob")


def test_what_was_right_does_not_count(clock):
    counted = Limits(from_address="2 per minute", to_account="2 per minute")
    assert not refused(counted.try_account, "a", "ann")
    for _ in range(5):
        assert not refused(counted.try_account, "a", "bob")
        counted.forgive("a", "bob")
    assert not refused(counted.try_account, "a", "ann")
    assert refused(counted.try_account, "a", "bob")


def test_one_address_cannot_shut_out_an_account():
    counted = Limits()
    hour = 3600
    address, account = counted._rates["from_address"], counted._rates["to_account"]
    assert address.amount * hour / address.get_expiry() < (
        account.amount * hour / account.get_expiry()
    )


def test_too_many_wrong_passwords_and_the_right_one_waits_too(browser, ann):
    strict = Limits(from_address="3 per hour")
    for _ in range(3):
        assert browser(strict).sign_in(password="not the password").status_code == 401
    answer = browser().sign_in(password=PASSWORD)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 3600
    assert "Too many tries" in answer.text
    assert browser(address="192.0.2.2").sign_in(password=PASSWORD).status_code == 303


def test_an_own_account_is_no_way_to_more_tries(browser, ann):
    strict = Limits(from_address="3 per hour")
    wrong, own = [], []
    for _ in range(4):
        wrong.append(browser(strict).sign_in("bob", "not the password").status_code)
        own.append(browser().sign_in().status_code)
    assert wrong == [401, 401, 401, 429]
    assert own == [303, 303, 429, 429]


def test_an_account_that_is_not_there_is_counted_alike(browser, ann):
    strict = Limits(to_account="2 per hour")
    for name in ("ann", "bob"):
        wrong = [
            browser(strict, f"192.0.2.{i}").sign_in(name, "not the password").status_code
            for i in range(3)
        ]
        assert wrong == [401, 401, 429]


def test_the_present_password_is_not_guessed_either(browser, ann):
    her = browser(Limits(in_session="2 per hour"))
    her.sign_in()
    fields = {"old": "not the password", "password": "another one", "again": "another one"}
    answers = [
        her.send("/settings/password", page="/settings/profile", **fields).status_code
        for _ in range(3)
    ]
    assert answers == [401, 401, 429]


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:0db8:0001:0002"),
        ("2001:db8:1:2::1", "2001:0db8:0001:0002"),
        ("2001:db8:1:3::1", "2001:0db8:0001:0003"),
        ("testclient", "testclient"),
    ],
)
def test_where_a_request_comes_from(host, address):
    assert address_of(Request({"type": "http", "client": (host, 1)})) == address


def test_a_request_may_come_from_nowhere():
    assert address_of(Request({"type": "http", "client": None})) == ""

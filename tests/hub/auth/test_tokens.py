from __future__ import annotations

import re

import pytest

from pairsmith.hub.auth import tokens
from pairsmith.hub.auth.authentication import Caller, require_write
from pairsmith.hub.http.errors import HubError

SHOWN = re.compile(r"hf_[0-9a-f]{64}")


@pytest.fixture
def her(browser, ann):
    made = browser()
    made.sign_in()
    return made


def whoami(browser_, token: str):
    return browser_.get("/api/whoami-v2", headers={"authorization": f"Bearer {token}"})


def test_a_token_is_shown_once(her, hub):
    answer = her.send("/settings/tokens", name="laptop", role="write")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    (token,) = SHOWN.findall(answer.text)
    listed = her.get("/settings/tokens").text
    assert "laptop" in listed
    assert "reading and writing" in listed
    assert not SHOWN.search(listed)
    assert whoami(her, token).json()["auth"]["accessToken"] == {
        "displayName": "laptop",
        "role": "write",
    }


def test_a_token_is_nowhere_in_the_database(her, hub):
    answer = her.send("/settings/tokens", name="laptop", role="read")
    (token,) = SHOWN.findall(answer.text)
    kept = b"".join(path.read_bytes() for path in hub.root.glob("hub.sqlite*"))
    assert b"laptop" in kept
    assert tokens.digest(token) in kept
    assert token.encode() not in kept
    assert token.removeprefix(tokens.PREFIX).encode() not in kept


def test_a_token_that_is_revoked_is_none_from_then_on(her):
    (token,) = SHOWN.findall(her.send("/settings/tokens", name="laptop", role="read").text)
    assert whoami(her, token).status_code == 200
    revoked = her.send("/settings/tokens/revoke", page="/settings/tokens", name="laptop")
    assert (revoked.status_code, revoked.headers["location"]) == (303, "/settings/tokens")
    assert whoami(her, token).status_code == 401
    assert "<button>Revoke</button>" not in her.get("/settings/tokens").text


def test_nobody_revokes_the_token_of_another(her, account, browser):
    _bob, header = account("bob")
    her.send("/settings/tokens/revoke", page="/settings/tokens", name="test")
    assert her.get("/api/whoami-v2", headers=header).status_code == 200


@pytest.mark.parametrize(
    ("name", "role", "status"),
    [
        ("", "read", 400),
        ("x" * 65, "read", 400),
        ("a\0b", "read", 400),
        ("laptop", "", 400),
        ("laptop", "admin", 400),
        ("test", "read", 409),
    ],
)
def test_what_cannot_be_a_token_is_said(her, hub, ann, name, role, status):
    with hub.database.write() as db:
        tokens.add(db, ann, "test", "read")
    answer = her.send("/settings/tokens", name=name, role=role)
    assert answer.status_code == status
    assert 'class="fault"' in answer.text
    assert not SHOWN.search(answer.text)
    with hub.database.read() as db:
        assert [token.name for token in tokens.listed(db, ann)] == ["test"]


def test_tokens_are_listed_newest_first_with_their_end(hub, account):
    user, _header = account("bob")
    with hub.database.write() as db:
        tokens.add(db, user, "two", "read")
        assert tokens.revoke(db, user, "test")
        assert not tokens.revoke(db, user, "test")
        assert not tokens.revoke(db, user, "three")
        two, test = tokens.listed(db, user)
    assert (two.name, two.role, two.revoked) == ("two", "read", None)
    assert (test.name, test.role) == ("test", "write")
    assert test.revoked >= test.created


def test_a_token_leads_to_no_other_token(browser, account, hub):
    user, header = account("bob", "read")
    his = browser()
    his.client.headers.update(header)
    assert his.get("/settings/tokens").status_code == 303
    answer = his.send("/settings/tokens", page="/login", name="more", role="write")
    assert answer.headers["location"].startswith("/login")
    with hub.database.read() as db:
        assert len(tokens.listed(db, user)) == 1


def test_a_token_for_reading_writes_nothing(account):
    user, _header = account("bob", "read")
    with pytest.raises(HubError) as caught:
        require_write(Caller(user, writes=False, token="test"))
    assert caught.value.status == 403
    assert require_write(Caller(user, writes=True, token="test")) == user

"""The second factor: RFC's vectors, no code twice, and no way around it."""

from __future__ import annotations

import base64
import re
import threading
import time

import pytest

from pairsmith.hub.auth import code_step, second_factor, sessions, users
from pairsmith.hub.auth.limits import Limits
from support.hub.browsers import PASSWORD

PAGE = "/settings/two-factors"
KEY = re.compile(r"Key: <code>([A-Z2-7 ]+)</code>")
OFFER = re.compile(r'name="offer" value="([^"]+)"')
CODES = re.compile(r"\b(?:[a-z2-7]{4}-){3}[a-z2-7]{4}\b")
RFC = base64.b32encode(b"12345678901234567890").decode()


class Clock:
    """The time, which a test moves on."""

    def __init__(self) -> None:
        self.now = time.time()

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(second_factor, "time", made)
    return made


@pytest.fixture
def her(browser, ann, clock):
    made = browser()
    made.sign_in()
    return made


def code(secret, clock, steps=0):
    return second_factor.code_at(secret, int(clock.now) // 30 + steps)


def begin(her, password=PASSWORD):
    return her.send(f"{PAGE}/begin", page=PAGE, password=password)


def turn_on(her, clock):
    """The secret and the recovery codes of a second factor that is turned on."""
    page = begin(her).text
    secret = KEY.search(page)[1].replace(" ", "")
    answer = her.send(PAGE, offer=OFFER.search(page)[1], code=code(secret, clock))
    assert answer.status_code == 200, answer.text
    return secret, CODES.findall(answer.text)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_codes_are_those_of_rfc_6238(moment, expected):
    assert second_factor.code_at(RFC, moment // 30, digits=8) == expected


def test_a_code_is_asked_for_after_the_password(her, browser, clock):
    secret, recovery = turn_on(her, clock)
    assert len(set(recovery)) == 10
    assert her.signed_in()
    new = browser()
    answer = new.sign_in(next="/settings/tokens")
    assert answer.headers["location"] == "/login/code?next=%2Fsettings%2Ftokens"
    assert sessions.COOKIE not in new.cookies
    assert not new.signed_in()
    clock.now += 30
    wrong = new.send("/login/code", code="000000")
    assert wrong.status_code == 401
    assert not new.signed_in()
    typed = code(secret, clock)
    answer = new.send("/login/code", code=f" {typed[:3]} {typed[3:]} ", next="//evil.example")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert new.signed_in()


def test_no_code_is_taken_twice_and_none_that_is_older(her, browser, clock):
    secret, _ = turn_on(her, clock)
    thief = browser()
    thief.sign_in()
    assert thief.send("/login/code", code=code(secret, clock)).status_code == 401  # turned it on
    clock.now += 60
    seen = code(secret, clock)
    new = browser()
    new.sign_in()
    assert new.send("/login/code", code=seen).status_code == 303
    for typed in (seen, code(secret, clock, -1)):
        assert thief.send("/login/code", code=typed).status_code == 401
    assert thief.send("/login/code", code=code(secret, clock, 1)).status_code == 303  # a fast clock
    clock.now += 300
    late = browser()
    late.sign_in()
    for steps in (-2, 2):
        assert late.send("/login/code", code=code(secret, clock, steps)).status_code == 401


def test_a_recovery_code_is_good_once(her, browser, clock):
    _, recovery = turn_on(her, clock)
    new, again = browser(), browser()
    new.sign_in()
    again.sign_in()
    assert new.send("/login/code", code=recovery[0].upper().replace("-", " ")).status_code == 303
    assert again.send("/login/code", code=recovery[0]).status_code == 401
    assert "9 recovery codes are left" in her.get(PAGE).text


def test_one_code_sent_by_two_at_once_lets_one_in(her, hub, ann, clock):
    secret, _ = turn_on(her, clock)
    clock.now += 30
    typed, ends = code(secret, clock), []

    def use() -> None:
        with hub.database.write() as db:
            ends.append(second_factor.take(db, ann, typed))

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends) == [False] * 7 + [True]


def test_codes_cannot_be_guessed_and_guesses_do_not_shut_the_owner_out(browser, ann, clock):
    her = browser(Limits(codes="4 per hour"))
    her.sign_in()
    secret, _ = turn_on(her, clock)
    her.send("/logout", page="/settings/profile")
    thief = browser()
    thief.sign_in()
    tried = [thief.send("/login/code", code="000000").status_code for _ in range(5)]
    assert tried == [401] * 4 + [429]
    thief.sign_in()  # a new ticket is no way around
    clock.now += 30
    assert thief.send("/login/code", code=code(secret, clock)).status_code == 429
    her.sign_in()
    assert her.send("/login/code", code=code(secret, clock)).status_code == 303


@pytest.mark.parametrize("ticket", ["", "x", "x" * 4000, "WzEsMSwiIl0.aaaa.bbbb"], ids=len)
def test_a_ticket_that_is_made_up_is_none(her, browser, clock, ticket):
    secret, _ = turn_on(her, clock)
    clock.now += 30
    thief = browser()
    thief.cookies.set(code_step.COOKIE, ticket)
    assert thief.send("/login/code", code=code(secret, clock)).status_code == 401
    assert not thief.signed_in()


def test_a_ticket_is_void_once_the_password_is_another(her, browser, hub, ann, clock):
    secret, _ = turn_on(her, clock)
    thief = browser()
    thief.sign_in()
    with hub.database.write() as db:
        users.set_password(db, ann, "another hash")
    clock.now += 30
    assert thief.send("/login/code", code=code(secret, clock)).status_code == 401


def test_turning_it_on_takes_the_password_and_a_code_and_ends_other_sessions(her, browser, clock):
    elsewhere = browser()
    elsewhere.sign_in()
    assert begin(her, "not the password").status_code == 401
    page = begin(her).text
    offer = OFFER.search(page)[1]
    assert her.send(PAGE, offer=offer, code="000000").status_code == 401
    assert her.send(PAGE, offer=offer + "x", code="000000").status_code == 400
    assert browser().sign_in().headers["location"] == "/"  # not on yet
    turn_on(her, clock)
    assert not elsewhere.signed_in()


def test_an_offer_to_another_is_none(her, hub, browser, clock, ann):
    page = begin(her).text
    with hub.database.write() as db:
        bo = users.add(db, "bo", "", "bo@example.org", users.credentials(db, "ann").password)
    his = browser()
    his.sign_in("bo")
    secret = KEY.search(page)[1].replace(" ", "")
    fields = {"offer": OFFER.search(page)[1], "code": code(secret, clock)}
    assert his.send(PAGE, **fields).status_code == 400
    with hub.database.read() as db:
        assert second_factor.state(db, bo) is None


def test_turning_it_off_takes_password_and_code(her, browser, clock):
    secret, recovery = turn_on(her, clock)
    clock.now += 30
    fresh = code(secret, clock)
    for fields in ({"password": "not it", "code": fresh}, {"password": PASSWORD, "code": "000000"}):
        assert her.send(f"{PAGE}/off", page=PAGE, **fields).status_code == 401
    made = her.send(f"{PAGE}/codes", page=PAGE, password=PASSWORD, code=fresh)
    assert not set(CODES.findall(made.text)) & set(recovery)
    off = {"password": PASSWORD, "code": CODES.findall(made.text)[0]}
    assert her.send(f"{PAGE}/off", page=PAGE, **off).status_code == 303
    assert browser().sign_in().headers["location"] == "/"


def test_recovery_codes_are_kept_as_hashes(her, hub, clock):
    _, recovery = turn_on(her, clock)
    kept = b"".join(path.read_bytes() for path in hub.root.glob("hub.sqlite*"))
    for one in recovery:
        assert one.encode() not in kept
        assert one.replace("-", "").encode() not in kept


def test_the_picture_says_the_key(her, clock):
    pytest.importorskip("segno")
    page = begin(her).text
    assert "<svg" in page
    assert "style=" not in page.partition("<svg")[2].partition("</svg>")[0]  # which is not allowed
    secret = KEY.search(page)[1].replace(" ", "")
    address = second_factor.address_of(secret, "ann", "hub.example:8000")
    assert address == (
        f"otpauth://totp/hub.example%3A8000%3Aann?secret={secret}&issuer=hub.example%3A8000"
    )


def test_a_link_by_mail_is_no_way_around(hub, ann, her, clock):
    from pairsmith.hub.auth import by_mail, links
    from pairsmith.hub.auth.code_step import CodeDue
    from pairsmith.hub.auth.sign_in import Attempt

    turn_on(her, clock)
    with hub.database.write() as db:
        db.execute("UPDATE users SET confirmed = 1 WHERE id = ?", (ann.id,))
        secret = links.make(db, ann.id, "sign-in", ann.email, 60, "a browser")
    attempt = Attempt(hub, Limits(), "192.0.2.1")
    assert isinstance(by_mail.sign_in_by(attempt, secret, "a browser"), CodeDue)

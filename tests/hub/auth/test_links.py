"""Links by e-mail: signing in, another password, a confirmed address; and attacks on each."""

from __future__ import annotations

import re
import threading

import pytest

pytest.importorskip("aiosmtpd")

from pairsmith.hub.auth import by_mail, links, sessions, users
from pairsmith.hub.auth.limits import Limits
from pairsmith.hub.auth.sign_in import Attempt
from pairsmith.hub.http.accesslog import loggable_path
from pairsmith.hub.http.errors import HubError
from pairsmith.hub.mail import delivery, outbox
from support.hub.browsers import PASSWORD
from support.hub.post_office import mailing, post_office, until

NEW = "quite another password"
LINK = re.compile(r"http://testserver(/login/link/\S+)")


@pytest.fixture
def office(hub, monkeypatch):
    monkeypatch.setattr(delivery, "SOON", 0.02)
    with post_office() as made:
        mailing(hub, made)
        yield made


@pytest.fixture
def ann(hub, office, ann):
    with hub.database.write() as db:
        db.execute("UPDATE users SET confirmed = 1")
    return ann


def ask(browser_, purpose, email="ann@example.org"):
    return browser_.send("/login/help", email=email, purpose=purpose)


def link_of(office, count=1):
    return LINK.search(office.wait(count).get_content())[1]


def follow(browser_, link, **fields):
    sent = browser_.get(link)
    assert (sent.status_code, sent.headers["location"]) == (303, "/login/link")
    return browser_.send("/login/link", **fields)


def test_a_link_signs_in_once_and_in_the_browser_that_asked_alone(office, browser, ann, hub):
    her, other = browser(), browser()
    assert "a letter with a link is on its way" in ask(her, "sign-in", "Ann@Example.org").text
    link = link_of(office)
    assert office.received[0][0] == "ann@example.org"
    assert follow(other, link).status_code == 403
    assert not other.signed_in()
    shown = her.get(link)
    assert shown.headers["referrer-policy"] == "no-referrer"
    page = her.get("/login/link")
    assert "Sign in as" in page.text
    assert link.rpartition("/")[2] not in page.text
    before = her.cookies.get(sessions.COOKIE)
    answer = her.send("/login/link")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert her.signed_in()
    assert her.cookies[sessions.COOKIE] != before
    again = browser()
    again.get(link)
    assert again.get("/login/link").status_code == 410
    kept = b"".join(path.read_bytes() for path in hub.root.glob("hub.sqlite*"))
    assert link.rpartition("/")[2].encode() not in kept


def test_a_link_gives_another_password_once(office, browser, ann):
    old, her = browser(), browser()
    old.sign_in()
    ask(old, "reset")
    link = link_of(office)
    assert follow(her, link, password="short", again="short").status_code == 400
    assert follow(her, link, password=NEW, again=NEW + "x").status_code == 400
    answer = follow(her, link, password=NEW, again=NEW)
    assert answer.headers["location"] == "/login?done=reset"
    assert not her.signed_in()  # so that a second factor is asked for
    assert not old.signed_in()
    assert office.wait(2)["Subject"] == "Your password was changed"
    assert browser().sign_in(password=PASSWORD).status_code == 401
    assert browser().sign_in(password=NEW).status_code == 303
    her.get(link)
    assert her.get("/login/link").status_code == 410


def test_another_password_voids_links_to_sign_in(office, browser, ann):
    thief, her = browser(), browser()
    ask(thief, "sign-in")
    stale = link_of(office)
    ask(her, "reset")
    follow(her, link_of(office, 2), password=NEW, again=NEW)
    thief.get(stale)
    assert thief.get("/login/link").status_code == 410


def test_another_address_voids_links_also_once_it_is_the_old_one_again(office, browser, ann, hub):
    her = browser()
    ask(her, "reset")
    link = link_of(office)
    with hub.database.write() as db:
        there = users.set_profile(db, ann, "", "ann@elsewhere.example.org")
        users.set_profile(db, there, "", ann.email)  # to which nobody has shown a right since
    her.get(link)
    assert her.get("/login/link").status_code == 410


def test_a_password_of_the_hosts_voids_them_too(office, browser, ann, hub):
    with hub.database.write() as db:
        secrets = [links.make(db, ann.id, kind, ann.email, 60) for kind in ("reset", "confirm")]
        users.set_password(db, ann, "another hash")
        assert [links.look(db, secret) is not None for secret in secrets] == [False, True]


def test_two_uses_at_once_are_one(office, browser, ann, hub):
    with hub.database.write() as db:
        secret = links.make(db, ann.id, "reset", ann.email, 60)
    attempt, ends = Attempt(hub, Limits(), "192.0.2.1"), []

    def use() -> None:
        try:
            ends.append(by_mail.reset(attempt, secret, NEW, NEW).name)
        except HubError as error:
            ends.append(error.status)

    threads = [threading.Thread(target=use) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, ends)) == ["410"] * 5 + ["ann"]


def test_whether_an_address_is_known_nobody_can_tell(office, browser, ann, hub):
    with hub.database.write() as db:
        users.add(db, "bo", "", "bo@example.org", "a hash")  # not confirmed
        users.add(db, "tokens", "", "tokens@example.org", None)
        db.execute("UPDATE users SET confirmed = 1 WHERE name = 'tokens'")
        users.add(db, "gone", "", "gone@example.org", "a hash")
        db.execute("UPDATE users SET confirmed = 1, suspended = 1 WHERE name = 'gone'")
    names = ("ann", "bo", "tokens", "gone", "nobody")
    shapes, rows = set(), set()
    for name in names:
        with hub.database.write() as db:
            db.execute("DELETE FROM outbox")
        email = f"{name}@example.org"
        put, outbox.due = outbox.due, lambda db, limit: []  # what the answer itself does
        try:
            answer = ask(browser(), "reset", email)
            with hub.database.read() as db:
                rows.add(tuple(db.execute("SELECT user, kind FROM outbox").fetchone()))
        finally:
            outbox.due = put
        text = answer.text.replace(email, "X").split('name="csrf"')[0]
        shapes.add((answer.status_code, text, *sorted(answer.headers)))
    assert len(shapes) == 1
    assert rows == {(None, "asked")}
    ask(browser(), "reset")
    office.wait()
    assert {to for to, _ in office.received} == {"ann@example.org"}


def test_what_is_asked_for_is_limited_by_address_and_mailbox(office, browser, ann):
    limits = Limits(mail_from_address="3 per hour", mail_to_address="2 per hour")
    first = browser(limits)
    for email in ("ann@example.org", "nobody@example.org"):
        far = browser(address=f"198.51.100.{len(email)}")
        assert [ask(far, "reset", email).status_code for _ in range(3)] == [200, 200, 429]
    many = [ask(first, "reset", f"x{at}@example.org").status_code for at in range(4)]
    assert many == [200] * 3 + [429]


@pytest.mark.parametrize(
    "fields",
    [{"email": "ann"}, {"email": "ann@example.org\r\nBcc: x@y"}, {"purpose": "confirm"}],
    ids=["no-address", "lines", "purpose"],
)
def test_what_cannot_be_asked_for(office, browser, ann, fields):
    asked = {"email": "ann@example.org", "purpose": "reset", **fields}
    assert browser().send("/login/help", **asked).status_code == 400


def test_a_link_is_over_some_time_and_is_no_other_link(office, browser, ann, hub):
    her = browser()
    ask(her, "sign-in")
    link = link_of(office)
    secret = link.rpartition("/")[2]
    with hub.database.write() as db:
        assert links.take(db, secret, "reset") is None
        assert links.look(db, secret).purpose == "sign-in"
        assert links.look(db, secret[:-1]) is None
        assert links.look(db, "") is None
        db.execute("UPDATE users SET email = 'ann@example.com'")
        assert links.look(db, secret) is None  # the mailbox is another's by now
        db.execute("UPDATE users SET email = 'ann@example.org'")
        db.execute("UPDATE links SET expires = unixepoch()")
    her.get(link)
    assert her.send("/login/link", page="/login/help").status_code == 410
    assert not her.signed_in()


def test_an_address_is_confirmed_and_another_one_is_not(office, browser, hub, quick):
    his = browser()
    answer = his.send(
        "/join",
        name="bo",
        email="bo@example.org",
        password=PASSWORD,
        again=PASSWORD,
    )
    assert answer.status_code == 303
    elsewhere = browser()  # a phone, where nobody is signed in
    assert "is confirmed" in follow(elsewhere, link_of(office)).text
    assert not elsewhere.signed_in()
    assert "was confirmed on" in his.get("/settings/profile").text
    change = {"fullname": "Bo", "email": "bo@example.com"}
    assert his.send("/settings/profile", **change).status_code == 401  # a session alone
    assert his.send("/settings/profile", **change, old=PASSWORD).status_code == 303
    until(lambda: len(office.received) == 3)
    told = {to: letter["Subject"] for to, letter in office.received[1:]}
    assert told["bo@example.org"] == "Your e-mail address was changed"
    assert told["bo@example.com"].startswith("Confirm")
    assert "is not confirmed" in his.get("/settings/profile").text
    ask(browser(), "reset", "bo@example.com")
    his.send("/settings/profile/confirm", page="/settings/profile")
    assert office.wait(4)["Subject"].startswith("Confirm")
    his.send("/settings/profile/notices", page="/settings/profile")
    assert "checked> Notices" not in his.get("/settings/profile").text


def test_nobody_writes_to_many_strangers_by_changing_the_address(office, browser, ann):
    her = browser(Limits(mail_from_address="2 per hour"))
    her.sign_in()
    fields = {"fullname": "Ann", "old": PASSWORD}
    tried = [
        her.send("/settings/profile", email=f"x{at}@example.org", **fields).status_code
        for at in range(3)
    ]
    assert tried == [303, 303, 429]
    asked = her.send("/settings/profile/confirm", page="/settings/profile")
    assert asked.status_code == 429


def test_without_a_mail_server_the_pages_say_so(hub, browser, quick):
    assert "pairsmith hub user password" in browser().get("/login/help").text
    answer = browser().send("/login/help", page="/login", email="a@example.org", purpose="reset")
    assert answer.status_code == 503
    with hub.database.read() as db:
        assert db.execute("SELECT count(*) FROM outbox").fetchone()[0] == 0


def test_the_secret_of_a_link_is_in_no_log():
    scope = {"raw_path": b"/login/link/a-secret"}
    assert loggable_path(scope) == "/login/link/…"

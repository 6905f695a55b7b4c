"""Mail by a real server on loopback: taken, bounced, never answered; nothing waits for it."""

from __future__ import annotations

import time

import pytest

pytest.importorskip("aiosmtpd")

from pairsmith.hub.core import database
from pairsmith.hub.http.addresses import OTHER_STARTS
from pairsmith.hub.mail import choices, delivery, outbox, smtp
from pairsmith.hub.mail.delivery import Postman
from support.hub.post_office import SENDER, mailing, post_office, until
from support.hub.running import free_port


@pytest.fixture(autouse=True)
def prompt(monkeypatch):
    monkeypatch.setattr(delivery, "SOON", 0.02)


@pytest.fixture
def office(hub):
    with post_office() as made:
        mailing(hub, made)
        yield made


@pytest.fixture
def ann(hub, account):
    user = account("ann")[0]
    with hub.database.write() as db:
        db.execute("UPDATE users SET confirmed = 1 WHERE id = ?", (user.id,))
    return user


def send(hub, user, subject="A request waits", lines=("Bo asks for access.",), **options):
    with hub.database.write() as db:
        return outbox.send_later(hub, db, user.id, subject, lines, **options)


def waiting(hub):
    with hub.database.read() as db:
        return [dict(row) for row in db.execute("SELECT * FROM outbox ORDER BY id")]


def later(monkeypatch, seconds):
    moment = database.now() + seconds
    for module in (database, outbox, choices):
        monkeypatch.setattr(module, "now", lambda: moment)


def test_a_notice_arrives_and_says_how_to_stop(hub, office, client, ann):
    assert send(hub, ann)
    letter = office.wait()
    assert (letter["From"], letter["To"]) == (SENDER, "ann@example.org")
    assert letter["Subject"] == "A request waits"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter.get_content_type() == "text/plain"
    link = letter["List-Unsubscribe"].strip(" <>")
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert letter.get_content().splitlines() == [
        *("Bo asks for access.", "", f"No more of these: {link}")
    ]
    until(lambda: waiting(hub) == [])

    page = client.get(link, headers={"accept": "text/html"})
    assert (page.status_code, page.headers["referrer-policy"]) == (200, "no-referrer")
    send(hub, ann, "Looking at the page ends nothing")
    office.wait(2)
    client.cookies.clear()
    stopped = client.post(link, data={"List-Unsubscribe": "One-Click"})
    assert "no more notices" in stopped.text
    assert send(hub, ann, "Not sent")
    assert send(hub, ann, "Your password was changed", notice=False)
    safety = office.wait(3)
    assert (safety["Subject"], safety["List-Unsubscribe"]) == ("Your password was changed", None)
    until(lambda: waiting(hub) == [])
    with hub.database.write() as db:
        choices.choose(db, ann.id, wanted=True)
    send(hub, ann, "Again")
    assert office.wait(4)["List-Unsubscribe"].strip() == f"<{link}>"
    assert client.post(link[:-1] + "~").status_code == 404


def test_notices_go_to_nobody_who_is_not_known_to_have_the_address(hub, office, account, ann):
    bo, cleo, dan = (account(name)[0] for name in ("bo", "cleo", "dan"))
    with hub.database.write() as db:
        db.execute("UPDATE users SET confirmed = 1, suspended = 1 WHERE name = 'cleo'")
        db.execute("UPDATE users SET confirmed = 1, removed = 1 WHERE name = 'dan'")
    for user in (bo, cleo, dan, ann):
        send(hub, user)
    Postman(hub).deliver()
    assert [to for to, _ in office.received] == ["ann@example.org"]
    assert waiting(hub) == []


@pytest.mark.parametrize(
    "end",
    ["\r\n", "\n", "\r", "\x0b", "\x85", "\u2028"],
    ids=["crlf", "lf", "cr", "vt", "nel", "ls"],
)
def test_no_words_of_others_add_a_header_or_a_line(hub, office, ann, end):
    evil = f"x{end}Bcc: eve@example.org{end}{end}<b>Hello</b>"
    send(hub, ann, evil, [f"{evil}{end}.{end}QUIT", "end"])
    Postman(hub).deliver()
    (to, letter) = office.received[0]
    assert (to, letter["Bcc"]) == ("ann@example.org", None)
    assert letter["Subject"].startswith("x")
    assert len(letter.get_content().splitlines()) == 4
    assert office.asked == 1


@pytest.mark.parametrize(
    "address",
    ["ann@example.org\nBcc: eve@example.org", "a@b@c", "<ann@example.org>", "ann", "", "@", "a @b"],
    ids=["line", "two-at", "angle", "no-at", "empty", "at", "blank"],
)
def test_what_is_no_address_is_given_up_and_others_go_on(hub, office, account, ann, address):
    bo = account("bo")[0]
    with hub.database.write() as db:
        db.execute("UPDATE users SET confirmed = 1, email = ? WHERE name = 'bo'", (address,))
    send(hub, bo)
    send(hub, ann)
    Postman(hub).deliver()
    assert [to for to, _ in office.received] == ["ann@example.org"]
    assert [row["failed"] is not None for row in waiting(hub)] == [True] * bool(address)


def test_a_letter_that_bounces_for_now_is_tried_again_with_growing_pauses(
    hub, office, ann, monkeypatch
):
    office.answers = ["451 try later"] * outbox.MAX_TRIES
    later(monkeypatch, 0)
    send(hub, ann)
    postman, pauses = Postman(hub), []
    for _ in range(outbox.MAX_TRIES):
        postman.deliver()
        (row,) = waiting(hub)
        pauses.append(row["due"] - database.now())
        postman.deliver()  # not sooner
        later(monkeypatch, pauses[-1])
    assert office.asked == outbox.MAX_TRIES
    assert pauses[:5] == list(outbox.PAUSES)
    assert (row["failed"] is not None, row["content"]) == (True, "{}")
    with hub.database.read() as db:
        assert outbox.last_failure(db, ann.id)[1] == "451 try later"
    assert office.received == []
    later(monkeypatch, outbox.KEPT)
    with hub.database.write() as db:
        outbox.tidy(db)
    assert waiting(hub) == []


def test_a_letter_that_bounces_for_good_is_given_up_at_once(hub, office, ann):
    office.answers = ["550 no such user <ann@example.org>"]
    send(hub, ann)
    send(hub, ann, "Another")
    Postman(hub).deliver()
    assert [letter["Subject"] for _, letter in office.received] == ["Another"]
    with hub.database.read() as db:
        assert outbox.last_failure(db, ann.id)[1].startswith("550")


def test_what_went_is_not_sent_again(hub, office, ann):
    send(hub, ann)
    for _ in range(3):
        Postman(hub).deliver()
    assert len(office.received) == 1


def test_a_server_that_hangs_holds_nothing_up(hub, office, ann, monkeypatch, client):
    monkeypatch.setattr(smtp, "SECONDS", 1.5)
    office.answers = ["hang"]
    send(hub, ann, "Held up")
    until(lambda: office.asked)
    assert client.get("/").status_code == 200
    assert send(hub, ann, "Behind it")
    assert len(waiting(hub)) == 2  # it hangs still
    assert office.wait()["Subject"] == "Behind it"
    until(lambda: len(waiting(hub)) == 1)
    (row,) = waiting(hub)
    assert row["tries"] == 1
    assert "timed out" in row["fault"].lower()


def test_a_hub_that_is_stopped_waits_for_no_mail_server(hub, office, ann, monkeypatch):
    monkeypatch.setattr(delivery, "FAREWELL", 0.2)
    office.answers = ["hang"]
    send(hub, ann)
    postman = Postman(hub, soon=0.01)
    postman.start()
    until(lambda: office.asked)
    began = time.monotonic()
    postman.stop()
    assert time.monotonic() - began < 5
    until(lambda: waiting(hub)[0]["fault"])  # it is tried when the hub is next served


def test_a_letter_has_an_end_however_lively_the_server_is(hub, office, ann, monkeypatch):
    monkeypatch.setattr(smtp, "WHOLE_SECONDS", 0.3)
    office.answers = ["hang"]  # and `SECONDS` is 10
    send(hub, ann)
    began = time.monotonic()
    Postman(hub).deliver()
    assert time.monotonic() - began < 8
    assert waiting(hub)[0]["tries"] == 1


def test_no_server_to_be_had_costs_letters_no_try(hub, office, ann):
    mailing(hub, office, port=free_port())
    send(hub, ann)
    postman = Postman(hub)
    assert [postman.deliver() for _ in range(2)] == [10, 0]  # put off for a second
    assert waiting(hub)[0]["tries"] == 0
    mailing(hub, office)
    until(lambda: postman.deliver() == 0 and office.received)


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")
def test_who_must_sign_in_does_and_a_wrong_password_loses_no_letter(hub, ann, monkeypatch):
    monkeypatch.setattr(smtp, "SECONDS", 0.5)
    with post_office("hub", "a word for mail") as office:
        mailing(hub, office, password="another word")
        send(hub, ann)
        assert Postman(hub).deliver() > 0
        assert (waiting(hub)[0]["tries"], office.received) == (0, [])
        mailing(hub, office)
        postman = Postman(hub)
        until(lambda: postman.deliver() == 0 and office.received)


def test_the_outbox_is_bounded_for_an_account_and_in_all(hub, office, ann, account, monkeypatch):
    monkeypatch.setattr(outbox, "MAX_OF_USER", 3)
    monkeypatch.setattr(outbox, "MAX_WAITING", 5)
    monkeypatch.setattr(delivery, "MAX_A_MINUTE", 4)
    assert [send(hub, ann) for _ in range(5)] == [True] * 3 + [False] * 2
    bo, cleo = account("bo")[0], account("cleo")[0]
    assert [send(hub, cleo) for _ in range(3)] == [True, True, False]
    assert [send(hub, bo, notice=False) for _ in range(4)] == [True] * 3 + [False]
    assert send(hub, ann, notice=False)  # what is about her safety comes, however many notices wait
    postman = Postman(hub)
    postman.deliver()
    assert len(office.received) == 4
    first = [to for to, _ in office.received]
    assert first == ["bo@example.org"] * 3 + ["ann@example.org"]  # before notices
    assert office.received[-1][1]["List-Unsubscribe"] is None
    postman.deliver()
    assert len(office.received) == 4  # a minute has not passed


def test_without_a_mail_server_nothing_is_kept(hub, ann, client):
    assert not send(hub, ann)
    assert waiting(hub) == []


def test_a_letter_may_be_in_any_script(hub, office, ann):
    send(hub, ann, "茶 für Zoë", ["Grüße – 茶", "." * 3, "From the garden"])
    Postman(hub).deliver()
    letter = office.received[0][1]
    assert letter["Subject"] == "茶 für Zoë"
    assert letter.get_content().splitlines()[:3] == ["Grüße – 茶", "...", "From the garden"]


def test_names_are_kept_from_the_hub_itself():
    assert {"mail", "deleted"} <= OTHER_STARTS

"""Notices by e-mail, by a real server on loopback: to whom, of what, and how they end."""

from __future__ import annotations

import pytest

pytest.importorskip("aiosmtpd")

from pairsmith.hub.core import database
from pairsmith.hub.gating import requests
from pairsmith.hub.mail import delivery, outbox, smtp
from pairsmith.hub.mail.delivery import Postman
from pairsmith.hub.membership import invitations, places
from pairsmith.hub.notices import mailing, telling
from pairsmith.hub.notices.kinds import BY_MAIL, Kind
from pairsmith.hub.repos import repos
from pairsmith.hub.repos.roles import Role
from support.hub.post_office import mailing as sends_by
from support.hub.post_office import post_office, until

from .conftest import PAGE

PROFILE = "/settings/profile"
SECRET = "a word that was said"


@pytest.fixture
def office(hub):
    with post_office() as made:
        sends_by(hub, made)
        yield made


@pytest.fixture
def post(hub, office):
    """Has what is due sent: the letters that came by it, as to whom, subject and text."""

    def act() -> list[tuple[str, str, str]]:
        before = len(office.received)
        mailing.post(hub)
        Postman(hub, mailing.WRITERS).deliver()
        return [(to, one["Subject"], one.get_content()) for to, one in office.received[before:]]

    return act


def pass_time(monkeypatch, seconds):
    moment = database.now() + seconds
    for module in (telling, mailing, outbox):
        monkeypatch.setattr(module, "now", lambda: moment)


def choose(who, *kinds, notices="on"):
    fields = dict.fromkeys(kinds, "on")
    answer = who.send(f"{PROFILE}/notices", page=PROFILE, kinds="yes", notices=notices, **fields)
    assert answer.status_code == 303


def test_a_request_and_its_answer_come_by_mail(hub, tea, ann, bob, ask, post):
    ask(bob)
    ((to, subject, text),) = post()
    assert (to, subject) == ("ann@example.org", "bob asks for access to ann/tea")
    assert f"http://testserver{PAGE}/settings/requests" in text
    assert "No more by e-mail about requests for access" in text
    assert post() == []
    with hub.database.write() as db:
        found = requests.find(db, tea, "bob")
        requests.answer(db, tea, ann.user, found, "rejected", SECRET)
    ((to, subject, text),) = post()
    assert (to, subject) == ("bob@example.org", "Your request for access to ann/tea was rejected")
    assert SECRET not in text, "it is read on the page"


def test_who_wants_comments_gets_one_letter_of_many(hub, tea, ann, bob, post, monkeypatch):
    bob.begin()
    bob.write("A comment by which nothing comes: it is not asked for by default.")
    pass_time(monkeypatch, 200)
    assert post() == []
    ann.send("/notifications", all="yes")
    choose(ann, "comment")
    for number in range(20):
        bob.write(f"{number}: {SECRET}")
    assert post() == [], "more may be said in the next two minutes"
    pass_time(monkeypatch, 1000)
    ((_, subject, text),) = post()
    assert subject == "20 things happened in ann/tea#1; the last was by bob"
    assert "A question of leaves" in text
    assert SECRET not in text
    bob.write("Nothing more comes until she has read it,")
    pass_time(monkeypatch, 2000)
    assert post() == []
    bob.write("or is mentioned: @ann")
    assert post() == [], "she wants none of mentions"
    pass_time(monkeypatch, telling.DAY + 3000)
    choose(ann, "comment", "mention")
    bob.write("A day later it does.")
    pass_time(monkeypatch, telling.DAY + 4000)
    ((_, subject, _),) = post()
    assert subject.strip().startswith("You are mentioned in ann/tea#1, where 23 things happened")


def test_what_was_read_before_it_is_sent_is_not_sent(hub, tea, ann, bob, ask, post, office):
    ask(bob)
    mailing.post(hub)
    ann.get(f"{PAGE}/settings/requests")
    assert post() == []
    with hub.database.read() as db:
        assert db.execute("SELECT * FROM outbox").fetchall() == []


def test_who_lost_sight_of_a_repository_meanwhile_gets_nothing(hub, tea, ann, bob, post):
    with hub.database.write() as db:
        places.give(db, places.of_repo(tea), "ann", bob.user, Role.READ)
        repos.set_private(db, tea, True)
    ann.begin("A secret title", "For @bob.")
    mailing.post(hub)
    with hub.database.write() as db:
        places.give(db, places.of_repo(tea), "ann", bob.user, Role.NONE)
    assert post() == []
    with hub.database.write() as db:
        places.give(db, places.of_repo(tea), "ann", bob.user, Role.READ)
    ann.write("@bob, again")
    assert post() == [], "one letter went, though there was nobody to get it"


def test_an_invitation_comes_by_mail_and_not_once_it_is_withdrawn(hub, tea, ann, bob, post):
    place = places.of_repo(tea)
    with hub.database.write() as db:
        invitations.invite(db, place, ann.user, "bob", Role.READ)
    ((to, subject, text),) = post()
    assert (to, subject) == ("bob@example.org", "ann invites you to ann/tea, in the role read")
    assert "http://testserver/settings/invitations" in text
    with hub.database.write() as db:
        invitations.invite(db, place, ann.user, "bob", Role.WRITE)
    mailing.post(hub)
    with hub.database.write() as db:
        (one,) = invitations.of_user(db, bob.user)
        invitations.withdraw(db, place, ann.user, one.id)
    assert post() == []


def test_a_letter_ends_its_kind_or_all_of_them(hub, tea, ann, bob, person, ask, post, client):
    ask(bob)
    assert len(post()) == 1
    with hub.database.read() as db:
        secret = db.execute("SELECT secret FROM mail_choices").fetchone()[0]
    link = f"/mail/stop/{secret}?kind=request"
    assert "about requests for access" in client.get(link).text
    ann.send("/notifications", all="yes")
    ask(person("cleo"))
    assert len(post()) == 1, "looking at the page ends nothing"
    assert client.post(link, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    ann.send("/notifications", all="yes")
    ask(person("dan"))
    assert post() == []
    bob.begin(text="But @ann is mentioned.")
    assert len(post()) == 1
    page = ann.get(PROFILE).text
    assert 'name="mention" value="on" checked' in page
    assert 'name="request" value="on" checked' not in page
    assert client.post(f"/mail/stop/{secret}").status_code == 200
    bob.begin("Another", "And @ann again.")
    assert post() == []
    choose(ann, *Kind)
    bob.begin("A third", "And @ann again.")
    assert len(post()) == 1
    for unknown in (f"/mail/stop/{secret}x?kind=request", "/mail/stop/x?kind=request"):
        assert client.post(unknown).status_code == 404
    client.post(f"/mail/stop/{secret}?kind=%00x")
    bob.begin("A fourth", "And @ann again.")
    assert post() == [], "a kind that is none ends all"


def test_every_letter_says_how_it_ends(hub, tea, ann, bob, ask, post, office):
    ask(bob)
    post()
    letter = office.received[0][1]
    link = letter["List-Unsubscribe"].replace("\n", "").strip(" <>")
    assert link.endswith("?kind=request")
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert link in letter.get_content().replace("=\n", "")


def test_who_has_no_confirmed_address_or_is_shut_out_gets_none(hub, tea, ann, bob, ask, post):
    with hub.database.write() as db:
        db.execute("UPDATE users SET confirmed = NULL WHERE name = 'ann'")
    ask(bob)
    assert post() == []
    assert ann.count() == 1, "it is told on the page"
    with hub.database.write() as db:
        db.execute("UPDATE users SET confirmed = 1")
    assert post() == [], "and does not come later"
    bob.begin(text="@ann")
    mailing.post(hub)
    with hub.database.write() as db:
        db.execute("UPDATE users SET suspended = 1 WHERE name = 'ann'")
    assert post() == []


def test_letters_a_day_are_bounded(hub, tea, ann, bob, post, monkeypatch):
    monkeypatch.setattr(mailing, "MAX_LETTERS_A_DAY", 2)
    for number in range(3):
        bob.begin(f"Question {number}", "@ann")
    assert len(post()) == 2
    assert ann.count() == 3
    pass_time(monkeypatch, telling.DAY)
    bob.begin("Question 4", "@ann")
    assert len(post()) == 1


def test_letters_wait_where_there_is_no_room_and_come_to_an_end(
    hub, tea, ann, bob, post, monkeypatch
):
    monkeypatch.setattr(outbox, "MAX_OF_USER", 0)
    bob.begin(text="@ann")
    assert post() == []
    monkeypatch.setattr(outbox, "MAX_OF_USER", 50)
    assert post() == [], "not at once"
    pass_time(monkeypatch, mailing.FULL_WAIT)
    assert len(post()) == 1
    bob.begin("Another", "@ann")
    pass_time(monkeypatch, outbox.LETTER_LIFE + 1000)
    assert post() == [], "what is of last week is not sent"


def test_a_server_that_turns_away_or_hangs_costs_no_notice(
    hub, tea, ann, bob, post, office, monkeypatch
):
    office.answers = ["451 later", "550 no such user"]
    bob.begin(text="@ann")
    assert post() == []
    pass_time(monkeypatch, outbox.PAUSES[0])
    assert post() == []
    assert ann.count() == 1
    monkeypatch.setattr(smtp, "SECONDS", 0.3)
    office.answers = ["hang"]
    bob.begin("Another", "@ann")
    assert post() == []
    pass_time(monkeypatch, outbox.PAUSES[0] * 3)
    assert len(post()) == 1


def test_a_served_hub_sends_by_itself(hub, office, tea, ann, bob, monkeypatch, ask, request):
    monkeypatch.setattr(mailing, "SOON", 0.02)
    monkeypatch.setattr(delivery, "SOON", 0.02)
    request.getfixturevalue("client")
    ask(bob)
    assert office.wait()["Subject"] == "bob asks for access to ann/tea"
    until(lambda: len(office.received) == 1)


def test_without_a_mail_server_all_is_told_on_pages(hub, tea, ann, bob, ask, client):
    ask(bob)
    mailing.post(hub)
    assert ann.count() == 1
    with hub.database.read() as db:
        assert db.execute("SELECT count(*) FROM outbox").fetchone()[0] == 0


def test_by_default_what_is_to_be_done_comes_by_mail():
    assert Kind.REQUEST in BY_MAIL
    assert Kind.COMMENT not in BY_MAIL


def test_no_letter_holds_a_byte_of_data(own_stage, office_of_stage):
    """Everybody wants everything; in a private discussion somebody wrote of the data."""
    office, hub = office_of_stage, own_stage.hub
    with hub.database.write() as db:
        db.execute("UPDATE users SET confirmed = 1, email = name || '@example.org'")
        db.execute(
            "INSERT INTO mail_choices (user, secret, kinds)"
            ' SELECT id, name, \'{"comment": true, "sale": true}\' FROM users WHERE true'
            " ON CONFLICT DO UPDATE SET kinds = excluded.kinds"
        )
        db.execute("UPDATE notices SET mail = 0")
    mailing.post(hub)
    Postman(hub, mailing.WRITERS).deliver()
    to = {address.partition("@")[0] for address, _ in office.received}
    assert {"reader", "writer", "keeper", "buyer"} <= to
    for address, letter in office.received:
        text = letter.as_string() + letter.get_content()
        assert "MARK" not in text
        if address.partition("@")[0] in own_stage.callers:
            assert "kept-to-myself" not in text


@pytest.fixture
def office_of_stage(own_stage):
    with post_office() as made:
        sends_by(own_stage.hub, made)
        yield made

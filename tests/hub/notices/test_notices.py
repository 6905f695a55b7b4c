"""What people are told: by whom, how often, and what they are not."""

from __future__ import annotations

import pytest

from pairsmith.hub.community import pulls, threads
from pairsmith.hub.community.threads import Actor
from pairsmith.hub.core import database
from pairsmith.hub.gating import requests
from pairsmith.hub.licensing import licences, offers, orders, payments
from pairsmith.hub.membership import invitations, organizations, places
from pairsmith.hub.notices import listing, telling
from pairsmith.hub.notices.kinds import LABELS, Kind
from pairsmith.hub.notices.telling import Happening, admins, tell
from pairsmith.hub.notices.words import FOR_ADMINS, SENTENCES
from pairsmith.hub.repos import history, repos
from pairsmith.hub.repos.roles import Role
from support.hub.shop import RESEARCH
from support.hub.stock import propose_files

from .conftest import NOTICES, PAGE, told

SECRET = "a word that was said in private"


def answer(hub, tea, actor, user, status, reason=""):
    with hub.database.write() as db:
        found = requests.find(db, tea, user.user.name)
        requests.answer(db, tea, actor.user, found, status, reason)


def test_a_request_is_told_to_admins_and_its_answer_to_who_asked(hub, tea, ann, bob, person, ask):
    cleo, dan, eve = person("cleo"), person("dan"), person("eve")
    with hub.database.write() as db:
        places.give(db, places.of_repo(tea), "ann", dan.user, Role.ADMIN)
        places.give(db, places.of_repo(tea), "ann", eve.user, Role.WRITE)
    assert (ann.count(), ann.notices()) == (0, [])
    ask(bob)
    ask(bob)
    assert ann.count() == 1
    assert ann.notices() == ["bob asks for access to ann/tea."]
    ask(cleo)
    assert ann.notices() == ["2 requests for access to ann/tea came, the last one from cleo."]
    assert f'href="{PAGE}/settings/requests"' in ann.get(NOTICES).text
    assert ann.get(f"{PAGE}/settings/requests").status_code == 200
    assert ann.count() == 0, "the page of it was opened"
    assert (dan.count(), eve.count()) == (1, 0), "not who writes alone"

    answer(hub, tea, ann, bob, "accepted")
    answer(hub, tea, ann, cleo, "rejected", SECRET)
    assert bob.notices() == ["You were given access to ann/tea."]
    assert cleo.notices() == ["Your request for access to ann/tea was rejected."]
    assert SECRET not in cleo.get(NOTICES).text
    assert cleo.get(PAGE).status_code == 200
    assert cleo.count() == 0
    answer(hub, tea, ann, bob, "revoked", "Over.")
    assert bob.notices() == ["Your access to ann/tea was revoked."]
    assert dan.count() == 0, "none waits any more, so there is nothing to do"


def test_what_is_said_at_one_place_is_one_line(hub, tea, ann, bob, person):
    cleo, dan = person("cleo"), person("dan")
    bob.begin()
    assert ann.notices() == ["bob began ann/tea#1."]
    for number in range(20):
        cleo.write(f"Oolong {number}. {SECRET}")
    assert ann.notices() == ["21 things happened in ann/tea#1; the last was by cleo."]
    assert bob.notices() == ["20 things happened in ann/tea#1; the last was by cleo."]
    assert (cleo.notices(), dan.notices()) == ([], [])
    page = ann.get(NOTICES).text
    assert "A question of leaves" in page
    assert SECRET not in page
    ann.write("What does @Dan say, and @ann, @bob and @nobody?")
    assert dan.notices() == ["ann mentions you in ann/tea#1."]
    assert bob.notices() == [
        "You are mentioned in ann/tea#1, where 21 things happened; the last was by ann."
    ]
    assert ann.count() == 1, "nobody is told of what they do themselves"
    ann.send(f"{PAGE}/discussions/1/title", title="About <b>leaves</b>")
    assert "About &lt;b&gt;leaves&lt;/b&gt;" in dan.get(NOTICES).text
    assert dan.get(f"{PAGE}/discussions/1", headers={"Sec-Fetch-Dest": "image"}).status_code == 200
    assert dan.count() == 1, "a page of others has not read it for them"
    dan.get(f"{PAGE}/discussions/1")
    assert dan.count() == 0
    ann.send(f"{PAGE}/discussions/1/status", status="closed")
    assert cleo.notices() == ["2 things happened in ann/tea#1; the last was by ann."]
    assert dan.notices() == []


def test_an_edited_comment_tells_those_who_are_mentioned_now(hub, tea, ann, bob, person):
    cleo = person("cleo")
    bob.begin(text="Ask @ann")
    with hub.database.read() as db:
        key = db.execute("SELECT key FROM discussion_entries").fetchone()[0]
    before = told(hub, ann)
    for _ in range(2):
        bob.send(f"{PAGE}/discussions/1/comment/{key}/edit", text="Ask @ann and @cleo")
    assert told(hub, cleo) == ["bob mentions you in ann/tea#1."]
    assert told(hub, ann) == before == ["bob mentions you in ann/tea#1."]


def test_a_pull_request_is_told_to_its_end(hub, tea, ann, bob):
    actor = Actor(bob.user, moderates=False)
    with hub.database.write() as db:
        head = history.head(db, tea, history.MAIN)
        pull = pulls.begin(db, tea, actor, "Another card", "", head)
    assert ann.notices() == ["bob proposes changes: ann/tea#1."]
    ann.send(NOTICES, all="yes")
    propose_files(hub, tea, actor, 1, {"leaves.txt": b"green\n"})
    assert ann.notices() == ["bob added a commit to ann/tea#1."]
    with hub.database.write() as db:
        pull = threads.find(db, tea, 1)
        if pull.status == "draft":
            threads.set_status(db, tea, pull, actor, "open")
        pull = threads.find(db, tea, 1)
    pulls.merge(hub, tea, pull, Actor(ann.user, moderates=True))
    assert bob.notices() == ["ann merged ann/tea#1."]


def test_a_muted_discussion_tells_nothing(hub, tea, ann, bob):
    bob.begin()
    page = f"{PAGE}/discussions/1"
    assert "Tell me nothing of it" in ann.get(page).text
    ann.send(f"{page}/mute", page=page, mute="yes")
    assert "Tell me of it again" in ann.get(page).text
    bob.write("Are you there, @ann?")
    assert ann.notices() == []
    ann.send(f"{page}/mute", page=page, mute="no")
    bob.write("And now?")
    assert ann.notices() == ["bob wrote in ann/tea#1."]


def test_who_may_not_know_of_a_repository_is_told_nothing_of_it(hub, tea, ann, bob, person):
    cleo = person("cleo")
    with hub.database.write() as db:
        places.give(db, places.of_repo(tea), "ann", bob.user, Role.READ)
        repos.set_private(db, tea, True)
    ann.begin("A secret title", "For @bob and @cleo.")
    assert bob.count() == 1
    assert (cleo.count(), told(hub, cleo)) == (0, [])
    with hub.database.write() as db:
        places.give(db, places.of_repo(tea), "ann", bob.user, Role.NONE)
    assert (bob.count(), told(hub, bob)) == (0, [])
    page = bob.get(NOTICES).text
    assert "tea" not in page
    assert "secret" not in page
    with hub.database.write() as db:
        repos.set_private(db, tea, False)
    assert bob.count() == 1
    with hub.database.write() as db:
        repos.delete(db, tea)
    assert (bob.count(), told(hub, bob)) == (0, [])


def test_an_invitation_is_told_as_long_as_it_stands(hub, tea, ann, bob, person):
    cleo = person("cleo")
    with hub.database.write() as db:
        repos.set_private(db, tea, True)
        guild = places.of_organization(organizations.make(db, "guild", "", ann.user))
        invitations.invite(db, guild, ann.user, "bob", Role.READ)
        invitations.invite(db, places.of_repo(tea), ann.user, "bob", Role.READ)
        invitations.invite(db, places.of_repo(tea), ann.user, "CLEO@example.org", Role.READ)
    assert sorted(bob.notices()) == [
        "ann invites you to ann/tea, in the role read.",
        "ann invites you to guild, in the role read.",
    ]
    assert cleo.notices() == ["ann invites you to ann/tea, in the role read."]
    with hub.database.write() as db:
        (waiting,) = (one for one in invitations.of_user(db, bob.user) if one.place.repo)
        invitations.withdraw(db, places.of_repo(tea), ann.user, waiting.id)
    assert bob.notices() == ["ann invites you to guild, in the role read."]
    bob.get("/settings/invitations")
    assert bob.count() == 0


def pay(db, reference, number, **more):
    paid = {
        "id": f"cs_{number}", "client_reference_id": reference, "payment_status": "paid",
        "payment_link": "plink_research", "payment_intent": f"pi_{number}", "amount_total": 4900,
        "currency": "usd", **more,
    }  # fmt: skip
    event = {"id": f"evt_{number}", "object": "event", "type": "checkout.session.completed"}
    payments.apply_event(db, {**event, "data": {"object": paid}})


def test_sales_are_told_to_admins_and_licences_to_who_holds_them(hub, tea, ann, bob, person):
    cleo = person("cleo")
    with hub.database.write() as db:
        offer = offers.make(db, tea, RESEARCH)
        pay(db, orders.create(db, tea, offer, bob.user), 1)
        pay(db, orders.create(db, tea, offer, cleo.user), 2, amount_total=1)
    assert sorted(ann.notices()) == [
        "A payment of cleo for ann/tea was turned away.", "bob bought a licence of ann/tea."
    ]  # fmt: skip
    assert bob.notices() == ["You were given a licence of ann/tea."]
    (own,) = cleo.notices()
    assert own.startswith("A payment of yours was turned away")
    cleo.get("/settings/licences")
    assert cleo.count() == 0
    refund = {"payment_intent": "pi_1", "refunded": True}
    event = {"id": "evt_3", "object": "event", "type": "charge.refunded", "data": {}}
    with hub.database.write() as db:
        payments.apply_event(db, {**event, "data": {"object": refund}})
        (held,) = licences.of_user(db, bob.user)
        repos.set_private(db, tea, True)
    assert ann.notices()[0] == (
        "2 payments for ann/tea were turned away or went back; the last was of bob."
    )
    assert bob.notices() == ["Your licence of ann/tea was revoked."], "it names it in any case"
    bob.get(f"/licences/{held.number}")
    assert bob.count() == 0
    ann.get(f"{PAGE}/settings/licences")
    assert ann.count() == 0


def test_who_is_no_admin_any_more_is_not_told_who_asked_or_paid(hub, tea, ann, bob, person, ask):
    cleo = person("cleo")
    with hub.database.write() as db:
        places.give(db, places.of_repo(tea), "ann", bob.user, Role.ADMIN)
        for what in FOR_ADMINS[1:]:
            tell(db, admins(db, tea), Happening(Kind.SALE, what, f"/{what}", tea, cleo.user.id))
    ask(cleo)
    assert [who.count() for who in (ann, bob)] == [len(FOR_ADMINS)] * 2
    with hub.database.write() as db:
        places.give(db, places.of_repo(tea), "ann", bob.user, Role.WRITE)
    assert [who.count() for who in (ann, bob)] == [len(FOR_ADMINS), 0]
    assert "cleo" not in bob.get("/notifications").text


def test_notices_are_marked_and_paged(hub, tea, ann, bob, person):
    for number in range(1, 54):
        threads_of(hub, tea, bob, f"Question {number}")
    assert ann.count() == 53
    assert len(ann.notices()) == 50
    assert 'href="?p=1"' in ann.get(NOTICES).text
    assert ann.get(f"{NOTICES}?p=9999999999").status_code == 200
    with hub.database.read() as db:
        first = listing.listed(db, ann.user.id, 1)[0]
    for sent in (str(first.id), "x", "", "-1", "9" * 30):
        assert ann.send(NOTICES, notice=sent).status_code == 303
    assert ann.count() == 52
    assert bob.send(NOTICES, page="/settings/tokens", notice=str(first.id + 1)).status_code == 303
    assert ann.count() == 52, "another's are not marked"
    ann.send(NOTICES, all="yes")
    assert (ann.count(), len(told(hub, ann))) == (0, 53)
    assert person("cleo").client.post(NOTICES, data={"all": "yes"}).status_code == 403


def threads_of(hub, tea, who, title):
    with hub.database.write() as db:
        db.execute("UPDATE discussions SET created = 0")
        threads.open_discussion(db, tea, Actor(who.user, moderates=False), title, "Leaves?")


def test_what_one_account_causes_is_bounded(hub, tea, ann, bob, person, monkeypatch):
    crowd = [person(f"c{number}") for number in range(6)]
    monkeypatch.setattr(telling, "MAX_TOLD_AN_HOUR", 5)
    bob.begin(text=" ".join(f"@c{number}" for number in range(6)))
    assert ann.count() == 1, "who administers it comes first"
    assert [len(told(hub, one)) for one in crowd] == [1, 1, 1, 1, 0, 0]
    bob.write("@c5 again")
    assert (len(told(hub, crowd[5])), ann.notices()) == (0, ["bob began ann/tea#1."])
    crowd[0].write("Another account tells.")
    assert bob.count() == 1
    later = database.now() + telling.HOUR
    monkeypatch.setattr(telling, "now", lambda: later)
    bob.write("@c5 again")
    assert len(told(hub, crowd[5])) == 1


def test_of_an_account_so_many_are_kept_and_what_was_read_goes_first(
    hub, tea, ann, bob, monkeypatch
):
    monkeypatch.setattr(telling, "MAX_KEPT", 3)
    for number in range(1, 4):
        threads_of(hub, tea, bob, f"Question {number}")
    ann.get(f"{PAGE}/discussions/2")
    for number in range(4, 6):
        threads_of(hub, tea, bob, f"Question {number}")
    left = [one.partition("#")[2] for one in told(hub, ann)]
    assert left == ["5.", "4.", "3."]


def test_every_sentence_and_kind_has_words():
    assert set(LABELS) == set(Kind)
    for one, many in SENTENCES.values():
        for text in filter(None, (one, many)):
            text.format(
                actor="a",
                count=2,
                repo="r",
                thread="t",
                licensed="l",
                licence="n",
                last="d",
                place="p",
                role="x",
                collection="c",
            )


@pytest.mark.parametrize("path", [NOTICES, f"{NOTICES}?p=1"])
def test_who_is_not_signed_in_is_asked_to_be(client, path):
    assert client.get(path, follow_redirects=False).status_code in (303, 401)


def test_no_notice_holds_a_byte_of_data(stage):
    """On the stage somebody wrote of data in a discussion that is private, to everybody."""
    with stage.hub.database.read() as db:
        rows = [tuple(row) for row in db.execute("SELECT * FROM notices")]
    assert rows, "the test is able to fail"
    assert "MARK" not in repr(rows)
    people = {**stage.callers, **{name: ways for name, (_, ways) in stage.holders.items()}}
    for name, ways in people.items():
        for way in ways[1:]:
            page = stage.call("GET", NOTICES, way)
            assert page.status == 200
            assert b"MARK" not in page.everything()
            assert (b"kept-to-myself" in page.body) == (name in stage.holders), name

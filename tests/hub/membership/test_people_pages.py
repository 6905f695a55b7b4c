"""The pages on which roles are given: collaborators, organizations, invitations."""

from __future__ import annotations

import pytest

from pairsmith.hub.context import Hub
from pairsmith.hub.maintenance import accounts
from pairsmith.hub.membership import invitations
from pairsmith.hub.repos import events, repos
from support.hub.shop import Browser

PEOPLE = "/datasets/ann/tea/settings/people"
GUILD = "/settings/organizations/guild"
INVITED = "/settings/invitations"


@pytest.fixture
def ann(hub, person) -> Browser:
    made = person("ann")
    with hub.database.write() as db:
        repos.create(db, made.user, "dataset", "tea", True)
    return made


def number(hub: Hub, who: Browser) -> str:
    """The invitation that waits for somebody."""
    with hub.database.read() as db:
        (found,) = invitations.of_user(db, who.user)
    return str(found.id)


def reply(hub: Hub, who: Browser, said: str = "accept"):
    return who.send(INVITED, invitation=number(hub, who), reply=said)


def test_a_collaborator_is_invited_accepts_and_is_removed(hub, ann, person):
    bob, eve = person("bob"), person("eve")
    page = "/datasets/ann/tea"
    assert ann.send(f"{PEOPLE}/invite", whom="bob", role="write").headers["location"] == PEOPLE
    assert "bob, write, by ann" in ann.get(PEOPLE).text
    assert bob.get(page).status_code == 404, "an invitation is no role"
    assert "ann/tea" in bob.get(INVITED).text
    assert "ann/tea" not in eve.get(INVITED).text
    theirs = number(hub, bob)
    for thing in ("accept", "decline"):
        assert eve.send(INVITED, invitation=theirs, reply=thing).status_code == 404
    assert reply(hub, bob).headers["location"] == page
    assert bob.get(page).status_code == 200
    assert bob.get(PEOPLE).status_code == 403
    assert bob.send(INVITED, invitation=theirs, reply="accept").status_code == 404
    ann.send(f"{PEOPLE}/role", user="bob", role="admin")
    assert bob.get(PEOPLE).status_code == 200
    ann.send(f"{PEOPLE}/role", user="bob", role="none")
    assert bob.get(page).status_code == 404
    with hub.database.read() as db:
        log = events.recent(db, repos.find(db, "dataset", "ann", "tea"))
    told = [(one.actor, one.user, one.action, one.detail.get("now")) for one in reversed(log)]
    assert told == [
        ("ann", "bob", "invited", None),
        ("bob", "bob", "role", "write"),
        ("ann", "bob", "role", "admin"),
        ("ann", "bob", "role", "none"),
    ]


def test_an_invitation_is_declined_withdrawn_or_made_anew(hub, ann, person):
    bob = person("bob")
    ann.send(f"{PEOPLE}/invite", whom="bob", role="admin")
    ann.send(f"{PEOPLE}/invite", whom="BOB", role="read")
    reply(hub, bob, "decline")
    assert bob.get("/datasets/ann/tea").status_code == 404
    ann.send(f"{PEOPLE}/invite", whom="bob", role="read")
    held = number(hub, bob)
    ann.send(f"{PEOPLE}/withdraw", invitation=held)
    assert bob.send(INVITED, invitation=held, reply="accept").status_code == 404
    for whom, role, status in (
        ("nobody-here", "read", 404), ("ann", "read", 400), ("bob", "king", 400),
        ("a@b@c", "read", 400), ("", "read", 404), ("<b>", "read", 404),
    ):  # fmt: skip
        assert ann.send(f"{PEOPLE}/invite", whom=whom, role=role).status_code == status, whom


def test_an_address_is_good_once_it_is_shown_to_be_theirs(hub, ann, person):
    """Whoever writes somebody else's address into their profile is not invited by it."""
    bob, eve = person("bob"), person("eve")
    for whom in (
        "Bob@example.org",
        "no-account@example.org",
    ):  # told alike: who has one is not told
        assert ann.send(f"{PEOPLE}/invite", whom=whom, role="read").status_code == 303
    with hub.database.write() as db:
        db.execute("UPDATE users SET email = 'bob@example.org' WHERE name = 'eve'")
    for who in (bob, eve):
        assert "ann/tea" not in who.get(INVITED).text
    with hub.database.write() as db:
        db.execute("UPDATE users SET confirmed = 1 WHERE name = 'bob'")
    assert "ann/tea" not in eve.get(INVITED).text
    assert reply(hub, bob).status_code == 303
    assert bob.get("/datasets/ann/tea").status_code == 200


def test_an_invitation_ends_with_its_inviters_role_and_with_time(hub, ann, person, monkeypatch):
    bob, eve = person("bob"), person("eve")
    ann.send(f"{PEOPLE}/invite", whom="bob", role="admin")
    reply(hub, bob)
    bob.send(f"{PEOPLE}/invite", whom="eve", role="admin")
    of_eve = number(hub, eve)
    for shut_out in (True, False):
        with hub.database.write() as db:
            (accounts.suspend if shut_out else accounts.restore)(db, bob.user)
        assert ("ann/tea" in eve.get(INVITED).text) is not shut_out
        if shut_out:
            assert eve.send(INVITED, invitation=of_eve, reply="accept").status_code == 404
    ann.send(f"{PEOPLE}/role", user="bob", role="read")
    assert eve.send(INVITED, invitation=of_eve, reply="accept").status_code == 404
    assert "ann/tea" not in eve.get(INVITED).text
    assert eve.get("/datasets/ann/tea").status_code == 404
    ann.send(f"{PEOPLE}/invite", whom="eve", role="admin")
    with hub.database.write() as db:
        db.execute("UPDATE invitations SET made = made - ?", (invitations.LIFE + 1,))
    assert "ann/tea" not in eve.get(INVITED).text


def test_an_organization_from_its_making_to_leaving_it(hub, ann, person):
    bob = person("bob")
    made = ann.send("/settings/organizations", name="guild", fullname="The <b>Guild</b>")
    assert made.headers["location"] == GUILD
    assert ann.send("/settings/organizations", name="bob", fullname="").status_code == 409
    shown = bob.get("/guild").text
    assert "The &lt;b&gt;Guild&lt;/b&gt;" in shown
    assert bob.get(GUILD).status_code == 404
    assert bob.send(f"{GUILD}/invite", whom="bob", role="admin").status_code == 404
    ann.send(f"{GUILD}/invite", whom="bob", role="read")
    assert reply(hub, bob).headers["location"] == "/guild"
    assert bob.get(GUILD).status_code == 403
    ann.send(f"{GUILD}/role", user="bob", role="admin")
    assert ann.send(f"{GUILD}/leave").status_code == 303
    assert ann.get(GUILD).status_code == 404
    assert bob.send(f"{GUILD}/leave").status_code == 409
    assert "bob" in ann.get("/guild").text
    assert ann.get("/no-such-guild").status_code == 404


def test_a_collaborator_gives_the_role_back(hub, ann, person):
    bob = person("bob")
    ann.send(f"{PEOPLE}/invite", whom="bob", role="write")
    reply(hub, bob)
    assert bob.send("/datasets/ann/tea/leave").status_code == 303
    assert bob.send("/datasets/ann/tea/leave").status_code == 404
    assert bob.get("/datasets/ann/tea").status_code == 404


def test_what_is_shared_with_somebody_is_on_their_own_page_alone(hub, ann, person):
    bob = person("bob")
    assert "where you have a role" not in bob.get("/bob").text
    ann.send(f"{PEOPLE}/invite", whom="bob", role="read")
    reply(hub, bob)
    shown = bob.get("/bob").text.split("where you have a role")[1]
    assert 'href="/datasets/ann/tea"' in shown
    assert "where you have a role" not in ann.get("/ann").text, "it is her own"
    assert ann.get("/bob").status_code == 404, "nobody else is told"

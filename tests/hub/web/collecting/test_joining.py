"""How people come into a collection, and out of it."""

from __future__ import annotations

import re

import pytest

from pairsmith.hub.collections import invitations
from pairsmith.hub.core.database import now
from support.hub.teams import PAGE


@pytest.fixture
def begun(team):
    team.begin()
    return team


def link(team, role="worker"):
    shown = team.ann.send(f"{PAGE}/people/link", role=role).text
    return re.search(r"http://testserver(/collections/join/[\w-]+)", shown)[1]


def test_somebody_is_invited_by_name(begun):
    bob, eve = begun.person("bob"), begun.person("eve")
    assert begun.ann.send(f"{PAGE}/people/invite", whom="nobody", role="worker").status_code == 404
    begun.ann.send(f"{PAGE}/people/invite", whom="bob", role="worker")
    assert "ann invites you to take part in ann/teas." in bob.text("/notifications")
    assert 'href="/collections#ann/teas"' in bob.text("/notifications")
    assert bob.get(f"{PAGE}/work").status_code == 404, "an invitation is no role"
    assert "in the role worker" in bob.text("/collections")
    assert "ann/teas" not in eve.text("/collections")
    assert eve.send(f"{PAGE}/reply", reply="accept").status_code == 404
    assert bob.send(f"{PAGE}/reply", reply="accept").headers["location"] == f"{PAGE}/work"
    assert bob.get(f"{PAGE}/work").status_code == 200
    assert bob.send(f"{PAGE}/reply", reply="accept").status_code == 404
    assert "invites you" not in bob.text("/notifications")
    begun.ann.send(f"{PAGE}/people/role", user="bob", role="none")
    assert bob.get(f"{PAGE}/work").status_code == 404
    assert "ann/teas" not in bob.text("/notifications"), "who is out is told nothing"


def test_a_link_lets_one_person_in(begun):
    secret, bob, eve = link(begun, "reviewer"), begun.person("bob"), begun.person("eve")
    nobody = begun.person("")
    for person in (nobody, bob, eve):
        assert person.get(secret).headers["location"] == "/collections/join"
    assert nobody.get("/collections/join").headers["location"].startswith("/login?next=")
    assert "in the role reviewer" in bob.text("/collections/join")
    assert "in the role reviewer" in eve.text("/collections/join"), "looking uses up nothing"
    assert bob.send("/collections/join").headers["location"] == f"{PAGE}/work"
    assert eve.send("/collections/join").status_code == 404
    assert bob.get(f"{PAGE}/work/disagreements").status_code == 200
    assert eve.get(f"{PAGE}/work").status_code == 404
    with begun.hub.database.read() as db:
        rows = [tuple(row) for row in db.execute("SELECT * FROM collection_invitations")]
    assert secret.rpartition("/")[2] not in str(rows)


def test_links_end(begun):
    old, withdrawn, given = link(begun), link(begun), link(begun)
    with begun.hub.database.write() as db:
        first, second, _ = db.execute(
            "SELECT id FROM collection_invitations ORDER BY id"
        ).fetchall()
        db.execute(
            "UPDATE collection_invitations SET made = ? WHERE id = ?",
            (now() - invitations.LIFE, first[0]),
        )
    answer = begun.ann.send(f"{PAGE}/people/withdraw", invitation=str(second[0]))
    assert answer.status_code == 303
    bob = begun.person("bob")
    for secret, status in (
        (old, 404),
        (withdrawn, 404),
        ("/collections/join/x", 404),
        (given, 200),
    ):
        bob.get(secret)
        assert bob.get("/collections/join").status_code == status
    for column in ("suspended", "removed"):  # whoever runs the hub shut out its inviter
        with begun.hub.database.write() as db:
            db.execute(f"UPDATE users SET {column} = 1 WHERE name = 'ann'")
        assert bob.send("/collections/join").status_code == 404
        assert bob.get(f"{PAGE}/work").status_code == 404
        with begun.hub.database.write() as db:
            db.execute(f"UPDATE users SET {column} = NULL WHERE name = 'ann'")
    with begun.hub.database.write() as db:  # whose inviter may invite no more
        db.execute("UPDATE collections SET owner = (SELECT id FROM users WHERE name = 'other')")
    assert bob.send("/collections/join").status_code == 404


def test_who_leaves_is_out(begun):
    worker = begun.person("worker")
    assert "ann/teas" in worker.text("/collections")
    assert worker.send(f"{PAGE}/leave").headers["location"] == "/collections"
    assert "ann/teas" not in worker.text("/collections")
    assert worker.get(f"{PAGE}/work").status_code == 404

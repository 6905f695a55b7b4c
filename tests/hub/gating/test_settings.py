"""The settings of a repository, for its owner. Who else tries is in test_pages.py."""

from __future__ import annotations

import dataclasses

import pytest

from pairsmith.hub.context import Allotment
from pairsmith.hub.http.errors import HubError
from pairsmith.hub.repos import events, quotas, repos, roles

PAGE = "/datasets/ann/pets"


def found(hub):
    with hub.database.read() as db:
        return repos.find(db, "dataset", "ann", "pets")


def test_the_page_shows_how_it_is_set_up(dataset, ann, inputs):
    dataset("auto", private=True)
    sent = inputs(ann.get(f"{PAGE}/settings").text).sent
    assert sent[f"{PAGE}/settings/gate"]["gate"] == "auto"
    assert sent[f"{PAGE}/settings/visibility"]["visibility"] == "private"
    assert f'href="{PAGE}/settings/licences"' in ann.get(f"{PAGE}/settings").text


@pytest.mark.parametrize("gate", ["off", "auto", "manual"])
def test_the_gate_is_turned_and_that_is_recorded(hub, dataset, ann, gate):
    repo = dataset("auto" if gate == "manual" else "manual")
    answered = ann.send(f"{PAGE}/settings/gate", gate=gate)
    assert (answered.status_code, answered.headers["location"]) == (303, f"{PAGE}/settings")
    assert found(hub).gate == gate
    with hub.database.read() as db:
        event = events.recent(db, repo)[0]
    assert (event.actor, event.action) == ("ann", "gate")
    assert event.detail == {"was": repo.gate, "now": gate}


def test_so_is_a_gate_that_a_client_turns(hub, dataset, ann, client):
    repo = dataset("manual")
    said = {"gated": "auto"}
    path = f"/api{PAGE}/settings"
    assert client.put(path, json=said, headers=ann.headers).status_code == 200
    with hub.database.read() as db:
        assert [event.detail for event in events.recent(db, repo)] == [
            {"was": "manual", "now": "auto"}
        ]


def test_hiding_and_deleting_are_recorded(hub, dataset, ann):
    repo = dataset(private=False)
    ann.send(f"{PAGE}/settings/visibility", visibility="public")
    ann.send(f"{PAGE}/settings/visibility", visibility="private")
    ann.send(f"{PAGE}/settings/delete", confirm=repo.full_name)
    assert found(hub) is None
    with hub.database.read() as db:
        told = [(event.action, event.detail) for event in events.recent(db, repo)]
    assert told == [("deleted", {}), ("visibility", {"now": "private"})]


@pytest.mark.parametrize(("visibility", "private"), [("private", True), ("public", False)])
def test_it_is_hidden_and_shown(hub, dataset, ann, visibility, private):
    dataset(private=not private)
    assert ann.send(f"{PAGE}/settings/visibility", visibility=visibility).status_code == 303
    assert found(hub).private is private


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("gate", {"gate": "open"}),
        ("gate", {}),
        ("visibility", {"visibility": "Private"}),
        ("visibility", {}),
        ("delete", {"confirm": "pets"}),
        ("delete", {"confirm": "ann/Pets"}),
        ("delete", {}),
    ],
)
def test_what_cannot_be_changes_nothing(hub, dataset, ann, path, fields):
    before = dataset()
    assert ann.send(f"{PAGE}/settings/{path}", **fields).status_code == 400
    assert found(hub)[:7] == before[:7]


def test_it_is_deleted_once_its_name_was_typed(hub, dataset, ann):
    dataset()
    answered = ann.send(f"{PAGE}/settings/delete", confirm=" ann/pets ")
    assert (answered.status_code, answered.headers["location"]) == (303, "/")
    assert found(hub) is None
    assert ann.get(f"{PAGE}/settings").status_code == 404


def test_how_much_the_owner_has_in_all_is_not_for_an_admin_of_one(hub, dataset, ann, person):
    """Others may be private; and who writes is told no more where there is no room."""
    pets, bob = dataset("off", private=False), person("bob")
    with hub.database.write() as db:
        there = repos.create(db, ann.user, "dataset", "hidden", True)
        db.execute("UPDATE repos SET bytes = 987654 WHERE id = ?", (there.id,))
        db.execute("INSERT INTO collaborators VALUES (?, ?, 'admin', 0)", (pets.id, bob.user.id))
        assert (roles.knows_all(db, pets, ann.user), roles.knows_all(db, pets, bob.user)) == (1, 0)
        hub.settings = dataclasses.replace(hub.settings, allotment=Allotment(user_quota=987654))
        with pytest.raises(HubError, match="may have 987,654 bytes") as caught:
            quotas.check(db, hub, pets, 10)
    assert "would have more" in str(caught.value)
    assert "987,654" in ann.get(f"{PAGE}/settings").text
    assert "987,654" not in bob.get(f"{PAGE}/settings").text

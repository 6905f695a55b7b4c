"""Everybody who is not the owner, and every form that is not of the hub, changes nothing."""

from __future__ import annotations

import pytest

from pairsmith.hub.auth import tokens
from pairsmith.hub.repos import repos
from support.hub.gated import (
    ASK,
    GIVEN,
    MARK,
    PAGE,
    REQUESTS,
    ask,
    found,
)

GETS = [REQUESTS, f"{REQUESTS}.csv", f"{PAGE}/settings"]
POSTS = [
    (REQUESTS, {"request": "1", "status": "accepted"}),
    (f"{REQUESTS}/grant", {"user": "bob"}),
    (f"{PAGE}/settings/gate", {"gate": "off"}),
    (f"{PAGE}/settings/visibility", {"visibility": "private"}),
    (f"{PAGE}/settings/delete", {"confirm": "ann/pets"}),
]


@pytest.mark.parametrize("private", [False, True])
def test_nobody_but_the_owner_comes_in(hub, dataset, ann, bob, person, private):
    repo = dataset()
    ask(bob)
    with hub.database.write() as db:
        repos.set_private(db, repo, private)
        before = repos.find(db, "dataset", "ann", "pets")
    eve = person("eve")
    code = 404 if private else 403
    for who in (bob, eve):
        answers = [who.get(path) for path in GETS]
        answers += [who.send(path, **fields) for path, fields in POSTS]
        assert {answered.status_code for answered in answers} == {code}
        if private:
            absent = who.get("/datasets/ann/absent/settings").text
            assert {answered.text for answered in answers} == {absent}
            assert "pets" not in who.get("/settings/access").text
    if private:
        assert ask(eve).status_code == 404
        assert ask(eve).text == eve.send("/datasets/ann/absent/ask-access").text
    with hub.database.read() as db:
        assert repos.find(db, "dataset", "ann", "pets") == before
    assert found(hub).status == "pending"


def test_a_token_that_only_reads_changes_nothing(hub, dataset, ann, bob, visitor):
    dataset()
    ask(bob)
    with hub.database.write() as db:
        reads = {"Authorization": "Bearer " + tokens.add(db, ann.user, "reads", "read")}
    client = visitor()
    proof = client.get("/login").text.partition('name="csrf" value="')[2].partition('"')[0]
    for path, fields in POSTS:
        answered = client.post(path, data={"csrf": proof, **fields}, headers=reads)
        assert answered.status_code == 403, path
    assert found(hub).status == "pending"


@pytest.mark.parametrize(("path", "fields"), [*POSTS, (ASK, {"form": MARK, **GIVEN})])
def test_no_form_is_taken_that_is_not_of_the_hub(hub, dataset, ann, bob, path, fields):
    dataset()
    ask(bob)
    before = found(hub)
    who = bob if path == ASK else ann
    with hub.database.write() as db:
        if path == ASK:
            db.execute("DELETE FROM requests")
            before = None
        repo = repos.find(db, "dataset", "ann", "pets")
    client = who.browser.client
    other = (bob if who is ann else ann).browser.proof("/settings/profile")
    who.browser.proof("/settings/profile")
    for proof in ({}, {"csrf": ""}, {"csrf": "forged"}, {"csrf": other}):
        assert client.post(path, data={**fields, **proof}).status_code == 403
    with hub.database.read() as db:
        assert repos.find(db, "dataset", "ann", "pets") == repo
    assert found(hub) == before

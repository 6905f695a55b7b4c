"""A dataset or a model made on a page: by whom, under whose name, and that nothing shows early."""

from __future__ import annotations

import re

import pytest

from pairsmith.hub.membership import organizations, places
from pairsmith.hub.repos import history, repos
from pairsmith.hub.repos.roles import Role
from support.hub.stock import commit_files

WORDS = {"kind": "dataset", "owner": "ann", "name": "tea", "visibility": "private"}


@pytest.fixture
def guild(hub, ann, person):
    """An organization of ann's, in which will writes and rea reads."""
    with hub.database.write() as db:
        made = organizations.make(db, "guild", "", ann.user)
    members = {name: person(name) for name in ("will", "rea")}
    with hub.database.write() as db:
        for name, role in (("will", Role.WRITE), ("rea", Role.READ)):
            places.give(db, places.of_organization(made), "ann", members[name].user, role)
    return members


def test_a_dataset_is_made_and_is_private_unless_it_is_said(hub, ann, bob):
    shown = ann.get("/new").text
    assert re.search(r'value="private" checked', shown)
    assert 'href="/new' in ann.get("/ann").text
    assert ann.send("/new", **WORDS).headers["location"] == "/datasets/ann/tea"
    assert ann.get("/datasets/ann/tea").status_code == 200
    assert bob.get("/datasets/ann/tea").status_code == 404
    model = {**WORDS, "kind": "model", "visibility": "public"}
    assert ann.send("/new", **model).headers["location"] == "/ann/tea"
    assert bob.get("/ann/tea").status_code == 200
    assert 'href="/new' not in bob.get("/ann").text.split("<main")[1]
    with hub.database.read() as db:
        head = history.head(db, repos.find(db, "model", "ann", "tea"), "main")
    assert (head.title, head.author) == ("initial commit", "ann")


@pytest.mark.parametrize(
    ("wrong", "status", "words"),
    [
        ({"name": "a..b"}, 400, "cannot be a repository"),
        ({"name": ""}, 400, "cannot be a repository"),
        ({"visibility": ""}, 400, "public or private"),
        ({"owner": "bob"}, 403, "not under"),
        ({"owner": "nobody"}, 403, "not under"),
        ({"name": "there"}, 409, "already"),
    ],
)
def test_what_cannot_be_made_leaves_what_was_typed(hub, ann, bob, wrong, status, words):
    with hub.database.write() as db:
        repos.create(db, ann.user, "dataset", "there", True)
    answer = ann.send("/new", **{**WORDS, **wrong})
    assert answer.status_code == status
    assert words in answer.text.split('role="alert"')[1].split("</p>")[0]
    assert f'value="{ {**WORDS, **wrong}["name"] }"' in answer.text
    with hub.database.read() as db:
        assert db.execute("SELECT count(*) FROM repos").fetchone()[0] == 1


def test_in_an_organization_those_make_one_who_may_write(hub, guild):
    will, rea = guild["will"], guild["rea"]
    assert "<option selected>guild" in will.get("/new?owner=guild").text
    assert "guild</option>" not in rea.get("/new?owner=guild").text
    assert rea.send("/new", **{**WORDS, "owner": "guild"}).status_code == 403
    made = will.send("/new", **{**WORDS, "owner": "guild"})
    assert made.headers["location"] == "/datasets/guild/tea"
    assert will.get("/datasets/guild/tea/settings").status_code == 200, "who made it sets it up"


def test_an_empty_one_says_where_to_begin(hub, ann, bob):
    ann.send("/new", **{**WORDS, "visibility": "public"})
    page = "/datasets/ann/tea"
    ways = (f"{page}/new/main?path=README.md", f"{page}/upload/main")
    for who, has in ((ann, True), (bob, False)):
        assert [f'href="{way}"' in who.get(page).text for way in ways] == [has] * 2
    assert {ann.get(way).status_code for way in ways} == {200}
    with hub.database.read() as db:
        tea = repos.find(db, "dataset", "ann", "tea")
    commit_files(hub, tea, ann.user, {"README.md": b"---\nlicense: mit\n---\n"})
    assert f'href="{page}/edit/main/README.md"' in ann.get(page).text, "all in front matter"

"""Every address of a collection, tried by everybody: what is not for them tells them nothing."""

from __future__ import annotations

import pytest

from pairsmith.hub.auth import users
from pairsmith.hub.membership import organizations, places
from pairsmith.hub.repos import roles
from pairsmith.hub.web.collecting import routes
from support.hub.doors import ROUTES
from support.hub.teams import HELPFUL, PAGE

WORK, READ, OWN = "worker", "reviewer", "owner"
NEEDED = {  # of the addresses below one collection, the role that opens each
    "GET ": WORK,  # which sends a worker on to their work
    "GET /work": WORK,
    "GET /work/": WORK,
    "GET /work/{place:inner}": WORK,
    "GET /work/talk/{conversation:part}/progress": WORK,
    "POST /work/act": WORK,
    "POST /leave": WORK,
    "POST /reply": "invited",
    "GET /settings": OWN,
    "POST /settings": OWN,
    "POST /items": OWN,
    "POST /close": OWN,
    "POST /delete": OWN,
    "GET /source.zip": OWN,
    "GET /annotation.zip": OWN,
    "GET /people": OWN,
    "POST /people/invite": OWN,
    "POST /people/link": OWN,
    "POST /people/role": OWN,
    "POST /people/withdraw": OWN,
}
ORDER = (WORK, READ, OWN)
ONE = "/collections/{owner:part}/{name:part}"
ROLES = {"worker": WORK, "reviewer": READ, "ann": OWN}
FILLED = {"{place:inner}": "mine", "{conversation:part}": "x"}
FORM = {"project": "mode: review", "whom": "writer", "role": "owner", "user": "worker",
        "confirm": "ann/teas.", "better": "C", "reply": "accept", "closed": "no"}  # fmt: skip


@pytest.fixture
def staged(team, server):
    """The collection of an organization's beside ann's, since admins are known there alone."""
    team.begin(HELPFUL.format(address=server.address))
    with team.hub.database.write() as db:
        guild = organizations.make(db, "guild", "", users.named(db, "ann"))
        admin = users.add(db, "chief", "", "", None)
        place = places.of_organization(guild)
        places.give(db, place, "ann", admin, roles.Role.ADMIN)
        for name, role in (("writer", roles.Role.WRITE),):
            places.give(db, place, "ann", users.add(db, name, "", "", None), role)
    return team


def test_every_address_of_a_collection_is_here():
    found = {
        f"{method} {path.removeprefix(ONE)}"
        for method, path in (route.split(" ") for route in ROUTES)
        if path.startswith(ONE)
    }
    assert found == set(NEEDED)


def call(person, route, page=PAGE):
    method, _, rest = route.partition(" ")
    for part, value in FILLED.items():
        rest = rest.replace(part, value)
    if method == "GET":
        return person.get(page + rest)
    return person.send(page + rest, page=None if person.name else "/login", **FORM)


@pytest.mark.parametrize("caller", ["", "stranger"])
def test_who_takes_no_part_is_told_nothing(staged, caller):
    person = staged.person(caller)
    for route in NEEDED:
        there, absent = call(person, route), call(person, route, "/collections/ann/none")
        expected = 404 if caller else 303 if route.startswith("GET") else 401
        assert (there.status_code, absent.status_code) == (expected, expected), route
        assert told(there).replace("teas", "none") == told(absent), route
        assert "Talk about tea" not in there.text


def told(answer):
    return answer.headers.get("location", "") + answer.text.partition("<main")[2]


@pytest.mark.parametrize("caller", ["worker", "reviewer"])
def test_a_role_does_not_open_what_takes_more(staged, caller):
    person = staged.person(caller)
    for route, needed in NEEDED.items():
        if needed in ORDER and ORDER.index(needed) > ORDER.index(caller):
            assert call(person, route).status_code == 403, route
    assert call(person, "POST /reply").status_code == 404, "they were invited to nothing"
    with staged.hub.database.read() as db:
        assert db.execute("SELECT count(*) FROM collection_invitations").fetchone()[0] == 0
        assert db.execute("SELECT closed FROM collections").fetchone()[0] is None


@pytest.mark.parametrize("caller", ["worker", "reviewer", "ann"])
def test_a_role_opens_what_it_is_for(staged, caller):
    person, role = staged.person(caller), ROLES[caller]
    for route, needed in NEEDED.items():
        if needed in ORDER and ORDER.index(needed) <= ORDER.index(role) and "leave" not in route:
            answer = call(person, route)
            missing = route.endswith(("act", "progress", "withdraw", "items"))  # what they name
            assert answer.status_code in ((404,) if missing else (200, 303, 400, 409)), route
    assert call(person, "POST /leave").headers["location"] == "/collections"
    assert person.get(PAGE).status_code == (200 if caller == "ann" else 404), "whose it is stays"


@pytest.mark.parametrize("caller", ["worker", "reviewer", "ann"])
def test_places_of_owners_are_not_there_for_others(staged, caller):
    person, work = staged.person(caller), f"{PAGE}/work"
    found = {
        place: person.get(f"{work}/{place}").status_code for place in ("quality", "disagreements")
    }
    assert found == {
        "quality": 200 if caller == "ann" else 404,
        "disagreements": 404 if caller == "worker" else 200,
    }
    absent = told(person.get(f"{work}/talk/none"))
    assert told(person.get(f"{work}/disagreements/none")) == absent
    assert told(person.send(f"{work}/act", action="adjudicate", thread="x", pick="A")) == absent


def test_an_organizations_collection_is_its_admins(staged):
    ann, admin, writer = (staged.person(name) for name in ("ann", "chief", "writer"))
    project = "mode: relabel\ntitle: Guilded\n"
    sent = {"owner": "guild", "name": "of-all", "project": project}
    assert writer.send("/collections/new", **sent).status_code == 403
    assert ann.send("/collections/new", **sent).status_code == 303
    page = "/collections/guild/of-all"
    assert admin.get(f"{page}/settings").status_code == 200
    assert writer.get(f"{page}/settings").status_code == 404
    assert admin.get(PAGE).status_code == 404, "an admin elsewhere is none here"


def test_without_the_domain_all_else_is_served(staged, monkeypatch):
    def missing(name, *rest):
        raise ImportError(name)

    monkeypatch.setattr(routes, "import_module", missing)
    answer = staged.ann.get(f"{PAGE}/settings")
    assert answer.status_code == 501
    assert "serves no collections" in answer.text
    assert staged.ann.get("/collections").status_code == 200

"""A hub with something to hide, and everybody who should not find it; calls on raw paths.

Calls go to the application as a server would make them: no client tidies the path up first.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any, NamedTuple

from starlette.applications import Starlette

from pairsmith.hub.auth import sessions, tokens, users
from pairsmith.hub.auth.users import User
from pairsmith.hub.community import anchors, entries, pulls, threads
from pairsmith.hub.community.anchors import Anchor
from pairsmith.hub.community.threads import Actor
from pairsmith.hub.context import Hub
from pairsmith.hub.http.addresses import KINDS, Kind, page_of
from pairsmith.hub.licensing import licences, offers
from pairsmith.hub.licensing.offers import Draft
from pairsmith.hub.membership import organizations
from pairsmith.hub.repos import history, repos
from pairsmith.hub.repos.roles import Role
from pairsmith.hub.xet import uploads
from support.hub import parquets
from support.hub.stock import commit_files, propose_files

MARK = b"MARK-OF-THE-DATA"  # stands in every data file, and nowhere else
HIDDEN = "kept-to-myself"  # the private repository's name
ABSENT = "does-not-exist"  # a name of as many letters, of none
GATED = "behind-a-gate"
OPEN = "open-to-all"
HOLDERS = {"reader": Role.READ, "writer": Role.WRITE, "keeper": Role.ADMIN}
"""Who has a role in ann's repositories, which one."""

EVERYBODY = "@stranger @pending @reader @writer @keeper"
FIELD = "x-field-of-a-form"  # told among the headers, sent in the form
CARD = b"---\nlicense: mit\nextra_gated_fields:\n  Company: text\n---\n# A card\n"


def held_as(kind: Kind, name: str) -> str:
    """What the values of a repository stand under: see `Stage.values`."""
    return name if kind == "dataset" else f"{kind} {name}"


def mark(name: str) -> bytes:
    """What stands in the data of one repository, and nowhere else."""
    return MARK + b" of " + name.encode()


def parquet(name: str) -> bytes:
    """A Parquet file with the mark in a row."""
    rows = {"prompt": ["p"], "chosen": [mark(name).decode()], "rejected": ["r"]}
    return parquets.parquet(rows, compression="none")


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    def everything(self) -> bytes:
        """Headers and body."""
        lines = "\n".join(f"{name}: {value}" for name, value in self.headers.items())
        return lines.encode() + b"\n" + self.body


@dataclass
class Stage:
    """A hub with an open, a gated and a private repository of ann's, and the others' ways in.

    There is one of each kind, all with the same names. `values` has the ids of what is in them,
    such as `behind-a-gate:old` for a dataset's first commit, `model behind-a-gate:old` for a
    model's.
    """

    hub: Hub
    app: Starlette
    callers: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    owner: dict[str, str] = field(default_factory=dict)
    holders: dict[str, tuple[Role, list[dict[str, str]]]] = field(default_factory=dict)

    def call(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """Makes a call; `path` is sent as it is, with its query."""
        return asyncio.run(_call(self.app, method, path, headers or {}, body))


def staged(hub: Hub, app: Starlette) -> Stage:
    """Sets the stage."""
    stage = Stage(hub, app)
    with hub.database.write() as db:
        ann = users.add(db, "ann", "Ann", "ann@example.org", None)
        token = tokens.add(db, ann, "test", "write")
    stage.owner = {"Authorization": f"Bearer {token}"}
    for kind, name in product(KINDS, (OPEN, GATED, HIDDEN)):
        _fill(stage, ann, kind, name)
    stage.callers["nobody"] = [{}]
    for name in ("stranger", "pending", "rejected", "revoked"):
        stage.callers[name] = _person(stage, name)
    with hub.database.write() as db:  # who has every role elsewhere has none here
        organizations.make(db, "guild", "", users.named(db, "stranger"))
    for name, role in HOLDERS.items():
        stage.holders[name] = (role, _holder(stage, name, role))
    _sell(stage)
    _discuss(stage)
    return stage


def _fill(stage: Stage, owner: User, kind: Kind, name: str) -> None:
    hub, held = stage.hub, held_as(kind, name)
    contents = {
        "README.md": CARD,
        "data/train.txt": mark(name) + b", before it was changed",
        "data/train.parquet": parquet(name),
        "explore/report.html": b"<h1>" + mark(name) + b"</h1>",
    }
    with hub.database.write() as db:
        repo = repos.create(db, owner, kind, name, private=name == HIDDEN)
    old = commit_files(hub, repo, owner, contents).id
    new = commit_files(hub, repo, owner, {"data/train.txt": mark(name)}).id
    with hub.database.write() as db:
        history.add_ref(db, repo, "branch", "old/state", history.find(db, repo, old))
        history.add_ref(db, repo, "tag", "v1", history.find(db, repo, old))
        if name == GATED:
            repos.set_gate(db, repo, "manual")
        stage.values[f"{held}:old"] = old
        stage.values[f"{held}:new"] = new
        for row in db.execute(
            "SELECT path, blob FROM files JOIN lines ON lines.id = line WHERE repo = ?", (repo.id,)
        ):
            stage.values[f"{held}:{row['path']}"] = row["blob"]


def _person(stage: Stage, name: str) -> list[dict[str, str]]:
    """A person who stands so with the gated repository; their token and their cookie."""
    with stage.hub.database.write() as db:
        user = users.add(db, name, name.title(), f"{name}@example.org", None)
        token = tokens.add(db, user, "test", "write")
        cookie = sessions.begin(db, user)
        for kind in KINDS:
            repo = repos.find(db, kind, "ann", GATED)
            assert repo is not None
            if name != "stranger":
                db.execute(
                    "INSERT INTO requests (repo, user, status, fields, asked)"
                    " VALUES (?, ?, ?, '{}', 0)",
                    (repo.id, user.id, name),
                )
    return [{"Authorization": f"Bearer {token}"}, _browser(stage, cookie)]


def _holder(stage: Stage, name: str, role: Role) -> list[dict[str, str]]:
    """A collaborator of the gated and the private repository."""
    with stage.hub.database.write() as db:
        user = users.add(db, name, name.title(), "", None)
        token = tokens.add(db, user, "test", "write")
        cookie = sessions.begin(db, user)
        for kind, hidden in product(KINDS, (GATED, HIDDEN)):
            repo = repos.find(db, kind, "ann", hidden)
            db.execute(
                "INSERT INTO collaborators VALUES (?, ?, ?, 0)", (repo.id, user.id, role.word)
            )
    return [{"Authorization": f"Bearer {token}"}, _browser(stage, cookie)]


def _browser(stage: Stage, session: str) -> dict[str, str]:
    """The cookies of a browser that is signed in, and the field of a form that it was given."""
    cookies = f"{sessions.COOKIE}={session}"
    page = stage.call("GET", "/settings/tokens", {"Cookie": cookies, "Accept": "text/html"})
    field = re.search(rb'name="csrf" value="([^"]+)"', page.body)
    assert field, page
    given = page.headers["set-cookie"].partition(";")[0]
    return {
        "Cookie": f"{cookies}; {given}",
        "Accept": "text/html",
        FIELD: field[1].decode(),
    }


def _sell(stage: Stage) -> None:
    """An offer and a licence of each repository, a link and a place for chunks of its owner's."""
    ann = stage.owner
    with stage.hub.database.write() as db:
        buyer = users.add(db, "buyer", "", "buyer@example.org", None)
        for kind, name in product(KINDS, (GATED, HIDDEN)):
            held, repo = held_as(kind, name), repos.find(db, kind, "ann", name)
            draft = Draft("terms", "The terms.", "€ 1", "", "", "100", "eur")
            offer = offers.make(db, repo, draft)
            stage.values[f"{held}:offer"] = str(offer.id)
            licence = licences.grant(db, repo, offer, buyer, "ann")
            stage.values[f"{held}:licence"] = licence.number
            stage.values[f"{held}:cas"] = uploads.begin(db, repo, users.named(db, "ann")).id
    for kind, name in product(KINDS, (GATED, HIDDEN)):
        held = held_as(kind, name)
        blob = stage.values[f"{held}:data/train.parquet"]
        stage.values[f"{held}:blob"] = blob
        for operation, oid in (("download", blob), ("upload", "0" * 64)):
            sent = {"operation": operation, "objects": [{"oid": oid, "size": 9}]}
            url = page_of(kind, f"ann/{name}") + ".git/info/lfs/objects/batch"
            told = json.loads(stage.call("POST", url, ann, json.dumps(sent).encode()).body)
            href = told["objects"][0]["actions"][operation]["href"]
            key = "link" if operation == "download" else "upload"
            stage.values[f"{held}:{key}"] = href.rpartition("/")[2]


def _discuss(stage: Stage) -> None:
    """A discussion of each repository, and a pull request that changes data and the card.

    To what is said of a private repository an image is attached that has its mark.
    """
    attached = {
        (kind, name): stage.call("POST", "/uploads", stage.owner, _image(name)).body.decode()
        for kind, name in product(KINDS, (GATED, HIDDEN))
    }
    with stage.hub.database.write() as db:
        ann = Actor(users.named(db, "ann"), moderates=True)
        for kind, name in product(KINDS, (GATED, HIDDEN)):
            repo = repos.find(db, kind, "ann", name)
            text = f"{mark(name).decode()} {EVERYBODY}" if name == HIDDEN else "Only words."
            sent = attached[kind, name]
            thread = threads.open_discussion(db, repo, ann, "A title", f"{text} {sent}")
            stage.values[f"{held_as(kind, name)}:attachment"] = sent.rpartition("/")[2]
            anchors.tie(db, repo, thread, Anchor("default", "train", 1, "", "0" * 40))
            (entry,) = entries.listed(db, thread, 1)
            stage.values[f"{held_as(kind, name)}:comment"] = entry.key
            pulls.begin(db, repo, ann, "Changes", "", history.head(db, repo, history.MAIN))
    for kind, name in product(KINDS, (GATED, HIDDEN)):
        with stage.hub.database.read() as db:
            repo = repos.find(db, kind, "ann", name)
        changed = {"README.md": b"# Another card\n", "data/train.txt": mark(name) + b", changed\n"}
        propose_files(stage.hub, repo, ann, 2, changed)


def _image(name: str) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + (mark(name) if name == HIDDEN else b"")


async def _call(
    app: Starlette, method: str, path: str, headers: Mapping[str, str], body: bytes
) -> Answer:
    sent = False

    async def receive() -> dict[str, Any]:
        nonlocal sent
        if sent:
            await asyncio.sleep(60)
            return {"type": "http.disconnect"}
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return await called(app, method, path, headers, receive)


async def called(
    app: Starlette,
    method: str,
    path: str,
    headers: Mapping[str, str],
    receive: Callable[[], Awaitable[dict[str, Any]]],
) -> Answer:
    """Makes a call whose body comes as `receive` has it."""
    raw, _, query = path.partition("?")
    got: dict[str, Any] = {"body": b"", "headers": {}, "status": 0}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            got["status"] = message["status"]
            got["headers"] = {
                name.decode("latin-1"): value.decode("latin-1")
                for name, value in message["headers"]
            }
        elif message["type"] == "http.response.body":
            got["body"] += message.get("body", b"")

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": raw,
        "raw_path": raw.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "root_path": "",
        "headers": [
            (name.lower().encode(), value.encode("latin-1"))
            for name, value in {"host": "testserver", **headers}.items()
        ],
        "client": ("127.0.0.1", 1),
        "server": ("testserver", 80),
        "state": {},
    }
    await app(scope, receive, send)
    return Answer(got["status"], got["headers"], got["body"])

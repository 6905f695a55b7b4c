"""Routes: no byte of data and no private name by any route, for anyone who was not let in.

Every route is listed below with what is tried at it; a new route fails this test until it is
listed. A private repository must answer in every way as one that is not there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import product
from urllib.parse import urlencode

import pytest
from starlette.routing import Route

from pairsmith.hub.app import routes
from support.hub import stage as staging
from support.hub.stage import ABSENT, FIELD, GATED, HIDDEN, MARK, OPEN, Stage
from support.slow import quick

INNER = ("data/train.txt", "data/train.parquet", "data", "README.md")
TRICKS = (
    "data/../data/train.txt",
    "%2e%2e/{other}/resolve/main/data/train.txt",
    "..%2f..%2fhub.sqlite",
    "../../../../blobs/{blob2}/{blob}",
    "%2Fetc%2Fpasswd",
    "/data/train.txt",
    "//data//train.txt",
    "data%2Ftrain.txt",
    "data/train.txt%00.md",
    "README.md%2F..%2Fdata%2Ftrain.txt",
    "README.md/../data/train.txt",
    "data%5Ctrain.txt",
    ".%2e/data/train.txt",
    "{blob}",
    "data/train.txt?download=true",
    "README.md%3Fx=/../data/train.txt",
)
REVISIONS = ("main", "{new}", "{old}", "old%2Fstate", "v1", "refs%2Fheads%2Fmain", "..", "HEAD")
QUERIES = {  # what is asked besides
    "viewer": ("?q=MARK", "?page=1", "?revision={old}&q=of", "?config=default&split=train"),
    "tree": ("?recursive=true&expand=true",),
    "datasets": ("?search={name}", "?author=ann", "?q={name}"),
}
VALUES = {  # what stands in the place of each part of an address
    "path": INNER + TRICKS,
    "revision": REVISIONS,
    "branch": ("main", "old%2Fstate"),
    "status": ("pending", "accepted", "rejected"),
    "offer": ("{offer}",),
    "number": ("{licence}",),
    "at": ("{offer}", "{licence}"),
    "signed": ("{link}", "{upload}"),
    "part": ("1",),
    "upload": ("{cas}",),
    "prefix": ("default",),
    "secret": ("{link}",),
    "hash": ("{blob}",),
    "report": ("explore", "audit"),
    "rest": ("x", "../api/datasets/ann/" + HIDDEN),
}
FORM = {
    "user": "stranger",
    "confirm": "{name}",
    "name": "{name}",
    "q": "MARK",
    "status": "accepted",
}
BODIES: dict[str, bytes] = {  # what is sent there; a form where nothing is said
    "/api/repos/create": b'{"name": "{name}", "organization": "ann", "type": "dataset"}',
    "/api/repos/delete": b'{"name": "{name}", "organization": "ann", "type": "dataset"}',
    "settings": b'{"gated": false, "visibility": "public"}',
    "preupload": b'{"files": [{"path": "data/train.txt", "size": 1, "sample": ""}]}',
    "commit": b'{"key": "header", "value": {"summary": "x"}}\n'
    b'{"key": "lfsFile", "value": {"path": "x", "algo": "sha256", "oid": "{blob}"}}',
    "paths-info": b"paths=data&paths=data/train.txt&expand=true",
    "branch": b'{"startingPoint": "{old}"}',
    "tag": b'{"tag": "v2"}',
    "batch": b'{"operation": "download", "transfers": ["basic"],'
    b' "objects": [{"oid": "{blob}", "size": 1}]}',
    "handle": b'{"user": "stranger", "status": "accepted"}',
    "grant": b'{"user": "stranger"}',
    "validate-yaml": b'{"content": "", "repoType": "dataset"}',
    "complete": b'{"oid": "{blob}", "parts": []}',
    "verify": b"{}",
}
# whom a route is for: "data" for those who may read; "card" for all who may see the repository;
# "owner" for its owner; "self" for what is not about one repository
ROUTES: dict[str, str] = {}
for line in """
data GET /datasets/{owner:part}/{name:part}/resolve/{revision:part}/{path:inner}
self GET /api/whoami-v2
self GET /api/agent-harnesses
self GET /api/telemetry/{rest:inner}
self GET /api/datasets
self POST /api/repos/create
owner DELETE /api/repos/delete
card GET /api/datasets/{owner:part}/{name:part}
card GET /api/datasets/{owner:part}/{name:part}/revision/{revision:part}
data GET /api/datasets/{owner:part}/{name:part}/auth-check
owner GET /api/datasets/{owner:part}/{name:part}/auth-check/write
owner PUT /api/datasets/{owner:part}/{name:part}/settings
card GET /api/datasets/{owner:part}/{name:part}/tree/{revision:part}
card GET /api/datasets/{owner:part}/{name:part}/tree/{revision:part}/{path:inner}
card POST /api/datasets/{owner:part}/{name:part}/paths-info/{revision:part}
card GET /api/datasets/{owner:part}/{name:part}/commits/{revision:part}
card GET /api/datasets/{owner:part}/{name:part}/refs
owner POST /api/datasets/{owner:part}/{name:part}/branch/{branch:part}
owner DELETE /api/datasets/{owner:part}/{name:part}/branch/{branch:part}
owner POST /api/datasets/{owner:part}/{name:part}/tag/{revision:part}
owner DELETE /api/datasets/{owner:part}/{name:part}/tag/{revision:part}
owner POST /api/datasets/{owner:part}/{name:part}/preupload/{revision:part}
owner POST /api/datasets/{owner:part}/{name:part}/commit/{revision:part}
self POST /api/validate-yaml
data POST /datasets/{owner:part}/{name:part}.git/info/lfs/objects/batch
data GET /lfs/object/{signed:part}
self PUT /lfs/upload/{signed:part}
self PUT /lfs/upload/{signed:part}/{part:part}
self POST /lfs/complete/{signed:part}
self POST /lfs/verify/{signed:part}
owner POST /api/datasets/{owner:part}/{name:part}/user-access-request/handle
owner POST /api/datasets/{owner:part}/{name:part}/user-access-request/grant
owner GET /api/datasets/{owner:part}/{name:part}/user-access-request/{status:part}
owner GET /api/datasets/{owner:part}/{name:part}/xet-write-token/{revision:part}
data GET /api/datasets/{owner:part}/{name:part}/xet-read-token/{revision:part}
owner GET /cas/{upload:part}/v1/chunks/{prefix:part}/{hash:part}
owner POST /cas/{upload:part}/v1/xorb-grants/{prefix:part}/{hash:part}
owner POST /cas/{upload:part}/v1/xorbs/default/{hash:part}
owner GET /cas/{upload:part}/chunk/{prefix:part}/{hash:part}
owner GET /cas/{upload:part}/chunks/{prefix:part}/{hash:part}
owner POST /cas/{upload:part}/xorb/default/{hash:part}
owner POST /cas/{upload:part}/xorbs/default/{hash:part}
owner POST /cas/{upload:part}/shard/{prefix:part}/{hash:part}
owner POST /cas/{upload:part}/shards
owner POST /cas/{upload:part}/v1/shards
owner POST /cas/{upload:part}/v2/shards
self GET /
self GET /datasets
self GET /{owner:part}
self GET /favicon.ico
self GET /robots.txt
self GET /static/{name:part}
self GET /mail/stop/{secret:part}
self POST /mail/stop/{secret:part}
self GET /settings/access
self GET /settings/password
card GET /datasets/{owner:part}/{name:part}
card GET /datasets/{owner:part}/{name:part}/tree/{revision:part}
card GET /datasets/{owner:part}/{name:part}/tree/{revision:part}/{path:inner}
card GET /datasets/{owner:part}/{name:part}/blob/{revision:part}/{path:inner}
card GET /datasets/{owner:part}/{name:part}/commits/{revision:part}
card GET /datasets/{owner:part}/{name:part}/commit/{revision:part}
card POST /datasets/{owner:part}/{name:part}/ask-access
data GET /datasets/{owner:part}/{name:part}/viewer
data GET /datasets/{owner:part}/{name:part}/reports/{report:part}
data GET /datasets/{owner:part}/{name:part}/reports/{report:part}/frame/{revision:part}
owner GET /datasets/{owner:part}/{name:part}/settings
owner GET /datasets/{owner:part}/{name:part}/settings/requests
owner GET /datasets/{owner:part}/{name:part}/settings/requests.csv
owner GET /datasets/{owner:part}/{name:part}/settings/record.csv
owner POST /datasets/{owner:part}/{name:part}/settings/requests
owner POST /datasets/{owner:part}/{name:part}/settings/requests/grant
owner POST /datasets/{owner:part}/{name:part}/settings/visibility
owner POST /datasets/{owner:part}/{name:part}/settings/gate
owner POST /datasets/{owner:part}/{name:part}/settings/delete
self POST /stripe/webhook
self GET /join
self POST /join
self GET /login
self POST /login
self POST /logout
self GET /settings/profile
self POST /settings/profile
self POST /settings/password
self GET /settings/tokens
self POST /settings/tokens
self POST /settings/tokens/revoke
card POST /datasets/{owner:part}/{name:part}/buy/{offer:part}
self GET /settings/licences
owner GET /licences/{number:part}
owner GET /datasets/{owner:part}/{name:part}/settings/licences
owner POST /datasets/{owner:part}/{name:part}/settings/licences
owner GET /datasets/{owner:part}/{name:part}/settings/licences.csv
owner POST /datasets/{owner:part}/{name:part}/settings/licences/grant
owner POST /datasets/{owner:part}/{name:part}/settings/licences/revoke/{at:part}
owner GET /datasets/{owner:part}/{name:part}/settings/licences/offers/{at:part}
owner POST /datasets/{owner:part}/{name:part}/settings/licences/offers/{at:part}
owner POST /datasets/{owner:part}/{name:part}/settings/licences/offers/{at:part}/active
""".strip().splitlines():
    whom, route = line.split(" ", 1)
    ROUTES[route] = whom

FRAMED = {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "same-origin"}  # as reports are asked for
RESOLVE = "GET /datasets/{owner:part}/{name:part}/resolve/{revision:part}/{path:inner}"
FEW_ADDRESSES = [route for route in ROUTES if "{path:inner}" not in route]
"""The routes that take no path, of which fewer tricks have to be tried."""


def test_every_route_is_listed():
    found = {
        f"{method} {route.path}"
        for route in routes()
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert found == set(ROUTES), "list what is new in ROUTES, and what is to be tried there"


def filled(stage: Stage, text: str, name: str) -> str:
    """A text with what belongs to a repository in the place of {name}, {old}, {blob}, …"""
    held = HIDDEN if name == ABSENT else name
    text = text.replace("{name}", name).replace("{other}", held)
    for key in ("new", "old", "offer", "licence", "link", "upload", "cas", "blob"):
        text = text.replace("{" + key + "}", stage.values[f"{held}:{key}"])
    return text.replace("{blob2}", stage.values[f"{held}:blob"][:2])


def addresses(path: str) -> list[str]:
    """The addresses of a route, its parts filled in every way but for the repository."""
    path = path.replace("{owner:part}", "ann").replace("{name:part}", "{name}")
    parts = [part[1:-1].partition(":") for part in path.split("/") if ":" in part]
    found = []
    for values in product(*(VALUES[name] for name, _, _ in parts)):
        address = path
        for (name, _, kind), value in zip(parts, values, strict=True):
            address = address.replace("{" + f"{name}:{kind}" + "}", value)
        found.append(address)
    found = found or [path]
    queries = QUERIES.get(path.rpartition("/")[2], ())
    return found + [address + query for address in found for query in queries]


def body_for(route: str) -> bytes:
    """What is sent to a route that programs call; b"" for a page, which takes a form."""
    path = route.partition(" ")[2]
    if not path.startswith(("/api/", "/cas/", "/lfs/")) and ".git/" not in path:
        return b""
    words = path.split("/")
    for key, sent in BODIES.items():
        if route.endswith(key) or key in words:
            return sent
    return b""


def calls(stage: Stage, route: str, name: str) -> Iterator[tuple[str, str, dict[str, str], bytes]]:
    """All that is tried at a route: who, where, with what headers and body."""
    method, path = route.split(" ")
    body = filled(stage, body_for(route).decode(), name).encode()
    for (who, ways), address in product(stage.callers.items(), addresses(path)):
        for way in ways:
            headers = {key: value for key, value in way.items() if key != FIELD}
            sent = body
            if method == "POST" and not path.startswith(("/api/", "/cas/", "/lfs/")) and not body:
                fields = {key: filled(stage, value, name) for key, value in FORM.items()}
                sent = urlencode({**fields, "csrf": way.get(FIELD, "")}).encode()
                headers["Content-Type"] = "application/x-www-form-urlencoded"
            yield who, filled(stage, address, name), headers, sent


@pytest.mark.parametrize("route", quick(ROUTES, *FEW_ADDRESSES, RESOLVE))
def test_no_byte_of_gated_data(stage, route):
    method = route.split(" ")[0]
    for who, address, headers, body in calls(stage, route, GATED):
        first = FRAMED if "/frame/" in route else {}
        for more in (first, {"Range": "bytes=0-30"}) if ROUTES[route] == "data" else ({},):
            answer = stage.call(method, address, {**headers, **more}, body)
            where = f"{who}: {method} {address}: {answer.status}"
            assert MARK not in answer.everything(), where
            assert answer.status < 500, where
            if ROUTES[route] in ("data", "owner"):
                allowed = answer.status in (303, 307, 400, 401, 403, 404, 405)
                assert allowed, where
                assert "x-accel-redirect" not in answer.headers, where


@pytest.mark.parametrize("route", quick(ROUTES, *FEW_ADDRESSES[::2]))
def test_a_private_repository_is_as_one_that_is_not_there(stage, route):
    method = route.split(" ")[0]
    hidden = list(calls(stage, route, HIDDEN))
    absent = list(calls(stage, route, ABSENT))
    for (who, address, headers, body), (_, other, _, other_body) in zip(
        hidden, absent, strict=True
    ):
        answer = stage.call(method, address, headers, body)
        where = f"{who}: {method} {address}: {answer.status}"
        assert MARK not in answer.everything(), where
        assert answer.status < 500, where
        if HIDDEN in address or HIDDEN.encode() in body:
            expected = stage.call(method, other, headers, other_body)
            assert told(answer) == told(expected).replace(ABSENT.encode(), HIDDEN.encode()), where
        else:
            assert HIDDEN.encode() not in answer.everything(), where


def told(answer: staging.Answer) -> bytes:
    """All of an answer but what is new each time."""
    volatile = ("set-cookie", "date", "content-length")
    headers = {name: value for name, value in answer.headers.items() if name not in volatile}
    body = re.sub(rb'name="csrf" value="[^"]+"', b"", answer.body)
    return str(answer.status).encode() + answer._replace(headers=headers, body=body).everything()


@pytest.mark.parametrize("name", [GATED, HIDDEN])
def test_another_repositorys_commits_and_contents(stage, name):
    """Ids of hidden commits and contents are of no use at a repository that is open to all."""
    for (who, ways), key in product(stage.callers.items(), ("old", "new")):
        at = stage.values[f"{name}:{key}"]
        for path in ("data/train.txt", "data/train.parquet"):
            for route in ("resolve", "blob", "raw", "viewer"):
                url = f"/datasets/ann/{OPEN}/{route}/{at}/{path}"
                answer = stage.call("GET", url, ways[0])
                assert answer.status in (400, 404), (who, url)
                assert staging.mark(name) not in answer.everything()
        listed = stage.call("GET", f"/api/datasets/ann/{OPEN}/tree/{at}", ways[0])
        assert listed.status == 404
    for (who, ways), path in product(
        stage.callers.items(), ("data/train.txt", "data/train.parquet")
    ):
        oid = stage.values[f"{name}:{path}"]
        sent = {"operation": "download", "objects": [{"oid": oid, "size": 1}]}
        url = f"/datasets/ann/{OPEN}.git/info/lfs/objects/batch"
        answer = stage.call("POST", url, ways[0], json.dumps(sent).encode())
        assert "actions" not in json.loads(answer.body)["objects"][0], who


@pytest.mark.parametrize("name", [GATED, HIDDEN])
def test_knowing_a_hash_is_not_having_the_content(stage, name):
    """A stranger cannot commit another's content to a repository of their own by its hash."""
    stranger = stage.callers["stranger"][0]
    own = {"name": f"own-{name}", "type": "dataset"}
    made = stage.call("POST", "/api/repos/create", stranger, json.dumps(own).encode())
    assert made.status == 200
    repo = f"stranger/own-{name}"
    for path in ("data/train.txt", "data/train.parquet"):
        oid = stage.values[f"{name}:{path}"]
        batch = {"operation": "upload", "objects": [{"oid": oid, "size": 9}]}
        url = f"/datasets/{repo}.git/info/lfs/objects/batch"
        told_how = json.loads(stage.call("POST", url, stranger, json.dumps(batch).encode()).body)
        assert "upload" in told_how["objects"][0]["actions"]  # as if nobody had it
        lines = [
            {"key": "header", "value": {"summary": "x"}},
            {"key": "lfsFile", "value": {"path": "x", "algo": "sha256", "oid": oid}},
        ]
        sent = "\n".join(map(json.dumps, lines)).encode()
        answer = stage.call("POST", f"/api/datasets/{repo}/commit/main", stranger, sent)
        assert answer.status == 400
        assert b"was not sent to this repository" in answer.body


def test_the_stage_is_set(stage):
    """The same calls do give the data to one who may read it: the test is able to fail."""
    for name, path in product((GATED, HIDDEN), ("data/train.txt", "data/train.parquet")):
        url = f"/datasets/ann/{name}/resolve/main/{path}"
        assert staging.mark(name) in stage.call("GET", url, stage.owner).body
        assert stage.call("GET", url).status == 401
    link = stage.values[f"{GATED}:link"]
    assert MARK in stage.call("GET", f"/lfs/object/{link}", stage.owner).body

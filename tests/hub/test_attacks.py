"""Attacks: what a hostile caller sends so that the hub stumbles, stops or mixes things up."""

from __future__ import annotations

import asyncio
import hashlib
import json
import socket
import time
from collections.abc import Iterator
from itertools import product

import pytest

from pairsmith.hub.auth import users
from pairsmith.hub.gating import requests
from pairsmith.hub.gating.form import read_form
from pairsmith.hub.repos import repos
from support.hub import stage as staging
from support.hub.doors import MODELS, addresses, filled
from support.hub.doors import ROUTES as ALL
from support.hub.running import running
from support.hub.stage import GATED
from support.hub.stock import commit_files, put
from support.slow import quick, slow

NEW = {"name": "d", "type": "dataset"}
PIECE = 1 << 20  # bytes of a body that come at once
ROUTES = [route for route in ALL if route not in MODELS]  # those of models end where these do
DEEP = "[" * 5_000 + "]" * 5_000
WRONG = (  # what stands in the place of any value
    None, True, 0, -1, 10**30, 1e300, "", "é", "\0", "\x7f\u2028", "a" * 5_000, "../x", "[", "{}",
    [], {}, [[]], [{}], [None], ["a"], [1], {"a": 1}, {"oid": []},
)  # fmt: skip
SHAPES: dict[str, object] = {  # of each call that takes JSON, a body that is right
    "repos/create": {"name": "n", "organization": "ann", "type": "dataset", "visibility": "public"},
    "repos/delete": {"name": "n", "organization": "ann", "type": "dataset"},
    "settings": {"gated": "manual", "visibility": "public", "private": False},
    "preupload": {"files": [{"path": "a", "size": 1, "sample": "YQ=="}]},
    "branch": {"startingPoint": "main"},
    "tag": {"tag": "t"},
    "batch": {
        "operation": "upload", "transfers": ["multipart"], "objects": [{"oid": "0" * 64, "size": 1}]
    },
    "handle": {"user": "pending", "status": "pending", "rejectionReason": ""},
    "handle#2": {"userId": "1", "requestId": "1", "status": "pending"},
    "grant": {"user": "pending"},
    "validate-yaml": {"content": "", "repoType": "dataset"},
    "complete": {"oid": "0" * 64, "parts": [{"partNumber": 1, "etag": "x"}]},
}  # fmt: skip
LINES: tuple[object, ...] = (  # of a commit
    {"key": "header", "value": {"summary": "s", "description": "d", "parentCommit": ""}},
    {"key": "file", "value": {"content": "YQ==", "path": "a", "encoding": "base64"}},
    {"key": "lfsFile", "value": {"path": "a", "algo": "sha256", "oid": "0" * 64, "size": 1}},
    {"key": "deletedFile", "value": {"path": "a"}},
    {"key": "deletedFolder", "value": {"path": "a/"}},
)


def spoilt(value: object) -> Iterator[object]:
    """A value with one thing in it replaced by each of those that are wrong."""
    yield from WRONG
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from ({**value, key: other} for other in spoilt(inner))
            yield {name: kept for name, kept in value.items() if name != key}
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from ([*value[:at], other, *value[at + 1 :]] for other in spoilt(inner))


def json_doors() -> Iterator[tuple[str, str, object]]:
    """Each call that takes JSON: its method, its address, and a body that is right."""
    for route in ROUTES:
        method, path = route.split(" ")
        for key, shape in SHAPES.items():
            words = path.replace(":part", "").replace(":inner", "").split("/")
            named = key.partition("#")[0]
            if method in ("POST", "PUT", "DELETE") and (
                path.endswith("/" + named) or named in words
            ):
                yield method, addresses(path)[0], shape


@pytest.mark.parametrize(
    ("method", "address", "shape"),
    quick(json_doors(), *list(json_doors())[::3]),
    ids=lambda value: str(value)[:80],
)
def test_json_of_any_shape_is_no_bug(stage, method, address, shape):
    where = filled(stage, address, GATED)
    bodies = [json.dumps(value).encode() for value in spoilt(shape)]
    for body in (*bodies, DEEP.encode(), b"", b"\xff", b'{"a": "\\ud800"}', b"[NaN]"):
        answer = stage.call(method, where, stage.owner, body)
        assert answer.status < 500, (method, where, body[:200], answer)


@pytest.mark.parametrize("line", LINES, ids=lambda line: line["key"])
def test_a_line_of_any_shape_is_no_bug(stage, line):
    where = f"/api/datasets/ann/{GATED}/commit/main"
    for value in spoilt(line):
        body = f"{json.dumps(LINES[0])}\n{json.dumps(value)}".encode()
        answer = stage.call("POST", where, stage.owner, body)
        assert answer.status < 500, (body[:200], answer)


ODD = ("%00", "%FF", "é", "9" * 5_000, "-1", "%F0%9F%98%80", "%0d%0aX: y", "[", "{}", "..", "%25")


PLACES = {"{owner:part}": "ann", "{name:part}": GATED}


@pytest.mark.parametrize("route", ROUTES)
@slow
def test_an_address_of_any_kind_is_no_bug(stage, route):
    method, path = route.split(" ")
    parts = [part for part in path.split("/") if ":" in part]
    names = ("p", "page", "limit", "cursor", "row", "q", "search", "revision", "next", "expand")
    for odd in ODD:
        for spoiled in parts:
            where = path.replace(spoiled, odd)
            for part in parts:
                where = where.replace(part, PLACES.get(part, "main"))
            answer = stage.call(method, where, stage.owner, b"{}")
            assert answer.status < 500, (method, where[:200], answer)
        query = "&".join(f"{name}={odd}" for name in names)
        where = filled(stage, addresses(path)[0], GATED)
        answer = stage.call(method, f"{where}?{query}", stage.owner, b"{}")
        assert answer.status < 500, (method, where, query[:200], answer)


@pytest.mark.parametrize("route", ROUTES)
@slow
def test_headers_of_any_kind_are_no_bug(stage, route):
    method, path = route.split(" ")
    where = filled(stage, addresses(path)[0], GATED)
    odd = (
        {"host": "["}, {"host": "a/b?c#d"}, {"host": ""}, {"accept": "text/html", "host": "["},
        {"range": "bytes=" + "0-," * 500}, {"range": "bytes=9-1"}, {"range": "bytes=é"},
        {"if-none-match": "é"}, {"content-length": "9" * 40}, {"content-length": "x"},
        {"cookie": "a=é; pairsmith_session=é"}, {"authorization": "Bearer é"},
        {"content-type": "multipart/form-data; boundary=é; charset=x"},
        {"content-type": "application/json"}, {"stripe-signature": "t=1,v1=é"},
    )  # fmt: skip
    for more, body in product(odd, (b"", b"{}")):
        answer = stage.call(method, where, {**stage.owner, **more}, body)
        assert answer.status < 500, (method, where, more, answer)


@pytest.mark.parametrize("charset", ["utf-7", "unicode_escape", "punycode", "zlib", "utf-16"])
def test_a_form_in_any_charset_is_no_bug(stage, charset):
    part = 'Content-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    odd = r"\ud800 +2AA-"
    for route in ROUTES:
        method, path = route.split(" ")
        if method != "POST" or path.startswith(("/api/", "/cas/", "/lfs/")):
            continue
        way = stage.callers["stranger"][1]
        fields = {
            "name": odd,
            "password": odd,
            "user": odd,
            "csrf": way[staging.FIELD],
            "next": odd,
        }
        for sent in (fields, {**fields, "csrf": odd}):
            body = "--b\r\n" + "--b\r\n".join(part.format(*field) for field in sent.items())
            headers = {
                "cookie": way["Cookie"],
                "content-type": f"multipart/form-data; boundary=b; charset={charset}",
            }
            where = filled(stage, addresses(path)[0], GATED)
            answer = stage.call("POST", where, headers, f"{body}--b--\r\n".encode())
            assert answer.status < 500, (where, charset, answer)


@pytest.mark.parametrize("route", [route for route in ROUTES if not route.startswith("GET")])
@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
def test_nobody_can_have_a_large_body_taken_in(stage, route, kind):
    """Memory and time are for those who may write; others are told so, or cut short."""
    method, path = route.split(" ")
    taken = 0

    async def receive() -> dict[str, object]:
        nonlocal taken
        taken += PIECE
        return {"type": "http.request", "body": b"x" * PIECE, "more_body": taken < 64 * PIECE}

    where = filled(stage, addresses(path)[0], GATED)
    answer = asyncio.run(staging.called(stage.app, method, where, {"content-type": kind}, receive))
    asks_to_sign_in = answer.headers.get("location", "").startswith("/login?")
    assert 400 <= answer.status < 500 or asks_to_sign_in, answer
    assert taken <= (0 if asks_to_sign_in else 4 << 20), answer


def test_an_address_of_a_deleted_repository_leads_to_no_other(hub, client, account):
    """Their numbers are not given again: an address that bob holds says nothing of ann's."""
    ann, _ = account("ann")
    _, bob = account("bob")
    assert client.post("/api/repos/create", json=NEW, headers=bob).status_code == 200
    oid = hashlib.sha256(b"ann's").hexdigest()
    asked = {"operation": "upload", "objects": [{"oid": oid, "size": 5}]}
    batch = client.post("/datasets/bob/d.git/info/lfs/objects/batch", json=asked, headers=bob)
    actions = batch.json()["objects"][0]["actions"]
    assert client.request("DELETE", "/api/repos/delete", json=NEW, headers=bob).status_code == 200
    with hub.database.write() as db:
        own = repos.create(db, ann, "dataset", "private", private=True)
    put(hub, own, b"ann's")
    assert client.post(actions["verify"]["href"]).status_code == 404
    assert client.put(actions["upload"]["href"], content=b"ann's").status_code == 400


def test_an_old_page_answers_no_later_request(hub, account):
    """Numbers of requests are not given again, once the owner has taken one back."""
    ann, _ = account("ann")
    with hub.database.write() as db:
        repo = repos.create(db, ann, "dataset", "d", private=False)
        repos.set_gate(db, repo, "manual")
        repo = repos.find(db, "dataset", "ann", "d")
        first, second = (users.add(db, name, "", f"{name}@example.org", None) for name in "bc")
        requests.grant(db, repo, ann, first)
        before = requests.find(db, repo, "b")
        requests.answer(db, repo, ann, before, "pending")  # which takes the grant back
        requests.ask(db, repo, second, {}, read_form({}))
        assert requests.find(db, repo, "c").id != before.id


def test_a_branch_cannot_stand_in_for_a_commit(hub, client, account):
    """Who asks for a commit by its whole id gets that commit."""
    ann, header = account("ann")
    client.post("/api/repos/create", json=NEW, headers=header)
    with hub.database.read() as db:
        repo = repos.find(db, "dataset", "ann", "d")
    old = commit_files(hub, repo, ann, {"a": b"old"}).id
    commit_files(hub, repo, ann, {"a": b"new"})
    for call in (f"branch/{old}", f"branch/{'0' * 40}"):
        made = client.post(f"/api/datasets/ann/d/{call}", json={}, headers=header)
        assert made.status_code == 400
    made = client.post("/api/datasets/ann/d/tag/main", json={"tag": old}, headers=header)
    assert made.status_code == 400
    assert client.get(f"/datasets/ann/d/resolve/{old}/a").content == b"old"


def test_a_content_that_is_gone_takes_one_page_and_not_all(hub, client, account):
    ann, header = account("ann")
    client.post("/api/repos/create", json=NEW, headers=header)
    with hub.database.read() as db:
        repo = repos.find(db, "dataset", "ann", "d")
    commit_files(hub, repo, ann, {"README.md": b"# a card"})
    hub.blobs.path(hashlib.sha256(b"# a card").hexdigest()).unlink()
    for page in ("/", "/datasets", "/ann", "/datasets/ann/d"):
        answer = client.get(page, headers={"Accept": "text/html"})
        assert (answer.status_code, "ann/" in answer.text) == (200, True), page


def test_a_slash_too_many_leads_to_no_other_host(stage):
    sent = {"host": "elsewhere.example.org", "accept": "text/html"}
    for path in ("/datasets/ann/d/", "//elsewhere.example.org/", "/datasets//"):
        answer = stage.call("GET", path, sent)
        assert (answer.status, answer.headers["location"]) == (307, "/" + path.strip("/"))


def test_who_hangs_up_is_no_fault(tmp_path):
    """A line in the log of requests, and no trace of a bug."""
    paths = ("/login", "/api/repos/create", "/api/validate-yaml", "/lfs/upload/x")
    with running(tmp_path) as server:
        for path in paths:
            with socket.create_connection(("127.0.0.1", server.port)) as route:
                sent = f"POST {path} HTTP/1.1\r\nHost: hub\r\nContent-Length: 9\r\n"
                kind = "Content-Type: application/x-www-form-urlencoded\r\n\r\na"
                route.sendall((sent + kind).encode())
                time.sleep(0.1)  # so that they are waited for; a longer wait changes nothing
        server.end()
    assert "POST" in server.log
    assert "Traceback" not in server.log


def test_a_disk_that_is_full_is_told(hub, client, account):
    """The database cannot grow: the answer says so, and nothing was changed."""
    _, header = account("ann")
    assert client.post("/api/repos/create", json=NEW, headers=header).status_code == 200
    with hub.database._connections.lent() as db:  # the connection that is used again
        db.execute(f"PRAGMA max_page_count = {db.execute('PRAGMA page_count').fetchone()[0]}")
    sent = json.dumps({"key": "header", "value": {"summary": "x", "description": "y" * 90_000}})
    answer = client.post("/api/datasets/ann/d/commit/main", content=sent, headers=header)
    assert answer.status_code == 507
    assert "full" in answer.json()["error"]
    assert client.get("/api/datasets/ann/d").status_code == 200

"""Routes: no byte of data and no private name by any route, for anyone who was not let in.

Every route is listed in `tests/support/hub/doors.py`, with what is tried at it; a new one fails
here until it is. A private repository must answer in every way as one that is not there.
"""

from __future__ import annotations

import json
import re
from itertools import product

import pytest
from starlette.routing import Route

from pairsmith.hub.app import routes
from pairsmith.hub.http.addresses import KINDS, OTHER_STARTS, page_of
from pairsmith.hub.repos import events, repos
from pairsmith.hub.repos.roles import Role
from support.hub import stage as staging
from support.hub.doors import FEW_ADDRESSES, FRAMED, PULL, RESOLVE, ROUTES, calls
from support.hub.stage import ABSENT, GATED, HIDDEN, HOLDERS, MARK, OPEN
from support.hub.tricks import INNER
from support.slow import quick


def test_every_route_is_listed():
    found = {
        f"{method} {route.path}"
        for route in routes()
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert found == set(ROUTES), "list what is new in ROUTES, and what is to be tried there"


def test_no_account_has_a_name_that_other_addresses_begin_with():
    """A model's page is /{owner}/{name}: no other page may lie there, whoever joins."""
    starts = {route.path.split("/")[1] for route in routes() if isinstance(route, Route)}
    taken = {start for start in starts if start and "{" not in start and "." not in start}
    assert taken <= OTHER_STARTS


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
            if ROUTES[route] in ("data", "write", "admin", "owner"):
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
            # both, for what other calls made by that name may be listed in both
            here, there = (
                told(one).replace(ABSENT.encode(), HIDDEN.encode()) for one in (answer, expected)
            )
            assert here == there, where
        else:
            assert HIDDEN.encode() not in answer.everything(), where


def told(answer: staging.Answer) -> bytes:
    """All of an answer but what is new each time."""
    volatile = ("set-cookie", "date", "content-length")
    headers = {name: value for name, value in answer.headers.items() if name not in volatile}
    body = re.sub(rb'name="csrf" value="[^"]+"', b"", answer.body)
    return str(answer.status).encode() + answer._replace(headers=headers, body=body).everything()


NEEDED = {"write": Role.WRITE, "admin": Role.ADMIN}


@pytest.mark.parametrize("name", [GATED, HIDDEN])
@pytest.mark.parametrize("holder", HOLDERS)
def test_a_role_does_not_open_what_takes_more(stage, holder, name):
    role, ways = stage.holders[holder]
    tried = 0
    for route, whom in ROUTES.items():
        if whom not in NEEDED or role >= NEEDED[whom]:
            continue
        method = route.split(" ")[0]
        for _, address, headers, body in calls(stage, route, name, {holder: ways}):
            answer = stage.call(method, address, headers, body)
            meant = ("/api/" in route) == (
                "Authorization" in headers
            )  # who takes a form, or a token
            refused = (403,) if meant else (401, 403)
            assert answer.status in refused, f"{holder}: {method} {address}: {answer.status}"
            tried += 1
    assert tried or role is Role.ADMIN


@pytest.mark.parametrize("name", [GATED, HIDDEN])
@pytest.mark.parametrize("holder", HOLDERS)
def test_a_role_reads_the_data(stage, holder, name):
    _, ways = stage.holders[holder]
    for way, path in product(ways, ("data/train.txt", "data/train.parquet")):
        url = f"/datasets/ann/{name}/resolve/main/{path}"
        assert staging.mark(name) in stage.call("GET", url, way).body
    page = stage.call("GET", f"/datasets/ann/{name}/viewer", ways[1])
    assert (page.status, staging.mark(name) in page.body) == (200, True)
    with stage.hub.database.read() as db:
        read = events.recent(db, repos.find(db, "dataset", "ann", name), 100)
    assert name == HIDDEN or {e.user for e in read if e.action == "viewed"} >= {holder}


@pytest.mark.parametrize("name", [GATED, HIDDEN])
@pytest.mark.parametrize("holder", HOLDERS)
def test_a_role_opens_what_it_is_for(own_stage, holder, name):
    """On a stage of its own, for much of it is changed; what ends it comes last."""
    role, ways = own_stage.holders[holder]
    meant = [route for route, whom in ROUTES.items() if whom in NEEDED and role >= NEEDED[whom]]
    for route in sorted(meant, key=lambda route: "delete" in route.lower()):
        method, path = route.split(" ")
        api = "/api/" in path or ".git/" in path
        way = ways[0] if api else ways[1]
        (_, address, headers, body), *_ = calls(own_stage, route, name, {holder: [way]})
        answer = own_stage.call(method, address, headers, body)
        assert answer.status not in (401, 403), f"{method} {address}: {answer.body!r}"
    assert meant or role is Role.READ


@pytest.mark.parametrize("name", [GATED, HIDDEN])
def test_a_pull_request_is_no_way_in(stage, name):
    """What it changes, what is read at it, and what begins one or goes on with it."""
    base = f"/datasets/ann/{name}"
    reads = [f"{base}/{view}/{PULL}/{path}" for view in ("resolve", "blob") for path in INNER]
    reads += [f"/api{base}/tree/{PULL}?recursive=1", f"/api{base}/refs?include_prs=1"]
    header = b'{"key": "header", "value": {"summary": "A title"}}'
    blob = stage.values[f"{name}:blob"].encode()
    file = b'{"key": "lfsFile", "value": {"path": "x", "algo": "sha256", "oid": "' + blob + b'"}}'
    ask = b'{"files": [{"path": "data/train.txt", "size": 1, "sample": ""}]}'
    sends = [
        (f"/api{base}/{call}", body)
        for call, body in (
            (f"commit/{PULL}", header), ("commit/main?create_pr=1", header + b"\n" + file),
            (f"preupload/{PULL}", ask), ("preupload/main?create_pr=1", ask),
        )
    ]  # fmt: skip
    sends.append((f"/api{base}/discussions", b'{"title": "A title", "pullRequest": true}'))
    for who, ways in stage.callers.items():
        for path in reads:
            answer = stage.call("GET", path, ways[0])
            assert staging.mark(name) not in answer.everything(), (who, path)
            assert name == GATED or answer.status in (401, 404), (who, path)
        for path, body in sends:
            answer = stage.call("POST", path, ways[0], body)
            assert answer.status in (401, 403, 404), (who, path, answer)
        token = stage.call("GET", f"/api{base}/xet-write-token/main?create_pr=1", ways[0])
        assert token.status in (401, 403, 404), who
    shown = stage.call("GET", f"{base}/discussions/2/files", stage.owner)
    assert staging.mark(name) in shown.body  # the test is able to fail


@pytest.mark.parametrize("name", [GATED, HIDDEN])
def test_another_repositorys_commits_and_contents(stage, name):
    """Ids of hidden commits and contents are of no use at a repository that is open to all."""
    for (who, ways), key in product(stage.callers.items(), ("old", "new")):
        at = stage.values[f"{name}:{key}"]
        for path in ("data/train.txt", "data/train.parquet"):
            for route, kind in product(("resolve", "blob", "raw", "viewer"), KINDS):
                url = f"{page_of(kind, f'ann/{OPEN}')}/{route}/{at}/{path}"
                answer = stage.call("GET", url, ways[0])
                assert answer.status in (400, 404), (who, url)
                assert staging.mark(name) not in answer.everything()
        for kind in KINDS:
            listed = stage.call("GET", f"/api/{kind}s/ann/{OPEN}/tree/{at}", ways[0])
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


READING = ("/paths-info/", "/validate-yaml", "/objects/batch")  # a body, and nothing is changed


def test_no_form_of_another_site_does_anything(stage):
    """Who may do all of it is signed in, and their browser sends what another site has it send."""
    ways = stage.holders["keeper"][1][1]
    browser = {name: value for name, value in ways.items() if name != staging.FIELD}
    kinds = ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=b")
    tried = 0
    for route, kind in product(ROUTES, kinds):
        if route.startswith("GET") or any(call in route for call in READING):
            continue
        for _, address, headers, body in calls(stage, route, GATED, {"keeper": [browser]}):
            sent = {**headers, "content-type": kind, "content-length": str(len(body))}
            answer = stage.call(route.split(" ")[0], address, sent, body)
            assert answer.status >= 400, f"{kind}: {route} {address}: {answer}"
            tried += 1
            break
    assert tried > 100


def test_the_stage_is_set(stage):
    """The same calls do give the data to one who may read it: the test is able to fail."""
    names, paths = (GATED, HIDDEN), ("data/train.txt", "data/train.parquet")
    for name, path, kind in product(names, paths, KINDS):
        url = f"{page_of(kind, f'ann/{name}')}/resolve/main/{path}"
        assert staging.mark(name) in stage.call("GET", url, stage.owner).body
        assert stage.call("GET", url).status == 401
    link = stage.values[f"{GATED}:link"]
    assert MARK in stage.call("GET", f"/lfs/object/{link}", stage.owner).body

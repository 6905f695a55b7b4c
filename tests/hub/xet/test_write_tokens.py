"""Tokens for an upload: who gets one, and what each call wants."""

from __future__ import annotations

import pytest

from pairsmith.hub.auth import sessions
from pairsmith.hub.repos import repos
from support.hub import xorbs
from support.hub.sending import (
    CALLS,
    ONE,
    THREE,
    TWO,
    WHOLE,
    XORB,
    has,
    sha256,
    waiting,
)


def test_an_owner_gets_a_token_and_an_address_of_its_own(client, ann, pairs):
    path = "/api/datasets/ann/pairs/xet-write-token/feat%2Fx"
    first, second = (client.get(path, headers=ann[1]) for _ in range(2))
    assert first.status_code == 200
    body = first.json()
    assert set(body) == {"accessToken", "exp", "casUrl"}
    assert first.headers["x-xet-access-token"] == body["accessToken"]
    assert first.headers["x-xet-token-expiration"] == str(body["exp"])
    assert first.headers["x-xet-cas-url"] == body["casUrl"]
    assert first.headers["cache-control"] == "no-store"
    assert body["casUrl"].startswith("http://testserver/cas/")
    assert body["casUrl"] != second.json()["casUrl"]
    assert body["accessToken"] != second.json()["accessToken"]


def test_nobody_else_gets_one(hub, client, ann, account, repo):
    repo(hub, ann[0])
    with hub.database.write() as db:
        repos.create(db, ann[0], "dataset", "secret", private=True)
    _, bob = account("bob")
    reader = account("carl", "read")
    repo(hub, reader[0], "own")

    def answer(name, header):
        got = client.get(f"/api/datasets/{name}/xet-write-token/main", headers=header)
        return got.status_code, got.text

    assert answer("ann/pairs", {})[0] == 401
    assert answer("ann/pairs", bob)[0] == 403
    assert answer("carl/own", reader[1])[0] == 403
    assert answer("ann/secret", bob) == answer("ann/missing", bob)
    assert answer("ann/secret", {}) == answer("ann/missing", {})
    with hub.database.read() as db:
        assert db.execute("SELECT count(*) FROM uploads").fetchone()[0] == 0


def test_a_cookie_is_not_enough(hub, client, ann, pairs):
    with hub.database.write() as db:
        cookie = sessions.begin(db, ann[0])
    client.cookies.set(sessions.COOKIE, cookie)
    assert client.get("/api/datasets/ann/pairs/xet-write-token/main").status_code == 401


def test_there_are_no_read_tokens_whatever_there_is(client, ann, pairs):
    answers = [
        client.get(f"/api/datasets/{name}/xet-read-token/main", headers=ann[1])
        for name in ("ann/pairs", "ann/missing")
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].text == answers[1].text


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_every_call_wants_the_token_of_its_upload(hub, client, opened, ann, repo, method, path):
    repo(hub, ann[0], "others")
    address, header = opened()
    _, elsewhere = opened("ann/others")
    tried = [
        (address, {}),
        (address, {"Authorization": "Bearer x"}),
        (address, ann[1]),
        (address, elsewhere),
        ("/cas/" + "0" * 32, header),
        ("/cas/..%2F..%2Fblobs", header),
    ]
    answers = set()
    for place, headers in tried:
        got = client.request(method, place + path, headers=headers, content=XORB)
        answers.add((got.status_code, got.text))
    assert [status for status, _ in answers] == [401]
    with hub.database.write() as db:
        db.execute("UPDATE uploads SET expires = 0")
    assert client.request(method, address + path, headers=header).status_code == 401
    assert waiting(hub) == []


def test_a_new_token_goes_on_at_the_old_address(hub, client, sent, opened, pairs):
    address, old = sent
    with hub.database.write() as db:
        db.execute("UPDATE uploads SET expires = 0")
    whole = ONE + TWO + THREE
    body = xorbs.shard(xorbs.file(sha256(whole), WHOLE))
    assert client.post(f"{address}/v2/shards", content=body, headers=old).status_code == 401
    _, new = opened()
    assert client.post(f"{address}/v2/shards", content=body, headers=new).status_code == 200
    assert has(hub, pairs, whole) == [True]

"""The calls of the protocol, each as it should be and each way to be wrong."""

from __future__ import annotations

import hashlib
import json

import pytest

from pairsmith.hub.auth import sessions
from pairsmith.hub.core import blobs
from pairsmith.hub.core.blobs import held
from pairsmith.hub.http import bodies
from pairsmith.hub.http.errors import HubError
from pairsmith.hub.repos import repos
from pairsmith.hub.xet import endpoints, rebuild, shard, uploads, xorb
from support.hub import xorbs
from support.hub.xorbs import Part

ONE, TWO, THREE = b"one " * 5000, b"two " * 4001, bytes(range(256)) * 100
XORB = xorbs.chunk(ONE) + xorbs.chunk(TWO, 1) + xorbs.chunk(THREE, 2) + xorbs.footer()
NAME = xorbs.name(XORB)
WHOLE = Part(NAME, 0, 3, len(ONE + TWO + THREE))
CALLS = [
    ("GET", "/v1/chunks/default/" + "a" * 64),
    ("GET", "/v1/chunks/default-merkledb/" + "a" * 64),
    ("POST", "/v1/xorb-grants/default/" + "a" * 64),
    ("POST", "/v1/xorbs/default/" + NAME),
    ("POST", "/v1/shards"),
    ("POST", "/v2/shards"),
    ("GET", "/chunks/default/" + "a" * 64),
    ("POST", "/xorbs/default/" + NAME),
    ("POST", "/shards"),
    ("GET", "/chunk/default/" + "a" * 64),
    ("POST", "/xorb/default/" + NAME),
    ("POST", "/shard/default/" + "a" * 64),
]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


WRONG = {
    "sha256": (xorbs.file(sha256(b"else"), WHOLE), "what its chunks make up is"),
    "empty": (xorbs.file(sha256(b"else")), "what its chunks make up is"),
    "size": (xorbs.file(sha256(ONE), Part(NAME, 0, 1, len(ONE) - 1)), "the shard says"),
    "chunk": (xorbs.file(sha256(ONE), Part(NAME, 0, 4, len(ONE))), "chunk 3 of a xorb of 3"),
    "xorb": (xorbs.file(sha256(ONE), Part("0" * 64, 0, 1, len(ONE))), "was not sent"),
}


@pytest.fixture
def ann(account):
    return account("ann")


@pytest.fixture
def pairs(hub, ann, repo):
    return repo(hub, ann[0])


@pytest.fixture
def opened(client, ann, pairs):
    """Opens an upload: its address, and the header that opens it."""

    def open(name: str = "ann/pairs"):
        answer = client.get(f"/api/datasets/{name}/xet-write-token/main", headers=ann[1]).json()
        address = answer["casUrl"].removeprefix("http://testserver")
        return address, {"Authorization": f"Bearer {answer['accessToken']}"}

    return open


@pytest.fixture
def sent(client, opened):
    """Opens an upload and sends the xorb under it."""
    address, header = opened()
    answer = client.post(f"{address}/v1/xorbs/default/{NAME}", content=XORB, headers=header)
    assert answer.json() == {"was_inserted": True}
    return address, header


def has(hub, repo, *contents: bytes) -> list[bool]:
    with hub.database.read() as db:
        blobs = [held(db, repo.id, sha256(content)) for content in contents]
    for blob, content in zip(blobs, contents, strict=True):
        assert blob is None or hub.blobs.path(blob.sha256).read_bytes() == content
    return [blob is not None for blob in blobs]


def waiting(hub) -> list[str]:
    """Every file below `incoming`."""
    return sorted(path.name for path in hub.blobs.staging.rglob("*") if path.is_file())


def kept(hub) -> int:
    """How many blobs there are, on disk and in the database."""
    on_disk = sum(path.is_file() for path in hub.blobs.folder.rglob("*"))
    with hub.database.read() as db:
        assert db.execute("SELECT count(*) FROM blobs").fetchone()[0] == on_disk
    return on_disk


class TestTokens:
    def test_an_owner_gets_a_token_and_an_address_of_its_own(self, client, ann, pairs):
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

    def test_nobody_else_gets_one(self, hub, client, ann, account, repo):
        repo(hub, ann[0])
        with hub.database.write() as db:
            repos.create(db, ann[0], "secret", private=True)
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

    def test_a_cookie_is_not_enough(self, hub, client, ann, pairs):
        with hub.database.write() as db:
            cookie = sessions.begin(db, ann[0])
        client.cookies.set(sessions.COOKIE, cookie)
        assert client.get("/api/datasets/ann/pairs/xet-write-token/main").status_code == 401

    def test_there_are_no_read_tokens_whatever_there_is(self, client, ann, pairs):
        answers = [
            client.get(f"/api/datasets/{name}/xet-read-token/main", headers=ann[1])
            for name in ("ann/pairs", "ann/missing")
        ]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].text == answers[1].text

    @pytest.mark.parametrize(("method", "path"), CALLS)
    def test_every_call_wants_the_token_of_its_upload(
        self, hub, client, opened, ann, repo, method, path
    ):
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

    def test_a_new_token_goes_on_at_the_old_address(self, hub, client, sent, opened, pairs):
        address, old = sent
        with hub.database.write() as db:
            db.execute("UPDATE uploads SET expires = 0")
        whole = ONE + TWO + THREE
        body = xorbs.shard(xorbs.file(sha256(whole), WHOLE))
        assert client.post(f"{address}/v2/shards", content=body, headers=old).status_code == 401
        _, new = opened()
        assert client.post(f"{address}/v2/shards", content=body, headers=new).status_code == 200
        assert has(hub, pairs, whole) == [True]


class TestXorbs:
    def test_a_xorb_waits_and_is_taken_once(self, hub, client, sent):
        address, header = sent
        for content in (XORB, xorbs.chunk(b"else")):
            place = f"{address}/v1/xorbs/default/{NAME}"
            again = client.post(place, content=content, headers=header)
            assert again.json() == {"was_inserted": False}
        assert waiting(hub) == [NAME]
        assert next(hub.blobs.staging.rglob(NAME)).read_bytes() == XORB

    def test_others_chunks_and_grants_are_not_told_of(self, client, sent):
        address, header = sent
        for method, path in (CALLS[0], CALLS[1], CALLS[2], CALLS[6], CALLS[9]):
            assert client.request(method, address + path, headers=header).status_code == 404

    @pytest.mark.parametrize("name", ["A" * 64, "a" * 63, "..%2F..%2Fhub.sqlite", "%2e%2e"])
    def test_a_name_that_is_none(self, hub, client, opened, name):
        address, header = opened()
        got = client.post(f"{address}/v1/xorbs/default/{name}", content=XORB, headers=header)
        assert got.status_code == 400
        assert waiting(hub) == []

    def test_what_is_no_xorb_does_not_wait(self, hub, client, opened):
        address, header = opened()
        place = f"{address}/v1/xorbs/default/{NAME}"
        for wrong in (b"", XORB[:-1], XORB[:100], xorbs.chunk(ONE, 1, size=7)):
            got = client.post(place, content=wrong, headers=header)
            assert got.status_code == 400
            assert got.json() == {"error": got.headers["x-error-message"]}
        assert waiting(hub) == []

    @pytest.mark.parametrize("announced", [True, False])
    def test_a_xorb_that_is_too_large(self, hub, client, opened, monkeypatch, announced):
        monkeypatch.setattr(xorb, "MAX_XORB_BYTES", len(XORB) - 1)
        monkeypatch.setattr(bodies, "AT_ONCE", 1000)
        address, header = opened()
        content = XORB if announced else iter([XORB[:9000], XORB[9000:]])
        place = f"{address}/v1/xorbs/default/{NAME}"
        assert client.post(place, content=content, headers=header).status_code == 413
        assert waiting(hub) == []
        monkeypatch.setattr(xorb, "MAX_XORB_BYTES", len(XORB))
        content = XORB if announced else iter([XORB[:9000], XORB[9000:]])
        assert client.post(place, content=content, headers=header).status_code == 200

    @pytest.mark.parametrize("length", ["99999999", "9" * 5000])
    def test_a_xorb_that_is_announced_to_be_too_large(self, client, opened, length):
        address, header = opened()
        place = f"{address}/v1/xorbs/default/{NAME}"
        got = client.post(place, content=XORB, headers={**header, "Content-Length": length})
        assert got.status_code == 413

    def test_an_upload_that_has_too_much_waiting(self, client, sent, monkeypatch):
        monkeypatch.setattr(uploads, "MAX_UPLOAD_BYTES", len(XORB) - 1)
        address, header = sent
        got = client.post(f"{address}/v1/xorbs/default/{'a' * 64}", content=XORB, headers=header)
        assert got.status_code == 413


class TestShards:
    @pytest.mark.parametrize("version", ["v1", "v2"])
    def test_its_files_become_blobs(self, hub, client, sent, pairs, version):
        address, header = sent
        contents = [ONE + TWO + THREE, TWO, THREE + ONE + THREE, b""]
        body = xorbs.shard(
            xorbs.file(sha256(contents[0]), WHOLE),
            xorbs.file(sha256(contents[1]), Part(NAME, 1, 2, len(TWO)), verified=False),
            xorbs.file(
                sha256(contents[2]),
                Part(NAME, 2, 3, len(THREE)),
                Part(NAME, 0, 1, len(ONE)),
                Part(NAME, 2, 3, len(THREE)),
            ),
            xorbs.file(sha256(b"")),
        )
        for _ in range(2):  # what is held already is fine
            got = client.post(f"{address}/{version}/shards", content=body, headers=header)
            assert got.status_code == 200
            if version == "v1":
                assert got.json() == {"result": 1}
            else:
                assert json.loads(got.text) == {"type": "result", "result": 1}
                assert got.text.endswith("\n")
            assert has(hub, pairs, *contents) == [True] * 4
            assert kept(hub) == 4
            assert waiting(hub) == [NAME]

    @pytest.mark.parametrize(("xorb", "shard"), [CALLS[7:9], CALLS[10:12]])
    def test_older_clients_know_other_addresses(self, hub, client, opened, pairs, xorb, shard):
        address, header = opened()
        whole = ONE + TWO + THREE
        body = xorbs.shard(xorbs.file(sha256(whole), WHOLE))
        got = client.post(address + xorb[1], content=XORB, headers=header)
        assert got.json() == {"was_inserted": True}
        got = client.post(address + shard[1], content=body, headers=header)
        assert got.json() == {"result": 1}
        assert has(hub, pairs, whole) == [True]

    def test_a_later_shard_is_made_of_earlier_xorbs(self, hub, client, sent, pairs):
        address, header = sent
        more = xorbs.chunk(b"more")
        place = f"{address}/v1/xorbs/default/{xorbs.name(more)}"
        client.post(place, content=more, headers=header)
        for content, *parts in [
            (ONE, Part(NAME, 0, 1, len(ONE))),
            (b"more" + TWO, Part(xorbs.name(more), 0, 1, 4), Part(NAME, 1, 2, len(TWO))),
        ]:
            body = xorbs.shard(xorbs.file(sha256(content), *parts))
            assert client.post(f"{address}/v1/shards", content=body, headers=header).is_success
        assert has(hub, pairs, ONE, b"more" + TWO) == [True, True]

    def test_more_xorbs_than_are_kept_open(self, hub, client, opened, pairs, monkeypatch):
        monkeypatch.setattr(rebuild, "OPEN", 2)
        address, header = opened()
        bodies = [xorbs.chunk(bytes([number]) * 10, 1) for number in range(5)]
        for body in bodies:
            place = f"{address}/v1/xorbs/default/{xorbs.name(body)}"
            client.post(place, content=body, headers=header)
        order = [0, 1, 2, 3, 4, 0, 4, 0, 1, 3, 2]
        content = b"".join(bytes([number]) * 10 for number in order)
        parts = [Part(xorbs.name(bodies[number]), 0, 1, 10) for number in order]
        body = xorbs.shard(xorbs.file(sha256(content), *parts))
        assert client.post(f"{address}/v1/shards", content=body, headers=header).is_success
        assert has(hub, pairs, content) == [True]

    @pytest.mark.parametrize("version", ["v1", "v2"])
    @pytest.mark.parametrize("mine", [True, False])
    def test_another_uploads_xorb_is_not_to_be_had(
        self, hub, client, ann, account, repo, opened, pairs, version, mine
    ):
        owner = ann if mine else account("bob")
        if not mine:
            repo(hub, owner[0], "secret")
        path = f"/api/datasets/{'ann/pairs' if mine else 'bob/secret'}/xet-write-token/main"
        theirs = client.get(path, headers=owner[1]).json()
        got = client.post(
            f"{theirs['casUrl']}/v1/xorbs/default/{NAME}",
            content=XORB,
            headers={"Authorization": f"Bearer {theirs['accessToken']}"},
        )
        assert got.is_success
        address, header = opened()
        body = xorbs.shard(xorbs.file(sha256(ONE + TWO + THREE), WHOLE))
        got = client.post(f"{address}/{version}/shards", content=body, headers=header)
        assert got.status_code == 400
        assert f"names xorb {NAME}; this upload was not sent that" in got.json()["error"]
        assert kept(hub) == 0
        assert waiting(hub) == [NAME]

    @pytest.mark.parametrize("kind", WRONG)
    @pytest.mark.parametrize("version", ["v1", "v2"])
    def test_all_of_a_shard_is_kept_or_nothing(self, hub, client, sent, version, kind):
        address, header = sent
        good = xorbs.file(sha256(ONE), Part(NAME, 0, 1, len(ONE)))
        wrong, message = WRONG[kind]
        for files in ([good, wrong], [wrong, good]):
            body = xorbs.shard(*files)
            got = client.post(f"{address}/{version}/shards", content=body, headers=header)
            assert got.status_code == 400
            assert message in got.json()["error"]
            assert kept(hub) == 0
            assert waiting(hub) == [NAME]

    @pytest.mark.parametrize("version", ["v1", "v2"])
    def test_what_is_no_shard(self, hub, client, sent, version):
        address, header = sent
        body = xorbs.shard(xorbs.file(sha256(ONE + TWO + THREE), WHOLE))
        for wrong in (b"", b"{}", body[:200], XORB):
            got = client.post(f"{address}/{version}/shards", content=wrong, headers=header)
            assert got.status_code == 400
        assert waiting(hub) == [NAME]

    def test_a_shard_that_is_too_large(self, hub, client, sent, monkeypatch):
        monkeypatch.setattr(shard, "MAX_SHARD_BYTES", 1000)
        address, header = sent
        got = client.post(f"{address}/v2/shards", content=bytes(1001), headers=header)
        assert got.status_code == 413
        assert waiting(hub) == [NAME]

    def test_files_that_are_larger_than_is_taken(self, hub, client, sent, monkeypatch):
        address, header = sent
        body = xorbs.shard(xorbs.file(sha256(ONE + TWO + THREE), WHOLE))
        monkeypatch.setattr(rebuild, "MAX_REBUILT_BYTES", WHOLE.size - 1)
        got = client.post(f"{address}/v2/shards", content=body, headers=header)
        assert got.status_code == 413
        monkeypatch.setattr(rebuild, "MAX_REBUILT_BYTES", WHOLE.size)
        monkeypatch.setattr(blobs, "SPARE", 1 << 60)
        got = client.post(f"{address}/v2/shards", content=body, headers=header)
        assert got.status_code == 507
        assert kept(hub) == 0

    def test_a_repository_that_goes_meanwhile(self, hub, sent, pairs):
        id = sent[0].removeprefix("/cas/")
        upload = uploads.Upload(id, pairs.id)
        body = xorbs.shard(xorbs.file(sha256(ONE + TWO + THREE), WHOLE))
        work = rebuild.Rebuild(hub, upload, shard.Shard(body), hub.blobs.staging / "xet" / id)
        with hub.database.write() as db:
            repos.delete(db, pairs)
        with pytest.raises(HubError) as caught:
            work.run()
        assert caught.value.status == 401
        assert kept(hub) == 0

    def test_who_waits_is_told_how_far_it_is(self, hub, client, sent, pairs, monkeypatch):
        monkeypatch.setattr(endpoints, "PATIENCE", 0)
        address, header = sent
        whole = ONE + TWO + THREE
        answers = []
        for told in (sha256(whole), sha256(b"else")):
            body = xorbs.shard(xorbs.file(told, WHOLE))
            got = client.post(f"{address}/v2/shards", content=body, headers=header)
            assert got.status_code == 200
            answers.append([json.loads(line) for line in got.text.splitlines()])
        good, wrong = answers
        assert {"type", "verified", "total"} == set(good[0]) == set(wrong[0])
        assert {(line["type"], line["total"]) for line in good[:-1]} == {("validating", len(whole))}
        assert good[-1] == {"type": "result", "result": 1}
        assert wrong[-1]["type"] == "error"
        assert wrong[-1]["retryable"] is False
        assert "what its chunks make up is" in wrong[-1]["message"]
        assert has(hub, pairs, whole) == [True]
        assert kept(hub) == 1

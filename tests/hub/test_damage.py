"""Contents that are lost or damaged: known, told, not served twice, and mended by sending them."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest

from pairsmith.hub.maintenance.verify import verify
from pairsmith.hub.repos import events, repos
from support.hub import xorbs
from support.hub.sending import sha256
from support.hub.stock import commit_files
from support.hub.xorbs import Part

SMALL, LARGE = b"a small text", b"a large content " * 40_000  # several pieces when it is sent
URL = "/datasets/ann/d/resolve/main"
CALL = "/api/datasets/ann/d"


@pytest.fixture
def ann(hub, account):
    user, header = account("ann")
    with hub.database.write() as db:
        repo = repos.create(db, user, "dataset", "d", private=False)
    commit_files(hub, repo, user, {"small.txt": SMALL, "large.parquet": LARGE})
    return header


def place(hub, data):
    return hub.blobs.path(sha256(data))


def unlink(path):
    path.unlink()


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def change(path):
    data = bytearray(path.read_bytes())
    data[-2] ^= 1
    path.write_bytes(data)


SPOILS = [unlink, cut, change]
FILES = {"small.txt": SMALL, "large.parquet": LARGE}


def spoiled(hub, spoil, data):
    spoil(place(hub, data))
    if spoil is change:  # of the size that it was: a look does not tell
        assert place(hub, data).name in str(verify(hub.root))


def get(client, path, **headers):
    return client.get(f"{URL}/{path}", headers=headers)


@pytest.mark.parametrize("spoil", SPOILS)
@pytest.mark.parametrize("path", FILES)
def test_it_is_not_served_and_the_client_is_told(hub, client, ann, path, spoil):
    spoiled(hub, spoil, FILES[path])
    for answer in (
        get(client, path),
        get(client, path, Range="bytes=0-3"),
        client.head(f"{URL}/{path}"),
    ):
        assert answer.status_code == 410
        assert answer.headers["x-error-code"] == "ContentLost"
        assert "uploading the same file again" in answer.headers["x-error-message"]
        assert answer.headers["cache-control"] == "no-store"
        assert "uploading the same file again" in answer.headers["x-hf-warning"]
        assert "etag" not in answer.headers


def test_a_read_of_nothing_is_not_on_record(hub, client, ann):
    with hub.database.write() as db:
        repo = repos.find(db, "dataset", "ann", "d")
        repos.set_gate(db, repo, "manual")
    unlink(place(hub, SMALL))
    assert get(client, "small.txt", **ann).status_code == 410
    with hub.database.read() as db:
        assert events.recent(db, repo) == []


def test_what_is_found_on_reading_is_not_served_twice(hub, client, ann):
    """Nobody ran verify: a small file is not sent at all, a large one not to its end."""
    change(place(hub, SMALL))
    assert get(client, "small.txt").status_code == 410
    change(place(hub, LARGE))
    first = get(client, "large.parquet")
    assert len(first.content) < len(LARGE)
    assert get(client, "large.parquet").status_code == 410
    assert get(client, "large.parquet", Range="bytes=0-3").status_code == 410


def by_commit(client, header, path, data):
    content = base64.b64encode(data).decode()
    lines = (
        {"key": "header", "value": {"summary": "again"}},
        {"key": "file", "value": {"path": path, "content": content, "encoding": "base64"}},
    )
    sent = "\n".join(map(json.dumps, lines))
    assert client.post(f"{CALL}/commit/main", content=sent, headers=header).status_code == 200


def batch(client, header, data):
    sent = {"operation": "upload", "objects": [{"oid": sha256(data), "size": len(data)}]}
    url = "/datasets/ann/d.git/info/lfs/objects/batch"
    return client.post(url, json=sent, headers=header).json()["objects"][0]


def by_lfs(client, header, path, data):
    actions = batch(client, header, data)["actions"]
    assert client.post(actions["verify"]["href"], json={}).status_code == 404
    assert client.put(actions["upload"]["href"], content=data).status_code == 200
    assert client.post(actions["verify"]["href"], json={}).status_code == 200
    assert "actions" not in batch(client, header, data)


def by_xet(client, header, path, data):
    told = client.get(f"{CALL}/xet-write-token/main", headers=header).json()
    address = told["casUrl"].removeprefix("http://testserver")
    opens = {"Authorization": f"Bearer {told['accessToken']}"}
    pieces = [data[start : start + 100_000] for start in range(0, len(data), 100_000)]
    xorb = b"".join(map(xorbs.chunk, pieces)) + xorbs.footer()
    name = xorbs.name(xorb)
    client.post(f"{address}/v1/xorbs/default/{name}", content=xorb, headers=opens)
    shard = xorbs.shard(xorbs.file(sha256(data), Part(name, 0, len(pieces), len(data))))
    answer = client.post(f"{address}/v1/shards", content=shard, headers=opens)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("spoil", SPOILS)
@pytest.mark.parametrize("send", [by_commit, by_lfs, by_xet])
@pytest.mark.parametrize("path", FILES)
def test_whoever_sends_it_again_mends_it(hub, client, ann, path, send, spoil):
    data = FILES[path]
    spoiled(hub, spoil, data)
    send(client, ann, path, data)
    assert get(client, path).content == data
    assert verify(hub.root) == []


@pytest.mark.parametrize("spoil", SPOILS)
def test_clients_are_told_to_send_it_again(hub, client, ann, spoil):
    def told():
        files = [{"path": path, "size": len(data), "sample": ""} for path, data in FILES.items()]
        sent = client.post(f"{CALL}/preupload/main", json={"files": files}, headers=ann)
        return {file["path"]: file["oid"] for file in sent.json()["files"]}

    small = hashlib.sha1(b"blob %d\0" % len(SMALL) + SMALL, usedforsecurity=False).hexdigest()
    assert told() == {"small.txt": small, "large.parquet": sha256(LARGE)}
    for path, data in FILES.items():
        spoiled(hub, spoil, data)
        assert told()[path] is None
    assert "actions" in batch(client, ann, LARGE)


def test_verify_takes_back_what_is_whole_again(hub, client, ann):
    path = place(hub, SMALL)
    change(path)
    assert len(verify(hub.root)) == 1
    assert get(client, "small.txt").status_code == 410
    change(path)  # the same bit again
    assert verify(hub.root) == []
    assert get(client, "small.txt").content == SMALL


def test_the_owner_sees_which_files_are_lost(hub, client, ann):
    change(place(hub, SMALL))
    verify(hub.root)
    page = client.get("/datasets/ann/d/settings", headers={**ann, "Accept": "text/html"}).text
    assert "Lost contents" in page
    assert "<code>small.txt</code>" in page
    assert "large.parquet" not in page


def test_a_content_that_cannot_be_read_is_lost(hub, client, ann):
    path = place(hub, SMALL)
    path.unlink()
    path.mkdir()  # as a damaged file system may have it
    assert get(client, "small.txt").status_code == 410

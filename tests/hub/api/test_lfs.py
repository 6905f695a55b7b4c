"""Large files by Git LFS: in one piece, in parts, and what is not what was announced."""

from __future__ import annotations

import hashlib
import json

import pytest

from pairsmith.hub.api import lfs
from pairsmith.hub.maintenance.gc import DAY, collect
from pairsmith.hub.repos import repos
from support.hub.stock import commit_files, put

BATCH = "/datasets/ann/d.git/info/lfs/objects/batch"
DATA = bytes(range(256)) * 10
OID = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def ann(hub, account):
    user, header = account("ann")
    with hub.database.write() as db:
        repo = repos.create(db, user, "dataset", "d", private=False)
    commit_files(hub, repo, user, {"there.parquet": b"content that is there"})
    return header


def batch(client, headers, data=DATA, operation="upload", transfers=("basic",)):
    sent = {
        "operation": operation,
        "transfers": list(transfers),
        "objects": [{"oid": hashlib.sha256(data).hexdigest(), "size": len(data)}],
    }
    answer = client.post(BATCH, json=sent, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["objects"][0]


def commit(client, headers):
    lines = [
        {"key": "header", "value": {"summary": "large"}},
        {"key": "lfsFile", "value": {"path": "large.bin", "algo": "sha256", "oid": OID}},
    ]
    sent = "\n".join(map(json.dumps, lines))
    return client.post("/api/datasets/ann/d/commit/main", content=sent, headers=headers)


def test_in_one_piece(client, ann):
    actions = batch(client, ann)["actions"]
    assert commit(client, ann).status_code == 400  # not there yet
    assert client.post(actions["verify"]["href"], json={}).status_code == 404
    assert client.put(actions["upload"]["href"], content=DATA).status_code == 200
    assert client.post(actions["verify"]["href"], json={}).status_code == 200
    assert commit(client, ann).status_code == 200
    read = client.get("/datasets/ann/d/resolve/main/large.bin")
    assert (read.content, read.headers["etag"]) == (DATA, f'"{OID}"')
    assert "actions" not in batch(client, ann)  # it need not come again


def test_in_parts(client, ann, monkeypatch, hub):
    monkeypatch.setattr(lfs, "PART", 1000)
    upload = batch(client, ann, transfers=("basic", "multipart"))["actions"]["upload"]
    parts = [upload["header"][f"{n:05}"] for n in (1, 2, 3)]
    etags = []
    for number, url in enumerate(parts):
        answer = client.put(url, content=DATA[number * 1000 : (number + 1) * 1000])
        etags.append({"partNumber": number + 1, "etag": answer.headers["etag"]})
    early = client.post(upload["href"], json={"oid": OID, "parts": etags[:2]})
    assert (early.status_code, early.json()["error"][:9]) == (400, "Not all p")
    assert client.post(upload["href"], json={"oid": OID, "parts": etags}).status_code == 200
    assert commit(client, ann).status_code == 200
    assert client.get("/datasets/ann/d/resolve/main/large.bin").content == DATA
    assert not list(hub.blobs.staging.iterdir())


@pytest.mark.parametrize("sent", [DATA[:-1], DATA[:-1] + b"x", b"", DATA + b"x"])
def test_another_content_than_announced_is_refused(client, ann, sent, hub):
    actions = batch(client, ann)["actions"]
    answer = client.put(actions["upload"]["href"], content=sent)
    assert answer.status_code == (413 if len(sent) > len(DATA) else 400)
    assert client.post(actions["verify"]["href"], json={}).status_code == 404
    assert not list(hub.blobs.staging.iterdir())


def test_an_address_of_another_hub_or_for_something_else_is_refused(client, ann):
    href = batch(client, ann)["actions"]["upload"]["href"]
    assert client.put(href[:-2] + "xx", content=DATA).status_code == 403
    assert client.get(href.replace("/upload/", "/object/")).status_code == 403
    assert client.put("/lfs/upload/nonsense", content=DATA).status_code == 403


def test_a_link_is_for_the_user_who_asked_and_for_a_while(client, ann, account, hub, monkeypatch):
    data = b"content that is there"
    told = batch(client, ann, data, operation="download")
    link, header = told["actions"]["download"]["href"], told["actions"]["download"]["header"]
    assert client.get(link, headers=header).content == data
    assert client.get(link).status_code == 403
    assert client.get(link, headers=account("bob")[1]).status_code == 403
    monkeypatch.setattr(lfs, "LINK_LIFE", -1)
    assert client.get(link, headers=header).status_code == 403


def test_a_link_outlives_no_change_of_the_gate(client, ann, account, hub):
    _, bob = account("bob")
    link = batch(client, bob, b"content that is there", "download")["actions"]["download"]["href"]
    assert client.get(link, headers=bob).status_code == 200
    with hub.database.write() as db:
        repo = repos.find(db, "dataset", "ann", "d")
        assert repo is not None
        repos.set_gate(db, repo, "manual")
    answer = client.get(link, headers=bob)
    assert (answer.status_code, answer.headers["x-error-code"]) == (403, "GatedRepo")


def test_what_the_repository_does_not_have_is_not_told_of(client, ann):
    told = batch(client, ann, b"unknown", operation="download")
    assert told["error"]["code"] == 404


@pytest.mark.parametrize(
    "sent",
    [
        {"operation": "upload", "objects": [{"oid": "../x", "size": 1}]},
        {"operation": "upload", "objects": [{"oid": OID, "size": -1}]},
        {"operation": "upload", "objects": [{"oid": OID}]},
        {"operation": "upload", "objects": {}},
        {"operation": "steal", "objects": []},
        {"operation": "upload", "objects": [{"oid": OID, "size": 1 << 60}]},
    ],
)
def test_a_malformed_batch_is_refused(client, ann, sent):
    assert client.post(BATCH, json=sent, headers=ann).status_code in (400, 413)


def test_what_is_said_to_be_there_is_there_for_the_commit(hub, client, ann):
    """However long ago it was sent: the collector may come between the two calls."""
    with hub.database.read() as db:
        repo = repos.find(db, "dataset", "ann", "d")
    put(hub, repo, DATA)
    with hub.database.write() as db:
        db.execute("UPDATE blobs SET touched = touched - ? WHERE sha256 = ?", (2 * DAY, OID))
    assert "actions" not in batch(client, ann)
    collect(hub)
    assert commit(client, ann).status_code == 200


def test_a_content_that_the_disk_has_no_room_for(hub, client, ann):
    href = batch(client, ann)["actions"]["upload"]["href"]
    hub.blobs.room.spare = 1 << 60
    for place in (href, f"{href}/1"):
        answer = client.put(place, content=DATA)
        assert (answer.status_code, "no room" in answer.json()["error"]) == (507, True)
    assert not list(hub.blobs.staging.glob("*/*"))

"""Room on the disk: every intake is held against it, quotas count, and deleting goes on."""

from __future__ import annotations

import base64
import dataclasses
import json
import os
import subprocess
from pathlib import Path

import pytest

from pairsmith.hub.context import Allotment, Hub, Settings
from pairsmith.hub.core.room import RESERVE, RESERVE_BYTES
from pairsmith.hub.maintenance.gc import collect
from pairsmith.hub.repos import quotas, repos
from support.hub.sending import NAME, XORB, sha256

COMMIT = "/api/datasets/ann/d/commit/main"
BATCH = "/datasets/ann/d.git/info/lfs/objects/batch"


def make_repo(hub, user, name="d"):
    with hub.database.write() as db:
        return repos.create(db, user, "dataset", name, private=False)


@pytest.fixture
def ann(hub, account):
    user, header = account("ann")
    make_repo(hub, user)
    return user, header


def body(number, data):
    content = base64.b64encode(data).decode()
    value = {"path": f"{number}.bin", "content": content, "encoding": "base64"}
    lines = ({"key": "header", "value": {"summary": "s"}}, {"key": "file", "value": value})
    return "\n".join(map(json.dumps, lines))


def test_no_intake_takes_what_is_kept_free(hub, client, ann):
    _, header = ann
    data = b"x" * 1000
    objects = [{"oid": sha256(data), "size": len(data)}]
    sent = {"operation": "upload", "objects": objects}
    told = client.post(BATCH, json=sent, headers=header).json()["objects"][0]
    lfs = told["actions"]["upload"]["href"]
    token = client.get("/api/datasets/ann/d/xet-write-token/main", headers=header).json()
    cas = token["casUrl"].removeprefix("http://testserver")
    opens = {"Authorization": f"Bearer {token['accessToken']}"}
    hub.blobs.room.spare = 1 << 60
    for answer in (
        client.post(COMMIT, content=body(1, data), headers=header),
        client.put(lfs, content=data),
        client.put(f"{lfs}/1", content=data),
        client.post(f"{cas}/v1/xorbs/default/{NAME}", content=XORB, headers=opens),
        client.post(f"{cas}/v1/shards", content=b"x", headers=opens),
        client.post(f"{cas}/v2/shards", content=b"x", headers=opens),
    ):
        assert answer.status_code == 507
        assert "no room" in answer.json()["error"]
    assert not [path for path in hub.blobs.staging.rglob("*") if path.is_file()]


def with_quota(hub, **quota):
    hub.settings = dataclasses.replace(hub.settings, allotment=Allotment(**quota))


@pytest.mark.parametrize("quota", [{"repo_quota": 2500}, {"user_quota": 2500}])
def test_a_quota_counts_what_was_sent_and_deleting_frees_it(hub, client, ann, account, quota):
    user, header = ann
    with_quota(hub, **quota)
    for number in (1, 2):
        sent = body(number, b"%d" % number * 1000)
        assert client.post(COMMIT, content=sent, headers=header).status_code == 200
    again = client.post(COMMIT, content=body(3, b"1" * 1000), headers=header)
    assert again.status_code == 200  # the same content counts once
    refused = client.post(COMMIT, content=body(4, b"4" * 1000), headers=header)
    assert refused.status_code == 403
    assert "may have 2,500 bytes" in refused.headers["x-error-message"]
    objects = [{"oid": sha256(b"new"), "size": 600}]
    asked = {"operation": "upload", "objects": objects}
    assert client.post(BATCH, json=asked, headers=header).status_code == 403
    gone = json.dumps({"key": "deletedFile", "value": {"path": "1.bin"}})
    deletion = json.dumps({"key": "header", "value": {"summary": "s"}}) + "\n" + gone
    assert client.post(COMMIT, content=deletion, headers=header).status_code == 200
    ended = client.request(
        "DELETE", "/api/repos/delete", json={"name": "d", "type": "dataset"}, headers=header
    )
    assert ended.status_code == 200
    fresh = make_repo(hub, user)
    with hub.database.read() as db:
        assert quotas.of(db, hub, fresh)[:2] == (0, 0)
    assert client.post(COMMIT, content=body(4, b"4" * 1000), headers=header).status_code == 200


def test_what_no_commit_has_counts_until_it_is_collected(hub, client, ann):
    _user, header = ann
    with_quota(hub, repo_quota=1 << 20)
    data = b"never committed"
    sent = {"operation": "upload", "objects": [{"oid": sha256(data), "size": len(data)}]}
    told = client.post(BATCH, json=sent, headers=header).json()["objects"][0]
    client.put(told["actions"]["upload"]["href"], content=data)
    with hub.database.read() as db:
        repo = repos.find(db, "dataset", "ann", "d")
        assert quotas.of(db, hub, repo).repo == len(data)
    with hub.database.write() as db:
        db.execute("UPDATE blobs SET touched = 0")
    os.utime(hub.blobs.path(sha256(data)), (0, 0))
    collect(hub)
    with hub.database.read() as db:
        assert quotas.of(db, hub, repo).repo == 0


def test_the_owner_sees_what_is_held(hub, client, ann):
    _, header = ann
    with_quota(hub, repo_quota=2500)
    client.post(COMMIT, content=body(1, b"1" * 1000), headers=header)
    page = client.get("/datasets/ann/d/settings", headers={**header, "Accept": "text/html"}).text
    assert "holds 1,000 bytes of 2,500" in page


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own, of 160 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=160m", "tmpfs", str(place)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a file system")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_commits_end_at_what_is_kept_free_and_deleting_goes_on(small_disk):
    from starlette.testclient import TestClient

    from pairsmith.hub.app import application
    from pairsmith.hub.auth import tokens, users

    spare = 60 << 20
    hub = Hub(small_disk / "hub", Settings("http://testserver", allotment=Allotment(spare)))
    hub.blobs.room.set_aside()
    assert (hub.root / RESERVE).stat().st_size == RESERVE_BYTES
    with hub.database.write() as db:
        user = users.add(db, "ann", "", "ann@example.org", None)
        header = {"Authorization": f"Bearer {tokens.add(db, user, 't', 'write')}"}
    make_repo(hub, user)
    with TestClient(application(hub)) as client:
        for number in range(100):
            sent = body(number, os.urandom(4 << 20))
            answer = client.post(COMMIT, content=sent, headers=header)
            if answer.status_code != 200:
                break
        assert answer.status_code == 507
        assert 2 < number < 60
        assert hub.blobs.room.free > spare - (32 << 20)
        fill(small_disk / "by another")
        assert hub.blobs.room.free == 0
        address = "/api/repos/delete"
        told = {"name": "d", "type": "dataset"}
        ended = client.request("DELETE", address, json=told, headers=header)
        assert ended.status_code == 200, ended.text
        assert not (hub.root / RESERVE).exists()
        with hub.database.read() as db:
            assert repos.find(db, "dataset", "ann", "d") is None
    (small_disk / "by another").unlink()
    collect(hub)
    assert (hub.root / RESERVE).exists()
    hub.close()


def fill(path: Path) -> None:
    """Takes all room that is left."""
    with path.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while file.write(b"x" * size) == size:
                    pass
            except OSError:
                continue

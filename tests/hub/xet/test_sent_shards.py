"""Shards that a client sends: their files become blobs, all or none."""

from __future__ import annotations

import json

import pytest

from pairsmith.hub.http.errors import HubError
from pairsmith.hub.repos import repos
from pairsmith.hub.xet import endpoints, rebuild, shard, uploads
from support.hub import xorbs
from support.hub.sending import (
    CALLS,
    NAME,
    ONE,
    THREE,
    TWO,
    WHOLE,
    WRONG,
    XORB,
    has,
    kept,
    sha256,
    waiting,
)
from support.hub.xorbs import Part


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_its_files_become_blobs(hub, client, sent, pairs, version):
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
def test_older_clients_know_other_addresses(hub, client, opened, pairs, xorb, shard):
    address, header = opened()
    whole = ONE + TWO + THREE
    body = xorbs.shard(xorbs.file(sha256(whole), WHOLE))
    got = client.post(address + xorb[1], content=XORB, headers=header)
    assert got.json() == {"was_inserted": True}
    got = client.post(address + shard[1], content=body, headers=header)
    assert got.json() == {"result": 1}
    assert has(hub, pairs, whole) == [True]


def test_a_later_shard_is_made_of_earlier_xorbs(hub, client, sent, pairs):
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


def test_more_xorbs_than_are_kept_open(hub, client, opened, pairs, monkeypatch):
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
    hub, client, ann, account, repo, opened, pairs, version, mine
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
def test_all_of_a_shard_is_kept_or_nothing(hub, client, sent, version, kind):
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
def test_what_is_no_shard(hub, client, sent, version):
    address, header = sent
    body = xorbs.shard(xorbs.file(sha256(ONE + TWO + THREE), WHOLE))
    for wrong in (b"", b"{}", body[:200], XORB):
        got = client.post(f"{address}/{version}/shards", content=wrong, headers=header)
        assert got.status_code == 400
    assert waiting(hub) == [NAME]


def test_a_shard_that_is_too_large(hub, client, sent, monkeypatch):
    monkeypatch.setattr(shard, "MAX_SHARD_BYTES", 1000)
    address, header = sent
    got = client.post(f"{address}/v2/shards", content=bytes(1001), headers=header)
    assert got.status_code == 413
    assert waiting(hub) == [NAME]


def test_files_that_are_larger_than_is_taken(hub, client, sent, monkeypatch):
    address, header = sent
    body = xorbs.shard(xorbs.file(sha256(ONE + TWO + THREE), WHOLE))
    monkeypatch.setattr(rebuild, "MAX_REBUILT_BYTES", WHOLE.size - 1)
    got = client.post(f"{address}/v2/shards", content=body, headers=header)
    assert got.status_code == 413
    monkeypatch.setattr(rebuild, "MAX_REBUILT_BYTES", WHOLE.size)
    hub.blobs.room.spare = 1 << 60
    got = client.post(f"{address}/v2/shards", content=body, headers=header)
    assert got.status_code == 507
    assert kept(hub) == 0


def test_a_repository_that_goes_meanwhile(hub, sent, pairs):
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


def test_who_waits_is_told_how_far_it_is(hub, client, sent, pairs, monkeypatch):
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

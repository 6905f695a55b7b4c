"""Xorbs that a client sends: taken once, refused where they are none or too large."""

from __future__ import annotations

import pytest

from pairsmith.hub.http import bodies
from pairsmith.hub.xet import uploads, xorb
from support.hub import xorbs
from support.hub.sending import (
    CALLS,
    NAME,
    ONE,
    XORB,
    waiting,
)


def test_a_xorb_waits_and_is_taken_once(hub, client, sent):
    address, header = sent
    for content in (XORB, xorbs.chunk(b"else")):
        place = f"{address}/v1/xorbs/default/{NAME}"
        again = client.post(place, content=content, headers=header)
        assert again.json() == {"was_inserted": False}
    assert waiting(hub) == [NAME]
    assert next(hub.blobs.staging.rglob(NAME)).read_bytes() == XORB


def test_others_chunks_and_grants_are_not_told_of(client, sent):
    address, header = sent
    for method, path in (CALLS[0], CALLS[1], CALLS[2], CALLS[6], CALLS[9]):
        assert client.request(method, address + path, headers=header).status_code == 404


@pytest.mark.parametrize("name", ["A" * 64, "a" * 63, "..%2F..%2Fhub.sqlite", "%2e%2e"])
def test_a_name_that_is_none(hub, client, opened, name):
    address, header = opened()
    got = client.post(f"{address}/v1/xorbs/default/{name}", content=XORB, headers=header)
    assert got.status_code == 400
    assert waiting(hub) == []


def test_what_is_no_xorb_does_not_wait(hub, client, opened):
    address, header = opened()
    place = f"{address}/v1/xorbs/default/{NAME}"
    for wrong in (b"", XORB[:-1], XORB[:100], xorbs.chunk(ONE, 1, size=7)):
        got = client.post(place, content=wrong, headers=header)
        assert got.status_code == 400
        assert got.json() == {"error": got.headers["x-error-message"]}
    assert waiting(hub) == []


@pytest.mark.parametrize("announced", [True, False])
def test_a_xorb_that_is_too_large(hub, client, opened, monkeypatch, announced):
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
def test_a_xorb_that_is_announced_to_be_too_large(client, opened, length):
    address, header = opened()
    place = f"{address}/v1/xorbs/default/{NAME}"
    got = client.post(place, content=XORB, headers={**header, "Content-Length": length})
    assert got.status_code == 413


def test_an_upload_that_has_too_much_waiting(client, sent, monkeypatch):
    monkeypatch.setattr(uploads, "MAX_UPLOAD_BYTES", len(XORB) - 1)
    address, header = sent
    got = client.post(f"{address}/v1/xorbs/default/{'a' * 64}", content=XORB, headers=header)
    assert got.status_code == 413

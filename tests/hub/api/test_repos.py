"""Repositories over the wire: made, told, listed, set up, deleted."""

from __future__ import annotations

import pytest

CREATE = "/api/repos/create"


def create(client, headers, **more):
    return client.post(CREATE, json={"name": "d", "type": "dataset", **more}, headers=headers)


def test_made_and_told(client, account):
    _, ann = account("ann")
    answer = create(client, ann)
    assert answer.json()["url"] == "http://testserver/datasets/ann/d"
    told = client.get("/api/datasets/ann/d").json()
    assert told["id"] == "ann/d"
    assert told["gated"] is False
    assert told["private"] is False
    assert told["siblings"] == []
    assert len(told["sha"]) == 40
    again = create(client, ann)
    assert (again.status_code, again.json()["url"]) == (409, answer.json()["url"])


@pytest.mark.parametrize(
    ("more", "status", "said"),
    [
        ({"type": "space"}, 400, "holds datasets and models"),
        ({"name": "../x"}, 403, "under ann/ and"),
        ({"name": "a..b"}, 400, "cannot be"),
        ({"name": "a.git"}, 400, "cannot be"),
        ({"name": ""}, 400, "cannot be"),
        ({"name": 1}, 400, "has to be a text"),
        ({"organization": "bob"}, 403, "under ann/ and"),
        ({"visibility": "hidden"}, 400, "visibility"),
        ({"private": "yes"}, 400, "private"),
    ],
)
def test_what_cannot_be_made(client, account, more, status, said):
    _, ann = account("ann")
    answer = create(client, ann, **more)
    assert answer.status_code == status
    assert said in answer.json()["error"]
    assert client.get("/api/datasets").json() == []


def test_nobody_makes_one(client):
    assert create(client, {}).status_code == 401


@pytest.mark.parametrize("words", [{"private": True}, {"visibility": "private"}])
def test_a_private_one_is_not_there_for_others(client, account, words):
    _, ann = account("ann")
    _, bob = account("bob")
    create(client, ann, **words)
    assert client.get("/api/datasets/ann/d", headers=ann).json()["private"] is True
    for headers, status in ((bob, 404), ({}, 401)):
        hidden = client.get("/api/datasets/ann/d", headers=headers)
        absent = client.get("/api/datasets/ann/e", headers=headers)
        assert hidden.status_code == absent.status_code == status
        assert hidden.json() == absent.json()
        assert client.get("/api/datasets", headers=headers).json() == []
    assert [d["id"] for d in client.get("/api/datasets", headers=ann).json()] == ["ann/d"]


def test_listed(client, account):
    _, ann = account("ann")
    _, bob = account("bob")
    for headers, name in ((ann, "one"), (ann, "two"), (bob, "two")):
        create(client, headers, name=name)

    def ids(query: str) -> list[str]:
        return sorted(d["id"] for d in client.get(f"/api/datasets{query}").json())

    assert ids("") == ["ann/one", "ann/two", "bob/two"]
    assert ids("?author=ann") == ["ann/one", "ann/two"]
    assert ids("?search=TWO") == ["ann/two", "bob/two"]
    assert len(ids("?limit=1")) == 1


def test_set_up(client, account):
    _, ann = account("ann")
    _, bob = account("bob")
    create(client, ann)
    url = "/api/datasets/ann/d/settings"
    assert client.put(url, json={"gated": "manual"}, headers=bob).status_code == 403
    assert client.put(url, json={"gated": "manual"}).status_code == 401
    for bad in ({"gated": "always"}, {"gated": True}, {"gated": []}, {"visibility": 1}):
        assert client.put(url, json=bad, headers=ann).status_code == 400
    assert client.get("/api/datasets/ann/d").json()["gated"] is False
    for gate in ("manual", "auto", False):
        assert client.put(url, json={"gated": gate}, headers=ann).status_code == 200
        assert client.get("/api/datasets/ann/d").json()["gated"] == gate
    client.put(url, json={"visibility": "private"}, headers=ann)
    assert client.get("/api/datasets/ann/d").status_code == 401


def test_deleted(client, account):
    _, ann = account("ann")
    _, bob = account("bob")
    create(client, ann)
    sent = {"name": "d", "organization": "ann", "type": "dataset"}
    assert client.request("DELETE", "/api/repos/delete", json=sent, headers=bob).status_code == 403
    assert client.request("DELETE", "/api/repos/delete", json=sent, headers=ann).status_code == 200
    assert client.get("/api/datasets/ann/d").status_code == 401
    assert create(client, ann).status_code == 200


def test_access_is_told(client, account):
    _, ann = account("ann")
    _, bob = account("bob")
    create(client, ann)
    url = "/api/datasets/ann/d/auth-check"
    assert client.get(url).status_code == 200
    assert client.get(url + "/write", headers=bob).status_code == 403
    assert client.get(url + "/write", headers=ann).status_code == 200
    client.put("/api/datasets/ann/d/settings", json={"gated": "auto"}, headers=ann)
    for headers, status in (({}, 401), (bob, 403)):
        answer = client.get(url, headers=headers)
        assert (answer.status_code, answer.headers["x-error-code"]) == (status, "GatedRepo")
        assert "http://testserver/datasets/ann/d" in answer.headers["x-hf-warning"]

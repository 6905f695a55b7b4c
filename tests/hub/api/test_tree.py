"""Listings: folders, pages, what each entry was last changed by; branches and tags."""

from __future__ import annotations

import pytest

from pairsmith.hub.api import tree as api
from pairsmith.hub.repos import repos
from support.hub.stock import commit_files

TREE = "/api/datasets/ann/d/tree/main"


@pytest.fixture
def made(hub, account):
    user, header = account("ann")
    with hub.database.write() as db:
        repo = repos.create(db, user, "dataset", "d", private=False)
    commit_files(hub, repo, user, {"README.md": b"1", "x/a.parquet": b"22", "x/y/b": b"333"})
    commit_files(hub, repo, user, {"x/y/b": b"4444", "xa": b"5"})
    return header


def paths(answer) -> list[str]:
    return [entry["path"] for entry in answer.json()]


def test_a_folder_at_a_time_or_all(client, made):
    assert paths(client.get(TREE)) == ["README.md", "x", "xa"]
    assert paths(client.get(TREE + "/x")) == ["x/a.parquet", "x/y"]
    everything = paths(client.get(TREE + "?recursive=True"))
    assert everything == ["README.md", "x", "x/a.parquet", "x/y", "x/y/b", "xa"]
    entry = next(e for e in client.get(TREE + "/x").json() if e["type"] == "file")
    assert (entry["size"], entry["lfs"]["size"], "xetHash" in entry) == (2, 2, False)


def test_a_folder_that_is_not_there(client, made):
    answer = client.get(TREE + "/nothing")
    assert (answer.status_code, answer.headers["x-error-code"]) == (404, "EntryNotFound")


def test_in_pages(client, made, monkeypatch):
    monkeypatch.setattr(api, "PAGE", 4)
    first = client.get(TREE + "?recursive=true&expand=false")
    assert len(first.json()) == 4
    url = first.links["next"]["url"]
    assert url.startswith("http://testserver/api/datasets/ann/d/tree/main?")
    second = client.get(url)
    assert paths(first) + paths(second) == [
        "README.md", "x", "x/a.parquet", "x/y", "x/y/b", "xa",
    ]  # fmt: skip
    assert "next" not in second.links


def test_each_path_is_looked_up_once(client, made):
    """However often it is named: each look at a folder takes as long as the folder is large."""
    asked = {"paths": ["x", "x/", "/x", "//x//", "x", "xa", "xa"]}
    found = client.post("/api/datasets/ann/d/paths-info/main", data=asked)
    assert paths(found) == ["x", "xa"]


def test_last_changes(client, made):
    commits = [c["id"] for c in client.get("/api/datasets/ann/d/commits/main").json()]
    told = {
        entry["path"]: entry["lastCommit"]["id"]
        for entry in client.get(TREE + "?recursive=true&expand=true").json()
    }
    new, old = commits[0], commits[1]
    assert told == {
        "README.md": old, "x": new, "x/a.parquet": old, "x/y": new, "x/y/b": new, "xa": new,
    }  # fmt: skip


def test_history_in_pages(client, made):
    first = client.get("/api/datasets/ann/d/commits/main?limit=1")
    second = client.get(first.links["next"]["url"])
    assert len(first.json()) == len(second.json()) == 1
    assert first.json()[0]["id"] != second.json()[0]["id"]
    assert "next" not in second.links


def test_paths(client, made):
    answer = client.post(
        "/api/datasets/ann/d/paths-info/main", data={"paths": ["x", "xa", "no"], "expand": "false"}
    )
    assert [(e["path"], e["type"]) for e in answer.json()] == [("x", "directory"), ("xa", "file")]


def test_branches_and_tags(client, made):
    api_url = "/api/datasets/ann/d"
    start = {"startingPoint": "main"}
    assert client.post(f"{api_url}/branch/feat%2Fx", json=start, headers=made).status_code == 200
    assert client.post(f"{api_url}/branch/feat%2Fx", json={}, headers=made).status_code == 409
    assert (
        client.post(f"{api_url}/tag/feat%2Fx", json={"tag": "v1"}, headers=made).status_code == 200
    )
    told = client.get(f"{api_url}/refs").json()
    assert [b["name"] for b in told["branches"]] == ["feat/x", "main"]
    assert [t["ref"] for t in told["tags"]] == ["refs/tags/v1"]
    assert client.delete(f"{api_url}/branch/feat%2Fx", headers=made).status_code == 200
    assert client.delete(f"{api_url}/tag/v1", headers=made).status_code == 200
    assert client.delete(f"{api_url}/tag/v1", headers=made).status_code == 404
    assert client.delete(f"{api_url}/branch/main", headers=made).status_code == 400


@pytest.mark.parametrize("name", ["a..b", "-a", "a%20b", "a.lock", "a%2F%2Fb", "a%5Eb", "%C3%A4"])
def test_a_name_that_cannot_be_one(client, made, name):
    answer = client.post(f"/api/datasets/ann/d/branch/{name}", json={}, headers=made)
    assert answer.status_code == 400
    assert "cannot be the name of a branch" in answer.json()["error"]

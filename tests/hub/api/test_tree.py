"""Listings: folders, pages, what each entry was last changed by; branches and tags."""

from __future__ import annotations

import pytest

from pairsmith.hub.api import shapes
from pairsmith.hub.api import tree as api
from pairsmith.hub.auth import users
from pairsmith.hub.http.errors import HubError
from pairsmith.hub.repos import files, history, repos
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


@pytest.mark.parametrize("size", range(1, 9))
@pytest.mark.parametrize("query", ["", "?recursive=true", "/x?recursive=true", "/x"])
def test_pages_of_any_size_hang_together(client, hub, account, monkeypatch, size, query):
    """Names that sort between a folder and what is in it are in no page twice, or in none."""
    user, _ = account("ann")
    with hub.database.write() as db:
        repo = repos.create(db, user, "dataset", "d", private=False)
    names = ["x!", "x/a", "x/b-", "x/b/c/d", "x/b/e", "x/b0", "x0", "y/z"]
    commit_files(hub, repo, user, dict.fromkeys(names, b"1"))
    folder = "x/" if query.startswith("/x") else ""
    inside = [name for name in names if name.startswith(folder)]
    if "recursive" in query:
        parts = {"x", "x/b", "x/b/c", "y"} if not folder else {"x/b", "x/b/c"}
        expected = sorted([*inside, *parts])
    else:
        expected = sorted({folder + name[len(folder) :].split("/")[0] for name in inside})
    monkeypatch.setattr(api, "PAGE", size)
    url, found = TREE + query, []
    while url:
        answer = client.get(url)
        assert len(answer.json()) <= size
        found += paths(answer)
        url = answer.links.get("next", {}).get("url")
    assert sorted(found) == expected


def test_so_many_paths_at_once_and_no_more(client, made, monkeypatch):
    monkeypatch.setattr(api, "MAX_PATHS", 3)
    monkeypatch.setattr(api, "MAX_EXPANDED_PATHS", 2)
    url = "/api/datasets/ann/d/paths-info/main"
    three = {"paths": ["x", "xa", "no"]}
    assert paths(client.post(url, data=three)) == ["x", "xa"]
    answer = client.post(url, data={**three, "expand": "true"})
    assert answer.status_code == 413
    assert "at most 2 paths at once with their last commits" in answer.json()["error"]
    assert client.post(url, data={"paths": ["a", "b", "c", "d"]}).status_code == 413


def test_a_last_change_that_takes_too_much_to_find_is_not_told(client, made, monkeypatch):
    monkeypatch.setattr(files, "MAX_CHANGES", 3)
    told = {
        entry["path"]: bool(entry["lastCommit"])
        for entry in client.get(TREE + "?expand=true").json()
    }
    assert told == {"README.md": True, "x": False, "xa": True}


def test_what_passes_by_too_much_is_told(client, made, monkeypatch):
    monkeypatch.setattr(files, "MAX_STEPS", 0)
    monkeypatch.setattr(files, "STEPS", 1)
    answer = client.get(TREE)
    assert answer.status_code == 422
    assert "takes more work than this hub does" in answer.json()["error"]
    monkeypatch.undo()
    assert client.get(TREE).status_code == 200


def test_a_description_names_the_files_where_they_are_few(client, made, monkeypatch):
    """`snapshot_download` asks for the tree where there are none."""
    assert len(client.get("/api/datasets/ann/d").json()["siblings"]) == 4
    monkeypatch.setattr(shapes, "SIBLINGS", 3)
    told = client.get("/api/datasets/ann/d").json()
    assert told["siblings"] == []
    assert told["usedStorage"] == 1 + 2 + 4 + 1


def test_a_content_at_many_paths_is_stored_once(client, hub, account):
    user, _ = account("ann")
    with hub.database.write() as db:
        repo = repos.create(db, user, "dataset", "d", private=False)
    commit_files(hub, repo, user, {f"{number}.bin": b"12345" for number in range(45)})
    assert client.get("/api/datasets/ann/d").json()["usedStorage"] == 5


def test_each_path_is_looked_up_once(client, made):
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
    assert client.get("/api/datasets/ann/d/commits/main?limit=1&p=1").json() == second.json()


def test_a_history_of_many_lines_and_its_pages(hub, client, made, monkeypatch):
    """Each branching copies a list of files, not the history before it."""
    with hub.database.read() as db:
        repo = repos.find(db, "dataset", "ann", "d")
        user = users.named(db, "ann")
        before = [one.id for one in history.ancestors(db, repo, history.find(db, repo, "main"), 9)]
    for number in range(4):
        with hub.database.write() as db:
            older = history.find(db, repo, before[1])
            history.add_ref(db, repo, "branch", f"b{number}", older)
        made = [
            commit_files(hub, repo, user, {"n": f"{number}{again}".encode()}, f"b{number}").id
            for again in range(3)
        ]
        before = [*reversed(made), *before[1:]]
    with hub.database.read() as db:
        top = history.find(db, repo, "b3")
        whole = [one.id for one in history.ancestors(db, repo, top, 99)]
        assert whole == before
        for skip in range(len(before) + 1):
            for limit in (1, 3):
                part = history.ancestors(db, repo, top, limit, skip)
                assert [one.id for one in part] == before[skip : skip + limit]
        monkeypatch.setattr(history, "MAX_LINES", 2)
        with pytest.raises(HubError, match="more than 2 branchings"):
            history.ancestors(db, repo, top, 1, len(before) - 1)


def test_a_repository_has_so_many_names_and_no_more(client, made, monkeypatch):
    monkeypatch.setattr(history, "MAX_REFS", 2)
    url = "/api/datasets/ann/d/tag/main"
    assert client.post(url, json={"tag": "one"}, headers=made).status_code == 200
    answer = client.post(url, json={"tag": "two"}, headers=made)
    assert answer.status_code == 400
    assert "at most 2 branches and tags" in answer.json()["error"]


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

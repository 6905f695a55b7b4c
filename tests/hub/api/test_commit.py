"""Commits as they come over the wire: what is malformed changes nothing, and says what it is."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest

from pairsmith.hub.api import commit as api
from pairsmith.hub.repos import commits, history, repos
from pairsmith.hub.repos.commits import Message

URL = "/api/datasets/ann/d/commit/main"
HEADER = {"key": "header", "value": {"summary": "A commit"}}


def file_line(path: str, data: bytes) -> dict[str, object]:
    content = base64.b64encode(data).decode()
    return {"key": "file", "value": {"path": path, "content": content, "encoding": "base64"}}


def body(*lines: object) -> bytes:
    return b"\n".join(
        line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines
    )


@pytest.fixture
def ann(hub, account):
    user, header = account("ann")
    with hub.database.write() as db:
        repo = repos.create(db, user, "dataset", "d", private=False)
        commits.commit(db, repo, "main", user, Message("initial commit"), [])
    return header


def head(hub) -> str:
    with hub.database.read() as db:
        repo = repos.find(db, "dataset", "ann", "d")
        assert repo is not None
        return history.find(db, repo, "main").id


def test_a_commit_is_read_back(hub, client, ann):
    sent = body(HEADER, file_line("a.txt", b"one"), file_line("x/b.txt", b"two"))
    answer = client.post(URL, content=sent, headers=ann)
    assert answer.status_code == 200, answer.text
    assert answer.json()["commitOid"] == head(hub)
    assert answer.json()["commitUrl"] == f"http://testserver/datasets/ann/d/commit/{head(hub)}"
    read = client.get("/datasets/ann/d/resolve/main/x/b.txt")
    assert read.content == b"two"
    assert read.headers["x-repo-commit"] == head(hub)
    assert read.headers["etag"].strip('"') == hashlib.sha1(b"blob 3\0two").hexdigest()


BAD = {
    "no line": (b"", "key 'header'"),
    "no header": (body(file_line("a", b"1")), "key 'header'"),
    "not JSON": (body(HEADER, b"{not json"), "Line 2 is not JSON"),
    "no UTF-8": (body(HEADER, b'{"key": "\xff"}'), "Line 2 is not JSON"),
    "a list": (body(HEADER, [1]), "Line 2 has to be a JSON object"),
    "no value": (body(HEADER, {"key": "file"}), "Line 2 has to have a key and a value"),
    "another key": (body(HEADER, {"key": "rename", "value": {}}), "Line 2 has the key 'rename'"),
    "no path": (body(HEADER, {"key": "deletedFile", "value": {}}), "cannot be the path"),
    "a path that is a number": (
        body(HEADER, {"key": "deletedFile", "value": {"path": 1}}),
        "'path' has to be a text",
    ),
    "a path that leads out": (body(HEADER, file_line("../a", b"1")), "cannot be the path"),
    "no base64": (
        body(HEADER, {"key": "file", "value": {"path": "a", "content": "*", "encoding": "base64"}}),
        "is not base64",
    ),
    "another encoding": (
        body(HEADER, {"key": "file", "value": {"path": "a", "content": "", "encoding": "utf-7"}}),
        "has to have a content",
    ),
    "a content that never came": (
        body(HEADER, {"key": "lfsFile", "value": {"path": "a", "oid": "0" * 64, "size": 1}}),
        "was not sent to this repository",
    ),
    "another hash": (
        body(HEADER, {"key": "lfsFile", "value": {"path": "a", "oid": "0", "algo": "md5"}}),
        "has to be sha256",
    ),
    "what is not there": (
        body(HEADER, {"key": "deletedFile", "value": {"path": "nothing"}}),
        "to delete",
    ),
    "a file and a folder": (
        body(HEADER, file_line("a", b"1"), file_line("a/b", b"1")),
        "a file and a folder at once",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_malformed_changes_nothing(hub, client, ann, name):
    sent, message = BAD[name]
    before = head(hub)
    answer = client.post(URL, content=sent, headers=ann)
    assert answer.status_code == 400
    assert message in answer.json()["error"]
    assert message in answer.headers["x-error-message"]
    assert head(hub) == before
    with hub.database.read() as db:
        assert db.execute("SELECT count(*) FROM blobs").fetchone()[0] == 0
    assert not list(hub.blobs.staging.iterdir())


def test_a_good_line_before_a_bad_one_is_not_kept(hub, client, ann):
    sent = body(HEADER, file_line("a.txt", b"one"), b"{")
    assert client.post(URL, content=sent, headers=ann).status_code == 400
    assert client.get("/datasets/ann/d/resolve/main/a.txt").status_code == 404
    assert not [path for path in hub.blobs.folder.rglob("*") if path.is_file()]


def test_a_body_that_is_too_large_is_read_no_further(hub, client, ann, monkeypatch):
    monkeypatch.setattr(api, "MAX_COMMIT_BYTES", 1000)
    before = head(hub)
    answer = client.post(URL, content=body(HEADER, file_line("a", b"1" * 2000)), headers=ann)
    assert answer.status_code == 413
    assert "1,000 bytes" in answer.json()["error"]
    assert head(hub) == before


def test_a_line_that_is_too_large_is_sent_to_lfs(client, ann, monkeypatch):
    monkeypatch.setattr(api, "MAX_LINE_BYTES", 1000)
    answer = client.post(URL, content=body(HEADER, file_line("a", b"1" * 2000)), headers=ann)
    assert answer.status_code == 413
    assert "LFS" in answer.json()["error"]


def test_more_lines_than_a_commit_may_have(hub, client, ann, monkeypatch):
    before = head(hub)
    monkeypatch.setattr(api, "MAX_LINES", 3)
    for more in (file_line("c", b"c"), b"\n"):
        sent = body(HEADER, file_line("a", b"a"), file_line("b", b"b"), more)
        answer = client.post(URL, content=sent, headers=ann)
        assert answer.status_code == 400
        assert "at most 3 lines" in answer.json()["error"]
    assert head(hub) == before


def test_a_path_of_very_many_folders(client, ann):
    for folders, status in ((50, 400), (49, 200)):
        sent = body(HEADER, file_line("a/" * folders + "b", b"a"))
        assert client.post(URL, content=sent, headers=ann).status_code == status


@pytest.mark.parametrize("call", ["commit", "preupload"])
def test_only_its_owner_commits(client, account, ann, call):
    url = f"/api/datasets/ann/d/{call}/main"
    sent = body(HEADER, file_line("a", b"1")) if call == "commit" else b'{"files": []}'
    _, bob = account("bob")
    with_cookie = client.post(url, content=sent)
    assert with_cookie.status_code == 401
    assert client.post(url, content=sent, headers=bob).status_code == 403


def test_a_token_for_reading_does_not_commit(hub, client, account):
    user, header = account("cat", role="read")
    with hub.database.write() as db:
        repo = repos.create(db, user, "dataset", "d", private=False)
        commits.commit(db, repo, "main", user, Message("initial commit"), [])
    sent = body(HEADER, file_line("a", b"1"))
    answer = client.post("/api/datasets/cat/d/commit/main", content=sent, headers=header)
    assert answer.status_code == 403
    assert "only reads" in answer.json()["error"]


def test_a_stale_parent_is_told(hub, client, ann):
    first = head(hub)
    client.post(URL, content=body(HEADER, file_line("a", b"1")), headers=ann)
    late = {"key": "header", "value": {"summary": "late", "parentCommit": first}}
    answer = client.post(URL, content=body(late, file_line("a", b"2")), headers=ann)
    assert answer.status_code == 412
    assert client.get("/datasets/ann/d/resolve/main/a").content == b"1"


def test_how_files_are_to_be_uploaded(client, ann):
    client.post(URL, content=body(HEADER, file_line("there.txt", b"1")), headers=ann)
    sample = base64.b64encode(b"text").decode()
    files = [
        {"path": "there.txt", "size": 4, "sample": sample},
        {"path": "new.parquet", "size": 4, "sample": sample},
        {"path": "large.txt", "size": 10**7, "sample": sample},
        {"path": "zeros", "size": 4, "sample": base64.b64encode(b"a\0").decode()},
        {"path": "empty.parquet", "size": 0, "sample": ""},
    ]
    answer = client.post(
        "/api/datasets/ann/d/preupload/main", json={"files": files}, headers=ann
    ).json()["files"]
    modes = {file["path"]: file["uploadMode"] for file in answer}
    assert modes == {
        "there.txt": "regular",
        "new.parquet": "lfs",
        "large.txt": "lfs",
        "zeros": "lfs",
        "empty.parquet": "regular",
    }
    assert answer[0]["oid"] == hashlib.sha1(b"blob 1\0" + b"1").hexdigest()
    assert answer[1]["oid"] is None


def test_a_card_is_validated(client):
    good = client.post("/api/validate-yaml", json={"content": "---\nlicense: mit\n---\n"})
    assert (good.status_code, good.json()["errors"]) == (200, [])
    bad = client.post("/api/validate-yaml", json={"content": "---\na: [\n---\n"})
    assert bad.status_code == 400
    assert bad.json()["errors"][0]["message"]

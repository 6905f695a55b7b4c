"""Files of a repository: whole, in ranges, at every revision; what is put on record."""

from __future__ import annotations

import dataclasses
import hashlib
from urllib.parse import quote

import pytest
from starlette.requests import Request

from pairsmith.hub.api import resolve
from pairsmith.hub.auth import tokens, users
from pairsmith.hub.auth.authentication import Caller
from pairsmith.hub.http.errors import HubError
from pairsmith.hub.repos import downloads, events, files, history, repos
from support.hub.stock import commit_files

DATA = bytes(range(256)) * 100
URL = "/datasets/ann/d/resolve/main/data/train.parquet"


@pytest.fixture
def made(hub, account):
    user, _ = account("ann")
    with hub.database.write() as db:
        repo = repos.create(db, user, "dataset", "d", private=False)
    first = commit_files(hub, repo, user, {"data/train.parquet": DATA, "README.md": b"# A card"})
    with hub.database.write() as db:
        history.add_ref(db, repo, "branch", "feat/x", first)
        history.add_ref(db, repo, "tag", "v1", first)
    commit_files(hub, repo, user, {"data/train.parquet": DATA[::-1]})
    return repo, first


def test_what_a_client_asks_first(client, made):
    answer = client.head(URL)
    assert answer.status_code == 200
    assert answer.headers["etag"] == f'"{hashlib.sha256(DATA[::-1]).hexdigest()}"'
    assert answer.headers["content-length"] == str(len(DATA))
    assert len(answer.headers["x-repo-commit"]) == 40
    assert answer.content == b""
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize(
    "revision", ["feat%2Fx", "v1", "refs%2Fheads%2Ffeat%2Fx", "{id}", "{id:.8}"]
)
def test_at_every_revision(client, made, revision):
    _, first = made
    at = revision.format(id=first.id)
    read = client.get(f"/datasets/ann/d/resolve/{at}/data/train.parquet")
    assert read.content == DATA
    assert read.headers["x-repo-commit"] == first.id


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("bytes=0-9", DATA[::-1][:10]),
        ("bytes=-5", DATA[::-1][-5:]),
        ("bytes=100-", DATA[::-1][100:]),
    ],
)
def test_in_ranges(client, made, asked, expected):
    read = client.get(URL, headers={"Range": asked})
    assert (read.status_code, read.content) == (206, expected)


def test_a_range_that_is_not_there(client, made):
    assert client.get(URL, headers={"Range": f"bytes={len(DATA)}-"}).status_code == 416


def test_what_the_client_has_is_not_sent_again(client, made):
    etag = client.head(URL).headers["etag"]
    again = client.get(URL, headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/datasets/ann/d/resolve/main/nothing", "EntryNotFound"),
        ("/datasets/ann/d/resolve/nothing/data/train.parquet", "RevisionNotFound"),
        ("/datasets/ann/nothing/resolve/main/data/train.parquet", "RepoNotFound"),
        ("/datasets/ann/d/resolve/main/data", "EntryNotFound"),
    ],
)
def test_what_is_not_there(client, made, path, code):
    answer = client.get(path)
    assert answer.headers["x-error-code"] == code
    assert answer.json()["error"] == answer.headers["x-error-message"]


def test_a_page_of_a_dataset_does_not_run_as_one_of_the_hub(client, made, hub, account):
    user, _ = account("bob")
    with hub.database.write() as db:
        repo = repos.create(db, user, "dataset", "d", private=False)
    commit_files(hub, repo, user, {"page.html": b"<script>alert(1)</script>", "i.svg": b"<svg/>"})
    for path in ("page.html", "i.svg"):
        read = client.get(f"/datasets/bob/d/resolve/main/{path}", headers={"Accept": "text/html"})
        assert read.headers["content-type"] == "application/octet-stream"
        assert read.headers["content-disposition"].startswith("attachment")
        assert read.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in read.headers["content-security-policy"]


def test_a_read_of_a_gated_file_is_on_record(client, made, hub, account):
    repo, _ = made
    bob, header = account("bob")
    client.get(URL)
    with hub.database.write() as db:
        repos.set_gate(db, repo, "auto")
        db.execute(
            "INSERT INTO requests (repo, user, status, fields, asked)"
            " VALUES (?, ?, 'accepted', '{}', 0)",
            (repo.id, bob.id),
        )
    assert client.get(URL).status_code == 401
    assert client.head(URL, headers=header).status_code == 200
    assert client.get(URL, headers={**header, "Range": "bytes=0-9"}).status_code == 206
    with hub.database.read() as db:
        told = events.recent(db, repo)
    assert [(event.actor, event.action) for event in told] == [("bob", "read")]
    assert told[0].detail["path"] == "data/train.parquet"
    assert told[0].detail["range"] == "bytes=0-9"


def test_downloads_are_counted_once_per_address_and_while(client, made, hub):
    repo, _ = made
    client.head(URL)
    client.get("/datasets/ann/d/resolve/main/README.md")
    with hub.database.read() as db:
        assert downloads.last_month(db, repo) == 0
    for _ in range(3):
        client.get(URL)
    downloads.write_counts(hub)  # as it is every few seconds
    with hub.database.read() as db:
        assert downloads.last_month(db, repo) == 1


def test_nginx_is_told_where_the_file_lies(client, made, hub):
    hub.settings = dataclasses.replace(hub.settings, accel=True)
    read = client.get(URL)
    sha256 = hashlib.sha256(DATA[::-1]).hexdigest()
    assert read.headers["x-accel-redirect"] == f"/blobs/{sha256[:2]}/{sha256}"
    assert read.content == b""
    head = client.head(URL)
    assert head.headers["content-length"] == str(len(DATA))


def test_no_read_is_on_record_after_access_went(client, made, hub, account):
    """Between the look at the gate and the first byte, the owner may have revoked."""
    repo, _ = made
    bob, _ = account("bob")
    with hub.database.write() as db:
        repos.set_gate(db, repo, "auto")
        repo = repos.find(db, "dataset", "ann", "d")
        file = files.named(db, history.find(db, repo, "main"), "data/train.parquet")
    scope = {"type": "http", "method": "GET", "headers": [], "client": ("127.0.0.1", 1)}
    with pytest.raises(HubError, match="has to be asked for"):
        resolve.record(Request(scope), hub, Caller(bob), repo, file, "")
    with hub.database.read() as db:
        assert events.recent(db, repo) == []


def test_what_is_on_record_of_a_range_is_short(client, made, hub, account):
    repo, _ = made
    with hub.database.write() as db:
        repos.set_gate(db, repo, "auto")
        token = tokens.add(db, users.named(db, "ann"), "another", "read")
    asked = {"Authorization": f"Bearer {token}", "Range": "bytes=0-1" + " " * 5_000}
    client.get(URL, headers=asked)
    with hub.database.read() as db:
        (event,) = events.recent(db, repo)
    noted = str(event.detail["range"])
    assert noted.startswith("bytes=0-1")
    assert len(noted) <= 200


def test_the_longest_path_that_can_be_committed_can_be_read(client, made, hub, account):
    repo, _ = made
    with hub.database.read() as db:
        ann = users.named(db, "ann")
    path = "漢" * files.MAX_PATH_CHARS
    commit_files(hub, repo, ann, {path: b"there"})
    assert client.get(f"/datasets/ann/d/resolve/main/{quote(path)}").content == b"there"


def test_a_download_of_what_is_deleted_meanwhile_is_not_counted(client, made, hub):
    repo, _ = made
    with hub.database.write() as db:
        repos.delete(db, repo)
    downloads.count_read(hub, repo, "192.0.2.7", "data/train.parquet")  # as its answer begins
    downloads.write_counts(hub)
    with hub.database.read() as db:
        assert downloads.last_month(db, repo) == 0


def test_an_endpoint_that_ends_in_a_slash(client, made):
    read = client.get("http://testserver/" + URL)
    assert (read.status_code, read.content) == (200, DATA[::-1])

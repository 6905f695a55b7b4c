"""The configuration for nginx in docs: it hands over what the hub lets it, and nothing else."""

import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from pairsmith.hub.context import open_hub
from pairsmith.hub.repos import repos
from support.hub.running import free_port, running
from support.hub.stock import commit_files
from support.slow import slow
from support.waiting import wait_for

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
DOCS = Path(__file__).parents[2] / "docs" / "how-to" / "hub-nginx.conf"
DATA = bytes(range(256)) * 4096

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")


def configuration(root, folder, hub_port, port):
    """The configuration of docs, without its certificate, for this folder and these ports."""
    text = DOCS.read_text(encoding="utf-8")
    text, count = re.subn(r"listen 443 ssl;.*?access_log", f"listen 127.0.0.1:{port}; access_log",
                          text, count=1, flags=re.S)  # fmt: skip
    assert count == 1
    text = text[: text.index("server {\n    listen 80;")]
    for old, new in (
        ("127.0.0.1:8000", f"127.0.0.1:{hub_port}"),
        ("/srv/hub/", f"{root}/"),
        ("/var/log/nginx/hub.log", f"{folder}/error.log"),
    ):
        assert old in text
        text = text.replace(old, new)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    return (
        f"user root; daemon off; pid {folder}/pid; error_log {folder}/error.log;"
        f"events {{}} http {{ {folders} {text} }}"
    )


@pytest.fixture
def front(hub, account, tmp_path):
    """A hub behind nginx: the address of nginx, and who owns what is private in it."""
    ann, header = account("ann")
    with hub.database.write() as db:
        repo = repos.create(db, ann, "dataset", "data", private=True)
    made = commit_files(hub, repo, ann, {"a.parquet": DATA})
    hub.close()
    folder = tmp_path / "nginx"
    folder.mkdir()
    port = free_port()
    with running(hub.root, "--accel", "--public-url", "https://hub.example.org") as server:
        (folder / "conf").write_text(configuration(hub.root, folder, server.port, port))
        nginx = subprocess.Popen([NGINX, "-p", folder, "-c", folder / "conf"])
        try:
            await_port(port)
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
                yield client, header, made.id
        finally:
            nginx.terminate()
            nginx.wait(30)


def await_port(port):
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("nginx did not start")


FILE = "/datasets/ann/data/resolve/main/a.parquet"


def test_nginx_hands_over_what_the_hub_lets_it(front, hub):
    client, header, commit = front
    head = client.head(FILE, headers=header)
    answer = client.get(FILE, headers=header)
    assert answer.content == DATA
    assert "date" in answer.headers
    for name in (
        "etag", "x-repo-commit", "content-length", "content-type", "content-disposition",
        "content-security-policy", "x-content-type-options", "referrer-policy", "cache-control",
        "accept-ranges", "strict-transport-security",
    ):  # fmt: skip
        assert answer.headers.get(name) == head.headers[name], name
    assert answer.headers["x-repo-commit"] == commit
    assert "last-modified" not in answer.headers
    assert "x-accel-redirect" not in answer.headers


def test_ranges(front):
    client, header, _ = front
    tag = client.head(FILE, headers=header).headers["etag"]
    for condition in ({}, {"If-Range": tag}):
        part = client.get(FILE, headers={**header, "Range": "bytes=1000-1999", **condition})
        assert (part.status_code, part.content) == (206, DATA[1000:2000])
        assert part.headers["content-range"] == f"bytes 1000-1999/{len(DATA)}"
    other = client.get(FILE, headers={**header, "Range": "bytes=0-9", "If-Range": '"other"'})
    assert other.content == DATA
    beyond = client.get(FILE, headers={**header, "Range": "bytes=99999999-"})
    assert beyond.status_code == 416


def test_who_may_not_read_gets_no_byte(front, hub):
    client, _, _ = front
    assert client.get(FILE).status_code == 401
    name = next(iter(hub.blobs.folder.glob("*/*"))).relative_to(hub.blobs.folder)
    for path in (
        f"/blobs/{name}", f"//blobs/{name}", f"/x/..%2fblobs/{name}", f"/x/../blobs/{name}",
        "/blobs/../hub.sqlite", "/blobs../hub.sqlite", f"/%62lobs/{name}",
    ):  # fmt: skip
        answer = client.get(path)
        assert answer.status_code in (400, 401, 404), path
        assert DATA[:100] not in answer.content
        assert b"SQLite" not in answer.content


@slow
def test_nobody_chooses_their_own_address(front, hub):
    client, header, _ = front
    for address in ("198.51.100.1", "198.51.100.2"):
        client.get(FILE, headers={**header, "X-Forwarded-For": address, "Range": "bytes=0-9"})
    with open_hub(hub.root) as again:
        wait_for(lambda: counted(again))  # a few seconds later
        assert counted(again) == 1


def counted(hub):
    with hub.database.read() as db:
        return db.execute("SELECT sum(count) FROM downloads").fetchone()[0]


def test_uploads_come_through(front):
    client, header, _ = front
    body = (
        b'{"key":"header","value":{"summary":"More"}}\n'
        b'{"key":"file","value":{"path":"b.txt","content":"b25l","encoding":"base64"}}\n'
    )
    answer = client.post("/api/datasets/ann/data/commit/main", content=body, headers=header)
    assert answer.is_success, answer.text
    assert client.get("/datasets/ann/data/resolve/main/b.txt", headers=header).content == b"one"

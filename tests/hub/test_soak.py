"""A hub over a while: readers and owners at their daily work, and five who mean it ill.

`SOAK_SECONDS=600 python -m pytest -s tests/hub/test_soak.py` takes ten minutes and prints what was
measured; without it the test takes one.
"""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
import socket
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from hashlib import sha256
from urllib.parse import urlsplit

import httpx

from pairsmith.hub.auth import passwords, tokens, users
from pairsmith.hub.repos import repos
from support.hub.crowded import filled
from support.hub.parquets import parquet
from support.hub.running import Running, running
from support.hub.strain import strained
from support.slow import slow

SECONDS = float(os.environ.get("SOAK_SECONDS", "60"))
GROWTH = 1.25
"""The memory of the last quarter, over that of the second one, at most."""

PASSWORD = "correct horse battery"
TABLE = parquet({name: [name] * 200 for name in ("prompt", "chosen", "rejected")})
HOSTILE = "".join(f"<b a={number}>" for number in range(5_500)) + "<p>x" * 5_500


class Town:
    """A hub with people in it, and data sets: open, gated, the owner's work, and hostile ones."""

    def __init__(self, hub):
        self.tokens: dict[str, str] = {}
        with hub.database.write() as db:
            for name in ("owner", "reader", "mallory"):
                hashed = passwords.hash_password(PASSWORD)
                user = users.add(db, name, name, f"{name}@example.org", hashed)
                self.tokens[name] = tokens.add(db, user, "t", "write")
            owner, reader, mallory = (users.named(db, name) for name in self.tokens)
            for user, name in ((owner, "work"), (mallory, "cards"), (mallory, "lines")):
                repos.create(db, user, "dataset", name, private=False)
        filled(hub, owner, "open", {"README.md": b"# Open", "train.parquet": TABLE})
        gated, _ = filled(hub, owner, "gated", {"README.md": b"# Gated", "train.parquet": TABLE})
        with hub.database.write() as db:
            repos.set_gate(db, gated, "manual")
            db.execute(
                "INSERT INTO requests (repo, user, status, fields, asked)"
                " VALUES (?, ?, 'accepted', '{}', 0)",
                (gated.id, reader.id),
            )
        wild = "".join(f"  - '**/x{number}/**'\n" for number in range(200))
        card = f"---\nconfigs:\n- config_name: d\n  data_files:\n{wild}---\n".encode()
        wide = parquet({f"c{number}": [1] for number in range(3_000)})
        paths = [f"data/{number % 50}/{number:05}.parquet" for number in range(20_000)]
        filled(hub, mallory, "wild", {"a.parquet": wide, "README.md": card}, paths)

    def of(self, name: str) -> dict[str, str]:
        """What somebody's client sends along."""
        return {"Authorization": f"Bearer {self.tokens[name]}"}


def commit(client: httpx.Client, path: str, who: dict[str, str], files: dict[str, bytes]):
    lines = [{"key": "header", "value": {"summary": "s"}}] + [
        {
            "key": "file",
            "value": {
                "path": name,
                "content": base64.b64encode(data).decode(),
                "encoding": "base64",
            },
        }
        for name, data in files.items()
    ]
    body = "\n".join(map(json.dumps, lines))
    return client.post(f"/api/datasets/{path}/commit/main", content=body, headers=who)


def send(client: httpx.Client, path: str, page: str, **fields: str) -> int:
    """Sends a form of a page; the status of what comes back."""
    field = re.search(r'name="csrf" value="([^"]+)"', page)
    assert field
    origin = {"Origin": str(client.base_url).rstrip("/")}
    return client.post(path, data={"csrf": field[1], **fields}, headers=origin).status_code


def sign_in(client: httpx.Client, password: str) -> int:
    """The status of an attempt to sign in as the owner."""
    page = client.get("/login").text
    return send(client, "/login", page, name="owner", password=password, next="/")


# The honest: each does one thing and says what went wrong, if anything


def look_around(client: httpx.Client, town: Town) -> None:
    pages = (
        "/",
        "/datasets/owner/open",
        "/datasets/owner/open/viewer",
        "/datasets/owner/open/tree/main",
    )
    for page in pages:
        assert client.get(page, headers={"Accept": "text/html"}).status_code == 200, page


def read_the_gated(client: httpx.Client, town: Town) -> None:
    answer = client.get(
        "/datasets/owner/gated/resolve/main/train.parquet",
        headers=town.of("reader"),
        follow_redirects=True,
    )
    assert answer.status_code == 200
    assert sha256(answer.content).digest() == sha256(TABLE).digest()


def work(client: httpx.Client, town: Town) -> None:
    text = secrets.token_bytes(2_000)
    assert commit(client, "owner/work", town.of("owner"), {"notes.bin": text}).status_code == 200
    there = client.get("/datasets/owner/work/resolve/main/notes.bin", follow_redirects=True)
    assert there.content == text


def come_and_go(client: httpx.Client, town: Town) -> None:
    """In a browser that was here before: a new one waits while somebody guesses."""
    assert sign_in(client, PASSWORD) == 303
    page = client.get("/settings/tokens")
    assert page.status_code == 200
    assert send(client, "/logout", page.text) == 303
    assert client.get("/settings/tokens").status_code == 303
    time.sleep(24)  # 30 right passwords an hour are taken


# The hostile: each does its worst, whatever is answered


def store_cards(client: httpx.Client, town: Town) -> None:
    card = f"{HOSTILE}{secrets.token_hex(4)}".encode()
    commit(client, "mallory/cards", town.of("mallory"), {"README.md": card})
    client.get("/datasets/mallory/cards", headers={"Accept": "text/html"})


def commit_lines(client: httpx.Client, town: Town) -> None:
    files = {f"d/{secrets.token_hex(6)}/{number}": b"x" for number in range(5_000)}
    commit(client, "mallory/lines", town.of("mallory"), files)


def view_the_wild(client: httpx.Client, town: Town) -> None:
    client.get("/datasets/mallory/wild/viewer?q=zzz", headers={"Accept": "text/html"}, timeout=2)
    client.get("/api/datasets/mallory/wild/tree/main?recursive=1", timeout=2)


def guess(client: httpx.Client, town: Town) -> None:
    sign_in(client, secrets.token_hex(6))
    client.cookies.clear()


def half_heads(client: httpx.Client, town: Town) -> None:
    where = urlsplit(str(client.base_url))
    with ExitStack() as stack:
        for _ in range(300):
            door = stack.enter_context(socket.create_connection((where.hostname, where.port)))
            door.sendall(b"GET / HTTP/1.1\r\nX-Half: ")
        time.sleep(5)


HONEST = (look_around, look_around, read_the_gated, read_the_gated, work, come_and_go)
ILL = (store_cards, commit_lines, view_the_wild, guess, half_heads)


class Crowd:
    """People who each do one thing again and again, in threads, until it is over."""

    def __init__(self, server: Running, town: Town) -> None:
        self.server, self.town = server, town
        self.over = threading.Event()
        self.done: Counter[str] = Counter()
        self.faults: list[str] = []

    def live(self, act: Callable[[httpx.Client, Town], None], ill: bool) -> None:
        with httpx.Client(base_url=self.server.url, timeout=60, trust_env=False) as client:
            while not self.over.is_set():
                self.done[act.__name__] += 1
                try:
                    act(client, self.town)
                except (httpx.HTTPError, OSError, AssertionError) as fault:
                    if not ill:
                        self.faults.append(f"{act.__name__}: {fault!r}")
                self.over.wait(0.02 if ill else 0.2)


@slow
def test_a_month_in_a_minute(hub):
    town = Town(hub)
    hub.close()
    memory: list[int] = []
    with running(hub.root) as server:
        crowd = Crowd(server, town)
        lives = [(act, False) for act in HONEST] + [(act, True) for act in ILL]
        threads = [threading.Thread(target=crowd.live, args=life) for life in lives]
        gated = httpx.Request(
            "GET", f"{server.url}/api/datasets/owner/gated", headers=town.of("reader")
        )
        with strained(server, [gated]) as strain:
            for thread in threads[: len(HONEST)]:
                thread.start()
            time.sleep(2)
            for thread in threads[len(HONEST) :]:
                thread.start()
            end = time.monotonic() + SECONDS
            while time.monotonic() < end:
                time.sleep(SECONDS / 40)
                memory.append(strain.now)
            crowd.over.set()
            for thread in threads:
                thread.join()
        log = server.log
    quarter = len(memory) // 4
    early, late = (
        statistics.median(part) for part in (memory[quarter : 2 * quarter], memory[-quarter:])
    )
    print(f"{SECONDS:.0f} s: {strain}; memory {early / 2**20:.0f} to {late / 2**20:.0f} MiB")
    print(dict(crowd.done))
    assert not crowd.faults, crowd.faults[:5]
    assert "Traceback" not in log
    strain.check()
    assert late < GROWTH * early
    assert all(crowd.done[act.__name__] for act in (*HONEST, *ILL))

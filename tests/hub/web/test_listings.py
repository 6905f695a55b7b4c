"""Lists of what an owner stored very much of, and how others fare meanwhile."""

from __future__ import annotations

import time

import httpx
import pytest

from support.hub.crowded import besieged, filled, took
from support.hub.running import running
from support.hub.strain import strained
from support.slow import slow

SECONDS = 6  # of an attack
FLAT = [f"data/{number:06}" for number in range(200_000)]
DEEP = ["d/" * 40 + f"{number:05}" for number in range(20_000)]
WIDE = [f"{number % 1_000}/{number:05}.parquet" for number in range(20_000)]
LISTS = (
    "api/datasets/ann/evil/tree/main?recursive=true",
    "api/datasets/ann/evil/tree/main?recursive=true&expand=true",
    "api/datasets/ann/evil",
    "api/datasets/ann/evil/commits/main?p=5900",
    "datasets/ann/evil/tree/main",
    "datasets/ann/evil/tree/main/data",
    "datasets/ann/evil/commit/main",
    "datasets/ann/evil/commits/main?p=5900",
)


def grow(hub, repo, made, commits: int) -> None:
    """Commits that change nothing, put into the database at once."""
    ids = [made.id, *(f"{number:040x}" for number in range(1, commits + 1))]
    with hub.database.write() as db:
        db.executemany(
            "INSERT INTO commits (repo, id, line, place, parent, author, title, message, date)"
            " VALUES (?, ?, ?, ?, ?, ?, 'A step', '', 0)",
            [
                (repo.id, ids[place], made.line, place, ids[place - 1], repo.owner_id)
                for place in range(1, commits + 1)
            ],
        )
        db.execute("UPDATE refs SET target = ? WHERE repo = ?", (ids[-1], repo.id))


@slow
@pytest.mark.parametrize("paths", [FLAT, DEEP, WIDE], ids=["flat", "deep", "wide"])
def test_nobody_waits_for_a_long_list(hub, account, paths):
    ann, _ = account("ann")
    repo, made = filled(hub, ann, "evil", {"README.md": b"# Evil"}, paths)
    grow(hub, repo, made, 300_000)
    filled(hub, ann, "good", {"README.md": b"# Good"})
    hub.close()
    folders = ["/".join(["d"] * depth) for depth in range(1, 41)]
    asked = {"paths": [*folders, *paths[:400]], "expand": "true"}
    with running(hub.root) as server:
        url = server.url
        lists = [httpx.Request("GET", f"{url}/{path}") for path in LISTS]
        info = f"{url}/api/datasets/ann/evil/paths-info/main"
        lists.append(httpx.Request("POST", info, data=asked))
        for one in lists:
            status, seconds = took(one)
            assert status in (200, 404, 422)
            assert seconds < 2, one.url
        good = httpx.Request("GET", f"{url}/datasets/ann/good/tree/main")
        with strained(server, [good]) as strain, besieged(lists, 16, 2.0) as statuses:
            time.sleep(SECONDS)
        print(len(paths), strain, dict(statuses))
        strain.check()

"""Accounts that commit very many lines over and over, and the others, who are served meanwhile."""

from __future__ import annotations

import time

import httpx
import pytest

from pairsmith.hub.repos import repos
from support.hub.floods import SENT, Flood, flooding
from support.hub.running import running
from support.hub.stock import commit_files
from support.hub.strain import strained
from support.slow import slow

SECONDS = 15


@slow
@pytest.mark.parametrize("kind", ["named", "inline", "folder"])
def test_five_who_commit_fifty_thousand_lines_over_and_over(hub, account, kind):
    (ann, _), (bob, reads) = account("ann"), account("bob", "read")
    for name, gate in (("public", "off"), ("gated", "auto")):
        with hub.database.write() as db:
            repo = repos.create(db, ann, "dataset", name, private=False)
            repos.set_gate(db, repo, gate)
            db.execute(
                "INSERT INTO requests (repo, user, status, fields, asked)"
                " VALUES (?, ?, 'accepted', '{}', 0)",
                (repo.id, bob.id),
            )
        commit_files(hub, repo, ann, {"README.md": b"# A card", "data.parquet": b"x" * 100_000})
    floods = []
    for number in range(5):
        eve, header = account(f"eve{number}")
        with hub.database.write() as db:
            repo = repos.create(db, eve, "dataset", "d", private=False)
        commit_files(hub, repo, eve, {"first.parquet": SENT})
        floods.append(Flood("", f"eve{number}/d", header, 50_000, kind))
    hub.close()
    with running(hub.root) as server:
        file = f"{server.url}/datasets/ann/{{}}/resolve/main/data.parquet"
        visits = [
            httpx.Request("GET", file.format("public")),
            httpx.Request("GET", file.format("gated"), headers=reads),
            httpx.Request("GET", f"{server.url}/datasets/ann/public"),
        ]
        told = [flood._replace(url=server.url) for flood in floods]
        with strained(server, visits) as strain, flooding(told, SECONDS):
            time.sleep(SECONDS)
        print(kind, strain)
        strain.check()

"""Repositories with rows in them, and their pages."""

from __future__ import annotations

import pytest

from pairsmith.hub.repos import repos
from support.hub.stock import commit_files

PAGE = {"Accept": "text/html"}


@pytest.fixture
def ann(account):
    return account("ann")


@pytest.fixture
def dataset(hub, ann):
    """Makes a repository of ann's with these files; its name is `ann/{name}`."""

    def make(contents: dict[str, bytes], name: str = "d", private: bool = False, gate: str = "off"):
        with hub.database.write() as db:
            repo = repos.create(db, ann[0], "dataset", name, private=private)
            repos.set_gate(db, repo, gate)
        if contents:
            commit_files(hub, repo, ann[0], contents)
        return repo

    return make


@pytest.fixture
def look(client):
    """Opens the viewer's page of `ann/d`: the answer."""

    def get(query: str = "", headers: dict[str, str] | None = None, name: str = "d"):
        return client.get(
            f"/datasets/ann/{name}/viewer?{query}", headers={**PAGE, **(headers or {})}
        )

    return get

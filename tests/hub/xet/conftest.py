"""Repositories to upload to."""

from __future__ import annotations

import pytest

from pairsmith.hub.context import Hub
from pairsmith.hub.repos import repos
from support.hub.sending import NAME, XORB


@pytest.fixture
def repo():
    """Makes a repository of a user."""

    def make(hub: Hub, user, name: str = "pairs"):
        with hub.database.write() as db:
            return repos.create(db, user, "dataset", name, private=False)

    return make


@pytest.fixture
def ann(account):
    return account("ann")


@pytest.fixture
def pairs(hub, ann, repo):
    return repo(hub, ann[0])


@pytest.fixture
def opened(client, ann, pairs):
    """Opens an upload: its address, and the header that opens it."""

    def open(name: str = "ann/pairs"):
        answer = client.get(f"/api/datasets/{name}/xet-write-token/main", headers=ann[1]).json()
        address = answer["casUrl"].removeprefix("http://testserver")
        return address, {"Authorization": f"Bearer {answer['accessToken']}"}

    return open


@pytest.fixture
def sent(client, opened):
    """Opens an upload and sends the xorb under it."""
    address, header = opened()
    answer = client.post(f"{address}/v1/xorbs/default/{NAME}", content=XORB, headers=header)
    assert answer.json() == {"was_inserted": True}
    return address, header

"""Repositories to upload to."""

from __future__ import annotations

import pytest

from pairsmith.hub.context import Hub
from pairsmith.hub.repos import repos


@pytest.fixture
def repo():
    """Makes a repository of a user."""

    def make(hub: Hub, user, name: str = "pairs"):
        with hub.database.write() as db:
            return repos.create(db, user, name, private=False)

    return make

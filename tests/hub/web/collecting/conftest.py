"""A team at a hub, with a model that it may talk to."""

from __future__ import annotations

import pytest

from support.chat_server import chatting
from support.hub.teams import gathered


@pytest.fixture
def server():
    with chatting() as made:
        yield made


@pytest.fixture
def team(tmp_path, server):
    with gathered(tmp_path / "hub", (server.address,)) as made:
        yield made

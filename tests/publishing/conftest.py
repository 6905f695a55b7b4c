"""A served hub to publish to, with ann and bob on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pairsmith.hub.context import Hub, Settings
from support.hub.clients import Stage, set_up
from support.hub.serving import serving


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    hub = Hub(tmp_path / "hub", Settings("http://testserver", key="a key of the tests"))
    with serving(hub) as endpoint:
        yield set_up(hub, endpoint, tmp_path / "home")
    hub.close()

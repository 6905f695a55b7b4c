"""A stage for each test, and the clients that come onto it."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.hub.clients import FOLDERS, Stage, environment_of
from support.slow import quick


@pytest.fixture
def stage(hub, served, tmp_path) -> Stage:
    home = tmp_path / "home"
    home.mkdir()
    made = Stage(hub, served, home)
    for name in ("ann", "bob"):
        made.user(name)
    return made


@pytest.fixture(params=quick(FOLDERS))
def client(request) -> str:
    """The newest huggingface_hub and datasets, and older pairs of them."""
    environment_of(request.param, Path(), "")
    return request.param

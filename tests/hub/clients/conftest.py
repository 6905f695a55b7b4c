"""A stage for each test, and the clients that come onto it."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.hub.clients import FOLDERS, Stage, environment_of, set_up
from support.slow import quick


@pytest.fixture
def stage(hub, served, tmp_path) -> Stage:
    return set_up(hub, served, tmp_path / "home")


@pytest.fixture(params=quick(FOLDERS))
def client(request) -> str:
    """The newest huggingface_hub and datasets, and older pairs of them."""
    environment_of(request.param, Path(), "")
    return request.param

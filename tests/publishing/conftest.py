"""A served hub to publish to, with ann and bob on it, and what they publish."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import pairsmith
from pairsmith.hub.repos import files, history, repos
from support.hub.clients import Stage, environment_of, set_up
from support.hub.opened import new_hub
from support.hub.serving import serving


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    hub = new_hub(tmp_path / "hub")
    with serving(hub) as endpoint:
        yield set_up(hub, endpoint, tmp_path / "home")
    hub.close()


@pytest.fixture
def publish(stage):
    """Runs the command, as ann unless told otherwise; its status, stdout and stderr."""

    def run(*arguments, token="ann", client="newest", **more):
        environment = environment_of(client, stage.home, stage.endpoint)
        environment["PYTHONPATH"] += f"{os.pathsep}{Path(pairsmith.__file__).parent.parent}"
        if token:
            environment["HF_TOKEN"] = stage.tokens.get(token, token)
        done = subprocess.run(
            [sys.executable, "-m", "pairsmith", "publish", *map(str, arguments)],
            env={**environment, **more}, cwd=stage.home, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        assert not any(secret in done.stdout + done.stderr for secret in stage.tokens.values())
        return done.returncode, done.stdout, done.stderr

    return run


@pytest.fixture
def held(stage):
    """What the hub holds under a name: the repository, its newest commit and its files."""

    def look(name="ann/pairs"):
        owner, _, last = name.partition("/")
        with stage.hub.database.read() as db:
            repo = repos.find(db, "dataset", owner, last)
            head = history.head(db, repo, history.MAIN) if repo else None
            there = {file.path: file for file in files.under(db, head)} if head else {}
            return repo, head, there

    return look


@pytest.fixture
def copy(sample_messages, tmp_path):
    """A copy of the built sample, to be changed."""
    return Path(shutil.copytree(sample_messages, tmp_path / "copy"))

"""Real clients, each in a process of its own with a cache of its own, against a served hub."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pairsmith.hub.auth import tokens, users
from pairsmith.hub.http.addresses import Kind
from pairsmith.hub.repos import history, repos
from support.hub.stock import commit_files

ROOT = Path(__file__).parent.parent.parent.parent
SCRIPTS = ROOT / "tests/hub/clients/scripts"
FOLDERS = {"newest": None, "1-1": ROOT / ".clients" / "1-1", "0-34": ROOT / ".clients" / "0-34"}


def environment_of(client: str, home: Path, endpoint: str) -> dict[str, str]:
    """What a client's process sees: its packages first, its own caches, the hub."""
    folder = FOLDERS[client]
    if folder is not None and not folder.is_dir():
        pytest.skip(f"the older client {client} is not there: make clients")
    pytest.importorskip("datasets")
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(folder or home),
        "HOME": str(home),
        "HF_HOME": str(home / "hf"),
        "HF_ENDPOINT": endpoint,
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
        "NO_PROXY": "127.0.0.1",
        "LANG": "C.UTF-8",
    }


def set_up(hub, endpoint: str, home: Path) -> Stage:
    """A stage with ann and bob on it, and a home that is made."""
    home.mkdir()
    made = Stage(hub, endpoint, home)
    for name in ("ann", "bob"):
        made.user(name)
    return made


class Stage:
    """A served hub, and who and what is on it."""

    def __init__(self, hub, endpoint: str, home: Path) -> None:
        self.hub = hub
        self.endpoint = endpoint
        self.home = home
        self.tokens: dict[str, str] = {}

    def user(self, name: str) -> users.User:
        """The account of that name, with a token for writing; made if there is none."""
        with self.hub.database.write() as db:
            if found := users.named(db, name):
                return found
            user = users.add(db, name, name.title(), f"{name}@example.org", None)
            self.tokens[name] = tokens.add(db, user, "writes", "write")
            self.tokens[f"{name}-reads"] = tokens.add(db, user, "reads", "read")
        return user

    def put(
        self, name: str, contents: dict[str, bytes], gate="off", private=False, branch="main"
    ) -> str:
        """Commits files to a repository, which is made if there is none; the commit's id."""
        owner, _, last = name.partition("/")
        user = self.user(owner)
        with self.hub.database.write() as db:
            repo = repos.find(db, "dataset", owner, last) or repos.create(
                db, user, "dataset", last, private
            )
            repos.set_gate(db, repo, gate)
        return commit_files(self.hub, repo, user, contents, branch).id

    def name_newest(self, name: str, branch: str, tag: str) -> None:
        """Makes a branch and a tag at the newest commit of a repository."""
        owner, _, last = name.partition("/")
        with self.hub.database.write() as db:
            repo = repos.find(db, "dataset", owner, last)
            head = history.head(db, repo, history.MAIN)
            history.add_ref(db, repo, "branch", branch, head)
            history.add_ref(db, repo, "tag", tag, head)

    def request(self, name: str, user: str, status: str, kind: Kind = "dataset") -> None:
        """A request for access as if it had been made, and answered."""
        owner, _, last = name.partition("/")
        who, said = self.user(user), json.dumps({"Organisation": "A school"})
        with self.hub.database.write() as db:
            repo = repos.find(db, kind, owner, last)
            db.execute(
                "INSERT INTO requests (repo, user, status, fields, asked) VALUES (?, ?, ?, ?, ?)",
                (repo.id, who.id, status, said, 1_700_000_000),
            )

    def run(self, script: str, client: str, **told: object) -> str:
        """Runs a script with a client; what it wrote to stderr. It fails where an assertion did."""
        return self.run_text((SCRIPTS / f"{script}.py").read_text(), client, **told)

    def run_text(self, program: str, client: str, **told: object) -> str:
        """Runs a program with a client, as `run` does."""
        environment = environment_of(client, self.home, self.endpoint)
        environment["PYTHONPATH"] += f"{os.pathsep}{SCRIPTS}"
        environment["CASE"] = json.dumps({"tokens": self.tokens, **told})
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=environment, cwd=self.home, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stderr

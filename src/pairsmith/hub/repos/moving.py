"""Repositories under another name, or of another owner; what their former addresses lead to."""

from __future__ import annotations

import sqlite3

from pairsmith.hub.auth.users import User
from pairsmith.hub.http.addresses import Kind
from pairsmith.hub.http.errors import HubError
from pairsmith.hub.repos import events, repos
from pairsmith.hub.repos.repos import Repo


def move(db: sqlite3.Connection, repo: Repo, actor: User, owner: User, name: str) -> Repo:
    """Gives a repository another name, or another owner; its old address leads to it.

    Args:
        db: A write transaction.
        repo: The repository.
        actor: Who moves it.
        owner: Whose it is from now on.
        name: What it is called from now on.

    Raises:
        HubError: 400 for a name that cannot be one, or that is the one it has; 409 where the owner
            has one of that name and kind.
    """
    repos.check_name(name)
    if (owner.id, name) == (repo.owner_id, repo.name):
        raise HubError(400, f"It is {repo.full_name} already.", "BadRequest")
    try:
        db.execute("UPDATE repos SET owner = ?, name = ? WHERE id = ?", (owner.id, name, repo.id))
    except sqlite3.IntegrityError as error:
        raise HubError(
            409, f"There is a {repo.kind} {owner.name}/{name} already.", "RepoExists"
        ) from error
    db.execute(
        "INSERT INTO former_names (owner, name, kind, repo) VALUES (?, ?, ?, ?)",
        (repo.owner_id, repo.name, repo.kind, repo.id),
    )
    repos.take_name(db, owner.id, repo.kind, name)
    if owner.id != repo.owner_id:
        db.execute("DELETE FROM uploads WHERE repo = ?", (repo.id,))  # who began them may not go on
    moved = repos.by_id(db, repo.id) or repo
    events.record(db, moved, actor.name, "", "moved", was=repo.full_name, now=moved.full_name)
    return moved


def formerly(db: sqlite3.Connection, kind: Kind, owner: str, name: str) -> Repo | None:
    """The repository that had that name before, whoever asks; None where none had."""
    row = db.execute(
        "SELECT former_names.repo FROM former_names JOIN users ON users.id = former_names.owner"
        " WHERE former_names.kind = ? AND users.name = ? AND former_names.name = ?",
        (kind, owner, name),
    ).fetchone()
    return repos.by_id(db, row[0]) if row else None

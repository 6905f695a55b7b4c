"""Repositories: who owns them, who may know of them, how they are set up."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from pairsmith.hub.auth.users import User
from pairsmith.hub.core.database import now
from pairsmith.hub.http.addresses import Kind, RepoName, page_of
from pairsmith.hub.http.errors import HubError

Gate = Literal["off", "auto", "manual"]
NAME = re.compile(r"(?!.*(?:\.\.|--))[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,94}[A-Za-z0-9_])?")
SELECT = (
    "SELECT repos.id, repos.kind, users.id, users.name, repos.name, private, gate,"
    " repos.created, updated"
    " FROM repos JOIN users ON users.id = repos.owner AND repos.deleted IS NULL"
)

MAY_KNOW = (
    "(private = 0 OR repos.owner = :user OR EXISTS (SELECT 1 FROM members"
    " WHERE organization = repos.owner AND members.user = :user)"
    " OR EXISTS (SELECT 1 FROM collaborators WHERE repo = repos.id AND collaborators.user = :user))"
)
"""A condition in SQL: whether the user of that number, 0 for nobody, may know of a repository."""

MAY_SET_UP = (
    "(repos.owner = :user OR EXISTS (SELECT 1 FROM members"
    " WHERE organization = repos.owner AND members.user = :user AND role = 'admin')"
    " OR EXISTS (SELECT 1 FROM collaborators"
    " WHERE repo = repos.id AND collaborators.user = :user AND role = 'admin'))"
)
"""The same of whether that user is one of its admins."""

GONE_AT_ONCE = (
    "refs",
    "requests",
    "uploads",
    "offers",
    "downloads",
    "collaborators",
    "former_names",
    "invitations",
    "notices",
)
"""What of a repository that is deleted goes with it; files, commits and contents are too many."""


class Repo(NamedTuple):
    """A repository. `owner` is the name of the account whose id is `owner_id`."""

    id: int
    kind: Kind
    owner_id: int
    owner: str
    name: str
    private: bool
    gate: Gate
    created: int
    updated: int

    @property
    def full_name(self) -> str:
        """As clients name it: owner/name."""
        return f"{self.owner}/{self.name}"

    @property
    def address(self) -> RepoName:
        """What names it."""
        return RepoName(self.kind, self.owner, self.name)

    @property
    def page(self) -> str:
        """The path of its page."""
        return page_of(self.kind, self.full_name)


class Size(NamedTuple):
    """A repository, and the bytes of what was sent to it."""

    repo: Repo
    bytes: int


def find(db: sqlite3.Connection, kind: Kind, owner: str, name: str) -> Repo | None:
    """The repository of that name, whoever asks. Most callers want `permissions.visible`."""
    row = db.execute(
        f"{SELECT} WHERE repos.kind = ? AND users.name = ? AND repos.name = ?", (kind, owner, name)
    ).fetchone()
    return from_row(row) if row else None


def by_id(db: sqlite3.Connection, number: int) -> Repo | None:
    """The repository with that id, whoever asks; None where it was deleted."""
    row = db.execute(f"{SELECT} WHERE repos.id = ?", (number,)).fetchone()
    return from_row(row) if row else None


def sizes(db: sqlite3.Connection, owner: int, limit: int, after: int = 0) -> list[Size]:
    """The repositories of an account with the bytes that were sent to each, in order of their ids.

    Args:
        db: A transaction.
        owner: The number of the account.
        limit: At most this many.
        after: Only those with an id above this one.
    """
    rows = db.execute(
        f"{SELECT.replace(' FROM', ', bytes FROM', 1)} WHERE repos.owner = ? AND repos.id > ?"
        " ORDER BY repos.id LIMIT ?",
        (owner, after, limit),
    )
    return [Size(from_row(row[:-1]), row[-1]) for row in rows]


def create(db: sqlite3.Connection, owner: User, kind: Kind, name: str, private: bool) -> Repo:
    """Makes an empty repository, without a commit.

    Raises:
        HubError: 400 for a name that cannot be one, 409 where the owner has one of that name and
            kind.
    """
    check_name(name)
    try:
        cursor = db.execute(
            "INSERT INTO repos (kind, owner, name, private, gate, created, updated)"
            " VALUES (?, ?, ?, ?, 'off', ?, ?)",
            (kind, owner.id, name, private, now(), now()),
        )
    except sqlite3.IntegrityError as error:
        raise HubError(
            409, f"You already created this {kind} repo: {owner.name}/{name}.", "RepoExists"
        ) from error
    take_name(db, owner.id, kind, name)
    row = db.execute(f"{SELECT} WHERE repos.id = ?", (cursor.lastrowid,)).fetchone()
    return from_row(row)


def check_name(name: str) -> None:
    """Checks that a repository may be called so.

    Raises:
        HubError: 400, where it may not.
    """
    if not NAME.fullmatch(name) or name.endswith((".git", ".lock")):
        raise HubError(
            400,
            f"{name!r} cannot be a repository's name: up to 96 letters, digits, -, _ and .,"
            " no - or . first or last, no -- or .. in it, and no .git at the end.",
        )


def take_name(db: sqlite3.Connection, owner: int, kind: Kind, name: str) -> None:
    """Has a name lead to nothing else any more."""
    db.execute(
        "DELETE FROM former_names WHERE owner = ? AND name = ? AND kind = ?", (owner, name, kind)
    )


def delete(db: sqlite3.Connection, repo: Repo) -> None:
    """Takes a repository away; its contents go a day later, where no other has them.

    From here on nobody finds it, and its name is free. Its rows go step by step: see `sweep`.
    """
    db.execute(
        "UPDATE repos SET deleted = ?1, private = 1, name = 'deleted:' || id WHERE id = ?2",
        (now(), repo.id),
    )
    for table in GONE_AT_ONCE:
        db.execute(f"DELETE FROM {table} WHERE repo = ?", (repo.id,))
    db.execute("UPDATE licences SET repo = NULL WHERE repo = ?", (repo.id,))


def set_gate(db: sqlite3.Connection, repo: Repo, gate: Gate) -> None:
    """Opens or closes the gate; requests that were answered stay as they are."""
    db.execute("UPDATE repos SET gate = ? WHERE id = ?", (gate, repo.id))


def set_private(db: sqlite3.Connection, repo: Repo, private: bool) -> None:
    """Hides the repository from all but its owner, or shows it."""
    db.execute("UPDATE repos SET private = ? WHERE id = ?", (private, repo.id))


def from_row(row: Sequence[Any]) -> Repo:
    """A repository from what `SELECT` gives."""
    made = Repo(*row)
    return made._replace(private=bool(made.private))

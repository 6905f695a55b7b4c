"""Where roles are given: an organization, in all of its repositories; or one repository."""

from __future__ import annotations

import sqlite3
from typing import Literal, NamedTuple

from pairsmith.hub.auth.users import ACTIVE, User
from pairsmith.hub.core.database import now
from pairsmith.hub.http.errors import HubError
from pairsmith.hub.repos import events, repos
from pairsmith.hub.repos.repos import Repo
from pairsmith.hub.repos.roles import Role, role_of

MAX_HOLDERS = 1000  # who have a role in one place
TABLES = {"organization": "members", "repo": "collaborators"}


class Place(NamedTuple):
    """An organization or a repository.

    Attributes:
        column: Which of the two, as the tables name it.
        id: The account's or the repository's id.
        name: The organization's name; owner/name of a repository.
        repo: The repository; None for an organization.
    """

    column: Literal["organization", "repo"]
    id: int
    name: str
    repo: Repo | None = None

    @property
    def page(self) -> str:
        """The path of its page."""
        return self.repo.page if self.repo else f"/{self.name}"

    @property
    def settings(self) -> str:
        """The path of the page where its roles are given."""
        if self.repo:
            return f"{self.repo.page}/settings/people"
        return f"/settings/organizations/{self.name}"


class Holder(NamedTuple):
    """Somebody who has a role, and since when."""

    user: str
    fullname: str
    role: Role
    since: int


def of_repo(repo: Repo) -> Place:
    """A repository, to whose collaborators roles are given."""
    return Place("repo", repo.id, repo.full_name, repo)


def of_organization(account: User) -> Place:
    """An organization, to whose members roles are given."""
    return Place("organization", account.id, account.name)


def holders(db: sqlite3.Connection, place: Place, limit: int = MAX_HOLDERS) -> list[Holder]:
    """Who was given a role there, by their names; without who owns a repository."""
    rows = db.execute(
        f"SELECT users.name, fullname, role, since FROM {TABLES[place.column]} AS held"
        f" JOIN users ON users.id = held.user WHERE held.{place.column} = ?"
        " ORDER BY users.name LIMIT ?",
        (place.id, limit),
    )
    return [Holder(row[0], row[1], Role[row[2].upper()], row[3]) for row in rows.fetchall()]


def role_at(db: sqlite3.Connection, place: Place, user: User) -> Role:
    """What a user may do there, by whatever."""
    if place.repo:
        return role_of(db, place.repo, user)
    return given(db, place, user)


def given(db: sqlite3.Connection, place: Place, user: User) -> Role:
    """The role that a user was given there; NONE for none."""
    row = db.execute(
        f"SELECT role FROM {TABLES[place.column]} WHERE {place.column} = ? AND user = ?",
        (place.id, user.id),
    ).fetchone()
    return Role[row[0].upper()] if row else Role.NONE


def give(db: sqlite3.Connection, place: Place, actor: str, user: User, role: Role) -> None:
    """Gives somebody a role, or another one, or with NONE takes it from them; it is on record.

    Who is taken out of an organization, or leaves it, loses with that role those that they have in
    its repositories one by one: whoever made a repository there is an admin of it.

    Args:
        db: A write transaction.
        place: Where.
        actor: The name of who does it.
        user: Who is given it.
        role: The role.

    Raises:
        HubError: 409 where an organization would be left without an admin, or where there are
            `MAX_HOLDERS` already.
    """
    table, before = TABLES[place.column], given(db, place, user)
    if role == before:
        return
    if before is Role.ADMIN and not place.repo and not _has_another_admin(db, place, user):
        raise HubError(409, f"{place.name} always has an admin, and {user.name} is the only one.")
    if before is Role.NONE and len(holders(db, place)) >= MAX_HOLDERS:
        raise HubError(409, f"At most {MAX_HOLDERS:,} have a role in {place.name}.")
    if role is Role.NONE:
        db.execute(
            f"DELETE FROM {table} WHERE {place.column} = ? AND user = ?", (place.id, user.id)
        )
    else:
        db.execute(
            f"INSERT INTO {table} ({place.column}, user, role, since) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET role = excluded.role",
            (place.id, user.id, role.word, now()),
        )
    for repo in _repos(db, place):
        if role is Role.NONE and place.repo is None:
            give(db, of_repo(repo), actor, user, Role.NONE)
        if not role_of(db, repo, user).writes:  # what was begun as a writer ends
            db.execute("DELETE FROM uploads WHERE repo = ? AND user = ?", (repo.id, user.id))
        said = {"was": before.word, "now": role.word}
        if place.repo is None:
            said["in"] = place.name
        events.record(db, repo, actor, user.name, "role", **said)


def keep_admin(db: sqlite3.Connection, repo: Repo, user: User) -> None:
    """Has who made a repository, or moved it, be an admin of it, also in an organization."""
    if not role_of(db, repo, user).administers:
        give(db, of_repo(repo), user.name, user, Role.ADMIN)


def _has_another_admin(db: sqlite3.Connection, place: Place, user: User) -> bool:
    """Whether an organization has an admin beside a user, who is not shut out."""
    row = db.execute(
        "SELECT 1 FROM members JOIN users ON users.id = members.user"
        f" WHERE organization = ? AND role = 'admin' AND users.id != ? AND {ACTIVE}",
        (place.id, user.id),
    ).fetchone()
    return row is not None


def _repos(db: sqlite3.Connection, place: Place) -> list[Repo]:
    """The repositories where a role counts that is given there."""
    if place.repo:
        return [place.repo]
    rows = db.execute("SELECT id FROM repos WHERE owner = ? AND deleted IS NULL", (place.id,))
    found = (repos.by_id(db, row[0]) for row in rows.fetchall())
    return [repo for repo in found if repo is not None]

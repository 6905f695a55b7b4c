"""Roles: what a user may do in a repository beside what everybody may."""

from __future__ import annotations

import sqlite3
from enum import IntEnum

from pairsmith.hub.auth.users import User
from pairsmith.hub.repos.repos import Repo


class Role(IntEnum):
    """What a user may do in a repository, by being its owner, a member or a collaborator.

    They are in order: whoever may do more may do all that is less.
    """

    NONE = 0  # what everybody may
    READ = 1  # know of it and read its data, private or gated
    WRITE = 2  # change its files, branches and tags
    ADMIN = 3  # set it up, answer requests, give licences and roles, move and delete it

    @property
    def word(self) -> str:
        """As it is kept and shown: read, write or admin; none."""
        return self.name.lower()

    @property
    def reads(self) -> bool:
        """Whether the data may be read, whatever the gate says."""
        return self >= Role.READ

    @property
    def writes(self) -> bool:
        """Whether the files may be changed."""
        return self >= Role.WRITE

    @property
    def administers(self) -> bool:
        """Whether it may be set up."""
        return self >= Role.ADMIN


GIVEN = (Role.READ, Role.WRITE, Role.ADMIN)
"""The roles that somebody can be given."""


def named(text: str) -> Role | None:
    """A role that can be given, by its word; or None."""
    return next((role for role in GIVEN if role.word == text), None)


def role_of(db: sqlite3.Connection, repo: Repo, user: User | None) -> Role:
    """What a user may do in a repository: the most of what they are its owner, member, … for."""
    if user is None:
        return Role.NONE
    if user.id == repo.owner_id:
        return Role.ADMIN
    rows = db.execute(
        "SELECT role FROM members WHERE organization = ?1 AND user = ?3"
        " UNION ALL SELECT role FROM collaborators WHERE repo = ?2 AND user = ?3",
        (repo.owner_id, repo.id, user.id),
    ).fetchall()
    return max((Role[row[0].upper()] for row in rows), default=Role.NONE)


def knows_all(db: sqlite3.Connection, repo: Repo, user: User) -> bool:
    """Whether a user may know of all that a repository's owner has: as the owner, or a member."""
    row = db.execute(
        "SELECT 1 FROM members WHERE organization = ? AND user = ?", (repo.owner_id, user.id)
    ).fetchone()
    return user.id == repo.owner_id or row is not None

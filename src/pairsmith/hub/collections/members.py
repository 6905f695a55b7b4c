"""Who takes part in a collection, in which role."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from pairsmith.hub.auth.users import User
from pairsmith.hub.collections.registry import SELECT, Collection
from pairsmith.hub.collections.roles import Role
from pairsmith.hub.core.database import now
from pairsmith.hub.http.errors import HubError

MAX_MEMBERS = 1000  # of one collection
ADMIN_OF_OWNER = (
    "EXISTS (SELECT 1 FROM members WHERE organization = collections.owner"
    " AND members.user = :user AND members.role = 'admin')"
)
"""A condition in SQL: whether the user of that number is an admin of the organization whose a
collection is."""


class Member(NamedTuple):
    """Somebody who takes part, and since when."""

    id: int
    user: str
    role: Role
    since: int


class Own(NamedTuple):
    """A collection, and what somebody may do in it."""

    collection: Collection
    role: Role


def role_of(db: sqlite3.Connection, collection: Collection, user: User | None) -> Role:
    """What an account may do in a collection: by owning it, or by what it was given."""
    if user is None:
        return Role.NONE
    if user.id == collection.owner_id:
        return Role.OWNER
    admin = db.execute(
        "SELECT 1 FROM members WHERE organization = ? AND user = ? AND role = 'admin'",
        (collection.owner_id, user.id),
    ).fetchone()
    return Role.OWNER if admin else given(db, collection, user)


def given(db: sqlite3.Connection, collection: Collection, user: User) -> Role:
    """The role that an account was given in a collection; NONE for none."""
    row = db.execute(
        "SELECT role FROM collection_members WHERE collection = ? AND user = ?",
        (collection.id, user.id),
    ).fetchone()
    return Role[row[0].upper()] if row else Role.NONE


def listed(db: sqlite3.Connection, collection: Collection) -> list[Member]:
    """Who was given a role in a collection, by their names."""
    rows = db.execute(
        "SELECT users.id, users.name, role, since FROM collection_members"
        " JOIN users ON users.id = collection_members.user WHERE collection = ?"
        " ORDER BY users.name",
        (collection.id,),
    )
    return [Member(row[0], row[1], Role[row[2].upper()], row[3]) for row in rows.fetchall()]


def of_user(db: sqlite3.Connection, user: User) -> list[Own]:
    """The collections that are an account's, or in which it takes part, by their names."""
    rows = db.execute(
        f"{SELECT} WHERE collections.owner = :user OR {ADMIN_OF_OWNER} OR EXISTS"
        " (SELECT 1 FROM collection_members WHERE collection = collections.id AND user = :user)"
        " ORDER BY closed IS NOT NULL, users.name, collections.name LIMIT 1000",
        {"user": user.id},
    )
    found = [Collection(*row) for row in rows.fetchall()]
    return [Own(one, role_of(db, one, user)) for one in found]


def deciders(db: sqlite3.Connection, collection: Collection) -> list[int]:
    """The accounts that decide where people disagree: its owners and reviewers."""
    rows = db.execute(
        "SELECT id FROM users WHERE id = ?1 AND kind = 'person'"
        " UNION SELECT user FROM members WHERE organization = ?1 AND role = 'admin'"
        " UNION SELECT user FROM collection_members WHERE collection = ?2"
        " AND role IN ('reviewer', 'owner') ORDER BY 1",
        (collection.owner_id, collection.id),
    )
    return [int(row[0]) for row in rows]


def give(db: sqlite3.Connection, collection: Collection, user: User, role: Role) -> None:
    """Gives an account a role, or another one, or with NONE takes it away.

    Who is taken out sees nothing of the collection any more; what they said in it stays.

    Raises:
        HubError: 409, where there are `MAX_MEMBERS` already.
    """
    if role is Role.NONE:
        for table in ("collection_members", "notices"):
            db.execute(
                f"DELETE FROM {table} WHERE collection = ? AND user = ?", (collection.id, user.id)
            )
        return
    if given(db, collection, user) is Role.NONE and len(listed(db, collection)) >= MAX_MEMBERS:
        raise HubError(409, f"At most {MAX_MEMBERS:,} people take part in one collection.")
    db.execute(
        "INSERT INTO collection_members VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET role = excluded.role",
        (collection.id, user.id, role.word, now()),
    )

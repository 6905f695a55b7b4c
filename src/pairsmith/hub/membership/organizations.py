"""Organizations: accounts that are no person, with members, and repositories under their name."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from pairsmith.hub.auth import users
from pairsmith.hub.auth.users import COLUMNS, User
from pairsmith.hub.http.errors import HubError
from pairsmith.hub.membership import places
from pairsmith.hub.repos.repos import MAY_KNOW
from pairsmith.hub.repos.roles import Role

MAX_OF_USER = 20  # organizations of which somebody is a member, where they make another


class Membership(NamedTuple):
    """An organization of which somebody is a member, and their role in it."""

    account: User
    role: Role


def make(db: sqlite3.Connection, name: str, fullname: str, admin: User) -> User:
    """Makes an organization with one admin; it has no password, no token and no e-mail address.

    Raises:
        HubError: 400 for a name that cannot be one; 409 for one that is taken, or where its admin
            is a member of `MAX_OF_USER` already.
    """
    users.check_fullname(fullname)
    if len(of_user(db, admin)) >= MAX_OF_USER:
        raise HubError(409, f"{admin.name} is a member of {MAX_OF_USER} organizations already.")
    made = users.add(db, name, fullname, "", None)
    db.execute("UPDATE users SET kind = 'organization' WHERE id = ?", (made.id,))
    places.give(db, places.of_organization(made), admin.name, admin, Role.ADMIN)
    return made


def find(db: sqlite3.Connection, name: str) -> User | None:
    """The organization of that name, or None."""
    row = db.execute(
        f"SELECT {COLUMNS} FROM users WHERE name = ? AND kind = 'organization'", (name,)
    ).fetchone()
    return User(*row) if row else None


def of_user(db: sqlite3.Connection, user: User) -> list[Membership]:
    """The organizations of which a user is a member, by their names."""
    rows = db.execute(
        f"SELECT {COLUMNS}, role FROM members JOIN users ON users.id = organization"
        " WHERE members.user = ? ORDER BY users.name",
        (user.id,),
    )
    return [Membership(User(*row[:4]), Role[row[4].upper()]) for row in rows.fetchall()]


def listed(db: sqlite3.Connection) -> list[User]:
    """All organizations, by their names."""
    rows = db.execute(f"SELECT {COLUMNS} FROM users WHERE kind = 'organization' ORDER BY name")
    return [User(*row) for row in rows.fetchall()]


def counts(db: sqlite3.Connection, account: User, who: User | None) -> dict[str, int]:
    """How many repositories of each kind it has that a user may know of."""
    rows = db.execute(
        f"SELECT kind, count(*) FROM repos WHERE repos.owner = :owner AND deleted IS NULL"
        f" AND {MAY_KNOW} GROUP BY kind",
        {"owner": account.id, "user": who.id if who else 0},
    )
    return dict(rows.fetchall())

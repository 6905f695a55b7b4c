"""Accounts, and the namespace that each has."""

from __future__ import annotations

import re
import sqlite3
from typing import NamedTuple

from pairsmith.hub.database import now
from pairsmith.hub.faults import HubError

NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9]|[-_.](?=[A-Za-z0-9])){0,38}")
RESERVED = frozenset({"api", "datasets", "cas", "lfs", "static", "stripe", "settings", "admin"})
COLUMNS = "users.id, users.name, users.fullname, users.email"


class User(NamedTuple):
    """An account. `name` is unique, whatever the case of its letters."""

    id: int
    name: str
    fullname: str
    email: str


def add(db: sqlite3.Connection, name: str, fullname: str, email: str, password: str | None) -> User:
    """Makes an account; `password` is a hash (see `passwords`), or None for one without pages.

    Raises:
        HubError: 400 for a name that cannot be one, 409 for one that is taken.
    """
    if not NAME.fullmatch(name) or name.lower() in RESERVED:
        raise HubError(
            400,
            f"{name!r} cannot be a user's name: up to 39 letters, digits and single -, _ or .,"
            " with a letter or digit first and last.",
        )
    try:
        cursor = db.execute(
            "INSERT INTO users (name, fullname, email, password, created) VALUES (?, ?, ?, ?, ?)",
            (name, fullname or name, email, password, now()),
        )
    except sqlite3.IntegrityError as error:
        raise HubError(409, f"The name {name!r} is taken.") from error
    return User(cursor.lastrowid or 0, name, fullname or name, email)


def named(db: sqlite3.Connection, name: str) -> User | None:
    """The account of that name, or None."""
    row = db.execute(f"SELECT {COLUMNS} FROM users WHERE name = ?", (name,)).fetchone()
    return User(*row) if row else None

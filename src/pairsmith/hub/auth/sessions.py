"""Sessions: how a browser shows whose it is, once someone has signed in. Kept as a hash."""

from __future__ import annotations

import secrets
import sqlite3

from pairsmith.hub.auth.tokens import digest
from pairsmith.hub.auth.users import COLUMNS, User
from pairsmith.hub.core.database import now

COOKIE = "pairsmith_session"
LIFE = 14 * 24 * 3600  # seconds


def begin(db: sqlite3.Connection, user: User) -> str:
    """Makes a session and returns what the cookie holds."""
    secret = secrets.token_urlsafe(32)
    db.execute("DELETE FROM sessions WHERE expires < ?", (now(),))
    db.execute(
        "INSERT INTO sessions VALUES (?, ?, ?, ?)", (digest(secret), user.id, now(), now() + LIFE)
    )
    return secret


def find(db: sqlite3.Connection, secret: str) -> User | None:
    """Whose session that is; None where it is not known, or over."""
    row = db.execute(
        f"SELECT {COLUMNS} FROM sessions JOIN users ON users.id = sessions.user"
        " WHERE digest = ? AND expires > ?",
        (digest(secret), now()),
    ).fetchone()
    return User(*row) if row else None


def end(db: sqlite3.Connection, secret: str) -> None:
    """Ends a session."""
    db.execute("DELETE FROM sessions WHERE digest = ?", (digest(secret),))

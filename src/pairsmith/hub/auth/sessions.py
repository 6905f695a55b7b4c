"""Sessions: how a browser shows whose it is, once someone has signed in. Kept as a hash."""

from __future__ import annotations

import secrets
import sqlite3
from typing import NamedTuple

from pairsmith.hub.auth.tokens import digest
from pairsmith.hub.auth.users import ACTIVE, COLUMNS, User
from pairsmith.hub.core.database import now

COOKIE = "pairsmith_session"
LIFE = 14 * 24 * 3600  # seconds
MAX_BROWSER_CHARS = 200  # of what a browser calls itself
MAX_OF_USER = 100  # sessions; the oldest ends where there is one more
ID_DIGITS = 16


class Listed(NamedTuple):
    """A session as its owner sees it.

    Attributes:
        id: What it is named by; it opens nothing.
        created: When it began.
        used: When it was last used; None where it is not known.
        browser: What the browser called itself, in words of its own choosing.
        digest: The hash of its secret.
    """

    id: str
    created: int
    used: int | None
    browser: str
    digest: bytes


def begin(db: sqlite3.Connection, user: User, browser: str = "") -> str:
    """Makes a session and returns what the cookie holds.

    Args:
        db: A write transaction.
        user: Whose it is.
        browser: What the browser calls itself.
    """
    secret = secrets.token_urlsafe(32)
    words = "".join(c for c in browser[:MAX_BROWSER_CHARS] if c.isprintable())
    db.execute("DELETE FROM sessions WHERE expires < ?", (now(),))
    db.execute(
        "DELETE FROM sessions WHERE digest IN (SELECT digest FROM sessions WHERE user = ?"
        " ORDER BY created DESC LIMIT -1 OFFSET ?)",
        (user.id, MAX_OF_USER - 1),
    )
    db.execute(
        "INSERT INTO sessions (digest, user, created, expires, used, browser)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (digest(secret), user.id, now(), now() + LIFE, now(), words),
    )
    return secret


def find(db: sqlite3.Connection, secret: str) -> User | None:
    """Whose session that is; None where it is not known, or over."""
    row = db.execute(
        f"SELECT {COLUMNS} FROM sessions JOIN users ON users.id = sessions.user"
        f" WHERE digest = ? AND expires > ? AND {ACTIVE}",
        (digest(secret), now()),
    ).fetchone()
    return User(*row) if row else None


def listed(db: sqlite3.Connection, user: User) -> list[Listed]:
    """The sessions of an account that are not over, the newest first."""
    rows = db.execute(
        "SELECT lower(substr(hex(digest), 1, ?)), created, used, browser, digest FROM sessions"
        " WHERE user = ? AND expires > ? ORDER BY created DESC, digest",
        (ID_DIGITS, user.id, now()),
    ).fetchall()
    return [Listed(*row) for row in rows]


def end(db: sqlite3.Connection, secret: str) -> None:
    """Ends a session."""
    db.execute("DELETE FROM sessions WHERE digest = ?", (digest(secret),))


def end_named(db: sqlite3.Connection, user: User, id: str) -> bool:
    """Ends a session of an account; whether there was one of that name."""
    cursor = db.execute(
        "DELETE FROM sessions WHERE user = ? AND lower(substr(hex(digest), 1, ?)) = ?",
        (user.id, ID_DIGITS, id),
    )
    return cursor.rowcount > 0


def end_others(db: sqlite3.Connection, user: User, secret: str) -> int:
    """Ends every session of an account but one; how many those were."""
    return db.execute(
        "DELETE FROM sessions WHERE user = ? AND digest != ?", (user.id, digest(secret))
    ).rowcount

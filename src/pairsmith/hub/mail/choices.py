"""Who wants no notices by e-mail, and the link in each of them by which they say so."""

from __future__ import annotations

import secrets
import sqlite3
from typing import TYPE_CHECKING

from pairsmith.hub.core.database import now

if TYPE_CHECKING:
    from pairsmith.hub.context import Hub

MAX_SECRET_CHARS = 100


def stopped(db: sqlite3.Connection, user: int) -> bool:
    """Whether an account wants no notices by e-mail."""
    row = db.execute("SELECT stopped FROM mail_choices WHERE user = ?", (user,)).fetchone()
    return row is not None and row[0] is not None


def choose(db: sqlite3.Connection, user: int, wanted: bool) -> None:
    """Keeps whether an account wants notices by e-mail."""
    _secret(db, user)
    db.execute(
        "UPDATE mail_choices SET stopped = ? WHERE user = ?", (None if wanted else now(), user)
    )


def link(hub: Hub, db: sqlite3.Connection, user: int) -> str:
    """The address of the page that ends an account's notices. It stays the same, and does no more.

    Args:
        hub: The hub.
        db: A write transaction.
        user: The account's id.
    """
    return hub.url(f"/mail/stop/{_secret(db, user)}")


def stop(db: sqlite3.Connection, secret: str) -> bool:
    """Ends the notices of whoever has that secret; whether anybody has."""
    if not 0 < len(secret) <= MAX_SECRET_CHARS:
        return False
    cursor = db.execute(
        "UPDATE mail_choices SET stopped = coalesce(stopped, ?) WHERE secret = ?", (now(), secret)
    )
    return cursor.rowcount > 0


def _secret(db: sqlite3.Connection, user: int) -> str:
    db.execute(
        "INSERT INTO mail_choices (user, secret) VALUES (?, ?) ON CONFLICT DO NOTHING",
        (user, secrets.token_urlsafe(24)),
    )
    row = db.execute("SELECT secret FROM mail_choices WHERE user = ?", (user,)).fetchone()
    return str(row[0])

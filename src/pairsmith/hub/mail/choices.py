"""Who wants which notices by e-mail, and the link in each of them by which they say so."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pairsmith.hub.core.database import now

if TYPE_CHECKING:
    from pairsmith.hub.context import Hub

MAX_SECRET_CHARS = 100


def stopped(db: sqlite3.Connection, user: int) -> bool:
    """Whether an account wants no notices by e-mail."""
    row = db.execute("SELECT stopped FROM mail_choices WHERE user = ?", (user,)).fetchone()
    return row is not None and row[0] is not None


def wants(db: sqlite3.Connection, user: int, kind: str, default: bool) -> bool:
    """Whether an account wants notices of a kind by e-mail; `default` where it has not said so."""
    return not stopped(db, user) and kind_wanted(db, user, kind, default)


def kind_wanted(db: sqlite3.Connection, user: int, kind: str, default: bool) -> bool:
    """The same, whether notices are stopped as a whole or not."""
    return _kinds(db, user).get(kind, default)


def address_of(db: sqlite3.Connection, user: int) -> str:
    """The address to which an account's notices may go: one that was confirmed; '' for none."""
    row = db.execute(
        "SELECT email FROM users WHERE id = ? AND suspended IS NULL AND removed IS NULL"
        " AND confirmed NOT NULL",
        (user,),
    ).fetchone()
    return str(row[0]) if row else ""


def choose_kinds(db: sqlite3.Connection, user: int, wanted: Mapping[str, bool]) -> None:
    """Keeps of which kinds an account wants notices by e-mail; others stay as they are."""
    _secret(db, user)
    kinds = json.dumps({**_kinds(db, user), **wanted}, sort_keys=True)
    db.execute("UPDATE mail_choices SET kinds = ? WHERE user = ?", (kinds, user))


def letters(db: sqlite3.Connection, user: int, day: int) -> int:
    """How many letters of notices were made for an account on a day, of days since 1970."""
    row = db.execute(
        "SELECT letters FROM mail_choices WHERE user = ? AND day = ?", (user, day)
    ).fetchone()
    return int(row[0]) if row else 0


def count_letter(db: sqlite3.Connection, user: int, day: int) -> None:
    """Counts a letter of a notice."""
    _secret(db, user)
    db.execute(
        "UPDATE mail_choices SET letters = iif(day = ?1, letters, 0) + 1, day = ?1 WHERE user = ?2",
        (day, user),
    )


def choose(db: sqlite3.Connection, user: int, wanted: bool) -> None:
    """Keeps whether an account wants notices by e-mail."""
    _secret(db, user)
    db.execute(
        "UPDATE mail_choices SET stopped = ? WHERE user = ?", (None if wanted else now(), user)
    )


def link(hub: Hub, db: sqlite3.Connection, user: int, kind: str = "") -> str:
    """The address of the page that ends an account's notices. It stays the same, and does no more.

    Args:
        hub: The hub.
        db: A write transaction.
        user: The account's id.
        kind: Of which kind they are to end; '' for all.
    """
    return hub.url(f"/mail/stop/{_secret(db, user)}" + (f"?kind={kind}" if kind else ""))


def stop(db: sqlite3.Connection, secret: str, kind: str = "") -> bool:
    """Ends the notices of whoever has that secret, those of a kind or all; whether anybody has."""
    if not 0 < len(secret) <= MAX_SECRET_CHARS:
        return False
    if kind:
        row = db.execute("SELECT user FROM mail_choices WHERE secret = ?", (secret,)).fetchone()
        if row:
            choose_kinds(db, row[0], {kind: False})
        return row is not None
    cursor = db.execute(
        "UPDATE mail_choices SET stopped = coalesce(stopped, ?) WHERE secret = ?", (now(), secret)
    )
    return cursor.rowcount > 0


def _kinds(db: sqlite3.Connection, user: int) -> dict[str, bool]:
    row = db.execute("SELECT kinds FROM mail_choices WHERE user = ?", (user,)).fetchone()
    found: dict[str, bool] = json.loads(row[0]) if row else {}
    return found


def _secret(db: sqlite3.Connection, user: int) -> str:
    db.execute(
        "INSERT INTO mail_choices (user, secret) VALUES (?, ?) ON CONFLICT DO NOTHING",
        (user, secrets.token_urlsafe(24)),
    )
    row = db.execute("SELECT secret FROM mail_choices WHERE user = ?", (user,)).fetchone()
    return str(row[0])

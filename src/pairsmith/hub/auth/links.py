"""Links by e-mail: each is good once, for a while, and is kept as a hash."""

from __future__ import annotations

import secrets
import sqlite3
from typing import Literal, NamedTuple

from pairsmith.hub.auth.tokens import digest
from pairsmith.hub.auth.users import ACTIVE, COLUMNS, User
from pairsmith.hub.core.database import now

Purpose = Literal["reset", "sign-in", "confirm"]
LINK_LIFE = 15 * 60  # seconds
CONFIRM_LIFE = 3 * 24 * 3600  # seconds
MAX_LINKS = 5  # of an account for one purpose; the oldest is void where there is one more
MAX_SECRET_CHARS = 100


class Link(NamedTuple):
    """A link that was sent.

    Attributes:
        user: To which account.
        purpose: What it is good for.
        address: The e-mail address that it was sent to.
        browser: The digest of the browser that it is good in, in hex; '' for any.
    """

    user: User
    purpose: Purpose
    address: str
    browser: str


def life_of(purpose: str) -> int:
    """For how many seconds a link for that purpose is good."""
    return CONFIRM_LIFE if purpose == "confirm" else LINK_LIFE


def make(
    db: sqlite3.Connection, user: int, purpose: str, address: str, life: int, browser: str = ""
) -> str:
    """Makes a link, and returns the secret in its address, for the only time.

    Args:
        db: A write transaction.
        user: The account's id.
        purpose: One of `Purpose`.
        address: Where it is sent.
        life: For how many seconds it is good.
        browser: The digest of the browser that it is good in, in hex; '' for any.
    """
    secret = secrets.token_urlsafe(32)
    db.execute("DELETE FROM links WHERE expires <= ?", (now(),))
    db.execute(
        "DELETE FROM links WHERE digest IN (SELECT digest FROM links WHERE user = ?"
        " AND purpose = ? ORDER BY expires DESC, digest LIMIT -1 OFFSET ?)",
        (user, purpose, MAX_LINKS - 1),
    )
    db.execute(
        "INSERT INTO links (digest, user, purpose, address, browser, expires)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (digest(secret), user, purpose, address, browser, now() + life),
    )
    return secret


def look(db: sqlite3.Connection, secret: str) -> Link | None:
    """What a link is good for; None where it is none, or over, or its account is shut out."""
    if not 0 < len(secret) <= MAX_SECRET_CHARS:
        return None
    row = db.execute(
        f"SELECT {COLUMNS}, purpose, address, browser FROM links"
        " JOIN users ON users.id = links.user"
        f" WHERE digest = ? AND expires > ? AND {ACTIVE} AND lower(users.email) = lower(address)"
        " AND (purpose = 'confirm' OR confirmed NOT NULL)",  # another address meanwhile: void
        (digest(secret), now()),
    ).fetchone()
    return Link(User(*row[:4]), row[4], row[5], row[6]) if row else None


def take(db: sqlite3.Connection, secret: str, purpose: Purpose) -> Link | None:
    """Uses a link up; None where it is good for nothing, or for something else.

    Args:
        db: A write transaction: of two who use it at once, one has it.
        secret: What stands in its address.
        purpose: What it is used for.
    """
    found = look(db, secret)
    if found is None or found.purpose != purpose:
        return None
    db.execute("DELETE FROM links WHERE digest = ?", (digest(secret),))
    return found

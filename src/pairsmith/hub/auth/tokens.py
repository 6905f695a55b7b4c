"""Tokens: how a program shows whose it is. Shown once; kept as a hash."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from typing import Literal, NamedTuple, get_args

from pairsmith.hub.auth.users import ACTIVE, COLUMNS, User
from pairsmith.hub.core.database import now
from pairsmith.hub.http.errors import HubError, bad_request

Role = Literal["read", "write"]
MAX_NAME_CHARS = 64  # characters of a name
PREFIX = "hf_"  # what clients and secret scanners take a token by


class Token(NamedTuple):
    """A token that is known: whose it is, what it is called, what it may do."""

    user: User
    name: str
    role: Role


class Listed(NamedTuple):
    """A token as its owner sees it, which is without the token. Times as in the database.

    When it was used last (`used`) is some minutes late, and None where it is not known.
    """

    name: str
    role: Role
    created: int
    revoked: int | None
    used: int | None = None


def digest(secret: str) -> bytes:
    """What is kept of a secret of 256 random bits; such a one needs no slow hash."""
    return hashlib.sha256(secret.encode()).digest()


def add(db: sqlite3.Connection, user: User, name: str, role: Role) -> str:
    """Makes a token and returns it, for the only time.

    Raises:
        HubError: 400 for a name or role that cannot be one; 409 where the user has a token of
            that name, or had one.
    """
    _check(name, role)
    token = PREFIX + secrets.token_hex(32)
    try:
        db.execute(
            "INSERT INTO tokens (user, name, role, digest, created) VALUES (?, ?, ?, ?, ?)",
            (user.id, name, role, digest(token), now()),
        )
    except sqlite3.IntegrityError as error:
        raise HubError(409, f"{user.name} has, or had, a token {name!r}.") from error
    return token


def find(db: sqlite3.Connection, token: str) -> Token | None:
    """Whose token that is; None where it is not known, or revoked."""
    row = db.execute(
        f"SELECT {COLUMNS}, tokens.name, role FROM tokens JOIN users ON users.id = tokens.user"
        f" WHERE digest = ? AND revoked IS NULL AND {ACTIVE}",
        (digest(token),),
    ).fetchone()
    return Token(User(*row[:4]), row[4], row[5]) if row else None


def listed(db: sqlite3.Connection, user: User) -> list[Listed]:
    """The tokens of an account, revoked ones too, the newest first."""
    rows = db.execute(
        "SELECT name, role, created, revoked, used FROM tokens WHERE user = ? ORDER BY id DESC",
        (user.id,),
    ).fetchall()
    return [Listed(*row) for row in rows]


def revoke(db: sqlite3.Connection, user: User, name: str) -> bool:
    """Ends a token, at once; whether there was one of that name to end."""
    cursor = db.execute(
        "UPDATE tokens SET revoked = ? WHERE user = ? AND name = ? AND revoked IS NULL",
        (now(), user.id, name),
    )
    return cursor.rowcount > 0


def _check(name: str, role: str) -> None:
    if not name.strip() or not name.isprintable() or len(name) > MAX_NAME_CHARS:
        raise bad_request(f"A token has a name, one line of at most {MAX_NAME_CHARS} characters.")
    if role not in get_args(Role):
        raise bad_request(f"A token is for 'read' or 'write', not for {role!r}.")

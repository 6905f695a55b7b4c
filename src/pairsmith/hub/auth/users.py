"""Accounts, and the namespace that each has."""

from __future__ import annotations

import re
import sqlite3
from typing import NamedTuple

from pairsmith.hub.core.database import now
from pairsmith.hub.http.addresses import OTHER_STARTS
from pairsmith.hub.http.errors import HubError, bad_request

NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9]|[-_.](?=[A-Za-z0-9])){0,38}")
EMAIL = re.compile(r"[^\s@,;:<>()\"\\]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
MAX_FIELD_CHARS = {"full name": 100, "e-mail": 254}  # characters
COLUMNS = "users.id, users.name, users.fullname, users.email"
ACTIVE = "users.suspended IS NULL AND users.removed IS NULL"
DELETED = "deleted"  # what those are called who were removed; nobody is else
SHOWN = f"iif(users.removed IS NULL, users.name, '{DELETED}')"


class User(NamedTuple):
    """An account. `name` is unique, whatever the case of its letters."""

    id: int
    name: str
    fullname: str
    email: str


class Credentials(NamedTuple):
    """An account, the hash of its password (None where it has none), and whether it is shut out."""

    user: User
    password: str | None
    suspended: bool = False


def add(db: sqlite3.Connection, name: str, fullname: str, email: str, password: str | None) -> User:
    """Makes an account; `password` is a hash (see `passwords`), or None for one without pages.

    Raises:
        HubError: 400 for a name that cannot be one, 409 for one that is taken.
    """
    check_name(name)
    try:
        cursor = db.execute(
            "INSERT INTO users (name, fullname, email, password, created) VALUES (?, ?, ?, ?, ?)",
            (name, fullname or name, email, password, now()),
        )
    except sqlite3.IntegrityError as error:
        raise HubError(409, f"The name {name!r} is taken.") from error
    return User(cursor.lastrowid or 0, name, fullname or name, email)


def check_name(name: str) -> None:
    """Checks that an account may be called so.

    Raises:
        HubError: 400, where it may not.
    """
    if not NAME.fullmatch(name):
        raise bad_request(
            f"{name[:40]!r} cannot be a user's name: up to 39 letters, digits and single -, _ or .,"
            " with a letter or digit first and last."
        )
    if name.lower() in OTHER_STARTS:
        raise bad_request(f"{name!r} cannot be a user's name: the hub needs it for itself.")


def check_fullname(text: str) -> None:
    """Checks that somebody may be called so in full.

    Raises:
        HubError: 400 for what is too long, or would not show on one line.
    """
    if not text.isprintable() or len(text) > MAX_FIELD_CHARS["full name"]:
        raise bad_request(
            f"A full name is one line of at most {MAX_FIELD_CHARS['full name']} characters."
        )


def check_email(text: str) -> None:
    """Checks that a text looks like an e-mail address; whether it is one, a letter would tell.

    Raises:
        HubError: 400, where it does not.
    """
    if len(text) > MAX_FIELD_CHARS["e-mail"]:
        raise bad_request(f"An e-mail address has at most {MAX_FIELD_CHARS['e-mail']} characters.")
    if not EMAIL.fullmatch(text) or not text.isprintable() or ".." in text:
        raise bad_request(f"{text!r} does not look like an e-mail address, such as name@host.")


def named(db: sqlite3.Connection, name: str) -> User | None:
    """The person of that name, or None for an organization, or who was removed."""
    row = db.execute(
        f"SELECT {COLUMNS} FROM users WHERE name = ? AND kind = 'person' AND removed IS NULL",
        (name,),
    ).fetchone()
    return User(*row) if row else None


def credentials(db: sqlite3.Connection, name: str) -> Credentials | None:
    """The account of that name and what is kept of its password, or None."""
    row = db.execute(
        f"SELECT {COLUMNS}, password, suspended NOT NULL FROM users"
        " WHERE name = ? AND kind = 'person' AND removed IS NULL",
        (name,),
    ).fetchone()
    return Credentials(User(*row[:4]), row[4], bool(row[5])) if row else None


def taken(db: sqlite3.Connection, name: str) -> bool:
    """Whether a name is or was somebody's: nobody gets it again."""
    return db.execute("SELECT 1 FROM users WHERE name = ?", (name,)).fetchone() is not None


class Account(NamedTuple):
    """An account as the host of a hub sees it.

    Attributes:
        name: Its name.
        fullname: The name that its owner goes by.
        email: The e-mail address.
        created: When it was made, as all times here in seconds since 1970.
        repos: How many repositories it owns.
        tokens: How many tokens it has that are not revoked.
        confirmed: When the e-mail address was confirmed, if it was.
        suspended: Since when it is shut out, if it is.
        removed: When it was removed, if it was.
        second_factor: Since when it is asked for a code beside the password, if it is.
    """

    name: str
    fullname: str
    email: str
    created: int
    repos: int
    tokens: int
    confirmed: int | None
    suspended: int | None
    removed: int | None
    second_factor: int | None


def listed(db: sqlite3.Connection) -> list[Account]:
    """All accounts of persons, by their names."""
    rows = db.execute(
        "SELECT name, fullname, email, created,"
        " (SELECT count(*) FROM repos WHERE owner = users.id AND deleted IS NULL),"
        " (SELECT count(*) FROM tokens WHERE user = users.id AND revoked IS NULL),"
        " confirmed, suspended, removed,"
        " (SELECT since FROM second_factors WHERE user = users.id)"
        " FROM users WHERE kind = 'person' ORDER BY name"
    ).fetchall()
    return [Account(*row) for row in rows]


def set_profile(db: sqlite3.Connection, user: User, fullname: str, email: str) -> User:
    """Changes what others are told of an account; returns it as it is now.

    Another e-mail address is not confirmed.

    Raises:
        HubError: 400 for a full name or an e-mail address that cannot be one.
    """
    check_fullname(fullname)
    check_email(email)
    fullname = fullname or user.name
    db.execute(
        "UPDATE users SET fullname = ?1, email = ?2,"
        " confirmed = iif(lower(email) = lower(?2), confirmed, NULL) WHERE id = ?3",
        (fullname, email, user.id),
    )
    return user._replace(fullname=fullname, email=email)


def confirmed(db: sqlite3.Connection, user: User) -> int | None:
    """When an account's e-mail address was shown to be theirs; None where it was not."""
    row = db.execute("SELECT confirmed FROM users WHERE id = ?", (user.id,)).fetchone()
    return row[0] if row else None


def set_password(db: sqlite3.Connection, user: User, password: str | None) -> None:
    """Gives an account another password, by its hash.

    Every session that it has ends, and links that were sent to it to get in by are void.
    """
    keep_hash(db, user, password)
    db.execute("DELETE FROM links WHERE user = ? AND purpose != 'confirm'", (user.id,))
    db.execute("DELETE FROM sessions WHERE user = ?", (user.id,))


def keep_hash(db: sqlite3.Connection, user: User, password: str | None) -> None:
    """Keeps another hash, of the same password."""
    db.execute("UPDATE users SET password = ? WHERE id = ?", (password, user.id))

"""Accounts shut out, let in again and removed by whoever runs the hub.

Who is suspended cannot sign in, and their tokens open nothing; their repositories stay as they are,
for those who may read them. Of an account that was removed a row stays, so that nobody is given its
name again, and with it what others know it by: addresses, events, licences.
"""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from pairsmith.hub.auth.users import User
from pairsmith.hub.core.database import now
from pairsmith.hub.http.addresses import RepoName
from pairsmith.hub.repos import events
from pairsmith.hub.repos.repos import by_id

GONE = (
    *("requests.user", "tokens.user", "sessions.user", "uploads.user", "links.user"),
    *("second_factors.user", "recovery_codes.user", "outbox.user", "mail_choices.user"),
    *("members.user", "collaborators.user", "invitations.user", "invitations.inviter"),
    *("seats.user", "notices.user", "muted.user", "tellings.user"),
    *("collection_members.user", "collection_invitations.user", "collection_invitations.inviter"),
)
"""Where an account stands whose rows go with it."""

KEPT = (
    *("commits.author", "discussions.author", "discussion_entries.author", "notices.actor"),
    *("licences.user", "licences.owner", "orders.user"),  # somebody paid, or was paid
    *("repos.owner", "former_names.owner", "members.organization", "invitations.organization"),
    "collections.owner",
    "attachments.user",  # which stand in comments
    "holdings.proposer",  # until what was proposed is merged or taken away
)
"""Where it goes on standing: that its row stays, without what was theirs, is for these."""


class Remains(NamedTuple):
    """What there is of an account.

    Attributes:
        repos: The repositories and collections that it owns; it cannot be removed before them.
        organizations: Those of which it is the only admin; the same.
        tokens: Its tokens that are not revoked.
        sessions: Its sessions.
        requests: Its requests for access.
        licences: The licences that were given to it.
        commits: The commits that it made.
    """

    repos: tuple[str, ...]
    organizations: tuple[str, ...]
    tokens: int
    sessions: int
    requests: int
    licences: int
    commits: int


def remains(db: sqlite3.Connection, user: User) -> Remains:
    """What there is of an account."""
    repos = db.execute(
        "SELECT kind, name FROM repos WHERE owner = ? AND deleted IS NULL ORDER BY kind, name",
        (user.id,),
    ).fetchall()
    alone = db.execute(
        "SELECT users.name FROM members JOIN users ON users.id = organization"
        " WHERE members.user = ?1 AND role = 'admin' AND users.removed IS NULL AND NOT EXISTS"
        " (SELECT 1 FROM members AS other WHERE other.organization = members.organization"
        " AND other.role = 'admin' AND other.user != ?1) ORDER BY users.name",
        (user.id,),
    ).fetchall()
    counts = [
        int(db.execute(f"SELECT count(*) FROM {what} = ?", (user.id,)).fetchone()[0])
        for what in (
            *("tokens WHERE revoked IS NULL AND user", "sessions WHERE user"),
            *("requests WHERE user", "licences WHERE user", "commits WHERE author"),
        )
    ]
    names = tuple(RepoName(row[0], user.name, row[1]) for row in repos)
    held = db.execute("SELECT name FROM collections WHERE owner = ? ORDER BY name", (user.id,))
    return Remains(
        (
            *(f"{name.kind} {name.full_name}" for name in names),
            *(f"collection {user.name}/{row[0]}" for row in held.fetchall()),
        ),
        tuple(row[0] for row in alone),
        *counts,
    )


def suspend(db: sqlite3.Connection, user: User) -> None:
    """Shuts an account out, at once, until `restore`."""
    db.execute("UPDATE users SET suspended = coalesce(suspended, ?) WHERE id = ?", (now(), user.id))
    for table in ("sessions", "uploads", "links"):
        db.execute(f"DELETE FROM {table} WHERE user = ?", (user.id,))


def restore(db: sqlite3.Connection, user: User) -> bool:
    """Lets an account in again that was suspended; whether it was."""
    return (
        db.execute(
            "UPDATE users SET suspended = NULL WHERE id = ? AND suspended NOT NULL", (user.id,)
        ).rowcount
        > 0
    )


def remove(db: sqlite3.Connection, user: User) -> None:
    """Removes an account that owns no repositories, for good.

    What is its alone goes; requests for access go, with an event each. Licences stay, by their
    numbers, and so do commits, as of `users.DELETED`, and events, with the name.

    Args:
        db: A write transaction, in which `remains` has said that it owns nothing.
        user: The account.
    """
    rows = db.execute(
        "SELECT repo, status FROM requests WHERE user = ? ORDER BY id", (user.id,)
    ).fetchall()
    for number, status in rows:
        if repo := by_id(db, number):  # not one that is being deleted
            events.record(db, repo, "hub", user.name, "removed", status=status)
    for place in GONE:
        table, _, column = place.partition(".")
        db.execute(f"DELETE FROM {table} WHERE {column} = ?", (user.id,))
    db.execute(
        "UPDATE users SET removed = ?, password = NULL, email = '', fullname = '',"
        " confirmed = NULL, suspended = NULL WHERE id = ?",
        (now(), user.id),
    )

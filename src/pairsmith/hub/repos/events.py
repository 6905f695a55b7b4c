"""The record of the gate: who asked, who was let in, who read what. Added to, never changed."""

from __future__ import annotations

import json
import sqlite3
from typing import NamedTuple

from pairsmith.hub.core.database import now
from pairsmith.hub.http.addresses import Kind, RepoName
from pairsmith.hub.repos.repos import Repo

NO_READ = "action NOT IN ('read', 'viewed')"
SELECT = "SELECT id, date, kind, repo, actor, user, action, detail FROM events"


class Event(NamedTuple):
    """Something that happened: `actor` did `action`, about the access of `user`."""

    date: int
    kind: Kind
    repo: str
    actor: str
    user: str
    action: str
    detail: dict[str, object]


def record(
    db: sqlite3.Connection,
    repo: Repo | RepoName,
    actor: str,
    user: str,
    action: str,
    **detail: object,
) -> None:
    """Adds an event, within the transaction that makes it true.

    Args:
        db: A write transaction.
        repo: The repository it is about; its name alone, where it may be gone.
        actor: Who did it: a user's name, `stripe` or `hub`.
        user: The user whose access it is about.
        action: asked, accepted, rejected, revoked, granted, read, viewed, …
        detail: What else there is to say; values that JSON has.
    """
    db.execute(
        "INSERT INTO events (date, kind, repo, actor, user, action, detail, subject)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(now(), repo.kind, repo.full_name, actor, user, action),
            json.dumps(detail, ensure_ascii=False),
            repo.id if isinstance(repo, Repo) else None,
        ),
    )


def recent(db: sqlite3.Connection, repo: Repo, limit: int = 100, reads: bool = True) -> list[Event]:
    """The last events of a repository, whatever it was called then, newest first.

    Args:
        db: A transaction.
        repo: The repository.
        limit: At most this many.
        reads: Whether files that were read and rows that were viewed are among them.
    """
    some = "" if reads else f" AND {NO_READ}"
    rows = db.execute(
        f"{SELECT} WHERE subject = ?{some} ORDER BY id DESC LIMIT ?", (repo.id, limit)
    ).fetchall()
    return [from_row(row) for row in rows]


def after(db: sqlite3.Connection, repo: Repo, number: int, limit: int) -> tuple[list[Event], int]:
    """The events of a repository after the one of that number, in order, and the last's number."""
    rows = db.execute(
        f"{SELECT} WHERE subject = ? AND id > ? ORDER BY id LIMIT ?", (repo.id, number, limit)
    ).fetchall()
    return [from_row(row) for row in rows], rows[-1]["id"] if rows else number


def from_row(row: sqlite3.Row) -> Event:
    """An event from the columns of its table."""
    return Event(
        row["date"],
        row["kind"],
        row["repo"],
        row["actor"],
        row["user"],
        row["action"],
        json.loads(row["detail"]),
    )

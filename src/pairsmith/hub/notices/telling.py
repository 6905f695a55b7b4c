"""Telling accounts that something happened, within the transaction in which it does."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

from pairsmith.hub.core.database import now
from pairsmith.hub.notices.kinds import Kind
from pairsmith.hub.repos.repos import MAY_KNOW, Repo

MAX_KEPT = 500  # notices of an account; those that were read go first, the oldest of them
MAX_TOLD_AN_HOUR = 300  # notices that an account causes by what it writes
MAX_PARTS = 200  # accounts that take part in a discussion, or administer a repository
HOUR, DAY = 3600, 24 * 3600
WAITS = {Kind.COMMENT: 120}  # seconds until a letter is due: more may be said meanwhile
WRITTEN = frozenset({Kind.MENTION, Kind.COMMENT})  # what one account can cause in any number
KNOWS = MAY_KNOW.replace(":user", "users.id")


class Happening(NamedTuple):
    """Something that accounts are told of.

    Attributes:
        kind: Its kind.
        what: What it is: a key of `words.SENTENCES`.
        path: The page where it is seen, behind the repository's page where there is one. What
            happens at one page is one notice, until it is read.
        repo: The repository, of which those who are told must know; None for none.
        actor: The account of who did it, who is not told; None for the hub.
        discussion: The id of the discussion.
        invitation: The id of the invitation.
        licence: The number of the licence.
        collection: The id of the collection.
    """

    kind: Kind
    what: str
    path: str
    repo: Repo | None = None
    actor: int | None = None
    discussion: int | None = None
    invitation: int | None = None
    licence: str | None = None
    collection: int | None = None


def tell(db: sqlite3.Connection, to: Iterable[int], happening: Happening) -> None:
    """Tells accounts of something; those who may not know of it, or muted it, are left out.

    Args:
        db: The write transaction in which it happens.
        to: The accounts' ids; where one account may cause no more, the first are told.
        happening: What happens.
    """
    able = _able(db, happening, to)
    if happening.kind in WRITTEN and happening.actor is not None:
        able = able[: _allowance(db, happening.actor, len(able))]
    for user in able:
        if not _add_to(db, user, happening):
            _begin(db, user, happening)


def admins(db: sqlite3.Connection, repo: Repo) -> list[int]:
    """The accounts of a repository's admins, its owner first."""
    rows = db.execute(
        "SELECT id FROM users WHERE id = ?1 AND kind = 'person'"
        " UNION SELECT user FROM members WHERE organization = ?1 AND role = 'admin'"
        " UNION SELECT user FROM collaborators WHERE repo = ?2 AND role = 'admin'"
        " ORDER BY 1 LIMIT ?3",
        (repo.owner_id, repo.id, MAX_PARTS),
    )
    found = [int(row[0]) for row in rows]
    return sorted(found, key=lambda user: user != repo.owner_id)


def participants(db: sqlite3.Connection, discussion: int) -> list[int]:
    """The accounts of those who wrote in a discussion, or did something to it."""
    rows = db.execute(
        "SELECT author FROM discussions WHERE id = ?1 UNION"
        " SELECT author FROM discussion_entries WHERE discussion = ?1 ORDER BY 1 LIMIT ?2",
        (discussion, MAX_PARTS),
    )
    return [int(row[0]) for row in rows]


def settle(db: sqlite3.Connection, repo: Repo, path: str) -> None:
    """Has nobody wait any more for what was to be done at a page: it is as if all had read it."""
    db.execute(
        "UPDATE notices SET read = ?, mail = NULL WHERE repo = ? AND path = ? AND read IS NULL",
        (now(), repo.id, path),
    )


def is_muted(db: sqlite3.Connection, user: int, discussion: int) -> bool:
    """Whether an account is told nothing of a discussion."""
    row = db.execute(
        "SELECT 1 FROM muted WHERE user = ? AND discussion = ?", (user, discussion)
    ).fetchone()
    return row is not None


def mute(db: sqlite3.Connection, user: int, discussion: int, wanted: bool) -> None:
    """Has an account be told nothing of a discussion any more, or again what is said there."""
    if wanted:
        db.execute("INSERT OR IGNORE INTO muted VALUES (?, ?)", (user, discussion))
    else:
        db.execute("DELETE FROM muted WHERE user = ? AND discussion = ?", (user, discussion))


def _able(db: sqlite3.Connection, happening: Happening, to: Iterable[int]) -> list[int]:
    """Those of some accounts who are told, in their order."""
    asked = list(dict.fromkeys(to))
    rows = db.execute(
        "SELECT users.id FROM json_each(:asked) JOIN users ON users.id = json_each.value"
        " LEFT JOIN repos ON repos.id = :repo"
        " WHERE users.kind = 'person' AND users.removed IS NULL AND users.id IS NOT :actor"
        f" AND (:repo IS NULL OR {KNOWS}) AND NOT EXISTS (SELECT 1 FROM muted"
        " WHERE muted.user = users.id AND muted.discussion = :discussion)",
        {
            "asked": json.dumps(asked),
            "repo": happening.repo.id if happening.repo else None,
            "actor": happening.actor,
            "discussion": happening.discussion,
        },
    )
    able = {row[0] for row in rows}
    return [user for user in asked if user in able]


def _allowance(db: sqlite3.Connection, actor: int, wanted: int) -> int:
    """How many may be told by an account now, of those that it would tell; it is counted."""
    hour = now() // HOUR * HOUR
    row = db.execute(
        "SELECT count FROM tellings WHERE user = ? AND hour = ?", (actor, hour)
    ).fetchone()
    so_far = row[0] if row else 0
    allowed = max(0, min(wanted, MAX_TOLD_AN_HOUR - so_far))
    db.execute(
        "INSERT INTO tellings VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET hour = ?2, count = ?3",
        (actor, hour, so_far + allowed),
    )
    return allowed


def _add_to(db: sqlite3.Connection, user: int, happening: Happening) -> bool:
    """Adds to a notice that was not read; whether there is one.

    A letter of it is due again a day after the last one, and where it mentions somebody now.
    """
    cursor = db.execute(
        "UPDATE notices SET count = count + 1, what = :what, actor = :actor, date = :date,"
        " mail = CASE WHEN mailed IS NULL OR mailed <= :date - :day"
        " OR (kind <> 'mention' AND :kind = 'mention')"
        " THEN min(coalesce(mail, :due), :due) ELSE mail END,"
        " kind = CASE WHEN kind = 'mention' THEN kind ELSE :kind END"
        " WHERE user = :user AND path = :path AND coalesce(repo, 0) = :repo AND read IS NULL",
        {
            "what": happening.what,
            "actor": happening.actor,
            "date": now(),
            "day": DAY,
            "kind": happening.kind,
            "due": now() + WAITS.get(happening.kind, 0),
            "user": user,
            "path": happening.path,
            "repo": happening.repo.id if happening.repo else 0,
        },
    )
    return cursor.rowcount > 0


def _begin(db: sqlite3.Connection, user: int, happening: Happening) -> None:
    kind, what, path, repo, *about = happening
    db.execute(
        "INSERT INTO notices (user, kind, what, path, repo, actor, discussion, invitation, licence,"
        " collection, date, mail) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(user, kind, what, path, repo.id if repo else None, *about),
            *(now(), now() + WAITS.get(kind, 0)),
        ),
    )
    count = db.execute("SELECT count(*) FROM notices WHERE user = ?", (user,)).fetchone()[0]
    if count > MAX_KEPT:
        db.execute(
            "DELETE FROM notices WHERE id IN (SELECT id FROM notices WHERE user = ?"
            " ORDER BY read IS NULL, date, id LIMIT ?)",
            (user, count - MAX_KEPT),
        )

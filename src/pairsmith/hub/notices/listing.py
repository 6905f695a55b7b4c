"""The notices of an account: read, counted, marked as read.

What is about a private repository is there for those alone who may know of it when they look, and
what is for its admins for those who are admins by then.
"""

from __future__ import annotations

import sqlite3

from pairsmith.hub.auth.users import SHOWN
from pairsmith.hub.core.database import now
from pairsmith.hub.http.addresses import RepoName, page_of
from pairsmith.hub.notices.kinds import Kind
from pairsmith.hub.notices.words import FOR_ADMINS, Line
from pairsmith.hub.repos.repos import MAY_KNOW, MAY_SET_UP

MAX_COUNTED = 100  # unread notices that a page counts
SEEN = (
    " FROM notices LEFT JOIN repos ON repos.id = notices.repo AND repos.deleted IS NULL"
    " {more} WHERE notices.user = :user"
    f" AND (notices.repo IS NULL OR (repos.id IS NOT NULL AND {MAY_KNOW}"
    f" AND (notices.what NOT IN ({', '.join(map(repr, FOR_ADMINS))}) OR {MAY_SET_UP})))"
)
SELECT = (
    "SELECT notices.id, notices.kind, notices.what, notices.path, notices.count, notices.date,"
    f" notices.read, CASE WHEN notices.actor IS NULL THEN '' ELSE {SHOWN} END AS actor,"
    " repos.kind AS repo_kind, (SELECT name FROM users WHERE id = repos.owner) AS owner,"
    " repos.name, discussions.num, coalesce(discussions.title, '') AS title,"
    " coalesce(licences.dataset, '') AS licensed, coalesce(licences.number, '') AS licence,"
    " coalesce(date(licences.ends - 1, 'unixepoch'), '') AS last,"
    " coalesce((SELECT name FROM users WHERE id = invitations.organization),"
    " (SELECT users.name || '/' || there.name FROM repos AS there"
    " JOIN users ON users.id = there.owner WHERE there.id = invitations.repo), '') AS place,"
    " coalesce(invitations.role, '') AS role,"
    " coalesce((SELECT holders.name || '/' || held.name FROM collections AS held"
    " JOIN users AS holders ON holders.id = held.owner WHERE held.id = notices.collection), '')"
    " AS collection"
    + SEEN.format(
        more="LEFT JOIN users ON users.id = notices.actor"
        " LEFT JOIN discussions ON discussions.id = notices.discussion"
        " LEFT JOIN licences ON licences.number = notices.licence"
        " LEFT JOIN invitations ON invitations.id = notices.invitation"
    )
)
Place = tuple[int | None, str]
"""Where a notice is seen: a repository's id, None for none, and the path of a page behind its."""


def listed(db: sqlite3.Connection, user: int, limit: int, skip: int = 0) -> list[Line]:
    """The notices of an account: those that were not read first, then the newest first."""
    rows = db.execute(
        f"{SELECT} ORDER BY notices.read IS NOT NULL, notices.date DESC, notices.id DESC"
        " LIMIT :limit OFFSET :skip",
        {"user": user, "limit": limit, "skip": skip},
    )
    return [_line(row) for row in rows]


def numbered(db: sqlite3.Connection, user: int, number: int) -> Line | None:
    """The notice of that number, where it is one of an account's that it may see; or None."""
    row = db.execute(
        f"{SELECT} AND notices.id = :number", {"user": user, "number": number}
    ).fetchone()
    return _line(row) if row else None


def unread(db: sqlite3.Connection, user: int) -> list[Place]:
    """Where the notices are seen that an account has not read, `MAX_COUNTED` at most."""
    rows = db.execute(
        f"SELECT notices.repo, notices.path {SEEN.format(more='')} AND notices.read IS NULL"
        " LIMIT :limit",
        {"user": user, "limit": MAX_COUNTED},
    )
    return [(row[0], row[1]) for row in rows]


def see(db: sqlite3.Connection, user: int, place: Place) -> None:
    """Marks what is seen at a page as read."""
    _mark(db, user, "AND path = ? AND coalesce(repo, 0) = ?", place[1], place[0] or 0)


def mark(db: sqlite3.Connection, user: int, number: int) -> None:
    """Marks a notice as read; nothing happens where an account has none of that number."""
    _mark(db, user, "AND id = ?", number)


def mark_all(db: sqlite3.Connection, user: int) -> None:
    """Marks all notices of an account as read."""
    _mark(db, user, "")


def _mark(db: sqlite3.Connection, user: int, which: str, *values: object) -> None:
    db.execute(
        f"UPDATE notices SET read = ?, mail = NULL WHERE user = ? AND read IS NULL {which}",
        (now(), user, *values),
    )


def _line(row: sqlite3.Row) -> Line:
    repo, page = None, ""
    if row["name"] is not None:
        repo = RepoName(row["repo_kind"], row["owner"], row["name"])
        page = page_of(repo.kind, repo.full_name)
    return Line(
        id=row["id"],
        kind=Kind(row["kind"]),
        what=row["what"],
        path=page + row["path"],
        times=row["count"],
        date=row["date"],
        read=row["read"],
        actor=row["actor"],
        repo=repo,
        number=row["num"],
        title=row["title"],
        licensed=row["licensed"],
        licence=row["licence"],
        last=row["last"],
        place=row["place"],
        role=row["role"],
        collection=row["collection"],
    )

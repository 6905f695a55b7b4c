"""How a repository is used: downloads and reads by day, and what was read by whom.

Downloads are counted for every repository; reads are on record where there is a gate.
"""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from typing import NamedTuple

from pairsmith.hub.core.database import now
from pairsmith.hub.repos.downloads import DAY
from pairsmith.hub.repos.repos import Repo

SPANS = (30, 90, 365)  # days that can be asked for
MAX_EVENTS = 200_000  # of the record, the newest, that are looked at
MAX_SHOWN = 50  # paths, and as many users
READS = (
    " FROM (SELECT date, user, action, detail FROM events WHERE subject = ? ORDER BY id DESC"
    f" LIMIT {MAX_EVENTS}) WHERE date >= ? AND action IN ('read', 'viewed')"
)
PATH = "coalesce(detail ->> 'path', 'rows in the viewer')"


class Day(NamedTuple):
    """A day (UTC): its date, how often was downloaded and read, and by how many users."""

    date: str
    downloads: int
    reads: int
    readers: int


class Share(NamedTuple):
    """A path or a user: how often it was read, or they read, and when last."""

    name: str
    reads: int
    last: int


class Usage(NamedTuple):
    """How a repository was used.

    Attributes:
        days: Each day, the oldest first, today last.
        paths: What was read most.
        users: Who read most.
        cut: Whether the record is longer than what was looked at.
    """

    days: list[Day]
    paths: list[Share]
    users: list[Share]
    cut: bool


def of_repo(db: sqlite3.Connection, repo: Repo, span: int) -> Usage:
    """How a repository was used within the last days, today among them.

    Args:
        db: A transaction.
        repo: The repository.
        span: How many days, 365 at most.
    """
    today = now() // DAY
    first = today - min(span, max(SPANS)) + 1
    asked = (repo.id, first * DAY)
    loads = dict(
        db.execute(
            "SELECT day, count FROM downloads WHERE repo = ? AND day >= ?", (repo.id, first)
        ).fetchall()
    )
    read = {
        row[0]: row[1:]
        for row in db.execute(
            f"SELECT date / {DAY}, count(*), count(DISTINCT user){READS} GROUP BY 1", asked
        ).fetchall()
    }
    days = [
        Day(_date(day), loads.get(day, 0), *read.get(day, (0, 0)))
        for day in range(first, today + 1)
    ]
    return Usage(days, _shares(db, PATH, asked), _shares(db, "user", asked), _is_cut(db, repo))


def _shares(db: sqlite3.Connection, what: str, asked: tuple[int, int]) -> list[Share]:
    rows = db.execute(
        f"SELECT {what}, count(*), max(date){READS} GROUP BY 1 ORDER BY 2 DESC, 1"
        f" LIMIT {MAX_SHOWN}",
        asked,
    )
    return [Share(*row) for row in rows.fetchall()]


def _is_cut(db: sqlite3.Connection, repo: Repo) -> bool:
    row = db.execute(
        f"SELECT 1 FROM events WHERE subject = ? ORDER BY id DESC LIMIT 1 OFFSET {MAX_EVENTS}",
        (repo.id,),
    ).fetchone()
    return row is not None


def _date(day: int) -> str:
    return datetime.fromtimestamp(day * DAY, UTC).strftime("%Y-%m-%d")

"""How often a dataset is downloaded: once per address, repository and five minutes."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from pairsmith.hub.core.database import now
from pairsmith.hub.repos import card
from pairsmith.hub.repos.repos import Repo

if TYPE_CHECKING:
    from pairsmith.hub.context import Hub

DAY = 24 * 3600
MONTH = 30  # days
ONCE = RateLimitItemPerMinute(1, 5)
UNCOUNTED = frozenset({card.NAME, ".gitattributes"})
_recent = FixedWindowRateLimiter(MemoryStorage())


def last_month(db: sqlite3.Connection, repo: Repo) -> int:
    """Downloads within the last thirty days, today's among them."""
    row = db.execute(
        "SELECT coalesce(sum(count), 0) FROM downloads WHERE repo = ? AND day > ?",
        (repo.id, now() // DAY - MONTH),
    ).fetchone()
    return int(row[0])


def count(db: sqlite3.Connection, repo: Repo) -> None:
    """Counts a download, today; of a repository that was deleted meanwhile, none."""
    db.execute(
        "INSERT INTO downloads SELECT id, ?, 1 FROM repos WHERE id = ?"
        " ON CONFLICT DO UPDATE SET count = count + 1",
        (now() // DAY, repo.id),
    )


def count_read(hub: Hub, repo: Repo, address: str, path: str) -> None:
    """Counts a read of a file as a download, unless one from there was counted just before."""
    if path in UNCOUNTED or not _recent.hit(ONCE, str(hub.root), str(repo.id), address):
        return
    with hub.database.write() as db:
        count(db, repo)

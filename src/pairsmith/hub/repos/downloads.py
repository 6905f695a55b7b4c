"""How often a dataset is downloaded: once per address, repository and five minutes."""

from __future__ import annotations

import asyncio
import json
import logging
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

log = logging.getLogger("pairsmith.hub")

SOON = 5.0  # seconds for which counts are in memory, and are lost where the hub is killed
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


def count_read(hub: Hub, repo: Repo, address: str, path: str) -> None:
    """Counts a read of a file as a download, unless one from there was counted just before.

    It is in the database some seconds later: see `Counts`.
    """
    if path in UNCOUNTED or not _recent.hit(ONCE, str(hub.root), str(repo.id), address):
        return
    hub.counts.add(repo.id, now() // DAY)


def write_counts(hub: Hub) -> None:
    """Writes the downloads that were counted since; of a repository that was deleted, none."""
    counted = hub.counts.take()
    if not counted:
        return
    with hub.database.write() as db:
        db.execute(
            "INSERT INTO downloads SELECT repos.id, json_extract(value, '$[1]'),"
            " json_extract(value, '$[2]') FROM json_each(?) JOIN repos"
            " ON repos.id = json_extract(value, '$[0]') AND deleted IS NULL WHERE true"
            " ON CONFLICT DO UPDATE SET count = count + excluded.count",
            (json.dumps(counted),),
        )


async def write_counts_regularly(hub: Hub) -> None:
    """Writes the counts every few seconds for as long as the hub is served."""
    while True:
        await asyncio.sleep(SOON)
        try:
            await asyncio.to_thread(write_counts, hub)
        except sqlite3.Error:  # a full disk, say; a count is not worth more
            log.exception("Downloads were not counted.")

"""The rows of repositories that were deleted, taken away step by step, while others write."""

from __future__ import annotations

import sqlite3
import threading
from typing import TYPE_CHECKING

from pairsmith.hub.core.database import ROWS, now
from pairsmith.hub.repos import steps

if TYPE_CHECKING:
    from pairsmith.hub.context import Hub

_sweeping = threading.Lock()

DELETED = "SELECT id FROM repos WHERE deleted IS NOT NULL"
LINES = f"SELECT id FROM lines WHERE repo IN ({DELETED})"
DISCUSSIONS = f"SELECT id FROM discussions WHERE repo IN ({DELETED})"
ENTRIES = f"SELECT id FROM discussion_entries WHERE discussion IN ({DISCUSSIONS})"
SWEEPS = (
    f"DELETE FROM discussion_versions WHERE id IN (SELECT id FROM discussion_versions"
    f" WHERE entry IN ({ENTRIES}) LIMIT :rows)",
    f"DELETE FROM discussion_entries WHERE id IN ({ENTRIES} LIMIT :rows)",
    f"DELETE FROM attachments WHERE key IN (SELECT key FROM attachments"
    f" WHERE discussion IN ({DISCUSSIONS}) LIMIT :rows)",
    f"DELETE FROM discussions WHERE id IN ({DISCUSSIONS} LIMIT :rows)",
    f"DELETE FROM files WHERE (line, path, born) IN (SELECT line, path, born FROM files"
    f" WHERE line IN ({LINES}) LIMIT :rows)",
    f"DELETE FROM commits WHERE (repo, id) IN (SELECT repo, id FROM commits"
    f" WHERE repo IN ({DELETED}) LIMIT :rows)",
    f"DELETE FROM lines WHERE id IN ({LINES} LIMIT :rows)",
)
"""In this order: what refers to something goes before it. Each is run until nothing is left."""


def sweep(hub: Hub) -> None:
    """Takes away what is left of repositories that were deleted; one call at a time does it."""
    if not _sweeping.acquire(blocking=False):
        return
    try:
        hub.blobs.room.give_back()
        for statement in SWEEPS:
            steps.run(hub.database, _step(statement))
        steps.run(hub.database, _let_go)
        with hub.database.write(many=True) as db:  # not one that was deleted just now
            db.execute(
                "DELETE FROM repos WHERE deleted IS NOT NULL"
                " AND NOT EXISTS (SELECT 1 FROM lines WHERE repo = repos.id)"
                " AND NOT EXISTS (SELECT 1 FROM commits WHERE repo = repos.id)"
                " AND NOT EXISTS (SELECT 1 FROM holdings WHERE repo = repos.id)"
            )
    finally:
        _sweeping.release()


def _step(statement: str) -> steps.Step:
    def step(db: sqlite3.Connection) -> bool:
        return db.execute(statement, {"rows": ROWS}).rowcount == ROWS

    return step


def _let_go(db: sqlite3.Connection) -> bool:
    """Lets go of some contents, which are kept for a day from now."""
    held = f"SELECT blob FROM holdings WHERE repo IN ({DELETED}) ORDER BY repo, blob LIMIT :rows"
    values = {"rows": ROWS, "now": now()}
    db.execute(f"UPDATE blobs SET touched = :now WHERE sha256 IN ({held})", values)
    gone = db.execute(
        "DELETE FROM holdings WHERE (repo, blob) IN (SELECT repo, blob FROM holdings"
        f" WHERE repo IN ({DELETED}) ORDER BY repo, blob LIMIT :rows)",
        values,
    )
    return gone.rowcount == ROWS

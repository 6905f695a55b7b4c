"""When sessions and tokens were last used: written every few minutes, for all together."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pairsmith.hub.context import Hub

log = logging.getLogger("pairsmith.hub")

SOON = 240.0  # seconds for which it is in memory, and is lost where the hub is killed


def write_uses(hub: Hub) -> None:
    """Writes what was used since; of what is over by now, nothing."""
    if not (used := hub.seen.take()):
        return
    with hub.database.write() as db:
        for table in ("sessions", "tokens"):
            db.executemany(f"UPDATE {table} SET used = ? WHERE digest = ?", used)


async def write_uses_regularly(hub: Hub) -> None:
    """Writes it every few minutes for as long as the hub is served."""
    while True:
        await asyncio.sleep(SOON)
        try:
            await asyncio.to_thread(write_uses, hub)
        except sqlite3.Error:  # a full disk, say; it is not worth more
            log.exception("When sessions and tokens were used was not kept.")

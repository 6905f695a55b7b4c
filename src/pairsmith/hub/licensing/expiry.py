"""Licences that end soon: those who read by them are told before, once."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from typing import TYPE_CHECKING

from pairsmith.hub.core.database import now
from pairsmith.hub.licensing import licences
from pairsmith.hub.licensing.licences import Licence
from pairsmith.hub.mail.outbox import send_later

if TYPE_CHECKING:
    from pairsmith.hub.context import Hub

log = logging.getLogger("pairsmith.hub")

PAUSE = 3600.0  # seconds
MAX_AT_ONCE = 500  # licences of one transaction


def tell(hub: Hub) -> int:
    """Tells of licences that end soon, and returns of how many."""
    with hub.database.read() as db:
        if not licences.ending(db, 1):
            return 0
    with hub.database.write() as db:
        found = licences.ending(db, MAX_AT_ONCE)
        for licence in found:
            _tell(hub, db, licence)
    return len(found)


async def tell_regularly(hub: Hub) -> None:
    """Does so every hour for as long as the hub is served."""
    while True:
        try:
            await asyncio.to_thread(tell, hub)
        except sqlite3.Error:
            log.exception("Nobody was told of licences that end.")
        await asyncio.sleep(PAUSE)


def _tell(hub: Hub, db: sqlite3.Connection, licence: Licence) -> None:
    db.execute("UPDATE licences SET reminded = ? WHERE number = ?", (now(), licence.number))
    rows = db.execute("SELECT user FROM seats WHERE licence = ?", (licence.number,)).fetchall()
    for user in sorted({licence.user_id, *(row[0] for row in rows)}):
        mine = user == licence.user_id
        whose = (
            "Your licence" if mine else f"The licence of {licence.user} in which you have a seat"
        )
        lines = [
            f"{whose} {licence.number} of {licence.dataset} ends after {licence.last_day}"
            " (UTC). You do not read the data by it afterwards.",
            "",
            f"Your licences: {hub.url('/settings/licences')}",
        ]
        send_later(hub, db, user, f"A licence of {licence.dataset} ends soon", lines)

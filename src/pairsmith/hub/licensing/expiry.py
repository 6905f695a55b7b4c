"""Licences that end soon: those who read by them are told before, once."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from typing import TYPE_CHECKING

from pairsmith.hub.core.database import now
from pairsmith.hub.licensing import licences
from pairsmith.hub.licensing.licences import Licence
from pairsmith.hub.notices import telling
from pairsmith.hub.notices.kinds import Kind
from pairsmith.hub.notices.telling import Happening

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
            _tell(db, licence)
    return len(found)


async def tell_regularly(hub: Hub) -> None:
    """Does so every hour for as long as the hub is served."""
    while True:
        try:
            await asyncio.to_thread(tell, hub)
        except sqlite3.Error:
            log.exception("Nobody was told of licences that end.")
        await asyncio.sleep(PAUSE)


def _tell(db: sqlite3.Connection, licence: Licence) -> None:
    db.execute("UPDATE licences SET reminded = ? WHERE number = ?", (now(), licence.number))
    path = f"/settings/licences#ends-{licence.number}"
    ends = Happening(Kind.ANSWER, "licence-ends", path, licence=licence.number)
    telling.tell(db, licences.readers(db, licence), ends)

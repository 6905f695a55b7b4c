"""Notices by e-mail: put into the outbox once they are due, written when they are sent.

What a letter says is found out at the last moment: nothing of what its reader may not know of any
more, or has read meanwhile. There is nothing in it but a sentence, the title of a discussion and an
address: never what somebody wrote, and no answers to a form.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pairsmith.hub.core.database import now
from pairsmith.hub.mail import choices, outbox
from pairsmith.hub.mail.delivery import Writer
from pairsmith.hub.mail.letters import Letter
from pairsmith.hub.mail.outbox import LETTER_LIFE, TOLD, Waiting
from pairsmith.hub.notices import listing
from pairsmith.hub.notices.kinds import BY_MAIL, LABELS, Kind
from pairsmith.hub.notices.telling import DAY
from pairsmith.hub.notices.words import Line, sentence

if TYPE_CHECKING:
    from pairsmith.hub.context import Hub

log = logging.getLogger("pairsmith.hub")

SOON = 2.0  # seconds from one look for what is due to the next
BATCH = 100  # notices in one transaction
FULL_WAIT = 300  # seconds until one for which there is no room in the outbox is tried again
MAX_LETTERS_A_DAY = 50  # of notices, to one account


async def post_regularly(hub: Hub) -> None:
    """Puts what is due into the outbox, for as long as the hub is served."""
    while True:
        await asyncio.sleep(SOON)
        try:
            await asyncio.to_thread(post, hub)
        except Exception:  # a full disk, say: it is tried again, and the hub goes on
            log.exception("Notices were not mailed.")
            await asyncio.sleep(FULL_WAIT)


def post(hub: Hub) -> None:
    """Puts the notices that are due into the outbox."""
    query = "SELECT id, user, kind, date FROM notices WHERE mail <= ? ORDER BY mail LIMIT ?"
    with hub.database.read() as db:
        if not db.execute(query, (now(), 1)).fetchone():
            return
    with hub.database.write() as db:
        for number, user, kind, date in db.execute(query, (now(), BATCH)).fetchall():
            _post_one(hub, db, number, user, Kind(kind), date)


def _post_one(
    hub: Hub, db: sqlite3.Connection, number: int, user: int, kind: Kind, date: int
) -> None:
    again = None  # when it is tried again
    mailed = None
    if date > now() - LETTER_LIFE and wants(db, user, kind) and choices.address_of(db, user):
        if choices.letters(db, user, now() // DAY) >= MAX_LETTERS_A_DAY:
            log.info("Account %d has had %d letters today.", user, MAX_LETTERS_A_DAY)
        elif outbox.put(hub, db, TOLD, {"notice": number}, LETTER_LIFE, user):
            choices.count_letter(db, user, now() // DAY)
            mailed = now()
        else:
            again = now() + FULL_WAIT
    db.execute(
        "UPDATE notices SET mail = ?, mailed = coalesce(?, mailed) WHERE id = ?",
        (again, mailed, number),
    )


def wants(db: sqlite3.Connection, user: int, kind: Kind) -> bool:
    """Whether an account wants notices of a kind by e-mail."""
    return choices.wants(db, user, kind, kind in BY_MAIL)


def write_letter(hub: Hub, db: sqlite3.Connection, waiting: Waiting) -> Letter | None:
    """The letter of a notice; None where there is nothing to tell any more, or nobody to be told.

    Args:
        hub: The hub.
        db: A write transaction.
        waiting: What waits in the outbox.
    """
    number, user = waiting.content["notice"], waiting.user
    if user is None or not isinstance(number, int):
        return None
    address, line = choices.address_of(db, user), listing.numbered(db, user, number)
    if not address or line is None or line.read is not None or not wants(db, user, line.kind):
        return None
    link = choices.link(hub, db, user, line.kind)
    return Letter(address, sentence(line).rstrip("."), _text(hub, line, link), link)


def _text(hub: Hub, line: Line, link: str) -> list[str]:
    return [
        sentence(line),
        *([line.title] if line.title else []),
        "",
        hub.url(line.path),
        "",
        "Until you have read it there, no more comes of it for a day, unless you are mentioned.",
        f"No more by e-mail about {LABELS[line.kind]}: {link}",
    ]


WRITERS: Mapping[str, Writer] = {TOLD: write_letter}
"""What makes letters of what this puts into the outbox."""

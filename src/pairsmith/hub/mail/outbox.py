"""What waits to be sent: letters, and what is yet to be made into one, each for an account.

A letter is put here within the transaction that makes it true, and is sent later, at least once.
Whom it goes to is looked up when it is sent: a letter follows an address that was changed, and
goes nowhere once the account is suspended or removed.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from pairsmith.hub.core.database import now

if TYPE_CHECKING:
    from pairsmith.hub.context import Hub

MAX_WAITING = 10_000  # notices in all, and as many other letters
MAX_OF_USER = 50  # notices for one account, and as many other letters
MAX_ASKED = 1_000  # letters of which it has to be found out whether anybody gets them
MAX_TRIES = 6
PAUSES = (60, 300, 1800, 2 * 3600, 8 * 3600)  # seconds from one try to the next
LETTER_LIFE = 3 * 24 * 3600  # seconds
KEPT = 30 * 24 * 3600  # seconds that one which was given up is on record
MAX_FAULT_CHARS = 200
LETTER, NOTICE, TOLD = "letter", "notice", "told"
NOTICES = (NOTICE, TOLD)  # what goes to those who want it, after all else
IS_NOTICE = "(kind IN ('notice', 'told'))"
SELECT = "SELECT id, user, kind, content, made, tries FROM outbox"


class Waiting(NamedTuple):
    """Something that waits.

    Attributes:
        id: Its number.
        user: For which account; None where that has to be found out.
        kind: What makes a text of it.
        content: What that needs.
        made: When it was put here.
        tries: How often it was tried.
    """

    id: int
    user: int | None
    kind: str
    content: dict[str, object]
    made: int
    tries: int


def send_later(
    hub: Hub,
    db: sqlite3.Connection,
    user: int,
    subject: str,
    lines: Sequence[str],
    notice: bool = True,
) -> bool:
    """Puts a letter to an account into the outbox; nothing of a gated repository may be in it.

    A notice goes to addresses that were confirmed alone, and to nobody who wants none.

    Args:
        hub: The hub.
        db: A write transaction.
        user: The account's id.
        subject: The subject; it becomes one line.
        lines: The text, line by line, without formatting.
        notice: Whether it is one of many that may be stopped, and says how; not so what is about
            the account's own safety.

    Returns:
        Whether it waits now: False where the hub has no mail server, or too many wait already.
    """
    content = {"subject": subject, "lines": list(lines)}
    return put(hub, db, NOTICE if notice else LETTER, content, LETTER_LIFE, user)


def put(
    hub: Hub,
    db: sqlite3.Connection,
    kind: str,
    content: Mapping[str, object],
    life: int,
    user: int | None = None,
) -> bool:
    """Puts something into the outbox of which a letter is made when it is sent.

    Args:
        hub: The hub.
        db: A write transaction.
        kind: What makes a letter of it: one of the writers that `delivery.Postman` has.
        content: What that needs; values that JSON has.
        life: Seconds after which it is of no use.
        user: The account's id; None where it has to be found out whose it is.

    Returns:
        Whether it waits now; see `send_later`.
    """
    if hub.settings.mail is None or _full(db, kind in NOTICES, user):
        return False
    db.execute(
        "INSERT INTO outbox (user, kind, content, made, until, due) VALUES (?, ?, ?, ?, ?, ?)",
        (user, kind, json.dumps(content, ensure_ascii=False), now(), now() + life, now()),
    )
    return True


def due(db: sqlite3.Connection, limit: int) -> list[Waiting]:
    """What is to be tried now: what somebody waits for before notices, then the oldest first."""
    rows = db.execute(
        f"{SELECT} WHERE failed IS NULL AND due <= ? AND until > ?"
        f" ORDER BY {IS_NOTICE}, due, id LIMIT ?",
        (now(), now(), limit),
    ).fetchall()
    return [Waiting(**{**row, "content": json.loads(row["content"])}) for row in map(dict, rows)]


def begin(db: sqlite3.Connection, letter: Waiting) -> bool:
    """Counts a try, before it is made: a process that dies of it does not try for ever.

    Returns:
        Whether the try is to be made: not where somebody else has begun it meanwhile.
    """
    pause = PAUSES[min(letter.tries, len(PAUSES) - 1)]
    cursor = db.execute(
        "UPDATE outbox SET tries = tries + 1, due = ?1 WHERE id = ?2 AND tries = ?3"
        " AND failed IS NULL",
        (now() + pause, letter.id, letter.tries),
    )
    return cursor.rowcount > 0


def put_back(db: sqlite3.Connection, letter: Waiting, pause: int) -> None:
    """Takes back a try that did not come to anything, for there was no mail server to be had."""
    db.execute(
        "UPDATE outbox SET tries = ?, due = ? WHERE id = ?",
        (letter.tries, now() + pause, letter.id),
    )


def take_out(db: sqlite3.Connection, letter: Waiting) -> None:
    """Takes out what was sent, or has nobody to be sent to."""
    db.execute("DELETE FROM outbox WHERE id = ?", (letter.id,))


def fail(db: sqlite3.Connection, letter: Waiting, fault: str, for_good: bool) -> bool:
    """Keeps what the mail server said to a letter; whether it was given up, which is on record."""
    fault = "".join(c for c in " ".join(fault.split()) if c.isprintable())[:MAX_FAULT_CHARS]
    given_up = for_good or letter.tries + 1 >= MAX_TRIES
    if given_up:
        db.execute(
            "UPDATE outbox SET failed = ?, fault = ?, content = '{}' WHERE id = ?",
            (now(), fault, letter.id),
        )
    else:
        db.execute("UPDATE outbox SET fault = ? WHERE id = ?", (fault, letter.id))
    return given_up


def last_failure(db: sqlite3.Connection, user: int) -> tuple[int, str] | None:
    """When a letter to an account was last given up, and what the mail server said to it."""
    row = db.execute(
        "SELECT failed, fault FROM outbox WHERE user = ? AND failed NOT NULL"
        " ORDER BY failed DESC, id DESC LIMIT 1",
        (user,),
    ).fetchone()
    return (row[0], row[1]) if row else None


def tidy(db: sqlite3.Connection) -> None:
    """Takes out what came too late, and what was given up long ago."""
    db.execute(
        "DELETE FROM outbox WHERE (failed IS NULL AND until <= ?) OR failed <= ?",
        (now(), now() - KEPT),
    )


def _full(db: sqlite3.Connection, notices: bool, user: int | None) -> bool:
    """Whether too much waits; notices apart from the rest, which they cannot keep out."""
    waiting = f"SELECT count(*) FROM outbox WHERE failed IS NULL AND {IS_NOTICE} = ?"
    if db.execute(waiting, (notices,)).fetchone()[0] >= MAX_WAITING:
        return True
    mine = db.execute(f"{waiting} AND user IS ?", (notices, user)).fetchone()[0]
    return bool(mine >= (MAX_ASKED if user is None else MAX_OF_USER))

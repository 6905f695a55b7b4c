"""The second step of signing in: a code, from who has shown their password, or followed a link.

Between the two steps the browser holds a ticket: signed by the hub, good for some minutes, and void
once the password is another. It opens nothing by itself.
"""

from __future__ import annotations

import hashlib
import sqlite3
from typing import TYPE_CHECKING, NamedTuple

from itsdangerous import BadSignature, URLSafeTimedSerializer

from pairsmith.hub.auth import browsers, second_factor, sessions, users
from pairsmith.hub.auth.users import ACTIVE, COLUMNS, User
from pairsmith.hub.http.errors import HubError

if TYPE_CHECKING:
    from pairsmith.hub.auth.sign_in import Attempt
    from pairsmith.hub.context import Hub

COOKIE = "pairsmith_step"
TICKET_LIFE = 300  # seconds
MAX_TICKET_CHARS = 500
WRONG_CODE = "That is not a code of now, or it was used already. Wait for the next one."
TOO_OLD = "That took too long. Sign in again."


class Entry(NamedTuple):
    """What a browser is given that was let in: a session's secret, and the cookie of `browsers`."""

    session: str
    browser: str


class CodeDue(NamedTuple):
    """What a browser is given that owes a code: the ticket that it comes back with."""

    ticket: str


def let_in(
    attempt: Attempt, db: sqlite3.Connection, user: User, password: str, browser: str
) -> Entry | CodeDue:
    """Begins a session, or asks for a code first where the account has a second factor.

    Args:
        attempt: Who comes from where.
        db: A write transaction.
        user: The account, which has been shown to be theirs.
        password: The stored hash of its password.
        browser: The browser's name, where it signed in to the account before.
    """
    if second_factor.state(db, user) is not None:
        held = [user.id, _print(password), browser]
        return CodeDue(_signer(attempt.hub).dumps(held))
    session = sessions.begin(db, user, attempt.agent)
    return Entry(session, browsers.cookie_of(browser, password))


def enter(attempt: Attempt, ticket: str, code: str) -> Entry:
    """Begins a session of one who holds a ticket, by a code.

    Raises:
        HubError: 401 where the ticket is too old, or the code is wrong; 429 after too many codes,
            those of a browser that signed in before apart from others'.
    """
    if len(ticket) > MAX_TICKET_CHARS:
        raise HubError(401, TOO_OLD)
    try:
        number, printed, browser = _signer(attempt.hub).loads(ticket, max_age=TICKET_LIFE)
    except (BadSignature, ValueError) as error:
        raise HubError(401, TOO_OLD) from error
    who = f"{number} {browser}"
    attempt.limits.count("codes", who)
    with attempt.hub.database.write() as db:
        row = db.execute(
            f"SELECT {COLUMNS}, password FROM users WHERE id = ? AND {ACTIVE}", (number,)
        ).fetchone()
        if row is None or row["password"] is None or _print(row["password"]) != printed:
            raise HubError(401, TOO_OLD)
        user = users.User(*row[:4])
        if not second_factor.take(db, user, code):
            raise HubError(401, WRONG_CODE)
        session = sessions.begin(db, user, attempt.agent)
    attempt.limits.take_back("codes", who)
    return Entry(session, browsers.cookie_of(browser, row["password"]))


def _print(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()[:32]


def _signer(hub: Hub) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(hub.settings.key, salt="second step")

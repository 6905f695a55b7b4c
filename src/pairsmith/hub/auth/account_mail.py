"""What an account is told by mail about its own safety, and the link that confirms its address."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from pairsmith.hub.auth.links import CONFIRM_LIFE
from pairsmith.hub.auth.users import User
from pairsmith.hub.mail import outbox
from pairsmith.hub.mail.outbox import LETTER, LETTER_LIFE

if TYPE_CHECKING:
    from pairsmith.hub.context import Hub

LINK = "link"
"""What waits in the outbox for a link, which is made when it is sent (`by_mail.write_link`)."""


def ask_confirmation(hub: Hub, db: sqlite3.Connection, user: User) -> bool:
    """Has a link sent by which an account's address is confirmed; whether one will be."""
    content = {"email": user.email, "purpose": "confirm", "browser": ""}
    return bool(user.email) and outbox.put(hub, db, LINK, content, CONFIRM_LIFE, user.id)


def tell(hub: Hub, db: sqlite3.Connection, user: User, what: str, to: str = "") -> None:
    """Tells an account of something about its safety, by mail.

    Args:
        hub: The hub.
        db: A write transaction.
        user: The account.
        what: What happened, in a few words.
        to: Another address than that of the account; '' for its own.
    """
    lines = [
        f"{what}: {user.name} at {hub.settings.public_url}.",
        "If that was not you, set another password and look at Security, or write to whoever runs"
        " that hub.",
    ]
    content: dict[str, object] = {"subject": what, "lines": lines, "to": to}
    outbox.put(hub, db, LETTER, content, LETTER_LIFE, user.id)

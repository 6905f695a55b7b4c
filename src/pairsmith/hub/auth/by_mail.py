"""Signing in, another password and a confirmed address, by a link that is sent by e-mail.

Who asks is answered alike whether there is an account of that address or not: all that is done
meanwhile is to put the question into the outbox. Whose address it is, is found out in the
background, where nobody can measure it; and the link is made there, when it is sent, so that its
secret lies nowhere. Links to sign in or to set another password go to confirmed addresses alone:
one that was mistyped is a stranger's.

A link to sign in is good in the browser that asked alone: nobody can be signed in to another's
account by following a link, and one that is read on its way is of no use to its reader. One for
another password is good in any browser, for people read mail where they do not work; it signs
nobody in, so that a second factor is asked for afterwards.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from pairsmith.hub.auth import browsers, links, passwords, users
from pairsmith.hub.auth.account_mail import LINK, tell
from pairsmith.hub.auth.code_step import let_in
from pairsmith.hub.auth.links import Link, life_of
from pairsmith.hub.auth.sign_in import Attempt, check_new
from pairsmith.hub.auth.users import ACTIVE, User
from pairsmith.hub.core.database import now
from pairsmith.hub.http.errors import HubError, bad_request
from pairsmith.hub.mail import outbox
from pairsmith.hub.mail.letters import Letter
from pairsmith.hub.mail.outbox import Waiting

if TYPE_CHECKING:
    from pairsmith.hub.auth.code_step import CodeDue, Entry
    from pairsmith.hub.context import Hub

ASKED = "asked"
MAX_ACCOUNTS = 3  # of one address that are sent a link each
VOID = "This link is good no longer: it was used, or it is too old. Ask for another one."
NO_MAIL = "This hub sends no mail."
OTHER_BROWSER = "This link is good in the browser alone in which you asked for it."
WORDS = {
    "sign-in": ("Sign in to {hub}", "With this link you sign in as {name}:"),
    "reset": ("Another password at {hub}", "With this link you give {name} another password:"),
    "confirm": ("Confirm your address at {hub}", "With this link you confirm that {name} is you:"),
}
PURPOSES = ("sign-in", "reset")


def ask(attempt: Attempt, email: str, purpose: str, browser: str) -> None:
    """Has a link sent to whoever has that address, if anybody has.

    Args:
        attempt: From where it is asked.
        email: The address, as it was typed.
        purpose: One of `PURPOSES`.
        browser: The digest of the browser, in hex.

    Raises:
        HubError: 400 for what is no address; 429 where too many were asked for, from there or for
            that address, whether it is anybody's or not; 503 where the hub sends no mail.
    """
    users.check_email(email)
    if purpose not in PURPOSES:
        raise bad_request("Choose what the link is for.")
    if attempt.hub.settings.mail is None:
        raise HubError(503, NO_MAIL)
    attempt.limits.count("mail_from_address", attempt.address)
    attempt.limits.count("mail_to_address", email.lower())
    content = {"email": email, "purpose": purpose, "browser": browser}
    with attempt.hub.database.write() as db:
        outbox.put(attempt.hub, db, ASKED, content, life_of(purpose))


def find_out(hub: Hub, db: sqlite3.Connection, waiting: Waiting) -> Letter | None:
    """Puts a link into the outbox for each account of an address that was asked about."""
    content = waiting.content
    rows = db.execute(
        f"SELECT id FROM users WHERE email != '' AND lower(email) = lower(?) AND {ACTIVE}"
        " AND confirmed NOT NULL AND password NOT NULL AND kind = 'person'"
        " ORDER BY id LIMIT ?",
        (content["email"], MAX_ACCOUNTS),
    ).fetchall()
    life = waiting.made + life_of(str(content["purpose"])) - now()
    for row in rows:
        outbox.put(hub, db, LINK, content, life, row["id"])
    return None


def write_link(hub: Hub, db: sqlite3.Connection, waiting: Waiting) -> Letter | None:
    """The letter with a link, which is made here; None where the address is another by now."""
    email, purpose, browser = (
        str(waiting.content[name]) for name in ("email", "purpose", "browser")
    )
    row = db.execute(
        f"SELECT name, email FROM users WHERE id = ? AND lower(email) = lower(?) AND {ACTIVE}",
        (waiting.user, email),
    ).fetchone()
    life = waiting.made + life_of(purpose) - now()
    if row is None or waiting.user is None or life <= 0:
        return None
    bound = browser if purpose == "sign-in" else ""
    secret = links.make(db, waiting.user, purpose, row["email"], life, bound)
    subject, first = (
        text.format(hub=hub.settings.public_url, name=row["name"]) for text in WORDS[purpose]
    )
    until = "three days" if purpose == "confirm" else "15 minutes"
    where = "" if purpose != "sign-in" else ", in the browser in which you asked for it"
    lines = [
        *(first, "", hub.url(f"/login/link/{secret}"), ""),
        f"It is good once, within {until} of being asked for{where}.",
        "If you did not ask for it, nothing happens as long as you leave it alone.",
    ]
    return Letter(row["email"], subject, lines)


def sign_in_by(attempt: Attempt, secret: str, browser: str) -> Entry | CodeDue:
    """Begins a session by a link, or asks for the code of a second factor first.

    Raises:
        HubError: 410 for a link that is good no longer; 403 for one of another browser.
    """
    with attempt.hub.database.write() as db:
        found = links.look(db, secret)
        if found is not None and found.browser != browser:
            raise HubError(403, OTHER_BROWSER)
        found = _taken(links.take(db, secret, "sign-in"))
        known = users.credentials(db, found.user.name)
        if known is None or known.password is None:
            raise HubError(410, VOID)
        name = browsers.name_of(attempt.browser, known)
        return let_in(attempt, db, found.user, known.password, name)


def reset(attempt: Attempt, secret: str, password: str, again: str) -> User:
    """Gives an account another password, and ends its sessions; nobody is signed in.

    Raises:
        HubError: 400 for a password that cannot be; 410 for a link that is good no longer.
    """
    check_new(password, again)
    with attempt.hub.database.read() as db:
        _taken(links.look(db, secret))  # nothing is hashed for who has none
    hashed = passwords.hash_password(password, known=True)
    with attempt.hub.database.write() as db:
        found = _taken(links.take(db, secret, "reset"))
        users.set_password(db, found.user, hashed)
        tell(attempt.hub, db, found.user, "Your password was changed")
    return found.user


def confirm(hub: Hub, secret: str) -> User:
    """Keeps that an account's address was shown to be theirs.

    Raises:
        HubError: 410 for a link that is good no longer.
    """
    with hub.database.write() as db:
        found = _taken(links.take(db, secret, "confirm"))
        db.execute("UPDATE users SET confirmed = ? WHERE id = ?", (now(), found.user.id))
    return found.user


def _taken(found: Link | None) -> Link:
    if found is None:
        raise HubError(410, VOID)
    return found


WRITERS = {ASKED: find_out, LINK: write_link}
"""What makes letters of what this puts into the outbox."""

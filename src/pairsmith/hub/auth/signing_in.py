"""Signing in, joining, and changing a password: what becomes of a password that was given.

Whether there is an account of a name, neither the words nor the work nor the limits tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pairsmith.hub.auth import passwords, sessions, users
from pairsmith.hub.auth.users import Credentials, User
from pairsmith.hub.http.errors import HubError, bad_request

if TYPE_CHECKING:
    import sqlite3

    from pairsmith.hub.auth.limits import Limits
    from pairsmith.hub.context import Hub

WRONG = "There is no account of that name with that password."
WRONG_OLD = "That is not your present password."


class Visit(NamedTuple):
    """Where a request came from, and what it came to."""

    hub: Hub
    limits: Limits
    address: str


class Wish(NamedTuple):
    """An account that somebody would like to have."""

    name: str
    fullname: str
    email: str


def sign_in(visit: Visit, name: str, password: str) -> str:
    """Begins a session and returns its secret.

    Raises:
        HubError: 401 where the name or the password is wrong; 429 after too many of those.
    """
    found = _proved(visit, name, password, WRONG)
    fresh = found.password
    if fresh is not None and passwords.outdated(fresh):
        fresh = passwords.hash_password(password)
    with visit.hub.database.write() as db:
        _still(db, found, WRONG)
        if fresh != found.password:
            users.keep_hash(db, found.user, fresh)
        return sessions.begin(db, found.user)


def join(visit: Visit, wish: Wish, password: str, again: str) -> str:
    """Makes an account, begins a session of it and returns its secret.

    Raises:
        HubError: 400 for what cannot be; 409 for a name that is taken; 429 for too many accounts.
    """
    users.check_name(wish.name)
    users.check_fullname(wish.fullname)
    users.check_email(wish.email)
    _check_new(password, again)
    with visit.hub.database.read() as db:
        if users.named(db, wish.name):
            raise HubError(409, f"The name {wish.name!r} is taken.")
    visit.limits.join(visit.address)
    kept = passwords.hash_password(password)
    with visit.hub.database.write() as db:
        return sessions.begin(db, users.add(db, *wish, kept))


def change_password(visit: Visit, user: User, old: str, new: str, again: str) -> str:
    """Changes a password, ends the account's sessions and begins one; returns its secret.

    Raises:
        HubError: 400 for one that cannot be; 401 where the old one is wrong; 429 after too many
            of those.
    """
    _check_new(new, again)
    found = _proved(visit, user.name, old, WRONG_OLD)
    kept = passwords.hash_password(new)
    with visit.hub.database.write() as db:
        _still(db, found, WRONG_OLD)
        users.set_password(db, user, kept)
        return sessions.begin(db, user)


def _check_new(password: str, again: str) -> None:
    passwords.check_new(password)
    if password != again:
        raise bad_request("The two passwords are not the same.")


def _proved(visit: Visit, name: str, password: str, wrong: str) -> Credentials:
    visit.limits.try_account(visit.address, name)
    with visit.hub.database.read() as db:
        found = users.credentials(db, name)
    # verified before it is asked whether there was anything to verify
    right = passwords.verify(found.password if found else None, password)
    if found is None or not right:
        raise HubError(401, wrong)
    visit.limits.forgive(visit.address, name)
    return found


def _still(db: sqlite3.Connection, found: Credentials, wrong: str) -> None:
    """Makes sure that the password was not changed while it was verified."""
    now = users.credentials(db, found.user.name)
    if now is None or now.password != found.password:
        raise HubError(401, wrong)

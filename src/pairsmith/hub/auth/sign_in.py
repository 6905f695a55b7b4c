"""Signing in, joining, and changing a password: each with a password that was typed.

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


class Attempt(NamedTuple):
    """An attempt to sign in or to join: at which hub, under which limits, from where."""

    hub: Hub
    limits: Limits
    address: str


class Registration(NamedTuple):
    """What a new account is to be called."""

    name: str
    fullname: str
    email: str


def sign_in(attempt: Attempt, name: str, password: str) -> str:
    """Begins a session and returns its secret.

    Raises:
        HubError: 401 where the name or the password is wrong; 429 after too many of those.
    """
    known = _verified_credentials(attempt, name, password, WRONG)
    fresh = known.password
    if fresh is not None and passwords.outdated(fresh):
        fresh = passwords.hash_password(password)
    with attempt.hub.database.write() as db:
        _check_unchanged(db, known, WRONG)
        if fresh != known.password:
            users.keep_hash(db, known.user, fresh)
        return sessions.begin(db, known.user)


def join(attempt: Attempt, registration: Registration, password: str, again: str) -> str:
    """Makes an account, begins a session of it and returns its secret.

    Raises:
        HubError: 400 for what cannot be; 409 for a name that is taken; 429 for too many accounts.
    """
    users.check_name(registration.name)
    users.check_fullname(registration.fullname)
    users.check_email(registration.email)
    _check_new(password, again)
    with attempt.hub.database.read() as db:
        if users.named(db, registration.name):
            raise HubError(409, f"The name {registration.name!r} is taken.")
    attempt.limits.join(attempt.address)
    hashed = passwords.hash_password(password)
    with attempt.hub.database.write() as db:
        return sessions.begin(db, users.add(db, *registration, hashed))


def change_password(attempt: Attempt, user: User, old: str, new: str, again: str) -> str:
    """Changes a password, ends the account's sessions and begins one; returns its secret.

    Raises:
        HubError: 400 for one that cannot be; 401 where the old one is wrong; 429 after too many
            of those.
    """
    _check_new(new, again)
    known = _verified_credentials(attempt, user.name, old, WRONG_OLD)
    hashed = passwords.hash_password(new)
    with attempt.hub.database.write() as db:
        _check_unchanged(db, known, WRONG_OLD)
        users.set_password(db, user, hashed)
        return sessions.begin(db, user)


def _check_new(password: str, again: str) -> None:
    passwords.check_new(password)
    if password != again:
        raise bad_request("The two passwords are not the same.")


def _verified_credentials(attempt: Attempt, name: str, password: str, wrong: str) -> Credentials:
    attempt.limits.try_account(attempt.address, name)
    with attempt.hub.database.read() as db:
        known = users.credentials(db, name)
    # verified before it is asked whether there was anything to verify
    right = passwords.verify(known.password if known else None, password)
    if known is None or not right:
        raise HubError(401, wrong)
    attempt.limits.forgive(attempt.address, name)
    return known


def _check_unchanged(db: sqlite3.Connection, known: Credentials, wrong: str) -> None:
    """Checks that the password was not changed while it was verified."""
    now = users.credentials(db, known.user.name)
    if now is None or now.password != known.password:
        raise HubError(401, wrong)

"""Signing in, joining, and changing a password: each with a password that was typed.

Whether there is an account of a name, neither the words nor the work nor the limits tell: none of
these depends on it but for a browser that signed in to the account before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pairsmith.hub.auth import browsers, passwords, sessions, users
from pairsmith.hub.auth.account_mail import ask_confirmation, tell
from pairsmith.hub.auth.code_step import CodeDue, Entry, let_in
from pairsmith.hub.auth.users import Credentials, User
from pairsmith.hub.http.errors import HubError, bad_request

if TYPE_CHECKING:
    import sqlite3

    from pairsmith.hub.auth.limits import Limits
    from pairsmith.hub.context import Hub

WRONG = "There is no account of that name with that password."
SUSPENDED = "This account is suspended. Ask whoever runs this hub."
WRONG_OLD = "That is not your present password."


class Attempt(NamedTuple):
    """An attempt to sign in or to join.

    Attributes:
        hub: At which hub.
        limits: Under which limits.
        address: From where.
        browser: What the browser holds from signing in before; '' for nothing.
        agent: What it calls itself.
    """

    hub: Hub
    limits: Limits
    address: str
    browser: str = ""
    agent: str = ""


class Registration(NamedTuple):
    """What a new account is to be called."""

    name: str
    fullname: str
    email: str


class _Kept(NamedTuple):
    """An account and the hash of its password, which was right."""

    user: User
    password: str


def sign_in(attempt: Attempt, name: str, password: str) -> Entry | CodeDue:
    """Begins a session, or asks for the code of a second factor first.

    Raises:
        HubError: 401 where the name or the password is wrong; 429 after too many of those.
    """
    with attempt.hub.database.read() as db:
        known = users.credentials(db, name)
    browser = browsers.name_of(attempt.browser, known)
    attempt.limits.try_account(attempt.address, name, browser)
    try:
        kept = _verified(known, password, WRONG, bool(browser))
    except HubError as error:
        if error.status == 503:  # it was not looked at
            attempt.limits.forgive(attempt.address, name, browser)
        raise
    _check_active(known)
    attempt.limits.count("sign_ins", str(kept.user.id))  # before it is taken back
    attempt.limits.forgive(attempt.address, name, browser)
    return _entered(attempt, kept, password, browser)


def _entered(attempt: Attempt, kept: _Kept, password: str, browser: str) -> Entry | CodeDue:
    """Begins a session of one whose password was right."""
    fresh = kept.password
    if passwords.outdated(fresh):
        fresh = passwords.hash_password(password, bool(browser))
    with attempt.hub.database.write() as db:
        _check_unchanged(db, kept, WRONG)
        if fresh != kept.password:
            users.keep_hash(db, kept.user, fresh)
        return let_in(attempt, db, kept.user, fresh, browser)


def join(attempt: Attempt, registration: Registration, password: str, again: str) -> Entry:
    """Makes an account and begins a session of it.

    Raises:
        HubError: 400 for what cannot be; 409 for a name that is taken; 429 for too many accounts.
    """
    users.check_name(registration.name)
    users.check_fullname(registration.fullname)
    users.check_email(registration.email)
    check_new(password, again)
    with attempt.hub.database.read() as db:
        if users.taken(db, registration.name):
            raise HubError(409, f"The name {registration.name!r} is taken.")
    attempt.limits.count("joins", attempt.address)
    hashed = passwords.hash_password(password)
    with attempt.hub.database.write() as db:
        user = users.add(db, *registration, hashed)
        ask_confirmation(attempt.hub, db, user)
        session = sessions.begin(db, user, attempt.agent)
    return Entry(session, browsers.cookie_of("", hashed))


def change_password(attempt: Attempt, user: User, old: str, new: str, again: str) -> Entry:
    """Changes a password, ends the account's sessions and begins one.

    Raises:
        HubError: 400 for one that cannot be; 401 where the old one is wrong; 429 after too many
            tries, of which others' tries to sign in are none.
    """
    check_new(new, again)
    known, kept = _present(attempt, user, old)
    hashed = passwords.hash_password(new, known=True)
    with attempt.hub.database.write() as db:
        _check_unchanged(db, kept, WRONG_OLD)
        users.set_password(db, user, hashed)
        tell(attempt.hub, db, user, "Your password was changed")
        session = sessions.begin(db, user, attempt.agent)
    name = browsers.name_of(attempt.browser, known)
    return Entry(session, browsers.cookie_of(name, hashed))


def change_profile(attempt: Attempt, user: User, fullname: str, email: str, password: str) -> User:
    """Changes what others are told of an account; another e-mail address takes the password.

    With it, somebody could get another password later; so a session alone does not do. It counts
    as not confirmed, a link to confirm it is sent there, and the one before is told.

    Raises:
        HubError: 400 for what cannot be; 401 where the password is wrong; 429 after too many tries.
    """
    users.check_fullname(fullname)
    users.check_email(email)
    changed = email.lower() != user.email.lower()
    if changed:
        confirm_password(attempt, user, password)
        if attempt.hub.settings.mail:
            attempt.limits.count("mail_from_address", f"account {user.id}")
            attempt.limits.count("mail_to_address", email.lower())
    with attempt.hub.database.write() as db:
        if changed and users.confirmed(db, user):
            tell(attempt.hub, db, user, "Your e-mail address was changed", to=user.email)
        made = users.set_profile(db, user, fullname, email)
        if changed:
            ask_confirmation(attempt.hub, db, made)
    return made


def confirm_password(attempt: Attempt, user: User, password: str) -> None:
    """Checks that who is in a session knows the account's password.

    Raises:
        HubError: 401 where it is wrong; 429 after too many tries.
    """
    _present(attempt, user, password)


def _present(attempt: Attempt, user: User, password: str) -> tuple[Credentials | None, _Kept]:
    attempt.limits.count("in_session", str(user.id))
    with attempt.hub.database.read() as db:
        known = users.credentials(db, user.name)
    return known, _verified(known, password, WRONG_OLD, in_line=True)


def check_new(password: str, again: str) -> None:
    """Checks that a password may be chosen, and was typed twice.

    Raises:
        HubError: 400, where not.
    """
    passwords.check_new(password)
    if password != again:
        raise bad_request("The two passwords are not the same.")


def _verified(known: Credentials | None, password: str, wrong: str, in_line: bool) -> _Kept:
    """An account whose password was typed; `in_line` says whether by one who was here before."""
    kept = known.password if known else None
    # verified before it is asked whether there was anything to verify
    right = passwords.verify(kept, password, in_line)
    if known is None or kept is None or not right:
        raise HubError(401, wrong)
    return _Kept(known.user, kept)


def _check_active(known: Credentials | None) -> None:
    """Checks that an account is not shut out, which only who knows its password is told."""
    if known is not None and known.suspended:
        raise HubError(403, SUSPENDED)


def _check_unchanged(db: sqlite3.Connection, kept: _Kept, wrong: str) -> None:
    """Checks that the password was not changed while it was verified."""
    now = users.credentials(db, kept.user.name)
    if now is None or now.password != kept.password:
        raise HubError(401, wrong)

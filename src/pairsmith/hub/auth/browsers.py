"""Browsers that somebody signed in with before, which a stranger's wrong passwords do not shut out.

Such a browser holds a cookie that outlives its session: a random name, signed under the stored hash
of the account's password. So it counts for this account alone, needs no key and no table, and is
void once the password is another. It signs nobody in; all that it gives is a budget of its own
(`limits`) and a line of its own (`passwords`).
"""

from __future__ import annotations

import secrets

from itsdangerous import BadSignature, Signer

from pairsmith.hub.auth.users import Credentials

COOKIE = "pairsmith_browser"
LIFE = 400 * 24 * 3600  # seconds; browsers keep no cookie for longer
MAX_COOKIE_CHARS = 200


def name_of(cookie: str, known: Credentials | None) -> str:
    """The name of a browser that signed in to this account before; '' for any other."""
    if known is None or known.password is None or not 0 < len(cookie) <= MAX_COOKIE_CHARS:
        return ""
    try:
        return _signer(known.password).unsign(cookie).decode()
    except (BadSignature, UnicodeError):
        return ""


def cookie_of(name: str, password: str) -> str:
    """What a browser is to hold that has signed in.

    Args:
        name: Its name from before; '' for a new one.
        password: The stored hash of the account's password.
    """
    return _signer(password).sign(name or secrets.token_urlsafe(16)).decode()


def _signer(password: str) -> Signer:
    return Signer(password, salt="known browser")

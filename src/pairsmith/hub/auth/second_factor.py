"""Codes of a second factor: time-based ones (RFC 6238), and recovery codes that are good once.

A code is taken once, and only one that is newer than the last: who looks over a shoulder, or reads
one on its way, cannot use it again.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import sqlite3
import struct
import time
from typing import NamedTuple
from urllib.parse import quote

from pairsmith.hub.auth.tokens import digest
from pairsmith.hub.auth.users import User
from pairsmith.hub.core.database import now

STEP_SECONDS = 30
DIGITS = 6
DRIFT = 1  # steps that a device's clock may be early or late
SECRET_BYTES = 20  # as many as SHA-1 has, RFC 4226, 4
RECOVERY_CODES = 10
MAX_CODE_CHARS = 40


class State(NamedTuple):
    """A second factor: since when it is asked for, and how many recovery codes are left."""

    since: int
    left: int


def new_secret() -> str:
    """A new secret, in base32, as the applications that make codes take it."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def code_at(secret: str, step: int, digits: int = DIGITS) -> str:
    """The code of a secret at a step (RFC 4226, 5.3)."""
    hashed = hmac.new(base64.b32decode(secret), struct.pack(">Q", step), hashlib.sha1).digest()
    at = hashed[-1] & 15
    number = struct.unpack(">I", hashed[at : at + 4])[0] & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def step_of(secret: str, code: str) -> int | None:
    """The step, of those that may be meant now, of which that is the code; None for none."""
    current = int(time.time()) // STEP_SECONDS
    found = None
    for step in range(current - DRIFT, current + DRIFT + 1):  # all of them, whichever it is
        if hmac.compare_digest(code_at(secret, step).encode(), code.encode("utf-8", "replace")):
            found = step
    return found


def address_of(secret: str, user: str, hub: str) -> str:
    """What a QR code says to an application that makes codes."""
    label = quote(f"{hub}:{user}", safe="")
    return f"otpauth://totp/{label}?secret={secret}&issuer={quote(hub, safe='')}"


def turn_on(db: sqlite3.Connection, user: User, secret: str, step: int) -> list[str]:
    """Has an account asked for codes from now on; its recovery codes, for the only time.

    Args:
        db: A write transaction.
        user: The account.
        secret: What its codes are made of.
        step: The step of the code that showed that the device makes them.
    """
    db.execute(
        "INSERT OR REPLACE INTO second_factors (user, secret, since, step) VALUES (?, ?, ?, ?)",
        (user.id, secret, now(), step),
    )
    return new_recovery_codes(db, user)


def new_recovery_codes(db: sqlite3.Connection, user: User) -> list[str]:
    """Gives an account new recovery codes in place of those it has; for the only time."""
    db.execute("DELETE FROM recovery_codes WHERE user = ?", (user.id,))
    made = []
    for _ in range(RECOVERY_CODES):
        text = base64.b32encode(secrets.token_bytes(10)).decode().lower()
        made.append("-".join(text[at : at + 4] for at in range(0, 16, 4)))
    db.executemany(
        "INSERT INTO recovery_codes (user, digest) VALUES (?, ?)",
        [(user.id, digest(_plain(code))) for code in made],
    )
    return made


def turn_off(db: sqlite3.Connection, user: User) -> bool:
    """Asks an account for codes no longer; whether it was."""
    db.execute("DELETE FROM recovery_codes WHERE user = ?", (user.id,))
    return db.execute("DELETE FROM second_factors WHERE user = ?", (user.id,)).rowcount > 0


def state(db: sqlite3.Connection, user: User) -> State | None:
    """Whether an account is asked for codes: None where it is not."""
    row = db.execute("SELECT since FROM second_factors WHERE user = ?", (user.id,)).fetchone()
    if row is None:
        return None
    left = db.execute("SELECT count(*) FROM recovery_codes WHERE user = ?", (user.id,)).fetchone()
    return State(row[0], left[0])


def take(db: sqlite3.Connection, user: User, code: str) -> bool:
    """Uses a code up: whether it is one of an account's, newer than the last, or a recovery code.

    Args:
        db: A write transaction: of two who send one code at once, one is let in.
        user: The account.
        code: The code as it was typed.
    """
    plain = _plain(code[:MAX_CODE_CHARS])
    row = db.execute(
        "SELECT secret, step FROM second_factors WHERE user = ?", (user.id,)
    ).fetchone()
    if row is None:
        return False
    try:
        step = step_of(row["secret"], plain)
    except binascii.Error:
        step = None
    if step is not None and step > row["step"]:
        db.execute("UPDATE second_factors SET step = ? WHERE user = ?", (step, user.id))
        return True
    used = db.execute(
        "DELETE FROM recovery_codes WHERE user = ? AND digest = ?", (user.id, digest(plain))
    )
    return used.rowcount > 0


def _plain(code: str) -> str:
    """A code without what people put between its parts."""
    return "".join(code.lower().replace("-", "").split())

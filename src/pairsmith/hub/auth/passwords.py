"""Passwords: kept as argon2id hashes, and checked with the same work whoever is named.

Hashing is made to cost, so it is a weapon too: a few hashes are made at once, a few wait in a line,
and who comes then is told to come again. Those who were here before have a line of their own, so
that others cannot fill theirs.

The parameters are the library's own, RFC 9106's for little memory (64 MiB, three passes). A hash
that was made with others is made anew when its owner next signs in.
"""

from __future__ import annotations

import os
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from pairsmith.hub.http.errors import HubError, bad_request

SHORTEST = 10  # characters
MAX_PASSWORD_CHARS = 256
# hashes; each takes 64 MiB and, in four threads of the library's, 0.1 s of two cores
AT_ONCE = max(1, min(4, (os.cpu_count() or 1) // 2))
MAX_WAITING = 8  # hashes under way or waiting, in each of the two lines; each holds a thread
PATIENCE = 10  # seconds that one waits for its turn

_hasher = PasswordHasher()
_turns = threading.BoundedSemaphore(AT_ONCE)
_lines = {known: threading.BoundedSemaphore(MAX_WAITING) for known in (False, True)}


def check_new(text: str) -> None:
    """Checks that a password may be chosen; blanks at its ends do not count.

    Raises:
        HubError: 400 for one that is too short or too long.
    """
    if len(text.strip()) < SHORTEST:
        raise bad_request(f"A password has at least {SHORTEST} characters.")
    if len(text) > MAX_PASSWORD_CHARS:
        raise bad_request(f"A password has at most {MAX_PASSWORD_CHARS} characters.")


def hash_password(text: str, known: bool = False) -> str:
    """The hash of a password, with its salt and parameters in it.

    Args:
        text: The password.
        known: Whether it is for one who was here before.

    Raises:
        HubError: 503, where too many wait.
    """
    with _turn(known):
        return _hasher.hash(_bytes(text))


def verify(hash: str | None, text: str, known: bool = False) -> bool:
    """Whether that is the password, found with as much work where there is none to compare with.

    Args:
        hash: The hash; None where there is no such account, or it has no password.
        text: What was typed as the password.
        known: Whether by one who was here before.

    Raises:
        HubError: 503, where too many wait.
    """
    with _turn(known):
        try:
            right = _hasher.verify(hash or _nobodys(), _bytes(text[: MAX_PASSWORD_CHARS + 1]))
        except (VerificationError, InvalidHashError):
            return False
    return right and hash is not None


def outdated(hash: str) -> bool:
    """Whether a hash was made with other parameters than those of today."""
    return _hasher.check_needs_rehash(hash)


@cache
def _nobodys() -> str:
    """A hash to compare with where there is none."""
    return _hasher.hash(b"nobody's")


def _bytes(text: str) -> bytes:
    # the same letters may be typed as other code points on another keyboard
    return unicodedata.normalize("NFKC", text).encode("utf-8", "surrogatepass")


@contextmanager
def _turn(known: bool) -> Iterator[None]:
    """Keeps many hashes at once from taking all the memory and all the threads there are."""
    line = _lines[known]
    if not line.acquire(blocking=False):
        raise _too_many()
    try:
        if not _turns.acquire(timeout=PATIENCE):
            raise _too_many()
        try:
            yield
        finally:
            _turns.release()
    finally:
        line.release()


def _too_many() -> HubError:
    return HubError(503, "Too many sign in just now. Try again.", headers={"Retry-After": "10"})

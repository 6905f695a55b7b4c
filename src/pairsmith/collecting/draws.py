"""What is left to chance, by a secret of the collection: seeds, sides, names of people, tokens.

Each is a function of the secret and of what it is drawn for, so it can be drawn again, and cannot
be guessed by whoever knows all but the secret.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import TypeVar

SECRET_BYTES = 32
T = TypeVar("T")


def digest(secret: bytes, *parts: str | int) -> bytes:
    """32 bytes that stand for the parts; parts that differ are never run together."""
    return hmac.digest(secret, json.dumps(parts, ensure_ascii=False).encode(), hashlib.sha256)


def chance(secret: bytes, *parts: str | int) -> float:
    """A number from 0 to less than 1."""
    return int.from_bytes(digest(secret, *parts)[:6], "big") / 2**48


def seed(secret: bytes, *parts: str | int) -> int:
    """The seed of a sample, from 0 to less than 2^31: what every server takes."""
    return int.from_bytes(digest(secret, "seed", *parts)[:4], "big") >> 1


def is_swapped(secret: bytes, *parts: str | int) -> bool:
    """Whether the first of two replies stands on side B."""
    return chance(secret, "sides", *parts) >= 0.5


def pseudonym(secret: bytes, who: str) -> int:
    """A person's number, from 0 to less than 2^48: the same for the same person, and no more.

    Of a million people two have the same one with a chance of 0.2 %.
    """
    return int.from_bytes(digest(secret, "person", who)[:6], "big")


def thread_id(secret: bytes, beginning: str, *parts: str | int) -> str:
    """The id of a conversation or a task."""
    return f"{beginning}-{digest(secret, beginning, *parts).hex()[:16]}"


def form_token(secret: bytes, thread: str, place: int) -> str:
    """What a form carries that answers the state of a thread after `place` events."""
    return digest(secret, "form", thread, place).hex()[:32]


def draw(secret: bytes, choices: Sequence[T], shares: Sequence[float], *parts: str | int) -> T:
    """One of several, by their shares."""
    left = chance(secret, "share", *parts) * sum(shares)
    for choice, share in zip(choices, shares, strict=True):
        left -= share
        if left < 0:
            return choice
    return choices[-1]

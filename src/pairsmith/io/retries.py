"""Reads that fail and may succeed when they are tried again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pairsmith.errors import BrokenReadError

ATTEMPTS = 3
"""A read that fails is tried at most this many times."""

PAUSE = 0.5
"""Seconds before the second attempt; before the third, twice as many."""

T = TypeVar("T")


def try_again(read: Callable[[], T], name: str) -> T:
    """Reads until it succeeds.

    Args:
        read: Reads, from the beginning each time.
        name: What to call what is read in a fault.

    Raises:
        BrokenReadError: It failed every time.
    """
    from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

    attempts = Retrying(
        retry=retry_if_exception_type(BrokenReadError),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_exponential(PAUSE),
        reraise=True,
    )
    try:
        return attempts(read)
    except BrokenReadError as error:
        raise still_broken(name, error) from error


def still_broken(name: str, error: BrokenReadError) -> BrokenReadError:
    """The fault of a read that failed every time."""
    return BrokenReadError(
        f"{name}: {error.message.rstrip('.')} (tried {ATTEMPTS} times).",
        f"{error.hint} What is finished is kept: the same command goes on.".strip(),
    )

"""Reads that fail and may succeed when they are tried again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from pairsmith.errors import BrokenReadError

if TYPE_CHECKING:
    from tenacity import RetryCallState, Retrying

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
    attempts = retrying(lambda error: isinstance(error, BrokenReadError), ATTEMPTS, PAUSE)
    try:
        return attempts(read)
    except BrokenReadError as error:
        raise still_broken(name, error) from error


def retrying(
    may_pass: Callable[[BaseException], bool],
    attempts: int,
    pause: float,
    wait: Callable[[RetryCallState], float | None] | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Retrying:
    """What calls again after a fault.

    Args:
        may_pass: Whether a fault is one that may pass; any other is raised at once.
        attempts: How often to call at most; the last fault is raised.
        pause: Seconds before the second call, twice as many before the third, and so on.
        wait: What says how many seconds to wait after a fault in place of that, or None.
        sleep: What waits.
    """
    from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

    growing = wait_exponential(pause)

    def seconds(state: RetryCallState) -> float:
        told = wait(state) if wait is not None else None
        return growing(state) if told is None else told

    return Retrying(
        retry=retry_if_exception(may_pass),
        stop=stop_after_attempt(attempts),
        wait=seconds,
        sleep=sleep,
        reraise=True,
    )


def still_broken(name: str, error: BrokenReadError) -> BrokenReadError:
    """The fault of a read that failed every time."""
    return BrokenReadError(
        f"{name}: {error.message.rstrip('.')} (tried {ATTEMPTS} times).",
        f"{error.hint} What is finished is kept: the same command goes on.".strip(),
    )

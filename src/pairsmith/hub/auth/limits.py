"""How often somebody may try: sign-ins that fail, by address and by account, and new accounts.

Counted in the memory of this process, within a window that moves along. A try is counted before
its password is looked at, so that many at once are no way around, and taken back when it was
right. An account's limit is so much wider than an address's that nobody shuts another out from
one address, and guessing from many comes to 2,400 a day.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from pairsmith.hub.http.errors import HubError
from pairsmith.hub.http.sockets import network_of

if TYPE_CHECKING:
    from starlette.requests import Request


class Limits:
    """What was tried lately, and how much may be.

    Args:
        from_address: Failed sign-ins from one address.
        to_account: Failed sign-ins to one account, there or not.
        joins: New accounts from one address.
    """

    def __init__(
        self,
        from_address: str = "10 per 15 minutes",
        to_account: str = "100 per hour",
        joins: str = "5 per hour",
    ) -> None:
        self._from_address = parse(from_address)
        self._to_account = parse(to_account)
        self._joins = parse(joins)
        self._counts = Counts()
        self._window = MovingWindowRateLimiter(self._counts)

    def try_account(self, address: str, name: str) -> None:
        """Counts a try to sign in.

        Raises:
            HubError: 429, where there were too many.
        """
        self._count(self._from_address, "address", address)
        self._count(self._to_account, "account", _account(name))

    def forgive(self, address: str, name: str) -> None:
        """Takes back a try that was right."""
        self._counts.take_back(self._from_address.key_for("address", address))
        self._counts.take_back(self._to_account.key_for("account", _account(name)))

    def join(self, address: str) -> None:
        """Counts a new account.

        Raises:
            HubError: 429, where there were too many.
        """
        self._count(self._joins, "join", address)

    def _count(self, item: RateLimitItem, kind: str, who: str) -> None:
        if self._window.hit(item, kind, who):
            return
        until = self._window.get_window_stats(item, kind, who).reset_time
        wait = max(1, math.ceil(until - time.time()))
        raise HubError(
            429,
            f"Too many tries. Try again in {math.ceil(wait / 60)} min.",
            headers={"Retry-After": str(wait)},
        )


class Counts(MemoryStorage):
    """Counts in memory, of which one can be taken back."""

    def take_back(self, key: str) -> None:
        """Forgets the newest entry under a key."""
        with self.locks[key]:
            if entries := self.events.get(key):
                del entries[0]


def limits_of(request: Request) -> Limits:
    """The limits of the application that a request was made to."""
    limits: Limits = request.app.state.limits
    return limits


def address_of(request: Request) -> str:
    """Where a request came from; of IPv6 the network, for one household has all of it."""
    return network_of(request.client.host if request.client else "")


def _account(name: str) -> str:
    return name.lower()[:64]

"""How often somebody may try: passwords that are wrong, and what is made on demand.

Counted in the memory of this process, within a window that moves along. A try is counted before
its password is looked at, so that many at once are no way around, and taken back when it was
right. Who guesses has 10 tries from an address and, from however many addresses, 100 an hour at an
account: 2,400 a day. Those tries are no weapon against the account's owner:

- a browser that signed in to the account before (`browsers`) counts by itself, not with them;
- so does the form that changes a password, in a session that has been begun;
- tokens have nothing to guess, and are not counted.

Only a browser that is new to an account waits for as long as somebody tries to get into it. An
account's limit is so much wider than an address's that no single address brings that about.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, NamedTuple

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from pairsmith.hub.http.errors import HubError
from pairsmith.hub.http.sockets import network_of

if TYPE_CHECKING:
    from starlette.requests import Request


class Rates(NamedTuple):
    """How often, as `limits.parse` reads it.

    Attributes:
        from_address: Wrong passwords from one address, of browsers that are new to the account.
        to_account: Wrong passwords for one account, there or not, of the same browsers.
        from_browser: Wrong passwords for an account from a browser that signed in to it before.
        in_session: Tries to change an account's password, right or wrong.
        sign_ins: Sign-ins to one account with the right password: each costs a hash.
        joins: New accounts from one address.
        tokens: New tokens of one account.
        requests: Requests for access by one account.
        comments: What one account writes in discussions, or does to them.
        proposals: Commits of one account to pull requests, where it may not write.
        codes: Wrong codes of an account's second factor, from browsers that are new to it, or from
            one that is not.
        mail_from_address: Links by e-mail that are asked for from one address, or in one account.
        mail_to_address: Links for one e-mail address, of an account here or not.
        collecting: Forms of one account in collections.
    """

    from_address: str = "10 per 15 minutes"
    to_account: str = "100 per hour"
    from_browser: str = "10 per 15 minutes"
    in_session: str = "10 per 15 minutes"
    sign_ins: str = "30 per hour"
    joins: str = "5 per hour"
    tokens: str = "30 per hour"
    requests: str = "60 per hour"
    comments: str = "300 per hour"
    proposals: str = "120 per hour"
    codes: str = "10 per hour"
    mail_from_address: str = "10 per hour"
    mail_to_address: str = "5 per hour"
    collecting: str = "3000 per hour"


class Limits:
    """What was tried lately, and how much may be.

    Args:
        changed: Rates other than those of `Rates`, by their names.
    """

    def __init__(self, **changed: str) -> None:
        self._rates = {name: parse(text) for name, text in Rates(**changed)._asdict().items()}
        self._counts = Counts()
        self._window = MovingWindowRateLimiter(self._counts)

    def try_account(self, address: str, name: str, browser: str = "") -> None:
        """Counts a try to sign in.

        Args:
            address: Where it comes from.
            name: The account's name, as it was typed.
            browser: The browser's name, where it signed in to this account before.

        Raises:
            HubError: 429, where there were too many.
        """
        for rate, who in _counted(address, name, browser):
            self.count(rate, who)

    def forgive(self, address: str, name: str, browser: str = "") -> None:
        """Takes back a try that was right."""
        for rate, who in _counted(address, name, browser):
            self.take_back(rate, who)

    def take_back(self, rate: str, who: str) -> None:
        """Takes back what was counted last, for it was right."""
        self._counts.take_back(self._rates[rate].key_for(rate, who))

    def count(self, rate: str, who: str) -> None:
        """Counts one of these for an address or an account.

        Raises:
            HubError: 429, where there were too many.
        """
        item = self._rates[rate]
        if self._window.hit(item, rate, who):
            return
        until = self._window.get_window_stats(item, rate, who).reset_time
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


def _counted(address: str, name: str, browser: str) -> list[tuple[str, str]]:
    """Under which rates a try to sign in counts, and for whom."""
    account = name.lower()[:64]
    if browser:
        return [("from_browser", f"{account} {browser}")]
    return [("from_address", address), ("to_account", account)]

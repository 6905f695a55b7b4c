"""How many connections one person's server has open, and which of them go for another.

Programs of others on the machine reach it too. Without a bound they can take all descriptors that
it may open, by connections on which they never ask for anything, and nobody looks at a page any
more. Whoever comes is let in, and of those that stand still the one that did so first goes.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.h11_impl import H11Protocol  # it bounds how long a head may be

MOST = 64
"""Connections: a browser opens about six."""


def few_connections(most: int = MOST) -> type[asyncio.Protocol]:
    """What uvicorn is to make of each connection, as its `http=`.

    Args:
        most: Largest number of connections that stay open.
    """
    there: dict[Few, None] = {}  # in the order in which they came, or were last answered

    class Counted(Few):
        others = there

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(cast(asyncio.Transport, transport))
            there[self] = None
            idle = [one for one in there if one is not self and one.is_idle]
            for one in idle[: max(0, len(there) - most)]:
                one.transport.abort()
                there.pop(one)

    return Counted


class Few(H11Protocol):
    """A connection among others."""

    others: dict[Few, None]

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets it."""
        self.others.pop(self, None)
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """An answer is whole: it is the last to go."""
        if self in self.others:
            self.others[self] = self.others.pop(self)
        super().on_response_complete()

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being answered on it."""
        cycle: Any = self.cycle
        return cycle is None or bool(cycle.response_complete)

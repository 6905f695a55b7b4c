"""The log of requests: a line for each, on stderr."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECRET = ("/lfs/", "/cas/", "/mail/", "/login/link/", "/collections/join/")
"""How addresses begin that hold secrets."""

log = logging.getLogger("pairsmith.hub")


class AccessLog:
    """Middleware: one line for each request, with nothing in it that opens anything.

    No query, for forms and links have secrets there, and of addresses that are secrets
    themselves no more than how they begin.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hands the request on, and writes its line when it is answered."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status, sent = time.perf_counter(), 0, 0

        async def counting(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                sent += len(message.get("body", b""))
            await send(message)

        try:
            await self.app(scope, receive, counting)
        finally:
            path, ms = loggable_path(scope), (time.perf_counter() - began) * 1000
            log.info("%s %d %s %d B %.0f ms", scope["method"], status, path, sent, ms)


def loggable_path(scope: Scope) -> str:
    """The path of a request as it may be logged."""
    path = "/" + scope["raw_path"].partition(b"?")[0].decode("latin-1").lstrip("/")
    for start in SECRET:
        if path.startswith(start):
            return f"{start}…"
    return "".join(c if c.isascii() and c.isprintable() else "?" for c in path)

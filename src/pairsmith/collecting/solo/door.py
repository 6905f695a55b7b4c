"""Who gets in: whoever holds the cookie that the link from the terminal gave, and nobody else.

The pages are for one person at this machine. Other programs and sites of theirs, in the same
browser too, are kept out: a request has to name this server in `Host` (so that no other name can be
made to stand for it), to bring the cookie, and for a form to come from a page of this server.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Mapping

from markupsafe import Markup

NAMES = ("127.0.0.1", "localhost", "[::1]")
"""What a server on loopback may be called."""

FIELD = "proof"


class Door:
    """The secrets of one run of the server.

    Args:
        port: Where it listens.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookie = f"pairsmith_collect_{port}"
        self._key = secrets.token_urlsafe(32)
        self._once: str | None = secrets.token_urlsafe(32)
        self._guard = threading.Lock()

    @property
    def link(self) -> str:
        """The address that lets a browser in, once."""
        return f"http://127.0.0.1:{self.port}/enter/{self._once}"

    def enter(self, token: str) -> str | None:
        """The cookie for whoever brings the token of the link first; None for others."""
        with self._guard:
            if self._once is None or not _equal(token, self._once):
                return None
            self._once = None
            return self._key

    def knows_host(self, headers: Mapping[str, str]) -> bool:
        """Whether a request is for this server by a name of loopback."""
        return headers.get("host", "") in [f"{name}:{self.port}" for name in NAMES]

    def lets_in(self, headers: Mapping[str, str]) -> bool:
        """Whether a request brings the cookie."""
        # one by one: others of this machine, at other ports, set cookies of any shape
        sent = [one.strip().partition("=") for one in headers.get("cookie", "").split(";")]
        return any(name == self.cookie and _equal(value, self._key) for name, _, value in sent)

    def is_own_form(self, headers: Mapping[str, str], proof: str) -> bool:
        """Whether a form was sent from a page of this server."""
        origin = headers.get("origin")
        if origin is not None and origin != f"http://{headers.get('host')}":
            return False
        site = headers.get("sec-fetch-site", "same-origin")
        return site in ("same-origin", "none") and _equal(proof, self._proof())

    def proof_field(self) -> Markup:
        """The hidden field of a page's forms."""
        return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, self._proof())

    def _proof(self) -> str:
        return hmac.digest(self._key.encode(), b"form", "sha256").hex()


def _equal(sent: str, held: str) -> bool:
    return hmac.compare_digest(sent.encode("utf-8", "surrogatepass"), held.encode())

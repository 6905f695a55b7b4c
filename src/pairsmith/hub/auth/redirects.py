"""Where a browser is sent after signing in: back to a page of this hub, and nowhere else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.responses import RedirectResponse

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

HOME = "/"
MAX_ADDRESS_CHARS = 2048
# a path and nothing before it: browsers read //host, /\host and, skipping blanks, /<tab>/host as
# another host; so only what an address may hold, and not two slashes first
INNER = re.compile(r"/(?!/)[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*")
SIGNING = ("/login", "/login/code", "/login/help", "/login/link", "/join", "/logout")


def safe_target(address: str) -> str:
    """That address where it is a page of this hub; its first page where it is anything else."""
    path = address.partition("?")[0]
    fine = len(address) <= MAX_ADDRESS_CHARS and INNER.fullmatch(address) and path not in SIGNING
    return address if fine else HOME


class NotSignedInError(Exception):
    """A page or a form is for those who are signed in, and somebody else asked for it."""


async def sign_in_first(request: Request, _error: Exception) -> Response:
    """Sends a browser to sign in, and back to the page that it asked for."""
    # as it was sent: `request.url` would decode it, and take the host for true
    query = request.scope["query_string"].decode("latin-1")
    path = request.scope["path"] + (f"?{query}" if query else "")
    target = path if request.method in ("GET", "HEAD") else HOME
    return sign_in_then(target)


def sign_in_then(target: str) -> Response:
    """Sends a browser to sign in, and then to a page of this hub."""
    return RedirectResponse("/login?" + urlencode({"next": target}), 303)

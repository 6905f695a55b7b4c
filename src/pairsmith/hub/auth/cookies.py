"""Cookies: what they are called and how browsers are to treat them, said once.

No script reads them, no other site's form sends them. Where the hub is reached by https they go
by https only, and are named `__Host-…`: browsers take such a cookie from this very host alone,
so that neither a neighbouring host nor somebody on the way can plant one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse

from pairsmith.hub.context import hub_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response


def read(request: Request, name: str) -> str | None:
    """What the browser holds under that name, if anything."""
    return request.cookies.get(_full(request, name))


def write(
    request: Request, response: Response, name: str, value: str, life: int | None = None
) -> None:
    """Gives the browser a cookie; without a `life` in seconds, until it is closed."""
    response.set_cookie(
        _full(request, name),
        value,
        max_age=life,
        path="/",
        secure=_secure(request),
        httponly=True,
        samesite="lax",
    )


def keep_secret(
    request: Request, name: str, *, most: int, life: int, page: str
) -> RedirectResponse:
    """Takes the secret of a link out of the address, into a cookie, and leads to its page.

    No history, no log and no referrer keeps it then. What cannot be a secret is in no cookie: the
    page says that the link is good for nothing.

    Args:
        request: Its path ends in the secret.
        name: Of the cookie.
        most: The most characters that count.
        life: Of the cookie, in seconds.
        page: The address without it.
    """
    answer = RedirectResponse(page, 303)
    secret = request.path_params["secret"][:most]
    if secret.isascii() and secret.replace("-", "").replace("_", "").isalnum():
        write(request, answer, name, secret, life)
    answer.headers.update({"referrer-policy": "no-referrer", "cache-control": "no-store"})
    return answer


def drop(request: Request, response: Response, name: str) -> None:
    """Takes a cookie from the browser."""
    response.delete_cookie(
        _full(request, name), path="/", secure=_secure(request), httponly=True, samesite="lax"
    )


def _full(request: Request, name: str) -> str:
    return f"__Host-{name}" if _secure(request) else name


def _secure(request: Request) -> bool:
    return hub_of(request).settings.public_url.startswith("https://")

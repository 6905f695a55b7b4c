"""Forms that only this hub's own pages can send: a hidden field that is signed for the browser.

The browser holds a random cookie; the field is its signature under the hub's key, together with
that of the session. Another site can neither read the cookies nor make the signature (a signed
double submit, as OWASP's CSRF prevention cheat sheet describes it). The cookie changes when
someone signs in or out.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from itsdangerous import Signer
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.routing import Route

from pairsmith.hub.auth import cookies, sessions
from pairsmith.hub.context import hub_of
from pairsmith.hub.http.addresses import KINDS, Kind, repo_pages
from pairsmith.hub.http.errors import HubError, bad_request

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

COOKIE = "pairsmith_form"
FIELD = "csrf"
MAX_FIELDS = 50
MAX_FIELD_BYTES = 64 * 1024  # bytes


def hidden_field(request: Request) -> Markup:
    """The hidden field of a form that is sent to this hub."""
    return Markup('<input type="hidden" name="csrf" value="{}">').format(_signature(request))


def set_cookie(request: Request, response: Response) -> None:
    """Gives the browser the cookie that the page's forms were signed for."""
    if cookies.read(request, COOKIE) != visitor(request):
        cookies.write(request, response, COOKIE, visitor(request))


def renew(request: Request, response: Response) -> None:
    """Gives the browser a new cookie, for which no form was signed before."""
    request.state.visitor = secrets.token_urlsafe(32)
    set_cookie(request, response)


def check_origin(request: Request, form: FormData) -> None:
    """Checks that a form came from a page of this hub, in this browser.

    Raises:
        HubError: 403, where it did not.
    """
    sent = form.get(FIELD)
    held = cookies.read(request, COOKIE)
    if (
        not held
        or not isinstance(sent, str)
        or not secrets.compare_digest(sent.encode(), _signature(request).encode())
    ):
        raise HubError(403, "This form is too old, or not of this hub. Load the page again.")


def form_endpoint(
    act: Callable[[Request, FormData], Response], field_bytes: int = MAX_FIELD_BYTES
) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that reads a small form without files, checks its origin, and acts on it.

    Args:
        act: Given the request and what was sent.
        field_bytes: Bytes that a field may have, as it is sent: a letter may take twelve.
    """

    async def endpoint(request: Request) -> Response:
        # the other kind lets its sender choose a charset, odd and slow ones among them
        if request.headers.get("content-type", "").lower().startswith("multipart/"):
            raise bad_request("A form of this hub has no files, and is sent urlencoded.")
        try:
            form = await request.form(max_files=0, max_fields=MAX_FIELDS, max_part_size=field_bytes)
        except HTTPException as error:
            raise HubError(
                413,
                f"A form has up to {MAX_FIELDS} fields, of up to {field_bytes:,} bytes each as they"
                " are sent. What is longer belongs into a file.",
                "TooLarge",
            ) from error
        check_origin(request, form)
        return await run_in_threadpool(act, request, form)

    return endpoint


def post(path: str, act: Callable[[Request, FormData], Response]) -> Route:
    """The route of a form: its `form_endpoint` at an address."""
    return Route(path, form_endpoint(act), methods=["POST"])


def repo_posts(
    path: str,
    act: Callable[[Request, FormData], Response],
    kinds: Sequence[Kind] = KINDS,
    field_bytes: int = MAX_FIELD_BYTES,
) -> list[Route]:
    """The routes of a form on a page of a repository: see `addresses.repo_pages`."""
    return repo_pages(path, form_endpoint(act, field_bytes), ["POST"], kinds)


def text(form: FormData, field: str) -> str:
    """What was written in a field, as it was written; '' where there is no such field."""
    value = form.get(field, "")
    return value if isinstance(value, str) else ""


def line(form: FormData, field: str) -> str:
    """The same as one line, without blanks at its ends."""
    return " ".join(text(form, field).split())


def visitor(request: Request) -> str:
    """A name of the browser until somebody signs in or out in it, which it alone knows."""
    if not hasattr(request.state, "visitor"):
        request.state.visitor = cookies.read(request, COOKIE) or secrets.token_urlsafe(32)
    name: str = request.state.visitor
    return name


def _signature(request: Request) -> str:
    signer = Signer(hub_of(request).settings.key, salt="form")
    session = cookies.read(request, sessions.COOKIE) or ""
    return signer.get_signature(f"{visitor(request)}\n{session}").decode()

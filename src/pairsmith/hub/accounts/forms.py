"""Forms that only this hub's own pages can send: a hidden field that is signed for the browser.

The browser holds a random cookie; the field is its signature under the hub's key. Another site
can neither read the cookie nor make the signature (a signed double submit, as OWASP's CSRF
prevention cheat sheet describes it). The cookie changes when someone signs in or out.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from itsdangerous import Signer
from markupsafe import Markup

from pairsmith.hub.faults import HubError
from pairsmith.hub.place import hub_of

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

COOKIE = "pairsmith_form"
FIELD = "csrf"


def hidden_field(request: Request) -> Markup:
    """The hidden field of a form that is sent to this hub."""
    return Markup('<input type="hidden" name="csrf" value="{}">').format(_signature(request))


def set_cookie(request: Request, response: Response) -> None:
    """Gives the browser the cookie that the page's forms were signed for."""
    if request.cookies.get(COOKIE) != _visitor(request):
        secure = hub_of(request).settings.public_url.startswith("https://")
        response.set_cookie(COOKIE, _visitor(request), secure=secure, httponly=True, samesite="lax")


def proved(request: Request, form: FormData) -> None:
    """Makes sure that a form came from a page of this hub, in this browser.

    Raises:
        HubError: 403, where it did not.
    """
    sent = form.get(FIELD)
    held = COOKIE in request.cookies
    if (
        not held
        or not isinstance(sent, str)
        or not secrets.compare_digest(sent.encode(), _signature(request).encode())
    ):
        raise HubError(403, "This form is too old, or not of this hub. Load the page again.")


def _visitor(request: Request) -> str:
    if not hasattr(request.state, "visitor"):
        request.state.visitor = request.cookies.get(COOKIE) or secrets.token_urlsafe(32)
    visitor: str = request.state.visitor
    return visitor


def _signature(request: Request) -> str:
    signer = Signer(hub_of(request).settings.key, salt="form")
    return signer.get_signature(_visitor(request)).decode()

"""The page of an account's safety: where it is signed in, and whether a code is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Route

from pairsmith.hub.auth import cookies, forms, second_factor, sessions, tokens
from pairsmith.hub.auth.users import User
from pairsmith.hub.context import hub_of
from pairsmith.hub.web.own_pages import own, own_page, signed_in

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

PAGE = "/settings/security"


def show_security(request: Request) -> Response:
    """Where an account is signed in."""
    hub, user = hub_of(request), signed_in(request)
    with hub.database.read() as db:
        listed, factor = sessions.listed(db, user), second_factor.state(db, user)
    return own_page(
        request,
        "security.html.jinja",
        sessions=[one._replace(used=hub.seen.at(one.digest) or one.used) for one in listed],
        factor=factor,
        this=tokens.digest(_secret(request)),
        done=request.query_params.get("done", ""),
    )


def take_end(request: Request, user: User, form: FormData) -> Response:
    """Ends a session, at once."""
    with hub_of(request).database.write() as db:
        sessions.end_named(db, user, forms.line(form, "id"))
    return RedirectResponse(f"{PAGE}?done=ended", 303)


def take_end_others(request: Request, user: User, _form: FormData) -> Response:
    """Ends every session but that of this browser."""
    with hub_of(request).database.write() as db:
        sessions.end_others(db, user, _secret(request))
    return RedirectResponse(f"{PAGE}?done=ended", 303)


def _secret(request: Request) -> str:
    return cookies.read(request, sessions.COOKIE) or ""


routes: list[BaseRoute] = [
    Route(PAGE, show_security),
    forms.post(f"{PAGE}/end", own(take_end)),
    forms.post(f"{PAGE}/end-others", own(take_end_others)),
]

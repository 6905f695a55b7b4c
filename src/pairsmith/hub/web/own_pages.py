"""What the pages of an account share: whose they are, their forms, and how a session begins."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.responses import RedirectResponse

from pairsmith.hub.auth import browsers, code_step, cookies, forms, sessions
from pairsmith.hub.auth.authentication import authenticate_session
from pairsmith.hub.auth.code_step import CodeDue, Entry
from pairsmith.hub.auth.limits import address_of, limits_of
from pairsmith.hub.auth.redirects import NotSignedInError
from pairsmith.hub.auth.sign_in import Attempt
from pairsmith.hub.auth.users import User
from pairsmith.hub.context import hub_of
from pairsmith.hub.http.errors import HubError
from pairsmith.hub.web.render import page

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

Act = Callable[["Request", User, "FormData"], "Response"]


def own(act: Act) -> Callable[[Request, FormData], Response]:
    """An action on the account that the browser is signed in to."""
    return lambda request, form: act(request, signed_in(request), form)


def signed_in(request: Request) -> User:
    """The account that the browser is signed in to.

    Raises:
        NotSignedInError: It is signed in to none.
    """
    user = authenticate_session(request).user
    if user is None:
        raise NotSignedInError
    return user


def attempt_of(request: Request) -> Attempt:
    """An attempt to sign in, by what the request says of where it comes from."""
    browser = cookies.read(request, browsers.COOKIE) or ""
    agent = request.headers.get("user-agent", "")
    return Attempt(hub_of(request), limits_of(request), address_of(request), browser, agent)


def begun(request: Request, entry: Entry | CodeDue, target: str) -> Response:
    """Goes on in a new session; nothing that the browser held before is worth anything now.

    Who owes a code goes on to the page that asks for it.
    """
    if isinstance(entry, CodeDue):
        asking = RedirectResponse("/login/code?" + urlencode({"next": target}), 303)
        cookies.write(request, asking, code_step.COOKIE, entry.ticket, code_step.TICKET_LIFE)
        return asking
    end_session(request)
    answer = RedirectResponse(target, 303)
    cookies.write(request, answer, sessions.COOKIE, entry.session, sessions.LIFE)
    cookies.write(request, answer, browsers.COOKIE, entry.browser, browsers.LIFE)
    forms.renew(request, answer)
    return answer


def end_session(request: Request) -> None:
    """Ends the session that the browser is in, if any."""
    if secret := cookies.read(request, sessions.COOKIE):
        with hub_of(request).database.write() as db:
            sessions.end(db, secret)


def own_page(
    request: Request, template: str, fault: HubError | None = None, **context: object
) -> Response:
    """A page, with what was wrong with the form that was sent from it."""
    who = authenticate_session(request)
    if fault is None:
        return page(request, template, who, 200, fault="", **context)
    answer = page(request, template, who, fault.status, fault=fault.message, **context)
    answer.headers.update(fault.headers)
    return answer

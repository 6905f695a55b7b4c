"""Pages for who cannot sign in with a password: a link is asked for, and followed.

The secret of a link stands in an address for one request: it goes into a cookie, and the page that
is shown has none in its address, so that no history, no log and no referrer keeps one. Looking at
the page does nothing: programs that follow the links of letters use none up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from pairsmith.hub.auth import by_mail, cookies, forms, links
from pairsmith.hub.auth.forms import line, text
from pairsmith.hub.auth.links import LINK_LIFE, Link
from pairsmith.hub.auth.redirects import HOME
from pairsmith.hub.auth.tokens import digest
from pairsmith.hub.context import hub_of
from pairsmith.hub.http.errors import HubError
from pairsmith.hub.web.own_pages import attempt_of, begun, own_page

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request

COOKIE = "pairsmith_link"
HELP, LINK = "/login/help", "/login/link"


def show_help(request: Request) -> Response:
    """The form that asks for a link."""
    return own_page(request, "login_help.html.jinja", asked="", email="")


def take_help(request: Request, form: FormData) -> Response:
    """Has a link sent, and says the same whether anybody has that address or not."""
    email, purpose = line(form, "email"), line(form, "purpose")
    browser = digest(forms.visitor(request)).hex()
    try:
        by_mail.ask(attempt_of(request), email, purpose, browser)
    except HubError as fault:
        return own_page(request, "login_help.html.jinja", fault, asked="", email=email)
    return own_page(request, "login_help.html.jinja", asked=purpose, email=email)


def follow(request: Request) -> Response:
    """Takes the secret out of the address."""
    return cookies.keep_secret(
        request, COOKIE, most=links.MAX_SECRET_CHARS, life=LINK_LIFE, page=LINK
    )


def show_link(request: Request) -> Response:
    """What the link is good for, and the form that uses it."""
    found = _held(request)
    if found is None:
        return _link_page(request, None, HubError(410, by_mail.VOID))
    return _link_page(request, found)


def take_link(request: Request, form: FormData) -> Response:
    """Uses the link: signs in, sets another password, or confirms an address."""
    found, secret = _held(request), _secret(request)
    if found is None:
        return _link_page(request, None, HubError(410, by_mail.VOID))
    attempt = attempt_of(request)
    try:
        if found.purpose == "sign-in":
            browser = digest(forms.visitor(request)).hex()
            answer = begun(request, by_mail.sign_in_by(attempt, secret, browser), HOME)
        elif found.purpose == "reset":
            by_mail.reset(attempt, secret, text(form, "password"), text(form, "again"))
            answer = RedirectResponse("/login?done=reset", 303)
        else:
            by_mail.confirm(attempt.hub, secret)
            answer = own_page(request, "link.html.jinja", link=found, done=True)
    except HubError as fault:
        return _link_page(request, found if fault.status == 400 else None, fault)
    cookies.drop(request, answer, COOKIE)
    return answer


def _held(request: Request) -> Link | None:
    with hub_of(request).database.read() as db:
        return links.look(db, _secret(request))


def _secret(request: Request) -> str:
    return cookies.read(request, COOKIE) or ""


def _link_page(request: Request, link: Link | None, fault: HubError | None = None) -> Response:
    return own_page(request, "link.html.jinja", fault, link=link, done=False)


routes: list[BaseRoute] = [
    Route(HELP, show_help),
    forms.post(HELP, take_help),
    Route(LINK, show_link),
    forms.post(LINK, take_link),
    Route(LINK + "/{secret:part}", follow),
]

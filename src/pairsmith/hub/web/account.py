"""The pages of an account: joining, signing in and out, the profile, the tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Route

from pairsmith.hub.auth import browsers, cookies, forms, sessions, tokens, users
from pairsmith.hub.auth.authentication import authenticate_session
from pairsmith.hub.auth.forms import line, text
from pairsmith.hub.auth.limits import address_of, limits_of
from pairsmith.hub.auth.redirects import HOME, NotSignedInError, safe_target
from pairsmith.hub.auth.sign_in import (
    Attempt,
    Entry,
    Registration,
    change_password,
    join,
    sign_in,
)
from pairsmith.hub.auth.users import User
from pairsmith.hub.context import hub_of
from pairsmith.hub.http.errors import HubError
from pairsmith.hub.web.render import page

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

CLOSED = "New accounts of this hub are made by whoever runs it. Ask them for one."
EMPTY = Registration("", "", "")

Act = Callable[["Request", User, "FormData"], "Response"]


def show_join(request: Request) -> Response:
    """The form of a new account, where there may be any."""
    if not hub_of(request).settings.registration:
        return _join_page(request, EMPTY, HOME, HubError(403, CLOSED))
    return _join_page(request, EMPTY, request.query_params.get("next", HOME))


def take_join(request: Request, form: FormData) -> Response:
    """Makes an account and signs its owner in."""
    if not hub_of(request).settings.registration:
        return _join_page(request, EMPTY, HOME, HubError(403, CLOSED))
    registration = Registration(line(form, "name"), line(form, "fullname"), line(form, "email"))
    try:
        entry = join(_attempt(request), registration, text(form, "password"), text(form, "again"))
    except HubError as fault:
        return _join_page(request, registration, text(form, "next"), fault)
    return _begun(request, entry, safe_target(text(form, "next")))


def show_login(request: Request) -> Response:
    """The form to sign in with; one who has done so already goes on."""
    target = safe_target(request.query_params.get("next", HOME))
    if authenticate_session(request).user:
        return RedirectResponse(target, 303)
    return _shown(request, "login.html.jinja", name="", next=target)


def take_login(request: Request, form: FormData) -> Response:
    """Signs somebody in."""
    name, target = line(form, "name"), safe_target(text(form, "next"))
    try:
        entry = sign_in(_attempt(request), name, text(form, "password"))
    except HubError as fault:
        return _shown(request, "login.html.jinja", fault, name=name, next=target)
    return _begun(request, entry, target)


def take_logout(request: Request, _form: FormData) -> Response:
    """Ends the browser's session."""
    _end(request)
    answer = RedirectResponse(HOME, 303)
    cookies.drop(request, answer, sessions.COOKIE)
    forms.renew(request, answer)
    return answer


def show_profile(request: Request) -> Response:
    """What others are told of an account, and the form of its password."""
    return _profile_page(request, _user(request))


def take_profile(request: Request, user: User, form: FormData) -> Response:
    """Changes the full name and the e-mail address."""
    fullname, email = line(form, "fullname"), line(form, "email")
    try:
        with hub_of(request).database.write() as db:
            users.set_profile(db, user, fullname, email)
    except HubError as fault:
        return _profile_page(request, user._replace(fullname=fullname, email=email), fault)
    return RedirectResponse("/settings/profile?done=profile", 303)


def take_password(request: Request, user: User, form: FormData) -> Response:
    """Changes the password; only this browser stays signed in."""
    old, new, again = (text(form, field) for field in ("old", "password", "again"))
    try:
        entry = change_password(_attempt(request), user, old, new, again)
    except HubError as fault:
        return _profile_page(request, user, fault)
    return _begun(request, entry, "/settings/profile?done=password")


def show_tokens(request: Request) -> Response:
    """The tokens of an account."""
    return _tokens_page(request, _user(request))


def take_token(request: Request, user: User, form: FormData) -> Response:
    """Makes a token, which this answer alone shows."""
    role = cast(tokens.Role, text(form, "role"))  # another one is refused there
    try:
        limits_of(request).count("tokens", str(user.id))
        with hub_of(request).database.write() as db:
            made = tokens.add(db, user, line(form, "name"), role)
    except HubError as fault:
        return _tokens_page(request, user, fault=fault)
    return _tokens_page(request, user, made)


def take_revocation(request: Request, user: User, form: FormData) -> Response:
    """Ends a token."""
    with hub_of(request).database.write() as db:
        tokens.revoke(db, user, text(form, "name"))
    return RedirectResponse("/settings/tokens", 303)


def _own(act: Act) -> Callable[[Request, FormData], Response]:
    """An action on the account that the browser is signed in to."""
    return lambda request, form: act(request, _user(request), form)


def _user(request: Request) -> User:
    """The account that the browser is signed in to.

    Raises:
        NotSignedInError: It is signed in to none.
    """
    user = authenticate_session(request).user
    if user is None:
        raise NotSignedInError
    return user


def _attempt(request: Request) -> Attempt:
    browser = cookies.read(request, browsers.COOKIE) or ""
    return Attempt(hub_of(request), limits_of(request), address_of(request), browser)


def _begun(request: Request, entry: Entry, target: str) -> Response:
    """Goes on in a new session; nothing that the browser held before is worth anything now."""
    _end(request)
    answer = RedirectResponse(target, 303)
    cookies.write(request, answer, sessions.COOKIE, entry.session, sessions.LIFE)
    cookies.write(request, answer, browsers.COOKIE, entry.browser, browsers.LIFE)
    forms.renew(request, answer)
    return answer


def _end(request: Request) -> None:
    if secret := cookies.read(request, sessions.COOKIE):
        with hub_of(request).database.write() as db:
            sessions.end(db, secret)


def _join_page(
    request: Request, registration: Registration, target: str, fault: HubError | None = None
) -> Response:
    return _shown(
        request, "join.html.jinja", fault, registration=registration, next=safe_target(target)
    )


def _profile_page(request: Request, shown: User, fault: HubError | None = None) -> Response:
    done = request.query_params.get("done", "")
    return _shown(request, "profile.html.jinja", fault, shown=shown, done=done)


def _tokens_page(
    request: Request, user: User, made: str = "", fault: HubError | None = None
) -> Response:
    with hub_of(request).database.read() as db:
        listed = tokens.listed(db, user)
    return _shown(
        request,
        "tokens.html.jinja",
        fault,
        listed=listed,
        made=made,
        url=hub_of(request).settings.public_url,
    )


def _shown(
    request: Request, template: str, fault: HubError | None = None, **context: object
) -> Response:
    """A page, with what was wrong with the form that was sent from it."""
    who = authenticate_session(request)
    if fault is None:
        return page(request, template, who, 200, fault="", **context)
    answer = page(request, template, who, fault.status, fault=fault.message, **context)
    answer.headers.update(fault.headers)
    return answer


routes: list[BaseRoute] = [
    Route("/join", show_join),
    forms.post("/join", take_join),
    Route("/login", show_login),
    forms.post("/login", take_login),
    forms.post("/logout", take_logout),
    Route("/settings/profile", show_profile),
    Route("/settings/password", show_profile),
    forms.post("/settings/profile", _own(take_profile)),
    forms.post("/settings/password", _own(take_password)),
    Route("/settings/tokens", show_tokens),
    forms.post("/settings/tokens", _own(take_token)),
    forms.post("/settings/tokens/revoke", _own(take_revocation)),
]

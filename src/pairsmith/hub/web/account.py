"""The pages of an account: joining, signing in and out, the profile, the tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Route

from pairsmith.hub.auth import cookies, forms, sessions, tokens, users
from pairsmith.hub.auth.account_mail import ask_confirmation
from pairsmith.hub.auth.authentication import authenticate_session
from pairsmith.hub.auth.forms import line, text
from pairsmith.hub.auth.limits import limits_of
from pairsmith.hub.auth.redirects import HOME, safe_target
from pairsmith.hub.auth.sign_in import Registration, change_password, change_profile, join, sign_in
from pairsmith.hub.auth.users import User
from pairsmith.hub.context import hub_of
from pairsmith.hub.http.errors import HubError
from pairsmith.hub.mail import choices, outbox
from pairsmith.hub.notices.kinds import BY_MAIL, LABELS, Kind
from pairsmith.hub.web.own_pages import attempt_of, begun, end_session, own, own_page, signed_in

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

CLOSED = "New accounts of this hub are made by whoever runs it. Ask them for one."
EMPTY = Registration("", "", "")


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
        entry = join(attempt_of(request), registration, text(form, "password"), text(form, "again"))
    except HubError as fault:
        return _join_page(request, registration, text(form, "next"), fault)
    return begun(request, entry, safe_target(text(form, "next")))


def show_login(request: Request) -> Response:
    """The form to sign in with; one who has done so already goes on."""
    target = safe_target(request.query_params.get("next", HOME))
    if authenticate_session(request).user:
        return RedirectResponse(target, 303)
    done = request.query_params.get("done", "")
    return own_page(request, "login.html.jinja", name="", next=target, done=done)


def take_login(request: Request, form: FormData) -> Response:
    """Signs somebody in."""
    name, target = line(form, "name"), safe_target(text(form, "next"))
    try:
        entry = sign_in(attempt_of(request), name, text(form, "password"))
    except HubError as fault:
        return own_page(request, "login.html.jinja", fault, name=name, next=target, done="")
    return begun(request, entry, target)


def take_logout(request: Request, _form: FormData) -> Response:
    """Ends the browser's session."""
    end_session(request)
    answer = RedirectResponse(HOME, 303)
    cookies.drop(request, answer, sessions.COOKIE)
    forms.renew(request, answer)
    return answer


def show_profile(request: Request) -> Response:
    """What others are told of an account, and the form of its password."""
    return _profile_page(request, signed_in(request))


def take_profile(request: Request, user: User, form: FormData) -> Response:
    """Changes the full name and the e-mail address, which takes the password."""
    fullname, email = line(form, "fullname"), line(form, "email")
    try:
        change_profile(attempt_of(request), user, fullname, email, text(form, "old"))
    except HubError as fault:
        return _profile_page(request, user._replace(fullname=fullname, email=email), fault)
    return RedirectResponse("/settings/profile?done=profile", 303)


def take_password(request: Request, user: User, form: FormData) -> Response:
    """Changes the password; only this browser stays signed in."""
    old, new, again = (text(form, field) for field in ("old", "password", "again"))
    try:
        entry = change_password(attempt_of(request), user, old, new, again)
    except HubError as fault:
        return _profile_page(request, user, fault)
    return begun(request, entry, "/settings/profile?done=password")


def take_confirmation(request: Request, user: User, _form: FormData) -> Response:
    """Has the link sent again by which the e-mail address is confirmed."""
    hub = hub_of(request)
    try:
        limits_of(request).count("mail_from_address", f"account {user.id}")
        limits_of(request).count("mail_to_address", user.email.lower())
        with hub.database.write() as db:
            ask_confirmation(hub, db, user)
    except HubError as fault:
        return _profile_page(request, user, fault)
    return RedirectResponse("/settings/profile?done=asked", 303)


def take_notices(request: Request, user: User, form: FormData) -> Response:
    """Keeps whether notices come by e-mail, and of which kinds."""
    with hub_of(request).database.write() as db:
        choices.choose(db, user.id, line(form, "notices") == "on")
        if line(form, "kinds"):
            choices.choose_kinds(db, user.id, {one: line(form, one) == "on" for one in Kind})
    return RedirectResponse("/settings/profile?done=notices", 303)


def show_tokens(request: Request) -> Response:
    """The tokens of an account."""
    return _tokens_page(request, signed_in(request))


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


def _join_page(
    request: Request, registration: Registration, target: str, fault: HubError | None = None
) -> Response:
    return own_page(
        request, "join.html.jinja", fault, registration=registration, next=safe_target(target)
    )


def _profile_page(request: Request, shown: User, fault: HubError | None = None) -> Response:
    with hub_of(request).database.read() as db:
        mail = {
            "confirmed": users.confirmed(db, shown),
            "notices": not choices.stopped(db, shown.id),
            "kinds": [
                (kind, LABELS[kind], choices.kind_wanted(db, shown.id, kind, kind in BY_MAIL))
                for kind in Kind
            ],
            "failure": outbox.last_failure(db, shown.id),
        }
    done = request.query_params.get("done", "")
    return own_page(request, "profile.html.jinja", fault, shown=shown, done=done, mail=mail)


def _tokens_page(
    request: Request, user: User, made: str = "", fault: HubError | None = None
) -> Response:
    with hub_of(request).database.read() as db:
        listed = tokens.listed(db, user)
    return own_page(
        request,
        "tokens.html.jinja",
        fault,
        listed=listed,
        made=made,
        url=hub_of(request).settings.public_url,
    )


routes: list[BaseRoute] = [
    Route("/join", show_join),
    forms.post("/join", take_join),
    Route("/login", show_login),
    forms.post("/login", take_login),
    forms.post("/logout", take_logout),
    Route("/settings/profile", show_profile),
    Route("/settings/password", show_profile),
    forms.post("/settings/profile", own(take_profile)),
    forms.post("/settings/profile/confirm", own(take_confirmation)),
    forms.post("/settings/profile/notices", own(take_notices)),
    forms.post("/settings/password", own(take_password)),
    Route("/settings/tokens", show_tokens),
    forms.post("/settings/tokens", own(take_token)),
    forms.post("/settings/tokens/revoke", own(take_revocation)),
]

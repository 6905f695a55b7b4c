"""The list of somebody's collections, and how they come into one: invited by name or by a link.

The secret of a link stands in an address for one request: it goes into a cookie, as that of a link
by e-mail does (`web.links`). Looking at the page that it leads to uses it up for nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse

from pairsmith.hub.auth import cookies, forms
from pairsmith.hub.auth.authentication import authenticate_session, require_account, require_sign_in
from pairsmith.hub.auth.limits import limits_of
from pairsmith.hub.collections import invitations, members, registry
from pairsmith.hub.collections.roles import Role
from pairsmith.hub.context import hub_of
from pairsmith.hub.http.errors import HubError
from pairsmith.hub.web.collecting.entering import enter_form
from pairsmith.hub.web.render import page

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

ALL, JOIN = "/collections", "/collections/join"
COOKIE = "pairsmith_collection"
COOKIE_LIFE = 3600  # seconds: to sign in meanwhile, or to make an account
VOID = "This link was used, or is too old. Ask who sent it for another one."


def show_all(request: Request) -> Response:
    """`GET /collections`: somebody's collections, those where they take part, invitations."""
    who = require_sign_in(request)
    user = require_account(who)
    with hub_of(request).database.read() as db:
        found, invited = members.of_user(db, user), invitations.of_user(db, user)
    return page(request, "collections.html.jinja", who, collections=found, invited=invited)


def follow(request: Request) -> Response:
    """`GET /collections/join/{secret}`: takes the secret out of the address."""
    return cookies.keep_secret(
        request, COOKIE, most=invitations.MAX_SECRET_CHARS, life=COOKIE_LIFE, page=JOIN
    )


def show_join(request: Request) -> Response:
    """`GET /collections/join`: to what a link invites, for who is signed in."""
    who = require_sign_in(request)
    with hub_of(request).database.read() as db:
        found = invitations.by_link(db, cookies.read(request, COOKIE) or "")
    if found is None:
        raise HubError(404, VOID)
    return page(request, "collection_join.html.jinja", who, invitation=found)


def take_join(request: Request, _sent: FormData) -> Response:
    """`POST /collections/join`: uses the link; of two who use it at once, one gets in."""
    user = require_account(authenticate_session(request))
    limits_of(request).count("collecting", str(user.id))
    with hub_of(request).database.write() as db:
        found = invitations.by_link(db, cookies.read(request, COOKIE) or "")
        if found is None:
            raise HubError(404, VOID)
        invitations.accept(db, user, found)
    answer = RedirectResponse(found.collection.page + "/work", 303)
    cookies.drop(request, answer, COOKIE)
    return answer


def take_reply(request: Request, sent: FormData) -> Response:
    """`POST /collections/{owner}/{name}/reply`: accepts an invitation by name, or declines it."""
    user = require_account(authenticate_session(request))
    limits_of(request).count("collecting", str(user.id))
    owner, name = request.path_params["owner"], request.path_params["name"]
    with hub_of(request).database.write() as db:
        there = registry.find(db, owner, name)
        found = invitations.to(db, there, user) if there else None
        if found is None:
            raise HubError(404, "There is no such invitation any more.")
        if forms.text(sent, "reply") != "accept":
            invitations.end(db, found)
            return RedirectResponse(ALL, 303)
        invitations.accept(db, user, found)
    return RedirectResponse(found.collection.page + "/work", 303)


def take_leave(request: Request, _sent: FormData) -> Response:
    """`POST /collections/{owner}/{name}/leave`: ends the sender's own part in a collection."""
    entered = enter_form(request, Role.WORKER)
    with entered.hub.database.write() as db:
        members.give(db, entered.collection, entered.user, Role.NONE)
    return RedirectResponse(ALL, 303)

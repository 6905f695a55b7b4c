"""Who has which role: collaborators, organizations and their members; who is invited."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Route

from pairsmith.hub import permissions
from pairsmith.hub.auth import forms, users
from pairsmith.hub.auth.authentication import (
    Caller,
    authenticate_session,
    require_account,
    require_sign_in,
    require_write,
)
from pairsmith.hub.auth.limits import limits_of
from pairsmith.hub.context import hub_of
from pairsmith.hub.http.addresses import number_in, repo_of, repo_pages
from pairsmith.hub.http.errors import HubError, bad_request
from pairsmith.hub.membership import invitations, organizations, places
from pairsmith.hub.membership.places import Place
from pairsmith.hub.repos import roles
from pairsmith.hub.repos.roles import Role
from pairsmith.hub.web.render import page

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

OWN = "/settings/organizations"
ONE = OWN + "/{organization:part}"
INVITED = invitations.OWN_PAGE


def show(request: Request) -> Response:
    """`GET …/settings/people`, `GET /settings/organizations/{name}`: who has which role there."""
    who = require_sign_in(request)
    with hub_of(request).database.read() as db:
        place = _place(db, who, request)
        held, waiting = places.holders(db, place), invitations.waiting(db, place)
    shown: dict[str, Any] = {"place": place, "holders": held, "waiting": waiting}
    shown["given"] = roles.GIVEN
    if place.repo is None:
        return page(request, "organization.html.jinja", who, **shown)
    return page(request, "people.html.jinja", who, repo=place.repo, **shown)


def take_invitation(request: Request, sent: FormData) -> Response:
    """`POST …/invite`: asks somebody to take a role there."""
    hub, who = hub_of(request), require_sign_in(request)
    role, whom = roles.named(forms.text(sent, "role")), forms.line(sent, "whom")
    if role is None:
        raise bad_request(f"A role is one of {', '.join(one.word for one in roles.GIVEN)}.")
    with hub.database.write() as db:
        place, user = _place(db, who, request), require_write(who)
        limits_of(request).count("requests", str(user.id))
        invitations.invite(db, place, user, whom, role)
    return RedirectResponse(place.settings, 303)


def take_role(request: Request, sent: FormData) -> Response:
    """`POST …/role`: another role for somebody who has one there, or none any more."""
    who = require_sign_in(request)
    said = forms.text(sent, "role")
    role = Role.NONE if said == "none" else roles.named(said)
    if role is None:
        raise bad_request("A role is one of none, read, write, admin.")
    with hub_of(request).database.write() as db:
        place = _place(db, who, request)
        user = users.named(db, forms.line(sent, "user"))
        if user is None or places.given(db, place, user) is Role.NONE:
            raise HubError(404, f"Nobody of that name has a role in {place.name}.")
        places.give(db, place, require_write(who).name, user, role)
    return RedirectResponse(place.settings, 303)


def take_back(request: Request, sent: FormData) -> Response:
    """`POST …/withdraw`: takes back an invitation that was not answered."""
    who = require_sign_in(request)
    with hub_of(request).database.write() as db:
        place = _place(db, who, request)
        number = number_in(forms.text(sent, "invitation")) or 0
        invitations.withdraw(db, place, require_write(who), number)
    return RedirectResponse(place.settings, 303)


def show_invitations(request: Request) -> Response:
    """`GET /settings/invitations`: what somebody is invited to."""
    who = require_sign_in(request)
    with hub_of(request).database.read() as db:
        found = invitations.of_user(db, require_account(who))
    return page(request, "invitations.html.jinja", who, invitations=found)


def take_reply(request: Request, sent: FormData) -> Response:
    """`POST /settings/invitations`: accepts an invitation, or declines it."""
    who = authenticate_session(request)
    user, number = require_account(who), number_in(forms.text(sent, "invitation")) or 0
    with hub_of(request).database.write() as db:
        if forms.text(sent, "reply") != "accept":
            invitations.decline(db, user, number)
            return RedirectResponse(INVITED, 303)
        accepted = invitations.accept(db, user, number)
    return RedirectResponse(accepted.place.page, 303)


def show_organizations(request: Request) -> Response:
    """`GET /settings/organizations`: whose member somebody is, and a form for another one."""
    who = require_sign_in(request)
    with hub_of(request).database.read() as db:
        found = organizations.of_user(db, require_account(who))
    return page(request, "organizations.html.jinja", who, memberships=found)


def take_organization(request: Request, sent: FormData) -> Response:
    """`POST /settings/organizations`: makes an organization, whose admin the sender is."""
    user = require_account(authenticate_session(request))
    limits_of(request).count("tokens", str(user.id))
    name, fullname = forms.line(sent, "name"), forms.line(sent, "fullname")
    with hub_of(request).database.write() as db:
        made = organizations.make(db, name, fullname, user)
    return RedirectResponse(f"{OWN}/{made.name}", 303)


def take_leave(request: Request, _sent: FormData) -> Response:
    """`POST /settings/organizations/{name}/leave`: ends the sender's own membership."""
    who = authenticate_session(request)
    with hub_of(request).database.write() as db:
        account = permissions.organization(db, who, request.path_params["organization"], Role.READ)
        user = require_account(who)
        places.give(db, places.of_organization(account), user.name, user, Role.NONE)
    return RedirectResponse(OWN, 303)


def leave_repo(request: Request, _sent: FormData) -> Response:
    """`POST …/leave`: gives the sender's own role as a collaborator back."""
    who = authenticate_session(request)
    with hub_of(request).database.write() as db:
        repo = permissions.visible(db, who, *repo_of(request))
        user, place = require_account(who), places.of_repo(repo)
        if places.given(db, place, user) is Role.NONE:
            raise HubError(404, f"You are no collaborator of {repo.full_name}.")
        places.give(db, place, user.name, user, Role.NONE)
    return RedirectResponse("/", 303)


def _place(db: sqlite3.Connection, who: Caller, request: Request) -> Place:
    """The place that an address names, for one of its admins."""
    name = request.path_params.get("organization")
    if name is not None:
        return places.of_organization(permissions.organization(db, who, name, Role.ADMIN))
    return places.of_repo(permissions.administrable(db, who, *repo_of(request)))


routes: list[BaseRoute] = [
    Route(INVITED, show_invitations),
    forms.post(INVITED, take_reply),
    Route(OWN, show_organizations),
    forms.post(OWN, take_organization),
    Route(ONE, show),
    forms.post(ONE + "/invite", take_invitation),
    forms.post(ONE + "/role", take_role),
    forms.post(ONE + "/withdraw", take_back),
    forms.post(ONE + "/leave", take_leave),
    *repo_pages("/settings/people", show),
    *forms.repo_posts("/settings/people/invite", take_invitation),
    *forms.repo_posts("/settings/people/role", take_role),
    *forms.repo_posts("/settings/people/withdraw", take_back),
    *forms.repo_posts("/leave", leave_repo),
]

"""Who takes part in a collection: invited by name or by a link, given roles, taken out."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse

from pairsmith.hub.auth import forms, users
from pairsmith.hub.auth.limits import limits_of
from pairsmith.hub.auth.users import User
from pairsmith.hub.collections import invitations, members, roles
from pairsmith.hub.collections.registry import Collection
from pairsmith.hub.collections.roles import Role
from pairsmith.hub.http.addresses import number_in
from pairsmith.hub.http.errors import HubError, bad_request
from pairsmith.hub.web.collecting.entering import Entered, enter, enter_form
from pairsmith.hub.web.render import page

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response


def show(request: Request) -> Response:
    """`GET …/people`: who takes part, and who is invited."""
    return _page(request, enter(request, Role.OWNER))


def take_invitation(request: Request, sent: FormData) -> Response:
    """`POST …/people/invite`: invites an account by its name."""
    entered, role = enter_form(request, Role.OWNER), _role(sent)
    limits_of(request).count("requests", str(entered.user.id))  # for it tells others
    with entered.hub.database.write() as db:
        invitations.invite(db, entered.collection, entered.user, forms.line(sent, "whom"), role)
    return _back(entered)


def take_link(request: Request, sent: FormData) -> Response:
    """`POST …/people/link`: makes a link that one person can use, and shows it once."""
    entered, role = enter_form(request, Role.OWNER), _role(sent)
    with entered.hub.database.write() as db:
        secret = invitations.make_link(db, entered.collection, entered.user, role)
    return _page(request, entered, entered.hub.url(f"/collections/join/{secret}"))


def take_role(request: Request, sent: FormData) -> Response:
    """`POST …/people/role`: gives another role to who takes part, or takes them out."""
    entered = enter_form(request, Role.OWNER)
    role = Role.NONE if forms.text(sent, "role") == "none" else _role(sent)
    with entered.hub.database.write() as db:
        user = _member(db, entered.collection, forms.line(sent, "user"))
        members.give(db, entered.collection, user, role)
    return _back(entered)


def take_back(request: Request, sent: FormData) -> Response:
    """`POST …/people/withdraw`: takes back an invitation that was not answered."""
    entered = enter_form(request, Role.OWNER)
    number = number_in(forms.text(sent, "invitation"))
    with entered.hub.database.write() as db:
        waiting = invitations.waiting(db, entered.collection)
        found = next((one for one in waiting if one.id == number), None)
        if found is None:
            raise HubError(404, "There is no such invitation any more.")
        invitations.end(db, found)
    return _back(entered)


def _role(sent: FormData) -> Role:
    role = roles.named(forms.text(sent, "role"))
    if role is None:
        raise bad_request(f"A role is one of {', '.join(one.word for one in roles.GIVEN)}.")
    return role


def _member(db: sqlite3.Connection, collection: Collection, name: str) -> User:
    user = users.named(db, name)
    if user is None or members.given(db, collection, user) is Role.NONE:
        raise HubError(404, f"Nobody of that name was given a role in {collection.full_name}.")
    return user


def _page(request: Request, entered: Entered, link: str = "") -> Response:
    with entered.hub.database.read() as db:
        held = members.listed(db, entered.collection)
        waiting = invitations.waiting(db, entered.collection)
    return page(
        request,
        "collection_people.html.jinja",
        entered.caller,
        **entered.shown,
        members=held,
        waiting=waiting,
        given=roles.GIVEN,
        link=link,
    )


def _back(entered: Entered) -> Response:
    return RedirectResponse(f"{entered.collection.page}/people", 303)

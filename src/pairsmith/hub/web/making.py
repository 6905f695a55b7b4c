"""The page on which a dataset or a model is made, for who has no program at hand."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from pairsmith.hub import permissions
from pairsmith.hub.auth import forms
from pairsmith.hub.auth.authentication import authenticate_session
from pairsmith.hub.auth.users import User
from pairsmith.hub.context import hub_of
from pairsmith.hub.http.addresses import KINDS, Kind, RepoName
from pairsmith.hub.http.errors import HubError, bad_request
from pairsmith.hub.membership import making, organizations
from pairsmith.hub.web.own_pages import own, own_page, signed_in
from pairsmith.hub.web.settings import VISIBILITY

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request

PATH = "/new"
EMPTY = ("", "", "private")  # what the form holds first: nothing shows before its gate is closed


def show(request: Request) -> Response:
    """`GET /new?kind&owner`: the form."""
    asked = request.query_params
    return _form(request, signed_in(request), _kind(asked.get("kind", "")), EMPTY)


def take(request: Request, user: User, sent: FormData) -> Response:
    """`POST /new`: an empty repository, and on to its page."""
    owner, name = forms.line(sent, "owner"), forms.line(sent, "name")
    kind, visibility = _kind(forms.text(sent, "kind")), forms.text(sent, "visibility")
    try:
        if visibility not in VISIBILITY:
            raise bad_request("visibility has to be public or private.")
        with hub_of(request).database.write() as db:
            whose = permissions.namespace(db, authenticate_session(request), owner)
            named = RepoName(kind, whose.name, name)
            made = making.make(db, whose, user, named, VISIBILITY[visibility])
    except HubError as fault:
        return _form(request, user, kind, (owner, name, visibility), fault)
    return RedirectResponse(made.page, 303)


def _kind(text: str) -> Kind:
    return next((kind for kind in KINDS if kind == text), KINDS[0])


def _form(
    request: Request,
    user: User,
    kind: Kind,
    typed: tuple[str, str, str],
    fault: HubError | None = None,
) -> Response:
    with hub_of(request).database.read() as db:
        owners = [user.name, *_organizations(db, user)]
    owner = typed[0] or request.query_params.get("owner", "")
    return own_page(
        request,
        "new.html.jinja",
        fault,
        kinds=KINDS,
        kind=kind,
        owners=owners,
        owner=owner,
        name=typed[1],
        visibility=typed[2],
    )


def _organizations(db: sqlite3.Connection, user: User) -> list[str]:
    """The organizations under whose name a user may make repositories."""
    return [one.account.name for one in organizations.of_user(db, user) if one.role.writes]


routes: list[BaseRoute] = [Route(PATH, show), forms.post(PATH, own(take))]

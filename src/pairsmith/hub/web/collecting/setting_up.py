"""A collection set up by its owner: begun from a form, changed, given what is to be judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from starlette.responses import RedirectResponse

from pairsmith.collecting.events import Kind
from pairsmith.collecting.pages.served import Served
from pairsmith.collecting.project import Mode, Project
from pairsmith.collecting.project_file import make_project, parse_project, write_project
from pairsmith.errors import CollectionError, PairsmithError
from pairsmith.hub import permissions
from pairsmith.hub.auth import forms
from pairsmith.hub.auth.authentication import authenticate_session, require_account, require_sign_in
from pairsmith.hub.auth.limits import limits_of
from pairsmith.hub.collections import registry
from pairsmith.hub.collections.roles import Role
from pairsmith.hub.context import hub_of
from pairsmith.hub.http.errors import HubError, bad_request
from pairsmith.hub.membership import organizations
from pairsmith.hub.repos import roles
from pairsmith.hub.web.collecting.beginning import begin
from pairsmith.hub.web.collecting.entering import Entered, enter, enter_form
from pairsmith.hub.web.collecting.hosting import hosting_of, why_not
from pairsmith.hub.web.collecting.taking import take_dataset
from pairsmith.hub.web.render import page

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

MAX_VERSIONS = 50  # that a page shows, the newest
EXAMPLE = """\
mode: relabel
title: Which reply is better?
instructions: |
  Pick the reply that helps more. Say by how much.
consent: |
  What you choose is kept under a number, without your name, and published.
warning: ""
pay: ""
opinions: 3
"""


class Version(NamedTuple):
    """A project as it was.

    Attributes:
        number: From 1.
        since: When it began to count, seconds since 1970.
        by: The name of who changed it to that; '' for who made the collection, or is gone.
        text: As YAML.
    """

    number: int
    since: int
    by: str
    text: str


def show_new(request: Request) -> Response:
    """`GET /collections/new`: the form for another collection."""
    require_sign_in(request)
    return _new_page(request, EXAMPLE)


def take_new(request: Request, sent: FormData) -> Response:
    """`POST /collections/new`: begins a collection."""
    hub, who = hub_of(request), authenticate_session(request)
    limits_of(request).count("tokens", str(require_account(who).id))
    name, text = forms.line(sent, "name"), forms.text(sent, "project")
    try:
        project = _project(request, text)
        with hub.database.read() as db:
            owner = permissions.collector(db, who, forms.line(sent, "owner"))
        made = begin(hub, owner, name, project)
    except HubError as fault:
        return _new_page(request, text, fault, name)
    return RedirectResponse(f"{made.page}/settings", 303)


def show_settings(request: Request) -> Response:
    """`GET …/settings`: the project, its earlier versions, and the collection's end."""
    return _settings_page(request, enter(request, Role.OWNER))


def take_settings(request: Request, sent: FormData) -> Response:
    """`POST …/settings`: changes the project; what was chosen before stays under the one before."""
    entered, text = enter_form(request, Role.OWNER), forms.text(sent, "project")
    try:
        project = _project(request, text)
        with hosting_of(request).served(entered.collection) as served:
            served.collection.change(project, entered.who)
    except HubError as fault:
        return _settings_page(request, entered, fault, text)
    with entered.hub.database.write() as db:
        registry.describe(db, entered.collection, project.title)
    hosting_of(request).renew(entered.collection)
    return RedirectResponse(f"{entered.collection.page}/settings", 303)


def take_items(request: Request, sent: FormData) -> Response:
    """`POST …/items`: takes what is to be judged from a dataset of this hub that is a build."""
    entered = enter_form(request, Role.OWNER)
    try:
        with hosting_of(request).served(entered.collection) as served:
            take_dataset(
                entered,
                served,
                forms.line(sent, "dataset"),
                forms.line(sent, "annotation") or None,
                forms.line(sent, "subset") or None,
            )
    except HubError as fault:
        return _settings_page(request, entered, fault)
    return RedirectResponse(f"{entered.collection.page}/settings", 303)


def _project(request: Request, text: str) -> Project:
    """The project in a form.

    Raises:
        HubError: 400, where it is none, or names models that the hub may not ask.
    """
    try:
        project = parse_project(text.replace("\r\n", "\n"), "the form")
    except CollectionError as error:
        raise bad_request(f"{error.message} {error.hint}".strip()) from error
    fault = why_not(project, hub_of(request).settings.reachable)
    if fault:
        raise bad_request(fault)
    return project


def _new_page(
    request: Request, text: str, fault: HubError | None = None, name: str = ""
) -> Response:
    who = require_sign_in(request)
    user = require_account(who)
    with hub_of(request).database.read() as db:
        member = organizations.of_user(db, user)
    return page(
        request,
        "collection_new.html.jinja",
        who,
        fault.status if fault else 200,
        fault=fault.message if fault else "",
        typed=text,
        name=name,
        owners=[user.name, *(o.account.name for o in member if o.role is roles.Role.ADMIN)],
        reachable=hub_of(request).settings.reachable,
    )


def _settings_page(
    request: Request, entered: Entered, fault: HubError | None = None, typed: str | None = None
) -> Response:
    with hosting_of(request).served(entered.collection) as served:
        project = served.collection.project()
        versions = _versions(entered, served)
        with served.collection.store.read() as transaction:
            taken = transaction.last(Kind.IMPORTED)
    return page(
        request,
        "collection_settings.html.jinja",
        entered.caller,
        fault.status if fault else 200,
        **entered.shown,
        fault=fault.message if fault else "",
        typed=write_project(project) if typed is None else typed,
        versions=versions,
        taken=None if taken is None else taken.body,
        judges=not project.mode.talks,
        reviews=project.mode == Mode.REVIEW,
        blocked=why_not(project, entered.hub.settings.reachable),
        reachable=entered.hub.settings.reachable,
    )


def _versions(entered: Entered, served: Served) -> list[Version]:
    """The projects that the collection had, the newest first."""
    with served.collection.store.read() as transaction:
        events = [*transaction.events((Kind.PROJECT,))]
    with entered.hub.database.read() as db:
        known = {str(row[0]): row[1] for row in db.execute(
            "SELECT id, name FROM users WHERE removed IS NULL AND id IN"
            " (SELECT value FROM json_each(?))",
            (f"[{', '.join({e.who for e in events if e.who.isdecimal()})}]",),
        )}  # fmt: skip
    found = [
        Version(number, int(event.time), known.get(event.who, ""), _shown(event.body["project"]))
        for number, event in enumerate(events, 1)
    ]
    return found[::-1][:MAX_VERSIONS]


def _shown(held: object) -> str:
    try:
        return write_project(make_project(held))
    except PairsmithError:  # of an earlier version of pairsmith, which knew other settings
        return str(held)

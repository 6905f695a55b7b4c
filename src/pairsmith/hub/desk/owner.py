"""Pages of the owner: what is offered, who was given a licence, granting and revoking by hand."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from pairsmith.hub import access
from pairsmith.hub.accounts import forms, users
from pairsmith.hub.callers import Caller, caller
from pairsmith.hub.desk import licences, offers, payments
from pairsmith.hub.desk.offers import Draft
from pairsmith.hub.faults import HubError, bad_request
from pairsmith.hub.pages.render import page
from pairsmith.hub.place import hub_of
from pairsmith.hub.repos import Repo

if TYPE_CHECKING:
    from starlette.requests import Request

PLACE = "/datasets/{owner:part}/{name:part}/settings/licences"
FIELDS = 12  # of a form, at most

# what a form does to a repository of its sender's, within a write transaction
Deed = Callable[[sqlite3.Connection, Repo, FormData], object]


def desk(request: Request) -> Response:
    """GET …/settings/licences: offers, licences, payments that were turned away."""
    return _desk(request, caller(request))


def offer(request: Request) -> Response:
    """GET …/settings/licences/offers/{offer}: an offer, to change it."""
    who, at = caller(request), request.path_params
    with hub_of(request).database.read() as db:
        repo = access.writable(db, who, at["owner"], at["name"])
        found = offers.found(db, repo, at["offer"])
    return page(
        request, "offer.html.jinja", who, repo=repo, offer=found, draft=found.draft, fault=""
    )


def table(request: Request) -> Response:
    """GET …/settings/licences.csv: every licence that was given."""
    who, at = caller(request), request.path_params
    with hub_of(request).database.read() as db:
        repo = access.writable(db, who, at["owner"], at["name"])
        text = licences.as_csv(licences.of_repo(db, repo))
    headers = {
        "content-disposition": f'attachment; filename="{repo.owner}-{repo.name}-licences.csv"',
        "cache-control": "no-store",
    }
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


async def make(request: Request) -> Response:
    """POST …/settings/licences: a new offer; what is wrong with it is said above the form."""
    form = await _sent(request)
    return await run_in_threadpool(_made, request, form)


async def change(request: Request) -> Response:
    """POST …/settings/licences/offers/{offer}: the same offer in other words."""
    form = await _sent(request)
    return await run_in_threadpool(_changed, request, form)


async def retire(request: Request) -> Response:
    """POST …/settings/licences/offers/{offer}/retire: not made any more, or made again."""

    def deed(db: sqlite3.Connection, repo: Repo, form: FormData) -> None:
        found = offers.found(db, repo, request.path_params["offer"])
        offers.set_active(db, found, _field(form, "active") == "yes")

    return await _do(request, deed)


async def grant(request: Request) -> Response:
    """POST …/settings/licences/grant: a licence by the owner's hand."""

    def deed(db: sqlite3.Connection, repo: Repo, form: FormData) -> None:
        found = offers.found(db, repo, _field(form, "offer"))
        name = _field(form, "user").strip()
        user = users.named(db, name)
        if user is None:
            raise bad_request(f"This hub has no user {name!r}.")
        if number := licences.held(db, repo, user).get(found.id):
            raise HubError(409, f"{user.name} holds this licence already: {number}.")
        licences.grant(db, repo, found, user, repo.owner)

    return await _do(request, deed)


async def revoke(request: Request) -> Response:
    """POST …/settings/licences/revoke/{number}: the end of a licence, and why."""

    def deed(db: sqlite3.Connection, repo: Repo, form: FormData) -> None:
        licence = licences.of_repo_numbered(db, repo, request.path_params["number"])
        licences.revoke(db, repo, licence, repo.owner, _field(form, "reason"))

    return await _do(request, deed)


async def _sent(request: Request) -> FormData:
    """The form that was sent, from a page of this hub."""
    form = await request.form(max_fields=FIELDS, max_files=0)
    forms.proved(request, form)
    return form


async def _do(request: Request, deed: Deed) -> Response:
    """Does what a form asks for, and shows the desk again."""
    form = await _sent(request)
    return await run_in_threadpool(_done, request, form, deed)


def _done(request: Request, form: FormData, deed: Deed) -> Response:
    who, at = caller(request), request.path_params
    with hub_of(request).database.write() as db:
        repo = access.writable(db, who, at["owner"], at["name"])
        deed(db, repo, form)
    return RedirectResponse(f"{repo.page}/settings/licences", 303)


def _made(request: Request, form: FormData) -> Response:
    who, at, draft = caller(request), request.path_params, _draft(form)
    with hub_of(request).database.write() as db:
        repo = access.writable(db, who, at["owner"], at["name"])
        try:
            offers.make(db, repo, draft)
        except HubError as error:
            fault = error
        else:
            return RedirectResponse(f"{repo.page}/settings/licences", 303)
    return _desk(request, who, draft, fault)


def _changed(request: Request, form: FormData) -> Response:
    who, at, draft = caller(request), request.path_params, _draft(form)
    with hub_of(request).database.write() as db:
        repo = access.writable(db, who, at["owner"], at["name"])
        found = offers.found(db, repo, at["offer"])
        try:
            offers.change(db, repo, found, draft)
        except HubError as error:
            fault = error
        else:
            return RedirectResponse(f"{repo.page}/settings/licences", 303)
    shown = {"repo": repo, "offer": found, "draft": draft, "fault": fault.message}
    return page(request, "offer.html.jinja", who, fault.status, **shown)


def _desk(
    request: Request, who: Caller, draft: Draft | None = None, fault: HubError | None = None
) -> Response:
    at = request.path_params
    with hub_of(request).database.read() as db:
        repo = access.writable(db, who, at["owner"], at["name"])
        shown = {
            "repo": repo,
            "offers": offers.listed(db, repo),
            "licences": licences.of_repo(db, repo),
            "turned_away": payments.turned_away(db, repo),
            "draft": draft or Draft(),
            "fault": fault.message if fault else "",
        }
    return page(request, "desk.html.jinja", who, fault.status if fault else 200, **shown)


def _draft(form: FormData) -> Draft:
    return Draft(*(_field(form, name) for name in Draft._fields))


def _field(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


routes: list[BaseRoute] = [
    Route(PLACE, desk),
    Route(PLACE, make, methods=["POST"]),
    Route(PLACE + ".csv", table),
    Route(PLACE + "/grant", grant, methods=["POST"]),
    Route(PLACE + "/revoke/{number:part}", revoke, methods=["POST"]),
    Route(PLACE + "/offers/{offer:part}", offer),
    Route(PLACE + "/offers/{offer:part}", change, methods=["POST"]),
    Route(PLACE + "/offers/{offer:part}/retire", retire, methods=["POST"]),
]

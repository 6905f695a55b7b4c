"""The settings of a repository's licences, for its owner: offers, granting and revoking."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute

from pairsmith.hub import permissions
from pairsmith.hub.auth import forms, users
from pairsmith.hub.auth.authentication import Caller, require_account, require_sign_in
from pairsmith.hub.auth.users import User
from pairsmith.hub.context import hub_of
from pairsmith.hub.http.addresses import repo_of, repo_pages
from pairsmith.hub.http.csv_export import csv_download, csv_text
from pairsmith.hub.http.errors import HubError, bad_request
from pairsmith.hub.licensing import licences, offers, payments
from pairsmith.hub.licensing.offers import Draft, DraftError
from pairsmith.hub.repos.repos import Repo
from pairsmith.hub.web.render import page

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

ADDRESS = "/settings/licences"

# what a form does to a repository of its sender's, within a write transaction; the text is what
# the address names within it: an offer's or a licence's number, and then who sent it
Action = Callable[[sqlite3.Connection, Repo, str, "FormData", User], object]


def settings(request: Request) -> Response:
    """`GET …/settings/licences`: offers, licences, payments that were turned away."""
    return _settings_page(request, Draft(), None)


def offer(request: Request) -> Response:
    """`GET …/settings/licences/offers/{at}`: an offer, to change it."""
    return _offer(request, None, None)


def table(request: Request) -> Response:
    """`GET …/settings/licences.csv`: every licence that was given."""
    who = require_sign_in(request)
    with hub_of(request).database.read() as db:
        repo = permissions.administrable(db, who, *repo_of(request))
        rows = [licences.HEADER, *map(licences.cells, licences.of_repo(db, repo))]
    return csv_download(f"{repo.owner}-{repo.name}-licences.csv", csv_text(rows))


def make(request: Request, form: FormData) -> Response:
    """`POST …/settings/licences`: a new offer; what is wrong with it is said above the form."""
    draft = _draft(form)

    def action(db: sqlite3.Connection, repo: Repo, _at: str, _form: FormData, _by: User) -> None:
        offers.make(db, repo, draft)

    try:
        return _done(request, form, action)
    except DraftError as wrong:
        return _settings_page(request, draft, wrong)


def change(request: Request, form: FormData) -> Response:
    """`POST …/settings/licences/offers/{at}`: the same offer in other words."""
    draft = _draft(form)

    def action(db: sqlite3.Connection, repo: Repo, at: str, _form: FormData, _by: User) -> None:
        offers.change(db, repo, offers.find(db, repo, at), draft)

    try:
        return _done(request, form, action)
    except DraftError as wrong:
        return _offer(request, draft, wrong)


def set_active(db: sqlite3.Connection, repo: Repo, at: str, form: FormData, _by: User) -> None:
    """`POST …/settings/licences/offers/{at}/active`: retires an offer, or makes it again."""
    offers.set_active(db, offers.find(db, repo, at), forms.text(form, "active") == "yes")


def grant(db: sqlite3.Connection, repo: Repo, _at: str, form: FormData, by: User) -> None:
    """`POST …/settings/licences/grant`: a licence by the owner's hand."""
    found = offers.find(db, repo, forms.text(form, "offer"))
    name = forms.line(form, "user")
    user = users.named(db, name)
    if user is None:
        raise bad_request(f"This hub has no user {name!r}.")
    if number := licences.active(db, repo, user).get(found.id):
        raise HubError(409, f"{user.name} holds this licence already: {number}.")
    licences.grant(db, repo, found, user, by.name)


def settle(db: sqlite3.Connection, repo: Repo, _at: str, form: FormData, by: User) -> None:
    """`POST …/settings/licences/settle`: the licence for a payment that was turned away."""
    payments.grant(db, repo, forms.text(form, "checkout"), by)


def revoke(db: sqlite3.Connection, repo: Repo, at: str, form: FormData, by: User) -> None:
    """`POST …/settings/licences/revoke/{at}`: the end of a licence, and why."""
    licence = licences.of_repo_numbered(db, repo, at)
    licences.revoke(db, licence, by.name, forms.text(form, "reason"))


def _after(action: Action) -> Callable[[Request, FormData], Response]:
    return lambda request, form: _done(request, form, action)


def _done(request: Request, form: FormData, action: Action) -> Response:
    """Does what a form asks for, and shows the page again."""
    who = require_sign_in(request)
    with hub_of(request).database.write() as db:
        repo = permissions.administrable(db, who, *repo_of(request))
        action(db, repo, request.path_params.get("at", ""), form, require_account(who))
    return RedirectResponse(f"{repo.page}/settings/licences", 303)


def _settings_page(request: Request, draft: Draft, wrong: DraftError | None) -> Response:
    who = require_sign_in(request)
    with hub_of(request).database.read() as db:
        repo = permissions.administrable(db, who, *repo_of(request))
        shown = {
            "repo": repo,
            "offers": offers.listed(db, repo),
            "licences": licences.of_repo(db, repo),
            "turned_away": payments.of_repo(db, repo),
        }
    return _page(request, "licence_settings.html.jinja", who, draft, wrong, **shown)


def _offer(request: Request, draft: Draft | None, wrong: DraftError | None) -> Response:
    who = require_sign_in(request)
    with hub_of(request).database.read() as db:
        repo = permissions.administrable(db, who, *repo_of(request))
        found = offers.find(db, repo, request.path_params["at"])
    shown = {"repo": repo, "offer": found}
    return _page(request, "offer.html.jinja", who, draft or found.draft, wrong, **shown)


def _page(
    request: Request,
    name: str,
    who: Caller,
    draft: Draft,
    wrong: DraftError | None,
    **shown: object,
) -> Response:
    status, fault = (wrong.status, wrong.message) if wrong else (200, "")
    return page(request, name, who, status, draft=draft, fault=fault, **shown)


def _draft(form: FormData) -> Draft:
    return Draft(*(forms.text(form, name) for name in Draft._fields))


routes: list[BaseRoute] = [
    *repo_pages(ADDRESS, settings),
    *repo_pages(ADDRESS + ".csv", table),
    *repo_pages(ADDRESS + "/offers/{at:part}", offer),
    *forms.repo_posts(ADDRESS, make),
    *forms.repo_posts(ADDRESS + "/offers/{at:part}", change),
    *forms.repo_posts(ADDRESS + "/offers/{at:part}/active", _after(set_active)),
    *forms.repo_posts(ADDRESS + "/grant", _after(grant)),
    *forms.repo_posts(ADDRESS + "/settle", _after(settle)),
    *forms.repo_posts(ADDRESS + "/revoke/{at:part}", _after(revoke)),
]

"""Licences, for those who buy: buying, one's licences, a licence to print."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Route

from pairsmith.hub import permissions
from pairsmith.hub.auth import forms, users
from pairsmith.hub.auth.authentication import (
    Caller,
    authenticate,
    require_account,
    require_sign_in,
    require_write,
)
from pairsmith.hub.auth.limits import limits_of
from pairsmith.hub.auth.redirects import sign_in_then
from pairsmith.hub.context import hub_of
from pairsmith.hub.http.addresses import encoded, page_of, repo_of, repo_pages
from pairsmith.hub.http.errors import HubError, bad_request, not_allowed
from pairsmith.hub.licensing import licences, offers, orders, payments, seats
from pairsmith.hub.licensing.offers import Offer
from pairsmith.hub.repos.repos import Repo
from pairsmith.hub.web.render import page

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

REFUSED = {
    "rejected": "Your request for access was rejected, so you cannot buy a licence; {} can let you"
    " in.",
    "revoked": "Your access was revoked, so you cannot buy a licence; {} can let you in.",
}


CHANGED = "The offer was changed since you opened this page. Read it again, please."
TICK = "Tick that you agree to the terms: without that nothing is sold."


def show_terms(request: Request) -> Response:
    """`GET …/buy/{offer}`: what somebody agrees to who buys it."""
    who = authenticate(request)
    if who.user is None:
        return _sign_in(request)
    with hub_of(request).database.read() as db:
        repo, offer = _for_sale(db, request, who)
    return page(request, "buy.html.jinja", who, repo=repo, offer=offer, fault="")


def buy(request: Request, form: FormData) -> Response:
    """`POST …/buy/{offer}`: puts on record what was agreed to, and goes on to Stripe."""
    who = authenticate(request)
    if who.user is None:
        return _sign_in(request)
    with hub_of(request).database.write() as db:
        repo, offer = _for_sale(db, request, who)
        user = require_write(who)
        same = forms.text(form, "offered") == offer.words.mark
        agreed = same and forms.text(form, "agree") == "yes"
        reference = orders.create(db, repo, offer, user) if agreed else ""
    if not agreed:
        status, fault = (400, TICK) if same else (409, CHANGED)
        return page(request, "buy.html.jinja", who, status, repo=repo, offer=offer, fault=fault)
    return RedirectResponse(orders.checkout_url(offer, reference), 303)


def _sign_in(request: Request) -> Response:
    kind, owner, name = repo_of(request)
    return sign_in_then(page_of(kind, f"{encoded(owner)}/{encoded(name)}"))


def _for_sale(db: sqlite3.Connection, request: Request, who: Caller) -> tuple[Repo, Offer]:
    """The offer that an address names, where it is sold to the caller.

    Raises:
        HubError: 404 where there is none; 409 where it is not sold, or they hold the licence; 403
            where the owner turned them away.
    """
    repo = permissions.visible(db, who, *repo_of(request))
    offer = offers.find(db, repo, request.path_params["offer"])
    if not offer.active:
        raise HubError(409, f"{repo.owner} does not make the offer {offer.name!r} any more.")
    if not offer.url or not hub_of(request).settings.stripe_secret:
        raise HubError(409, f"{repo.owner} grants this licence by hand: ask them for it.")
    if offer.over:
        raise HubError(409, f"The last day of the offer {offer.name!r} is over.")
    if refused := orders.refused(db, repo, who.user):
        raise not_allowed(REFUSED[refused].format(repo.owner))
    if number := licences.active(db, repo, who.user).get(offer.id):
        raise HubError(409, f"You hold this licence already: {number}.")
    return repo, offer


def mine(request: Request) -> Response:
    """`GET /settings/licences`: the licences of whoever is signed in."""
    who = require_sign_in(request)
    with hub_of(request).database.read() as db:
        user = require_account(who)
        shown: dict[str, Any] = {
            "licences": licences.of_user(db, user),
            "seated": licences.seated(db, user),
            "turned_away": payments.of_payer(db, user),
        }
    return page(request, "licences.html.jinja", who, **shown)


def one(request: Request) -> Response:
    """`GET /licences/{number}`: a licence, to read or to print."""
    who = require_sign_in(request)
    with hub_of(request).database.read() as db:
        licence = licences.readable(db, require_account(who), request.path_params["number"])
        held = seats.held(db, licence)
    return page(request, "licence.html.jinja", who, licence=licence, held=held)


def take_seat(request: Request, form: FormData) -> Response:
    """`POST /licences/{number}/seats`: the licensee gives a seat to somebody, or frees theirs."""
    who, name = require_sign_in(request), forms.line(form, "user")
    with hub_of(request).database.write() as db:
        user = require_write(who)
        licence = seats.own(db, user, request.path_params["number"])
        limits_of(request).count("requests", str(user.id))
        seated = users.named(db, name)
        if seated is None:
            raise bad_request(f"This hub has no user {name[:100]!r}.")
        if forms.text(form, "free") == "yes":
            seats.take(db, licence, seated)
        else:
            seats.give(db, licence, seated)
    return RedirectResponse(f"/licences/{encoded(licence.number)}", 303)


routes: list[BaseRoute] = [
    *repo_pages("/buy/{offer:part}", show_terms),
    *forms.repo_posts("/buy/{offer:part}", buy),
    Route("/settings/licences", mine),
    Route("/licences/{number:part}", one),
    forms.post("/licences/{number:part}/seats", take_seat),
]

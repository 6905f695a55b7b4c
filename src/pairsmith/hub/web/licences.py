"""Licences, for those who buy: buying, one's licences, a licence to print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Route

from pairsmith.hub import permissions
from pairsmith.hub.auth import forms
from pairsmith.hub.auth.authentication import (
    authenticate,
    require_account,
    require_sign_in,
    require_write,
)
from pairsmith.hub.auth.redirects import sign_in_then
from pairsmith.hub.context import hub_of
from pairsmith.hub.http.addresses import encoded, page_of, repo_of
from pairsmith.hub.http.errors import HubError, not_allowed
from pairsmith.hub.licensing import licences, offers, orders, payments
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


def buy(request: Request, _form: FormData) -> Response:
    """`POST /datasets/{owner}/{name}/buy/{offer}`: on to Stripe, with an order's reference."""
    hub, who = hub_of(request), authenticate(request)
    if who.user is None:
        kind, owner, name = repo_of(request)
        return sign_in_then(page_of(kind, f"{encoded(owner)}/{encoded(name)}"))
    with hub.database.write() as db:
        repo = permissions.visible(db, who, *repo_of(request))
        user = require_write(who)
        offer = offers.find(db, repo, request.path_params["offer"])
        if not offer.active:
            raise HubError(409, f"{repo.owner} does not make the offer {offer.name!r} any more.")
        if not offer.url or not hub.settings.stripe_secret:
            raise HubError(409, f"{repo.owner} grants this licence by hand: ask them for it.")
        if refused := orders.refused(db, repo, user):
            raise not_allowed(REFUSED[refused].format(repo.owner))
        if number := licences.active(db, repo, user).get(offer.id):
            raise HubError(409, f"You hold this licence already: {number}.")
        url = orders.checkout_url(offer, orders.create(db, offer, user))
    return RedirectResponse(url, 303)


def mine(request: Request) -> Response:
    """`GET /settings/licences`: the licences of whoever is signed in."""
    who = require_sign_in(request)
    with hub_of(request).database.read() as db:
        user = require_account(who)
        given, turned_away = licences.of_user(db, user), payments.of_payer(db, user)
    return page(request, "licences.html.jinja", who, licences=given, turned_away=turned_away)


def one(request: Request) -> Response:
    """`GET /licences/{number}`: a licence, to read or to print."""
    who = require_sign_in(request)
    with hub_of(request).database.read() as db:
        licence = licences.readable(db, require_account(who), request.path_params["number"])
    return page(request, "licence.html.jinja", who, licence=licence)


routes: list[BaseRoute] = [
    *forms.repo_posts("/buy/{offer:part}", buy),
    Route("/settings/licences", mine),
    Route("/licences/{number:part}", one),
]

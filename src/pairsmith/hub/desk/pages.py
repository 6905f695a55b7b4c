"""Pages of the buyer: buying, one's licences, a licence to print. And every route of the desk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Route

from pairsmith.hub import access
from pairsmith.hub.accounts import forms
from pairsmith.hub.addresses import encoded
from pairsmith.hub.callers import caller, writer
from pairsmith.hub.desk import licences, offers, orders, owner
from pairsmith.hub.faults import HubError
from pairsmith.hub.pages.render import page
from pairsmith.hub.place import hub_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response


async def buy(request: Request) -> Response:
    """POST /datasets/{owner}/{name}/buy/{offer}: on to Stripe, with an order's reference."""
    forms.proved(request, await request.form(max_fields=4, max_files=0))
    return RedirectResponse(await run_in_threadpool(_ordered, request), 303)


def mine(request: Request) -> Response:
    """GET /settings/licences: the licences of whoever is signed in."""
    who = caller(request)
    if who.user is None:
        return _sign_in(request)
    with hub_of(request).database.read() as db:
        given = licences.of_user(db, who.user)
    return page(request, "licences.html.jinja", who, licences=given)


def one(request: Request) -> Response:
    """GET /licences/{number}: a licence, to read or to print."""
    who = caller(request)
    if who.user is None:
        return _sign_in(request)
    with hub_of(request).database.read() as db:
        licence = licences.readable(db, who.user, request.path_params["number"])
    return page(request, "licence.html.jinja", who, licence=licence)


def _ordered(request: Request) -> str:
    """Where the offer that the address names is paid, once it is ordered."""
    hub, who, at = hub_of(request), caller(request), request.path_params
    with hub.database.write() as db:
        repo = access.visible(db, who, at["owner"], at["name"])
        user = writer(who)
        offer = offers.found(db, repo, at["offer"])
        if not offer.active:
            raise HubError(409, f"{repo.owner} does not make the offer {offer.name!r} any more.")
        if not offer.url or not hub.settings.stripe_secret:
            raise HubError(409, f"{repo.owner} grants this licence by hand: ask them for it.")
        if number := licences.held(db, repo, user).get(offer.id):
            raise HubError(409, f"You hold this licence already: {number}.")
        return orders.checkout_url(offer, orders.place(db, offer, user))


def _sign_in(request: Request) -> Response:
    """To the page for signing in and back, the same whether what was asked for exists."""
    return RedirectResponse(f"/login?next={encoded(request.url.path)}", 303)


routes: list[BaseRoute] = [
    Route("/datasets/{owner:part}/{name:part}/buy/{offer:part}", buy, methods=["POST"]),
    Route("/settings/licences", mine),
    Route("/licences/{number:part}", one),
    *owner.routes,
]

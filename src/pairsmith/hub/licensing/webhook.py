"""The endpoint for Stripe's events: verified by their signature, then processed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from pairsmith.hub.context import Hub, hub_of
from pairsmith.hub.http.bodies import json_object, read_bounded
from pairsmith.hub.http.errors import HubError, bad_request
from pairsmith.hub.licensing import payments

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

LIMIT = 1024 * 1024  # bytes of an event
TOLERANCE = 300  # seconds that an event may be old


async def deliver(request: Request) -> Response:
    """POST /stripe/webhook: an event, signed with this hub's secret."""
    hub = hub_of(request)
    if not hub.settings.stripe_secret:
        raise HubError(404, "This hub takes no payments: it has no secret of Stripe's.")
    body = await read_bounded(request, LIMIT)
    signature = request.headers.get("stripe-signature", "")
    return JSONResponse(
        {"outcome": await run_in_threadpool(_process, hub, body, signature)},
        headers={"cache-control": "no-store"},
    )


def verified_event(body: bytes, signature: str, secret: str) -> dict[str, Any]:
    """An event, as Stripe signed it no longer than five minutes ago.

    Raises:
        HubError: 400, where it is not signed with the secret, is too old, or is no JSON object.
            What the body says stands in no message and no log.
    """
    import stripe

    try:
        text = body.decode("utf-8")
        stripe.WebhookSignature.verify_header(text, signature, secret, tolerance=TOLERANCE)
    except (stripe.SignatureVerificationError, ValueError, TypeError):
        # TypeError: a signature with characters that are not ASCII, which cannot be compared
        raise bad_request(
            "The body is not signed with this hub's secret of Stripe's, or it was signed more than"
            f" {TOLERANCE} seconds ago."
        ) from None
    return json_object(text, "The body")


def _process(hub: Hub, body: bytes, signature: str) -> str:
    event = verified_event(body, signature, hub.settings.stripe_secret)
    with hub.database.write() as db:
        return payments.apply_event(db, event)


routes: list[BaseRoute] = [Route("/stripe/webhook", deliver, methods=["POST"])]

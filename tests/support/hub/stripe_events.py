"""Events as Stripe sends them, signed, without a network."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import time

NUMBERS = itertools.count(1)


def signed_event(
    secret: str, type: str, object: dict, at: int | None = None, id: str = ""
) -> tuple[bytes, dict[str, str]]:
    """The body and the headers of an event.

    Args:
        secret: What it is signed with, `whsec_…`.
        type: Such as `checkout.session.completed`.
        object: What it is about.
        at: When it was signed; None for now.
        id: Its own id; '' for a new one.
    """
    event = {
        "id": id or f"evt_{next(NUMBERS)}",
        "object": "event",
        "type": type,
        "data": {"object": object},
    }
    return signed_body(secret, json.dumps(event), at)


def signed_body(secret: str, body: str, at: int | None = None) -> tuple[bytes, dict[str, str]]:
    """Any body, signed as an event is."""
    at = int(time.time()) if at is None else at
    signed = hmac.new(secret.encode(), f"{at}.{body}".encode(), hashlib.sha256).hexdigest()
    signature = f"t={at},v1={signed}"
    return body.encode(), {"Stripe-Signature": signature, "Content-Type": "application/json"}


def session(reference: str, **other: object) -> dict[str, object]:
    """A checkout session that was paid, for an offer of 49.00 USD behind `plink_research`."""
    return {
        "id": "cs_test_1",
        "object": "checkout.session",
        "client_reference_id": reference,
        "mode": "payment",
        "payment_status": "paid",
        "payment_link": "plink_research",
        "payment_intent": "pi_1",
        "amount_total": 4900,
        "currency": "usd",
        "customer_details": {"email": "payer@example.org", "name": "Payer Name"},
        **other,
    }


def charge(payment: str, **other: object) -> dict[str, object]:
    """A charge that was refunded in full."""
    return {
        "id": "ch_1",
        "object": "charge",
        "payment_intent": payment,
        "amount": 4900,
        "amount_refunded": 4900,
        "refunded": True,
        **other,
    }


def dispute(payment: str) -> dict[str, object]:
    """A dispute of a payment."""
    return {"id": "dp_1", "object": "dispute", "payment_intent": payment, "charge": "ch_1"}

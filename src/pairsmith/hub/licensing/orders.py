"""Orders: who set out to buy which offer. Stripe gives the reference back with the payment."""

from __future__ import annotations

import secrets
import sqlite3
from typing import Literal, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from pairsmith.hub.auth.users import COLUMNS, User
from pairsmith.hub.core.database import now
from pairsmith.hub.licensing import offers
from pairsmith.hub.licensing.offers import Offer
from pairsmith.hub.repos.repos import Repo, by_id

REFERENCE = "client_reference_id"  # Stripe: up to 200 of [A-Za-z0-9_-]


Refused = Literal["", "rejected", "revoked"]


class Order(NamedTuple):
    """What a reference stands for: this user wants this offer of this repository."""

    repo: Repo
    offer: Offer
    user: User


def refused(db: sqlite3.Connection, repo: Repo, user: User | None) -> Refused:
    """Whether an owner has turned a user away, to whom nothing is sold then.

    That is so where their request was rejected or their access revoked, whatever the gate is now,
    and where the last licence that they held was revoked by hand; not where its payment went back.

    Returns:
        `rejected` or `revoked`; '' where they may buy.
    """
    if user is None:
        return ""
    row = db.execute(
        "SELECT status FROM requests WHERE repo = ? AND user = ?"
        " AND status IN ('rejected', 'revoked')",
        (repo.id, user.id),
    ).fetchone()
    if row:
        return "rejected" if row[0] == "rejected" else "revoked"
    last = db.execute(
        "SELECT revoked, payment IN (SELECT payment FROM returned_payments) FROM licences"
        " WHERE repo = ? AND user = ? ORDER BY revoked IS NULL DESC, revoked DESC LIMIT 1",
        (repo.id, user.id),
    ).fetchone()
    return "revoked" if last and last[0] is not None and not last[1] else ""


def create(db: sqlite3.Connection, offer: Offer, user: User) -> str:
    """The reference under which a user buys an offer.

    It says nothing by itself, and is the same however often the same user sets out to buy the
    same offer, so that a button that is pressed a thousand times leaves one row.
    """
    row = db.execute(
        "SELECT reference FROM orders WHERE offer = ? AND user = ?", (offer.id, user.id)
    ).fetchone()
    if row:
        return str(row[0])
    reference = secrets.token_urlsafe(32)
    db.execute("INSERT INTO orders VALUES (?, ?, ?, ?)", (reference, offer.id, user.id, now()))
    return reference


def find(db: sqlite3.Connection, reference: str) -> Order | None:
    """What was ordered under a reference; None where nothing was, or it is gone."""
    row = db.execute(
        f"SELECT offers.repo, orders.offer, {COLUMNS} FROM orders"
        " JOIN offers ON offers.id = orders.offer JOIN users ON users.id = orders.user"
        " WHERE reference = ?",
        (reference,),
    ).fetchone()
    repo = by_id(db, row[0]) if row else None
    if row is None or repo is None:
        return None
    return Order(repo, offers.find(db, repo, str(row[1])), User(*row[2:]))


def checkout_url(offer: Offer, reference: str) -> str:
    """Where an order is paid: the Payment Link with the reference, its other parameters kept."""
    split = urlsplit(offer.url)
    query = [pair for pair in parse_qsl(split.query, True) if pair[0] != REFERENCE]
    return split._replace(query=urlencode([*query, (REFERENCE, reference)])).geturl()

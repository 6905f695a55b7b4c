"""Orders: who set out to buy which offer. Stripe gives the reference back with the payment."""

from __future__ import annotations

import json
import secrets
import sqlite3
from typing import Literal, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from pairsmith.hub.auth.users import COLUMNS, User
from pairsmith.hub.core.database import now
from pairsmith.hub.licensing import offers
from pairsmith.hub.licensing.offers import Offer, Words, digest
from pairsmith.hub.repos import events
from pairsmith.hub.repos.repos import Repo, by_id

REFERENCE = "client_reference_id"  # Stripe: up to 200 of [A-Za-z0-9_-]


Refused = Literal["", "rejected", "revoked"]


class Order(NamedTuple):
    """What a reference stands for: this user wants this offer of this repository.

    Attributes:
        repo: The repository.
        offer: The offer, in the words that the user agreed to.
        user: The user.
        accepted: When they did; None for an order of before that was asked.
    """

    repo: Repo
    offer: Offer
    user: User
    accepted: int | None


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


def create(db: sqlite3.Connection, repo: Repo, offer: Offer, user: User) -> str:
    """The reference under which a user buys an offer, to whose words of now they agreed.

    It says nothing by itself, and is the same however often the same user sets out to buy the
    same offer, so that a button that is pressed a thousand times leaves one row.
    """
    row = db.execute(
        "SELECT reference, agreed FROM orders WHERE offer = ? AND user = ?", (offer.id, user.id)
    ).fetchone()
    words, terms = offer.words, digest(offer.text)
    agreed = json.dumps([*words._replace(text=terms)], ensure_ascii=False)
    reference = str(row["reference"]) if row else secrets.token_urlsafe(32)
    if row and row["agreed"] == agreed:
        return reference
    db.execute("INSERT OR IGNORE INTO terms VALUES (?, ?)", (terms, offer.text))
    db.execute(
        "INSERT INTO orders (reference, offer, user, created, accepted, agreed)"
        " VALUES (?1, ?2, ?3, ?4, ?4, ?5)"
        " ON CONFLICT (reference) DO UPDATE SET accepted = ?4, agreed = ?5",
        (reference, offer.id, user.id, now(), agreed),
    )
    said = {"offer": offer.name, "terms": terms, "seats": offer.seats}
    events.record(db, repo, user.name, user.name, "terms accepted", **said)
    return reference


def find(db: sqlite3.Connection, reference: str) -> Order | None:
    """What was ordered under a reference; None where nothing was, or it is gone."""
    row = db.execute(
        f"SELECT offers.repo, orders.offer, accepted, agreed, {COLUMNS} FROM orders"
        " JOIN offers ON offers.id = orders.offer JOIN users ON users.id = orders.user"
        " WHERE reference = ?",
        (reference,),
    ).fetchone()
    repo = by_id(db, row[0]) if row else None
    if row is None or repo is None:
        return None
    offer = offers.find(db, repo, str(row[1]))
    if row["agreed"]:
        words = Words(*json.loads(row["agreed"]))
        text = db.execute("SELECT text FROM terms WHERE digest = ?", (words.text,)).fetchone()[0]
        offer = offer._replace(**words._replace(text=text)._asdict())
    return Order(repo, offer, User(*row[4:]), row["accepted"])


def between(db: sqlite3.Connection, offer: Offer, user: User) -> Order | None:
    """The order of a user for an offer; None where there is none."""
    row = db.execute(
        "SELECT reference FROM orders WHERE offer = ? AND user = ?", (offer.id, user.id)
    ).fetchone()
    return find(db, row[0]) if row else None


def checkout_url(offer: Offer, reference: str) -> str:
    """Where an order is paid: the Payment Link with the reference, its other parameters kept."""
    split = urlsplit(offer.url)
    query = [pair for pair in parse_qsl(split.query, True) if pair[0] != REFERENCE]
    return split._replace(query=urlencode([*query, (REFERENCE, reference)])).geturl()

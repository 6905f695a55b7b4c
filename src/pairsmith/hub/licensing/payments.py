"""Payments: what Stripe says happened, and which licences are granted or revoked by it.

Stripe delivers an event at least once, in any order, and more than once at the same time. So
nothing here goes by the order of events: a licence comes of a checkout session once, whatever is
delivered again; a payment that went back before its checkout was heard of is remembered.

Every paid checkout session makes a licence of its own, even where the same user pays for the same
offer twice: so when the payment that was one too many is refunded, the other still holds.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any, NamedTuple, Self

from pairsmith.hub.auth import users
from pairsmith.hub.auth.users import User
from pairsmith.hub.core.database import now
from pairsmith.hub.http.addresses import Kind
from pairsmith.hub.http.errors import HubError, bad_request
from pairsmith.hub.licensing import licences, money, offers, orders
from pairsmith.hub.licensing.licences import Licence, Payment
from pairsmith.hub.licensing.money import CODE
from pairsmith.hub.licensing.offers import Offer
from pairsmith.hub.licensing.orders import Order
from pairsmith.hub.notices.kinds import Kind as NoticeKind
from pairsmith.hub.notices.telling import Happening, admins, tell
from pairsmith.hub.repos import events
from pairsmith.hub.repos.repos import Repo, by_id

StripeObject = dict[str, Any]  # what an event is about, as Stripe's JSON has it
ACTOR = "stripe"
PAID = frozenset({"paid", "no_payment_required"})
TURNED_AWAY = "payment turned away"
REFUSED = {
    "rejected": "the buyer's request for access was rejected",
    "revoked": "the buyer's access was revoked",
}
DONE = ("granted", "revoked")  # how the outcome of an event begins that is not acted on again
MAX_ID_CHARS = 255  # characters
LICENCES = "/settings/licences"  # behind a repository's page, and of a buyer's own
MAX_SHOWN = 100  # payments that were turned away


class TurnedAway(NamedTuple):
    """A payment that made no licence.

    Attributes:
        date: When Stripe told of it.
        kind: The kind of the repository.
        repo: The repository's name at that time: owner/name.
        user: Who set out to pay.
        offer: The name of the offer.
        offer_id: Its number; 0 where that is not on record.
        checkout: Stripe's checkout session.
        payment: Stripe's payment intent; '' where there was none.
        paid: What was paid, such as EUR 4.90; '' where that is not on record.
        reason: Why it made none.
    """

    date: int
    kind: Kind
    repo: str
    user: str
    offer: str
    offer_id: int
    checkout: str
    payment: str
    paid: str
    reason: str

    @classmethod
    def of(cls, event: events.Event) -> Self:
        """It, from the record."""
        said: dict[str, Any] = event.detail
        paid = money.shown(said["paid"], said["currency"]) if "paid" in said else ""
        return cls(
            *event[:3], event.user, said["offer"], said.get("number", 0), said["checkout"],
            said["payment"], paid, said["reason"],
        )  # fmt: skip

    @property
    def owner(self) -> str:
        """Whose repository it was."""
        return self.repo.partition("/")[0]


def apply_event(db: sqlite3.Connection, event: StripeObject) -> str:
    """Does what an event asks for, and returns what that was.

    An event that granted or revoked is not acted on again. One that was turned away is judged
    anew when Stripe is made to send it again, for the owner may have put the offer right.

    Args:
        db: A write transaction.
        event: A snapshot event whose signature was verified.

    Raises:
        HubError: 400 where it is not an event of Stripe's shape.
    """
    number, kind, object = _parts(event)
    row = db.execute("SELECT outcome FROM payment_events WHERE id = ?", (number,)).fetchone()
    if row and row[0].startswith(DONE):
        return str(row[0])
    outcome = ACTS.get(kind, _nothing)(db, object)
    db.execute(
        "INSERT INTO payment_events VALUES (?, ?, ?, ?) ON CONFLICT (id)"
        " DO UPDATE SET date = excluded.date, outcome = excluded.outcome",
        (number, now(), kind, outcome),
    )
    return outcome


def of_repo(db: sqlite3.Connection, repo: Repo) -> list[TurnedAway]:
    """Payments for a repository's offers that made no licence and did not go back, newest first."""
    return _turned_away(db, "subject = ?", repo.id)


def of_payer(db: sqlite3.Connection, user: User) -> list[TurnedAway]:
    """Those that a user made, whatever for, newest first."""
    return _turned_away(db, "user = ?", user.name)


def grant(db: sqlite3.Connection, repo: Repo, checkout: str, actor: User) -> Licence:
    """Grants by hand what a payment was made for that was turned away.

    The licence comes of that payment from now on, and ends where it is refunded.

    Raises:
        HubError: 404 where no such payment is open, or its payer or its offer is gone.
    """
    for payment in _turned_away(db, "subject = ?", repo.id):
        user = users.named(db, payment.user)
        if payment.checkout == checkout and user and payment.offer_id:
            offer = offers.find(db, repo, str(payment.offer_id))
            order = orders.between(db, offer, user) or Order(repo, offer, user, None)
            paid = Payment(checkout, payment.payment or None, order.accepted)
            return licences.grant(db, repo, order.offer, user, actor.name, paid)
    raise HubError(404, "There is no such payment that is open: it made a licence or went back.")


def _turned_away(db: sqlite3.Connection, where: str, value: int | str) -> list[TurnedAway]:
    """The payments that are open, each once: Stripe may have told of it several times."""
    rows = db.execute(
        f"{events.SELECT} WHERE id IN (SELECT max(id) FROM events WHERE {where} AND action = ?"
        " GROUP BY detail ->> 'checkout')"
        " AND detail ->> 'checkout' NOT IN (SELECT checkout FROM licences WHERE checkout NOT NULL)"
        " AND detail ->> 'payment' NOT IN (SELECT payment FROM returned_payments)"
        f" ORDER BY id DESC LIMIT {MAX_SHOWN}",
        (value, TURNED_AWAY),
    ).fetchall()
    return [TurnedAway.of(events.from_row(row)) for row in rows]


def _parts(event: StripeObject) -> tuple[str, str, StripeObject]:
    number, kind, data = _text(event, "id"), _text(event, "type"), event.get("data")
    object = data.get("object") if isinstance(data, dict) else None
    if event.get("object") != "event" or not number or not kind or not isinstance(object, dict):
        raise bad_request("The body is not an event with an id, a type and an object.")
    return number, kind, object


def _checkout(db: sqlite3.Connection, session: StripeObject) -> str:
    """A checkout session that was completed, or whose payment came later."""
    checkout, payment = _text(session, "id"), _text(session, "payment_intent")
    if before := licences.of_checkout(db, checkout):
        return f"nothing to do: {checkout} made {before.number} before"
    order = orders.find(db, _text(session, orders.REFERENCE))
    if order is None:
        return "turned away: its client_reference_id is of no order here"
    if session.get("payment_status") == "unpaid":
        return f"waiting: {checkout} is not paid yet"
    if fault := _fault(db, session, order):
        _turn_away(db, session, order, fault)
        return f"turned away: {fault}"
    paid = Payment(checkout, payment or None, order.accepted)
    licence = licences.grant(db, order.repo, order.offer, order.user, ACTOR, paid)
    _tell(db, order.repo, NoticeKind.SALE, "sold", order.user.id)
    return f"granted {licence.number}"


def _turn_away(db: sqlite3.Connection, session: StripeObject, order: Order, fault: str) -> None:
    """Puts a payment on record that made no licence: where both sides learn of it."""
    amount, currency = session.get("amount_total"), _text(session, "currency").lower()
    known = type(amount) is int and 0 <= amount < 10**money.MAX_DIGITS
    paid = {"paid": amount, "currency": currency} if known and CODE.fullmatch(currency) else {}
    events.record(
        db, order.repo, ACTOR, order.user.name, TURNED_AWAY,
        offer=order.offer.name, number=order.offer.id, checkout=_text(session, "id"),
        payment=_text(session, "payment_intent"), reason=fault, **paid,
    )  # fmt: skip
    _tell(db, order.repo, NoticeKind.PAYMENT, "turned-away", order.user.id)
    tell(db, [order.user.id], Happening(NoticeKind.PAYMENT, "own-turned-away", LICENCES))


def _fault(db: sqlite3.Connection, session: StripeObject, order: Order) -> str:
    """Why a payment makes no licence; '' where it does."""
    payment = _text(session, "payment_intent")
    if fault := _sale_fault(session, order.offer) or _return_fault(db, payment):
        return fault
    if order.offer.over:
        return "the time for which it is offered is over"
    refused = orders.refused(db, order.repo, order.user)
    return REFUSED[refused] if refused else ""


def _sale_fault(session: StripeObject, offer: Offer) -> str:
    """In what a checkout session is not the sale of an offer; '' where it is."""
    status, amount = session.get("payment_status"), session.get("amount_total")
    if not _text(session, "id"):
        return "the checkout session has no id"
    if status not in PAID:
        return f"payment_status is {_brief(status)}"
    if session.get("mode", "payment") != "payment":
        return f"its mode is {_brief(session['mode'])}, and the offer is sold by single payments"
    if not offer.link or _text(session, "payment_link") != offer.link:
        link = _brief(session.get("payment_link"))
        return f"its payment_link is {link}, and the offer's is {offer.link or 'none'}"
    currency = _text(session, "currency").lower()
    if type(amount) is not int or not CODE.fullmatch(currency):
        return "it says no amount in a currency"
    if (amount, currency) != (offer.amount, offer.currency):
        return f"{money.shown(amount, currency)} was paid, and the offer is {offer.asked}"
    return ""


def _return_fault(db: sqlite3.Connection, payment: str) -> str:
    row = db.execute("SELECT reason FROM returned_payments WHERE payment = ?", (payment,))
    found = row.fetchone()
    return f"its payment was {found[0]} before" if found else ""


def _refund(db: sqlite3.Connection, charge: StripeObject) -> str:
    """Money that went back: all of it ends the licence, a part of it does not."""
    if charge.get("refunded") is not True:
        part, whole = _brief(charge.get("amount_refunded")), _brief(charge.get("amount"))
        return f"nothing to do: {part} of {whole} was refunded, the licence holds"
    return _take_back(db, _text(charge, "payment_intent"), "refunded")


def _dispute(db: sqlite3.Connection, dispute: StripeObject) -> str:
    """A payment that the payer's bank is asked to take back."""
    return _take_back(db, _text(dispute, "payment_intent"), "disputed")


def _take_back(db: sqlite3.Connection, payment: str, reason: str) -> str:
    if not payment:
        return "nothing to do: it names no payment_intent"
    db.execute("INSERT OR IGNORE INTO returned_payments VALUES (?, ?)", (payment, reason))
    ended = licences.of_payment(db, payment)
    for licence in ended:
        licences.revoke(db, licence, ACTOR, f"The payment was {reason}.")
        if licence.repo_id is not None and (repo := by_id(db, licence.repo_id)):
            _tell(db, repo, NoticeKind.PAYMENT, "went-back", licence.user_id)
    if not ended:
        return f"nothing to do: no licence that holds came of {payment}"
    return "revoked " + ", ".join(licence.number for licence in ended)


def _tell(db: sqlite3.Connection, repo: Repo, kind: NoticeKind, what: str, buyer: int) -> None:
    """Tells a repository's admins of a payment; what they may have to act on by itself."""
    path = LICENCES if kind is NoticeKind.SALE else f"{LICENCES}#turned-away"
    tell(db, admins(db, repo), Happening(kind, what, path, repo, buyer))


def _nothing(_db: sqlite3.Connection, _thing: StripeObject) -> str:
    return "nothing to do: events of this type change no licence"


def _text(object: StripeObject, name: str) -> str:
    value = object.get(name)
    return value if isinstance(value, str) and len(value) <= MAX_ID_CHARS else ""


def _brief(value: object) -> str:
    """A short value of Stripe's, as it may stand in an outcome."""
    return repr(value)[:60] if isinstance(value, str | int | None) else "of no use"


ACTS: dict[str, Callable[[sqlite3.Connection, StripeObject], str]] = {
    "checkout.session.completed": _checkout,
    "checkout.session.async_payment_succeeded": _checkout,
    "charge.refunded": _refund,
    "charge.dispute.created": _dispute,
    "charge.dispute.funds_withdrawn": _dispute,
}

"""Licences: what a user was given, by whom, in which words, and whether it still holds."""

from __future__ import annotations

import secrets
import sqlite3
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from pairsmith.hub.auth.users import SHOWN, User
from pairsmith.hub.core.database import now
from pairsmith.hub.http.addresses import Kind, RepoName
from pairsmith.hub.http.errors import HubError
from pairsmith.hub.licensing.offers import Offer, digest
from pairsmith.hub.notices.kinds import Kind as NoticeKind
from pairsmith.hub.notices.telling import Happening, tell
from pairsmith.hub.repos import events
from pairsmith.hub.repos.licensed import HOLDS
from pairsmith.hub.repos.repos import Repo, by_id
from pairsmith.hub.repos.roles import role_of

LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # none that is taken for another
SOON = 14 * 24 * 3600  # seconds before its end at which a licence is said to end soon
MAX_REASON_CHARS = 500  # characters
SELECT = f"""
    SELECT number, licences.repo, owners.id, licences.kind, licences.dataset,
        iif(owners.removed IS NULL, owners.fullname, owners.name),
        users.id, {SHOWN}, users.fullname, users.email, licences.name, licences.text,
        licences.price, coalesce(checkout, ''), coalesce(payment, ''), granted, revoked, reason,
        seats, accepted, ends, coalesce((SELECT group_concat(seated.name, ', ') FROM seats
        JOIN users AS seated ON seated.id = seats.user WHERE licence = number), '')
    FROM licences JOIN users ON users.id = licences.user
    JOIN users AS owners ON owners.id = licences.owner"""
HEADER = (
    "number", "offer", "price", "user", "full name", "e-mail", "granted", "revoked", "reason",
    "checkout", "payment", "seats", "seats of", "terms accepted", "SHA-256 of the terms", "ends",
)  # fmt: skip


class Payment(NamedTuple):
    """What a licence was paid by.

    Attributes:
        checkout: Stripe's checkout session, for which there is no licence yet.
        payment: Stripe's payment intent; None where there was none.
        accepted: When the buyer agreed to the terms; None where that was not asked yet.
    """

    checkout: str
    payment: str | None
    accepted: int | None


class Licence(NamedTuple):
    """A licence of a dataset.

    Attributes:
        number: Such as PS-2026-7K3M-Q9XD.
        repo_id: The repository; None where it was deleted.
        owner_id: The account of its owner.
        kind: The kind of the repository.
        dataset: The repository's name, of whatever kind it is: owner/name.
        licensor: The owner's full name.
        user_id: The account of the licensee.
        user: The licensee's name in this hub.
        fullname: The licensee's full name.
        email: The licensee's e-mail address.
        name: The offer's name when the licence was granted.
        text: The terms at that time, Markdown.
        price: The price at that time, as it was shown.
        checkout: Stripe's checkout session; '' where it was granted by hand.
        payment: Stripe's payment intent; '' where there was none.
        granted: When.
        revoked: When; None where it holds.
        reason: Why it was revoked.
        seats: For how many accounts it is.
        accepted: When the licensee agreed to the terms; None where it was granted by hand.
        ends: When it ends; None where it does not.
        in_use: The names of those who have a seat.
    """

    number: str
    repo_id: int | None
    owner_id: int
    kind: Kind
    dataset: str
    licensor: str
    user_id: int
    user: str
    fullname: str
    email: str
    name: str
    text: str
    price: str
    checkout: str
    payment: str
    granted: int
    revoked: int | None
    reason: str
    seats: int
    accepted: int | None
    ends: int | None
    in_use: str

    @property
    def state(self) -> Literal["valid", "expired", "revoked"]:
        """Whether it holds, and if not, why."""
        if self.revoked is not None:
            return "revoked"
        return "valid" if self.ends is None or self.ends > now() else "expired"

    @property
    def last_day(self) -> str:
        """The last day on which it holds, UTC; '' where it does not end."""
        return "" if self.ends is None else _moment(self.ends - 1)[:10]

    @property
    def ends_soon(self) -> bool:
        """Whether its end is near."""
        return self.state == "valid" and self.ends is not None and self.ends < now() + SOON

    @property
    def terms(self) -> str:
        """The SHA-256 of the terms."""
        return digest(self.text)

    @property
    def repo_name(self) -> RepoName:
        """What named the repository when the licence was granted."""
        owner, _, name = self.dataset.partition("/")
        return RepoName(self.kind, owner, name)


def grant(
    db: sqlite3.Connection,
    repo: Repo,
    offer: Offer,
    user: User,
    actor: str,
    paid: Payment | None = None,
) -> Licence:
    """Gives a user a licence, in the offer's words of now, or those that they agreed to.

    Args:
        db: A write transaction.
        repo: The repository that the offer is of.
        offer: The offer.
        user: Who gets the licence, and its first seat.
        actor: Who gives it: the owner's name, or `stripe`.
        paid: What it was paid by; None where it is granted by hand.

    Raises:
        HubError: 409 where the time for which it is offered is over.
    """
    if offer.over:
        raise HubError(409, f"The last day of the offer {offer.name!r} is over: change it first.")
    number, granted = _new_number(db), now()
    db.execute(
        "INSERT INTO licences (number, repo, offer, user, owner, kind, dataset, name, text, price,"
        " checkout, payment, accepted, granted, seats, ends)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(number, repo.id, offer.id, user.id, repo.owner_id, repo.kind, repo.full_name),
            *offer[1:4],
            *(paid or (None, None, None)),
            *(granted, offer.seats, offer.words.ends(granted)),
        ),
    )
    db.execute("INSERT INTO seats VALUES (?, ?, ?)", (number, user.id, granted))
    said = {"checkout": paid.checkout, "payment": paid.payment} if paid else {}
    if paid and paid.accepted:
        said |= {"terms": digest(offer.text)}
    events.record(
        db, repo, actor, user.name, "licence granted", number=number, offer=offer.name, **said
    )
    _tell(db, user.id, "licensed", number)
    return _one(db, number)


def revoke(db: sqlite3.Connection, licence: Licence, actor: str, reason: str) -> Licence:
    """Ends a licence, at once; also one of a repository that was deleted.

    Raises:
        HubError: 400 without a reason; 409 where it was revoked before.
    """
    reason = " ".join(reason.split())
    if not reason or len(reason) > MAX_REASON_CHARS:
        raise HubError(
            400,
            f"Say in up to {MAX_REASON_CHARS} characters why: "
            "the licensee reads it on the licence.",
        )
    if licence.revoked is not None:
        raise HubError(409, f"Licence {licence.number} was revoked before.")
    db.execute(
        "UPDATE licences SET revoked = ?, reason = ? WHERE number = ?",
        (now(), reason, licence.number),
    )
    repo = None if licence.repo_id is None else by_id(db, licence.repo_id)
    events.record(
        db,
        repo or licence.repo_name,
        actor,
        licence.user,
        "licence revoked",
        number=licence.number,
        reason=reason,
    )
    _tell(db, licence.user_id, "licence-ended", licence.number)
    others = [user for user in readers(db, licence) if user != licence.user_id]
    path = f"/settings/licences#ended-{licence.number}"
    tell(db, others, Happening(NoticeKind.ANSWER, "seat-ended", path, licence=licence.number))
    return _one(db, licence.number)


def readers(db: sqlite3.Connection, licence: Licence) -> list[int]:
    """The accounts of who reads by a licence: the licensee, and those who have a seat."""
    rows = db.execute("SELECT user FROM seats WHERE licence = ?", (licence.number,))
    return sorted({licence.user_id, *(row[0] for row in rows)})


def _tell(db: sqlite3.Connection, user: int, what: str, number: str) -> None:
    """Tells a licensee of a licence, which they may see whatever becomes of the repository."""
    tell(db, [user], Happening(NoticeKind.ANSWER, what, f"/licences/{number}", licence=number))


def active(db: sqlite3.Connection, repo: Repo, user: User | None) -> dict[int, str]:
    """The licences of a repository that a user holds: number of the offer to the licence's."""
    rows = db.execute(
        "SELECT offer, number FROM licences WHERE repo = ? AND user = ?"
        f" AND {HOLDS} ORDER BY granted, rowid",
        (repo.id, user.id if user else 0),
    )
    return {row[0]: row[1] for row in rows.fetchall()}


def of_user(db: sqlite3.Connection, user: User) -> list[Licence]:
    """The licences that a user was given, the last one first."""
    return _some(db, "licences.user = ?", user.id)


def seated(db: sqlite3.Connection, user: User) -> list[Licence]:
    """The licences of others in which a user has a seat, the last one first."""
    mine = "number IN (SELECT licence FROM seats WHERE user = ?1) AND licences.user <> ?1"
    return _some(db, mine, user.id)


def ending(db: sqlite3.Connection, limit: int) -> list[Licence]:
    """Licences that end soon, for the most part are over, and whose end was not told yet."""
    where = f"{HOLDS} AND reminded = 0 AND ends < ? AND 2 * unixepoch() > granted + ends"
    return _some(db, where, now() + SOON)[:limit]


def of_repo(db: sqlite3.Connection, repo: Repo) -> list[Licence]:
    """The licences that were given of a repository, the last one first."""
    return _some(db, "licences.repo = ?", repo.id)


def of_payment(db: sqlite3.Connection, payment: str) -> list[Licence]:
    """The licences that came of a payment and hold."""
    return _some(db, "payment = ? AND revoked IS NULL", payment)


def of_checkout(db: sqlite3.Connection, checkout: str) -> Licence | None:
    """The licence that came of a checkout session, revoked or not."""
    return next(iter(_some(db, "checkout = ?", checkout)), None)


def of_repo_numbered(db: sqlite3.Connection, repo: Repo, number: str) -> Licence:
    """The licence of that number, of that repository.

    Raises:
        HubError: 404, where there is none.
    """
    for licence in _some(db, "number = ?", number):
        if licence.repo_id == repo.id:
            return licence
    raise _not_found()


def readable(db: sqlite3.Connection, user: User, number: str) -> Licence:
    """The licence of that number, for its licensee, who gave it, and admins of what it licenses.

    Raises:
        HubError: 404, in the same words where there is none and where it is another's.
    """
    for licence in _some(db, "number = ?", number):
        if user.id in (licence.user_id, licence.owner_id) or _administers(db, user, licence):
            return licence
    raise _not_found()


def _administers(db: sqlite3.Connection, user: User, licence: Licence) -> bool:
    repo = None if licence.repo_id is None else by_id(db, licence.repo_id)
    return repo is not None and role_of(db, repo, user).administers


def cells(licence: Licence) -> tuple[str | int, ...]:
    """A licence as a row of a table, in the order of `HEADER`."""
    return (
        licence.number, licence.name, licence.price, licence.user, licence.fullname,
        licence.email, _moment(licence.granted), _moment(licence.revoked), licence.reason,
        licence.checkout, licence.payment, licence.seats, licence.in_use,
        _moment(licence.accepted), licence.terms, _moment(licence.ends),
    )  # fmt: skip


def _moment(seconds: int | None) -> str:
    return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()


def _some(db: sqlite3.Connection, where: str, value: int | str) -> list[Licence]:
    rows = db.execute(
        f"{SELECT} WHERE {where} ORDER BY granted DESC, licences.rowid DESC", (value,)
    )
    return [Licence(*row) for row in rows.fetchall()]


def _one(db: sqlite3.Connection, number: str) -> Licence:
    return _some(db, "number = ?", number)[0]


def _new_number(db: sqlite3.Connection) -> str:
    year = datetime.fromtimestamp(now(), UTC).year
    while True:
        letters = "".join(secrets.choice(LETTERS) for _ in range(8))
        number = f"PS-{year}-{letters[:4]}-{letters[4:]}"
        if not db.execute("SELECT 1 FROM licences WHERE number = ?", (number,)).fetchone():
            return number


def _not_found() -> HubError:
    return HubError(404, "There is no licence of this number, or it is another's.")

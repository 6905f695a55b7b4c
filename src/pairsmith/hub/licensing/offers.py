"""Offers: under which terms, and for what, an owner gives a licence of a repository.

An offer whose Payment Link is set is sold by Stripe; any other is granted by hand. Offers are
retired, never deleted: licences were given under them.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import NamedTuple

from pairsmith.hub.core.database import now
from pairsmith.hub.http.errors import HubError
from pairsmith.hub.licensing import money
from pairsmith.hub.licensing.money import MoneyError
from pairsmith.hub.repos.repos import Repo

MAX_LINE_CHARS = 80  # characters of a name or a price
MAX_TERMS_CHARS = 50_000  # characters of the terms
MAX_OFFERS = 20  # of a repository, retired ones among them: its page shows the terms of all
MAX_SEATS = 1_000  # accounts that one licence is for
MAX_DAYS = 36_500  # days that a licence lasts
DAY = 24 * 3600  # seconds
COLUMNS = "id, name, text, price, url, link, amount, currency, active, seats, days, until"
NUMBER = re.compile(r"[0-9]{1,6}")
NO_PAYMENT = ("", "", 0, "")
LINE = re.compile(rf"[^\x00-\x1f\x7f]{{1,{MAX_LINE_CHARS}}}")
URL = re.compile(r"https://buy\.stripe\.com/[A-Za-z0-9_/-]+(?:\?[A-Za-z0-9_.~%&=+@:-]*)?")
LINK = re.compile(r"plink_[A-Za-z0-9]{1,200}")


class Draft(NamedTuple):
    """An offer as its owner typed it."""

    name: str = ""
    text: str = ""
    price: str = ""
    url: str = ""
    link: str = ""
    amount: str = ""
    currency: str = ""
    seats: str = "1"
    days: str = ""
    until: str = ""


class Words(NamedTuple):
    """What somebody agrees to who buys an offer.

    Attributes:
        name: What it is called.
        text: The terms, Markdown.
        price: As shown to people.
        seats: For how many accounts a licence is.
        days: How many days it lasts; 0 where that is not so.
        until: When it ends, whenever it was granted; None where it does not by that.
    """

    name: str
    text: str
    price: str
    seats: int
    days: int
    until: int | None

    @property
    def mark(self) -> str:
        """What is another where any of it is."""
        return hashlib.sha256(json.dumps(self, ensure_ascii=False).encode()).hexdigest()

    def ends(self, granted: int) -> int | None:
        """When a licence ends that is granted then; None where it does not."""
        return granted + self.days * DAY if self.days else self.until


def digest(text: str) -> str:
    """The SHA-256 of terms."""
    return hashlib.sha256(text.encode()).hexdigest()


class DraftError(HubError):
    """A draft that cannot be an offer; the message says what to change."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(status, message)


class Offer(NamedTuple):
    """An offer of a repository.

    Attributes:
        id: Its number.
        name: What it is called: "Research", "Commercial".
        text: The terms, Markdown.
        price: As shown to people.
        url: The Payment Link's address; '' where licences are granted by hand.
        link: The Payment Link's id, `plink_…`.
        amount: What a payment has to be, in the currency's smallest unit.
        currency: Three lower-case letters; '' where it is not sold by Stripe.
        active: Whether it is made at present.
        seats: For how many accounts a licence is.
        days: How many days a licence lasts; 0 where that is not so.
        until: When licences end, whenever they were granted; None where they do not by that.
    """

    id: int
    name: str
    text: str
    price: str
    url: str
    link: str
    amount: int
    currency: str
    active: bool
    seats: int
    days: int
    until: int | None

    @property
    def draft(self) -> Draft:
        """What the owner would have to type for this offer."""
        amount = money.written(self.amount, self.currency) if self.url else ""
        days = str(self.days) if self.days else ""
        until = "" if self.until is None else _date(self.until - 1)
        return Draft(*self[1:6], amount, self.currency.upper(), str(self.seats), days, until)

    @property
    def words(self) -> Words:
        """What somebody agrees to who buys it."""
        return Words(self.name, self.text, self.price, self.seats, self.days, self.until)

    @property
    def over(self) -> bool:
        """Whether a licence that is granted now would be over."""
        return self.until is not None and self.until <= now()

    @property
    def extent(self) -> str:
        """For how many accounts a licence is, and for how long, in words."""
        seats = "for one account" if self.seats == 1 else f"for {self.seats:,} accounts"
        if self.days:
            return f"{seats}, {self.days:,} days from when it is granted"
        return seats + (f", until {_date(self.until - 1)} (UTC)" if self.until is not None else "")

    @property
    def asked(self) -> str:
        """What a payment has to be, with its currency: EUR 490.00."""
        return money.shown(self.amount, self.currency)

    @property
    def remark(self) -> str:
        """Why no payment can fit it, where that is known; or ''."""
        return money.remark(self.amount, self.currency)


def active(db: sqlite3.Connection, repo: Repo) -> list[Offer]:
    """The offers that are made at present, in the order in which they were first made."""
    return [offer for offer in listed(db, repo) if offer.active][:MAX_OFFERS]


def listed(db: sqlite3.Connection, repo: Repo) -> list[Offer]:
    """All offers of a repository, the retired ones too."""
    rows = db.execute(f"SELECT {COLUMNS} FROM offers WHERE repo = ? ORDER BY id", (repo.id,))
    return [_offer(row) for row in rows.fetchall()]


def find(db: sqlite3.Connection, repo: Repo, number: str) -> Offer:
    """The offer of that number, of that repository.

    Raises:
        HubError: 404, where there is none.
    """
    row = None
    if re.fullmatch(r"[0-9]{1,18}", number):
        row = db.execute(
            f"SELECT {COLUMNS} FROM offers WHERE repo = ? AND id = ?", (repo.id, int(number))
        ).fetchone()
    if row is None:
        raise HubError(404, f"{repo.full_name} has no such offer.")
    return _offer(row)


def make(db: sqlite3.Connection, repo: Repo, draft: Draft) -> Offer:
    """Adds an offer, which is made from now on.

    Raises:
        DraftError: 400 for a field that is not as it has to be, or where there are `MAX_OFFERS`,
            409 for a name that is in use.
    """
    values = _checked(draft)
    if len(listed(db, repo)) >= MAX_OFFERS:
        raise DraftError(
            f"A repository has at most {MAX_OFFERS} offers, retired ones among them: change one of"
            " those."
        )
    with _free_name(draft):
        cursor = db.execute(
            "INSERT INTO offers (name, text, price, url, link, amount, currency, seats, days,"
            " until, repo, active, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?)",
            (*values, repo.id, now()),
        )
    return find(db, repo, str(cursor.lastrowid))


def change(db: sqlite3.Connection, repo: Repo, offer: Offer, draft: Draft) -> Offer:
    """Changes an offer; licences that were given keep the words they were given with.

    Raises:
        DraftError: 400 for a field that is not as it has to be, 409 for a name that is in use.
    """
    values = _checked(draft)
    with _free_name(draft):
        db.execute(
            "UPDATE offers SET name = ?, text = ?, price = ?, url = ?, link = ?, amount = ?,"
            " currency = ?, seats = ?, days = ?, until = ? WHERE id = ? AND repo = ?",
            (*values, offer.id, repo.id),
        )
    return find(db, repo, str(offer.id))


def set_active(db: sqlite3.Connection, offer: Offer, is_active: bool) -> None:
    """Retires an offer, or makes it again; what was bought under it stays."""
    db.execute("UPDATE offers SET active = ? WHERE id = ?", (is_active, offer.id))


def _offer(row: sqlite3.Row) -> Offer:
    offer = Offer(*row)
    return offer._replace(active=bool(offer.active))


def _checked(draft: Draft) -> tuple[str | int | None, ...]:
    """The draft's fields as they are kept."""
    name, text, price, url, link, amount, currency, *extent = (field.strip() for field in draft)
    text = text.replace("\r\n", "\n")
    for what, line in (("name", name), ("price", price)):
        if not LINE.fullmatch(line):
            raise DraftError(f"The {what} has to be one line of 1 to {MAX_LINE_CHARS} characters.")
    if not text or len(text) > MAX_TERMS_CHARS or "\0" in text:
        raise DraftError(f"The terms have to be a text of 1 to {MAX_TERMS_CHARS:,} characters.")
    payment = (url, link, *_checked_payment(url, link, amount, currency)) if url else NO_PAYMENT
    return name, text, price, *payment, *_checked_extent(*extent)


def _checked_extent(seats: str, days: str, until: str) -> tuple[int, int, int | None]:
    """For how many accounts, for how many days, and until when."""
    count = _number(seats or "1", "accounts", MAX_SEATS)
    if days and until:
        raise DraftError("A licence ends after some days or at a date: leave one of them empty.")
    if not until:
        return count, _number(days, "days", MAX_DAYS) if days else 0, None
    try:
        last = datetime.strptime(until, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise DraftError("The last day has to be a date, such as 2027-06-30.") from error
    ends = int(last.timestamp()) + DAY
    if ends <= now():
        raise DraftError("The last day has to be today (UTC) or later.")
    return count, 0, ends


def _number(text: str, what: str, most: int) -> int:
    if not text.isascii() or not NUMBER.fullmatch(text) or not 1 <= int(text) <= most:
        raise DraftError(f"The number of {what} has to be a whole one from 1 to {most:,}.")
    return int(text)


def _date(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")


def _checked_payment(url: str, link: str, amount: str, currency: str) -> tuple[int, str]:
    """What a payment has to be: the amount in the smallest unit, and the currency."""
    if len(url) > 2000 or not URL.fullmatch(url):
        raise DraftError(
            "The Payment Link has to be an address that begins with https://buy.stripe.com/,"
            " as Stripe shows it, or be left empty where you grant the licence by hand."
        )
    if not LINK.fullmatch(link):
        raise DraftError(
            "The Payment Link's id has to be as Stripe shows it: plink_ and letters or digits."
        )
    try:
        return money.read(amount, currency)
    except MoneyError as error:
        raise DraftError(str(error)) from error


@contextmanager
def _free_name(draft: Draft) -> Iterator[None]:
    """Says in a sentence that an offer's name is in use."""
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise DraftError(
            f"This repository has an offer {draft.name.strip()!r} already, perhaps a retired one:"
            " change that one, or take another name.",
            409,
        ) from error

"""Seats: who reads by a licence. The licensee has the first one, and names who has the rest."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from pairsmith.hub.auth.users import User
from pairsmith.hub.core.database import now
from pairsmith.hub.http.errors import HubError, not_allowed
from pairsmith.hub.licensing import licences, orders
from pairsmith.hub.licensing.licences import Licence
from pairsmith.hub.repos import events
from pairsmith.hub.repos.repos import by_id


class Seat(NamedTuple):
    """Who has a seat, and since when."""

    user: str
    fullname: str
    since: int


def held(db: sqlite3.Connection, licence: Licence) -> list[Seat]:
    """The seats of a licence that somebody has, the first one first."""
    rows = db.execute(
        "SELECT name, fullname, since FROM seats JOIN users ON users.id = user"
        " WHERE licence = ? ORDER BY since, name",
        (licence.number,),
    )
    return [Seat(*row) for row in rows.fetchall()]


def own(db: sqlite3.Connection, user: User, number: str) -> Licence:
    """The licence of that number, where its seats are the user's to give.

    Raises:
        HubError: 404 where there is none, or the user may not know of it; 403 where they may.
    """
    licence = licences.readable(db, user, number)
    if licence.user_id != user.id:
        raise not_allowed(f"Its licensee names who has a seat: {licence.user}.")
    return licence


def give(db: sqlite3.Connection, licence: Licence, user: User) -> None:
    """Gives a seat to an account, on behalf of the licensee.

    Raises:
        HubError: 409 where the licence does not hold or has no seat left, or the account has one;
            403 for an account that the owner of what is licensed does not let in.
    """
    if licence.state != "valid":
        raise HubError(409, f"Licence {licence.number} does not hold any more.")
    there = held(db, licence)
    if user.name in (seat.user for seat in there):
        raise HubError(409, f"{user.name} has a seat in this licence already.")
    if len(there) >= licence.seats:
        raise HubError(
            409, f"All seats of this licence are taken ({licence.seats}): free one first."
        )
    repo = None if licence.repo_id is None else by_id(db, licence.repo_id)
    if repo is not None and orders.refused(db, repo, user):
        raise not_allowed(f"{repo.owner} would have to let {user.name} in first: ask them.")
    db.execute("INSERT INTO seats VALUES (?, ?, ?)", (licence.number, user.id, now()))
    _record(db, licence, user.name, "seat given")


def take(db: sqlite3.Connection, licence: Licence, user: User) -> None:
    """Frees the seat that an account has, on behalf of the licensee.

    Raises:
        HubError: 404 where it has none; 409 where the licence is for one account alone.
    """
    if licence.seats == 1:
        raise HubError(409, "This licence is for one account, and stays with it.")
    cursor = db.execute(
        "DELETE FROM seats WHERE licence = ? AND user = ?", (licence.number, user.id)
    )
    if not cursor.rowcount:
        raise HubError(404, f"{user.name} has no seat in this licence.")
    _record(db, licence, user.name, "seat freed")


def _record(db: sqlite3.Connection, licence: Licence, user: str, action: str) -> None:
    repo = None if licence.repo_id is None else by_id(db, licence.repo_id)
    about = repo or licence.repo_name
    events.record(db, about, licence.user, user, action, number=licence.number)

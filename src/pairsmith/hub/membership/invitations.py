"""Invitations: who is asked to take a role in an organization or a repository.

By name, or by e-mail address: then they are for whoever has an account whose address is that one
and was shown to be theirs. Nobody is told whether an address has an account.
"""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from pairsmith.hub.auth import users
from pairsmith.hub.auth.users import ACTIVE, COLUMNS, User
from pairsmith.hub.core.database import now
from pairsmith.hub.http.errors import HubError, bad_request
from pairsmith.hub.membership import places
from pairsmith.hub.membership.places import Place
from pairsmith.hub.notices.kinds import Kind
from pairsmith.hub.notices.telling import Happening, tell
from pairsmith.hub.repos import events, repos
from pairsmith.hub.repos.roles import Role

MAX_WAITING = 100  # invitations of one place that nobody has answered yet
LIFE = 30 * 24 * 3600  # seconds
OWN_PAGE = "/settings/invitations"  # where those who are invited answer
FOR_USER = (
    "(invitations.user = :user OR (invitations.email <> '' AND invitations.email ="
    " (SELECT mine.email FROM users AS mine WHERE mine.id = :user AND mine.confirmed NOT NULL)))"
)
SELECT = (
    "SELECT invitations.id, organization, repo, coalesce(invited.name, ''), invitations.email,"
    " role, inviter, inviters.name, made FROM invitations"
    " JOIN users AS inviters ON inviters.id = inviter"
    " LEFT JOIN users AS invited ON invited.id = invitations.user WHERE invitations.made > :since"
)


class Invitation(NamedTuple):
    """An invitation that was not answered yet.

    Attributes:
        id: Its number.
        place: Where the role would be.
        invited: Who is invited, as they were named: by user name or by e-mail address.
        role: The role.
        inviter: The account of who invited them.
        by: The inviter's name.
        made: When.
    """

    id: int
    place: Place
    invited: str
    role: Role
    inviter: int
    by: str
    made: int


def invite(db: sqlite3.Connection, place: Place, actor: User, whom: str, role: Role) -> User | None:
    """Invites somebody, or invites them to another role.

    Args:
        db: A write transaction.
        place: Where.
        actor: Who invites.
        whom: The name of a user, or an e-mail address.
        role: The role.

    Returns:
        The user, where they were invited by name.

    Raises:
        HubError: 400 for what is no e-mail address, and for one who has that role already; 404
            where there is no such user; 409 where `MAX_WAITING` wait already.
    """
    user, email = None, ""
    if "@" in whom:
        users.check_email(whom)
        email = whom
    else:
        user = users.named(db, whom)
        if user is None:
            raise HubError(404, f"There is no user {whom[:100]!r} here.")
        if places.given(db, place, user) == role or (
            place.repo is not None and place.repo.owner_id == user.id
        ):
            raise bad_request(f"{user.name} has that role already, or a higher one.")
    if len(waiting(db, place)) >= MAX_WAITING:
        raise HubError(409, f"{MAX_WAITING} invitations wait for an answer already.")
    column = place.column
    db.execute("DELETE FROM invitations WHERE made <= ?", (now() - LIFE,))
    db.execute(
        f"DELETE FROM invitations WHERE {column} = ? AND (user = ? OR (email <> '' AND email = ?))",
        (place.id, user.id if user else None, email),
    )
    made = db.execute(
        f"INSERT INTO invitations ({column}, user, email, role, inviter, made)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (place.id, user.id if user else None, email, role.word, actor.id, now()),
    )
    if place.repo:
        name = user.name if user else ""
        events.record(db, place.repo, actor.name, name, "invited", role=role.word)
    invited = [user.id] if user else _of_email(db, email)
    path = f"{OWN_PAGE}#invitation-{made.lastrowid}"
    tell(
        db,
        invited,
        Happening(Kind.INVITATION, "invited", path, None, actor.id, None, made.lastrowid),
    )
    return user


def _of_email(db: sqlite3.Connection, email: str) -> list[int]:
    """The accounts of an address that was shown to be theirs; the inviter is not told of any."""
    rows = db.execute(
        "SELECT id FROM users WHERE lower(email) = lower(?) AND email != '' AND confirmed NOT NULL"
        " LIMIT 10",
        (email,),
    )
    return [int(row[0]) for row in rows]


def waiting(db: sqlite3.Connection, place: Place) -> list[Invitation]:
    """The invitations of a place that wait for an answer, the oldest first."""
    return _some(db, f"invitations.{place.column} = :place", place=place.id)


def of_user(db: sqlite3.Connection, user: User) -> list[Invitation]:
    """The invitations that wait for a user's answer, the oldest first; none that is void.

    One is void whose inviter may not give roles there any more, or is shut out.
    """
    return [found for found in _some(db, FOR_USER, user=user.id) if _is_good(db, found)]


def _is_good(db: sqlite3.Connection, found: Invitation) -> bool:
    row = db.execute(
        f"SELECT {COLUMNS} FROM users WHERE id = ? AND {ACTIVE}", (found.inviter,)
    ).fetchone()
    return row is not None and places.role_at(db, found.place, User(*row)).administers


def accept(db: sqlite3.Connection, user: User, number: int) -> Invitation:
    """Takes the role that somebody was invited to, or keeps a higher one that they have.

    Raises:
        HubError: 404 where there is no such invitation of theirs, or it is void.
    """
    found = _mine(db, user, number)
    _end(db, number)
    role = max(found.role, places.given(db, found.place, user))
    places.give(db, found.place, user.name, user, role)
    return found


def decline(db: sqlite3.Connection, user: User, number: int) -> None:
    """Turns an invitation down.

    Raises:
        HubError: 404, where there is no such invitation of theirs.
    """
    found = _mine(db, user, number)
    _end(db, number)
    if found.place.repo:
        events.record(db, found.place.repo, user.name, user.name, "declined", role=found.role.word)


def withdraw(db: sqlite3.Connection, place: Place, actor: User, number: int) -> None:
    """Takes an invitation back.

    Raises:
        HubError: 404, where there is no such invitation there.
    """
    if all(one.id != number for one in waiting(db, place)):
        raise _none()
    _end(db, number)
    if place.repo:
        events.record(db, place.repo, actor.name, "", "invitation withdrawn")


def _mine(db: sqlite3.Connection, user: User, number: int) -> Invitation:
    for found in of_user(db, user):
        if found.id == number:
            return found
    raise _none()


def _end(db: sqlite3.Connection, number: int) -> None:
    db.execute("DELETE FROM invitations WHERE id = ?", (number,))


def _none() -> HubError:
    return HubError(404, "There is no such invitation any more.")


def _some(db: sqlite3.Connection, where: str, **values: int) -> list[Invitation]:
    found = []
    rows = db.execute(
        f"{SELECT} AND {where} ORDER BY invitations.id LIMIT 1000",
        {"since": now() - LIFE, **values},
    )
    for number, organization, repo, name, email, role, inviter, by, made in rows.fetchall():
        place = _place(db, organization, repo)
        if place is not None:
            to = Role[role.upper()]
            found.append(Invitation(number, place, name or email, to, inviter, by, made))
    return found


def _place(db: sqlite3.Connection, organization: int | None, repo: int | None) -> Place | None:
    if repo is not None:
        there = repos.by_id(db, repo)
        return places.of_repo(there) if there else None
    row = db.execute(f"SELECT {COLUMNS} FROM users WHERE id = ?", (organization,)).fetchone()
    return places.of_organization(User(*row)) if row else None

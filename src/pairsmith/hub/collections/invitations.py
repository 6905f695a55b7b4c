"""Who is invited to a collection: by the name of an account, or by a link that one person can use.

The secret of a link is kept as a hash and told once, to who makes it.
"""

from __future__ import annotations

import secrets
import sqlite3
from typing import NamedTuple

from pairsmith.hub.auth import users
from pairsmith.hub.auth.tokens import digest
from pairsmith.hub.auth.users import ACTIVE, COLUMNS, User
from pairsmith.hub.collections import members, registry
from pairsmith.hub.collections.registry import Collection
from pairsmith.hub.collections.roles import Role
from pairsmith.hub.core.database import now
from pairsmith.hub.http.errors import HubError, bad_request
from pairsmith.hub.notices.kinds import Kind
from pairsmith.hub.notices.telling import Happening, tell

MAX_WAITING = 200  # invitations of one collection that nobody has answered yet
LIFE = 14 * 24 * 3600  # seconds
MAX_SECRET_CHARS = 100
OWN_PAGE = "/collections"  # where those who are invited answer
INVITED = "invited-to-collection"
SELECT = (
    "SELECT one.id, one.collection, coalesce(invited.name, ''), role, inviter, inviters.name, made"
    " FROM collection_invitations AS one JOIN users AS inviters ON inviters.id = inviter"
    " LEFT JOIN users AS invited ON invited.id = one.user WHERE made > :since"
)


class Invitation(NamedTuple):
    """An invitation that was not answered yet.

    Attributes:
        id: Its number.
        collection: To what.
        invited: The name of who is invited; '' for whoever has the link.
        role: In which role.
        inviter: The account of who invites.
        by: That account's name.
        made: When.
    """

    id: int
    collection: Collection
    invited: str
    role: Role
    inviter: int
    by: str
    made: int


def invite(
    db: sqlite3.Connection, collection: Collection, actor: User, whom: str, role: Role
) -> None:
    """Invites an account, or invites it to another role, and tells it so.

    Raises:
        HubError: 400 where it has that role, or owns the collection; 404 where there is no such
            account; 409 where `MAX_WAITING` wait already.
    """
    user = users.named(db, whom)
    if user is None:
        raise HubError(404, f"There is no user {whom[:100]!r} here.")
    if members.role_of(db, collection, user) in (role, Role.OWNER):
        raise bad_request(f"{user.name} has that role already, or a higher one.")
    _make_room(db, collection)
    db.execute(
        "DELETE FROM collection_invitations WHERE collection = ? AND user = ?",
        (collection.id, user.id),
    )
    _add(db, collection, actor, role, user=user.id)
    tell(
        db,
        [user.id],
        Happening(
            Kind.INVITATION,
            INVITED,
            f"{OWN_PAGE}#{collection.full_name}",
            actor=actor.id,
            collection=collection.id,
        ),
    )


def make_link(db: sqlite3.Connection, collection: Collection, actor: User, role: Role) -> str:
    """Makes a link that lets one person in, and returns the secret in it, for the only time.

    Raises:
        HubError: 409, where `MAX_WAITING` wait already.
    """
    _make_room(db, collection)
    secret = secrets.token_urlsafe(32)
    _add(db, collection, actor, role, digest=digest(secret))
    return secret


def waiting(db: sqlite3.Connection, collection: Collection) -> list[Invitation]:
    """The invitations to a collection that wait for an answer, the oldest first."""
    return _some(db, "one.collection = :it", it=collection.id)


def of_user(db: sqlite3.Connection, user: User) -> list[Invitation]:
    """The invitations that wait for an account's answer, the oldest first."""
    return _some(db, "one.user = :it", it=user.id)


def to(db: sqlite3.Connection, collection: Collection, user: User) -> Invitation | None:
    """The invitation of an account to a collection; None where there is none."""
    found = [one for one in of_user(db, user) if one.collection.id == collection.id]
    return found[0] if found else None


def by_link(db: sqlite3.Connection, secret: str) -> Invitation | None:
    """The invitation that a link is good for; None where it is used, too old, or none."""
    if not 0 < len(secret) <= MAX_SECRET_CHARS:
        return None
    found = _some(db, "one.digest = :it", it=digest(secret))
    return found[0] if found else None


def accept(db: sqlite3.Connection, user: User, found: Invitation) -> None:
    """Takes the role that an invitation offers, or keeps a higher one; it is used up by that.

    Args:
        db: The write transaction in which it was found.
        user: Who accepts.
        found: The invitation.

    Raises:
        HubError: 404, where who made it may not invite any more.
    """
    row = db.execute(
        f"SELECT {COLUMNS} FROM users WHERE id = ? AND {ACTIVE}", (found.inviter,)
    ).fetchone()
    end(db, found)
    inviter = User(*row) if row else None
    if members.role_of(db, found.collection, inviter) is not Role.OWNER:
        raise HubError(404, "There is no such invitation any more.")
    role = max(found.role, members.role_of(db, found.collection, user))
    if members.role_of(db, found.collection, user) < role:
        members.give(db, found.collection, user, role)


def end(db: sqlite3.Connection, found: Invitation) -> None:
    """Ends an invitation, which was answered or is withdrawn, and what was told of it."""
    db.execute(
        "DELETE FROM notices WHERE collection = ? AND what = ? AND user ="
        " (SELECT user FROM collection_invitations WHERE id = ?)",
        (found.collection.id, INVITED, found.id),
    )
    db.execute("DELETE FROM collection_invitations WHERE id = ?", (found.id,))


def _make_room(db: sqlite3.Connection, collection: Collection) -> None:
    db.execute("DELETE FROM collection_invitations WHERE made <= ?", (now() - LIFE,))
    if len(waiting(db, collection)) >= MAX_WAITING:
        raise HubError(409, f"{MAX_WAITING} invitations wait for an answer already.")


def _add(
    db: sqlite3.Connection, collection: Collection, actor: User, role: Role, **whom: object
) -> None:
    ((column, value),) = whom.items()
    db.execute(
        f"INSERT INTO collection_invitations (collection, {column}, role, inviter, made)"
        " VALUES (?, ?, ?, ?, ?)",
        (collection.id, value, role.word, actor.id, now()),
    )


def _some(db: sqlite3.Connection, where: str, **values: object) -> list[Invitation]:
    rows = db.execute(
        f"{SELECT} AND {where} ORDER BY one.id LIMIT 1000", {"since": now() - LIFE, **values}
    )
    found = []
    for number, held, invited, role, inviter, by, made in rows.fetchall():
        collection = registry.by_id(db, held)
        if collection is not None:
            to_role = Role[role.upper()]
            found.append(Invitation(number, collection, invited, to_role, inviter, by, made))
    return found

"""Who may do what: the one module that every route asks before it answers."""

from __future__ import annotations

import sqlite3
from enum import StrEnum
from typing import TYPE_CHECKING

from pairsmith.hub.auth.authentication import Caller, require_account, require_write
from pairsmith.hub.auth.users import COLUMNS, User
from pairsmith.hub.collections import members, registry
from pairsmith.hub.collections import roles as collecting
from pairsmith.hub.collections.members import Own
from pairsmith.hub.http.addresses import Kind, RepoName
from pairsmith.hub.http.errors import HubError, MovedError, gated, not_allowed, repo_not_found
from pairsmith.hub.repos import events, repos
from pairsmith.hub.repos.licensed import LICENSED
from pairsmith.hub.repos.moving import formerly
from pairsmith.hub.repos.repos import Repo
from pairsmith.hub.repos.roles import Role, role_of

if TYPE_CHECKING:
    from pairsmith.hub.context import Hub


class Standing(StrEnum):
    """Where a user stands with a repository's gate."""

    OPEN = "open"  # no gate
    MEMBER = "member"  # has a role: owns it, or is a member or a collaborator
    LICENSED = "licensed"
    ACCEPTED = "accepted"
    PENDING = "pending"
    REJECTED = "rejected"
    REVOKED = "revoked"
    STRANGER = "stranger"  # has not asked; or nobody

    @property
    def reads(self) -> bool:
        """Whether the data may be read."""
        return self in READERS


READERS = frozenset({Standing.OPEN, Standing.MEMBER, Standing.LICENSED, Standing.ACCEPTED})

REFUSALS = {
    Standing.PENDING: "Your request for access is waiting for the owner's answer.",
    Standing.REJECTED: "Your request for access was rejected by the owner.",
    Standing.REVOKED: "Your access was revoked.",
    Standing.STRANGER: "Access has to be asked for, with an account of this hub.",
}


def standing(db: sqlite3.Connection, repo: Repo, user: User | None) -> Standing:
    """Where a user stands with a repository that they may know of."""
    if role_of(db, repo, user).reads:
        return Standing.MEMBER
    if repo.gate == "off":
        return Standing.OPEN
    if user is None:
        return Standing.STRANGER
    licensed = LICENSED.format(user="?1", repo="?2")
    if db.execute(f"SELECT {licensed}", (user.id, repo.id)).fetchone()[0]:
        return Standing.LICENSED
    row = db.execute(
        "SELECT status FROM requests WHERE repo = ? AND user = ?", (repo.id, user.id)
    ).fetchone()
    return Standing(row[0]) if row else Standing.STRANGER


def visible(db: sqlite3.Connection, who: Caller, kind: Kind, owner: str, name: str) -> Repo:
    """The repository of that name, where the caller may know of it.

    Raises:
        HubError: RepoNotFound, in the same words where there is none and where it is private.
        MovedError: It is elsewhere now.
    """
    repo = repos.find(db, kind, owner, name)
    there = repo or formerly(db, kind, owner, name)
    if there is None or not may_know(db, there, who.user):
        raise repo_not_found(who.user is not None)
    if repo is None:
        raise MovedError(there.owner, there.name)
    return repo


def may_know(db: sqlite3.Connection, repo: Repo, user: User | None) -> bool:
    """Whether a user may know of a repository."""
    return not repo.private or role_of(db, repo, user).reads


def readable(
    db: sqlite3.Connection, hub: Hub, who: Caller, kind: Kind, owner: str, name: str
) -> Repo:
    """The repository of that name, where the caller may read its data.

    Raises:
        HubError: RepoNotFound, or GatedRepo with the address where access is asked for.
    """
    repo = visible(db, who, kind, owner, name)
    where = standing(db, repo, who.user)
    if not where.reads:
        raise gated(repo.kind, REFUSALS[where], hub.url(repo.page), who.user is not None)
    return repo


def writable(db: sqlite3.Connection, who: Caller, kind: Kind, owner: str, name: str) -> Repo:
    """The repository of that name, where the caller may change its files, branches and tags.

    Raises:
        HubError: RepoNotFound; 401 for nobody; 403 without the role `write`, or for a token that
            only reads.
    """
    return _with_role(db, who, RepoName(kind, owner, name), Role.WRITE)


def administrable(db: sqlite3.Connection, who: Caller, kind: Kind, owner: str, name: str) -> Repo:
    """The repository of that name, where the caller may set it up, let others in, delete it.

    Raises:
        HubError: RepoNotFound; 401 for nobody; 403 without the role `admin`, or for a token that
            only reads.
    """
    return _with_role(db, who, RepoName(kind, owner, name), Role.ADMIN)


def discussable(db: sqlite3.Connection, who: Caller, kind: Kind, owner: str, name: str) -> Repo:
    """The repository of that name, where the caller may write in its community.

    That takes an account, and to know of the repository; not to read its data.

    Raises:
        HubError: RepoNotFound; 401 for nobody; 403 for a token that only reads.
    """
    repo = visible(db, who, kind, owner, name)
    require_write(who)
    return repo


def _with_role(db: sqlite3.Connection, who: Caller, named: RepoName, needed: Role) -> Repo:
    repo = visible(db, who, *named)
    user = require_account(who)
    if role_of(db, repo, user) < needed:
        raise not_allowed(
            f"That takes the role {needed.word} in {repo.full_name}, which {repo.owner} can give."
        )
    require_write(who)
    return repo


def proposable(
    db: sqlite3.Connection, hub: Hub, who: Caller, kind: Kind, owner: str, name: str
) -> Repo:
    """The repository of that name, where the caller may send contents for a pull request.

    That takes an account, and to read its data.

    Raises:
        HubError: RepoNotFound; GatedRepo; 401 for nobody; 403 for a token that only reads.
    """
    repo = readable(db, hub, who, kind, owner, name)
    require_write(who)
    return repo


def may_write(db: sqlite3.Connection, repo: Repo, user: User | None) -> bool:
    """Whether a user may change a repository's files."""
    return role_of(db, repo, user).writes


def proposer_of(db: sqlite3.Connection, repo: Repo, user: User | None) -> int | None:
    """The number of a user's account, where they may not change a repository but propose to."""
    return None if user is None or may_write(db, repo, user) else user.id


def namespace(db: sqlite3.Connection, who: Caller, name: str) -> User:
    """The account under whose name the caller may make repositories: theirs, or an organization's.

    Raises:
        HubError: 401 for nobody; 403 for a token that only reads, and for a name that is neither
            theirs nor that of an organization in which they have the role `write`.
    """
    user = require_write(who)
    found = _namespace(db, user, name)
    if found is None:
        raise not_allowed(
            f"You can make repositories under {user.name}/ and under organizations in which you"
            f" have the role write, and not under {name[:40]!r}."
        )
    return found


def may_make(db: sqlite3.Connection, user: User, name: str) -> bool:
    """Whether a user may make repositories under the name of an account: see `namespace`."""
    return _namespace(db, user, name) is not None


def _namespace(db: sqlite3.Connection, user: User, name: str) -> User | None:
    if name.lower() == user.name.lower():
        return user
    row = db.execute(
        f"SELECT {COLUMNS} FROM users JOIN members ON members.organization = users.id"
        " WHERE users.name = ? AND members.user = ? AND role IN ('write', 'admin')",
        (name, user.id),
    ).fetchone()
    return User(*row) if row else None


def organization(db: sqlite3.Connection, who: Caller, name: str, needed: Role) -> User:
    """The organization of that name, for a member with that role.

    Raises:
        HubError: 401 for nobody; 404 where there is none, or for who is no member; 403 for a
            member whose role is less, and for a token that only reads.
    """
    user = require_account(who)
    row = db.execute(
        f"SELECT {COLUMNS}, role FROM users JOIN members ON members.organization = users.id"
        " WHERE users.name = ? AND members.user = ?",
        (name, user.id),
    ).fetchone()
    if row is None:
        raise HubError(404, "There is no such organization here, or you are no member of it.")
    if Role[row[4].upper()] < needed:
        raise not_allowed(f"That takes the role {needed.word} in {row[1]}.")
    require_write(who)
    return User(*row[:4])


def collection(
    db: sqlite3.Connection, who: Caller, owner: str, name: str, needed: collecting.Role
) -> Own:
    """The collection of that name, for who has that role in it, and which role they have.

    Raises:
        HubError: 404, in the same words where there is none and where they have no role in it; 403
            for a lower role.
    """
    found = registry.find(db, owner, name)
    role = members.role_of(db, found, who.user) if found else collecting.Role.NONE
    if found is None or role is collecting.Role.NONE:
        raise HubError(404, "There is no such collection here, or you do not take part in it.")
    if role < needed:
        raise not_allowed(f"That takes the role {needed.word} in {found.full_name}.")
    return Own(found, role)


def collector(db: sqlite3.Connection, who: Caller, name: str) -> User:
    """The account under whose name the caller may make collections.

    Raises:
        HubError: 401 for nobody; 403 for a name that is neither theirs nor that of an organization
            of which they are an admin.
    """
    user = require_write(who)
    if name.lower() == user.name.lower():
        return user
    return organization(db, who, name, Role.ADMIN)


def destination(db: sqlite3.Connection, who: Caller, repo: Repo, name: str) -> User:
    """The account to which an admin of a repository may move it: its owner's own, or a `namespace`.

    Raises:
        HubError: As of `namespace`.
    """
    if name.lower() != repo.owner.lower():
        return namespace(db, who, name)
    row = db.execute(f"SELECT {COLUMNS} FROM users WHERE id = ?", (repo.owner_id,)).fetchone()
    return User(*row)


def record_read(hub: Hub, who: Caller, repo: Repo, action: str, **detail: object) -> None:
    """Puts a read on record where there is a gate, before the first byte of it leaves.

    Reads at the same time go on record in one transaction, and all wait until it is on disk.

    The record says that somebody read; so what a page of others has their browser ask for, such as
    an image in a card, is refused, and on no record.

    Args:
        hub: The hub.
        who: Who reads.
        repo: The repository, which they may read.
        action: `read` for a file that is sent, `viewed` for what a page shows.
        detail: What was read; values that JSON has.

    Raises:
        HubError: Where access went away in the meantime: no read is on record after that. Where
            it is a part of a page of another repository, or site.
    """
    if repo.gate == "off":
        return
    if who.within is not None and not _belongs(who.within, repo):
        raise not_allowed(
            f"This file is gated: open it by itself, or from a page of its {repo.kind}."
        )

    def record(db: sqlite3.Connection) -> None:
        still = readable(db, hub, who, *repo.address)
        events.record(db, still, who.name, who.name, action, **detail)

    hub.database.write_together(record)


def _belongs(path: str, repo: Repo) -> bool:
    """Whether a page is one of a repository's, and what it shows its owner's.

    In discussions others decide what a page shows.
    """
    inside = f"{path}/".lower().removeprefix(f"{repo.page}/".lower())
    return inside != f"{path}/".lower() and not inside.startswith("discussions/")

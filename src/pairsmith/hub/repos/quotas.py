"""How much somebody may have: the bytes of what was sent to a repository, and to all of a user.

A content counts once in each repository that it was sent to, also while no commit has it. What
somebody sends for a pull request to another's repository counts as theirs until it is merged; and
so do their attachments to discussions.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, NamedTuple

from pairsmith.hub.http.errors import HubError

if TYPE_CHECKING:
    from pairsmith.hub.context import Hub
    from pairsmith.hub.repos.repos import Repo


MAX_PROPOSED_BYTES = 10 << 30  # bytes of an account's pull requests that were not merged
MAX_ATTACHED_BYTES = 1 << 30  # bytes of an account's attachments to discussions


class Use(NamedTuple):
    """Bytes of a repository and of all of its owner's, and how many there may be; 0 for any."""

    repo: int
    user: int
    repo_quota: int
    user_quota: int


def of(db: sqlite3.Connection, hub: Hub, repo: Repo) -> Use:
    """How much a repository has, and all of its owner's."""
    row = db.execute(
        "SELECT coalesce(max(CASE WHEN id = ?1 THEN bytes END), 0), coalesce(sum(bytes), 0)"
        " FROM repos WHERE owner = ?2 AND deleted IS NULL",
        (repo.id, repo.owner_id),
    ).fetchone()
    allotment = hub.settings.allotment
    total = row[1] + _besides(db, repo.owner_id)
    return Use(row[0], total, allotment.repo_quota, allotment.user_quota)


def proposed(db: sqlite3.Connection, user: int) -> int:
    """The bytes that an account sent for pull requests that were not merged."""
    row = db.execute(
        "SELECT coalesce(sum(size), 0) FROM holdings WHERE proposer = ?", (user,)
    ).fetchone()
    return int(row[0])


def attached(db: sqlite3.Connection, user: int) -> int:
    """The bytes of an account's attachments."""
    row = db.execute(
        "SELECT coalesce(sum(size), 0) FROM attachments WHERE user = ?", (user,)
    ).fetchone()
    return int(row[0])


def check(
    db: sqlite3.Connection, hub: Hub, repo: Repo, more: int = 0, proposer: int | None = None
) -> None:
    """Checks that a repository and its owner have no more than they may.

    Args:
        db: A transaction; what was sent within it counts.
        hub: The hub.
        repo: The repository.
        more: Bytes that are to be sent.
        proposer: The number of the account that sends them for a pull request, and is asked in
            place of the owner; None for who may write to the repository.

    Raises:
        HubError: 403, where they have.
    """
    if proposer is not None:
        _check_proposer(db, hub, proposer, more)
        return
    use = of(db, hub, repo)
    for whose, has, quota, told in (
        (repo.full_name, use.repo, use.repo_quota, f"{use.repo + more:,}"),
        # how much there is in others, private ones among them, is not for all who write to this
        (f"{repo.owner}'s repositories together", use.user, use.user_quota, "more"),
    ):
        if quota and has + more > quota:
            raise HubError(
                403,
                f"{whose} may have {quota:,} bytes on this hub, and would have {told}."
                " Delete a repository, or ask who runs the hub for more.",
                "QuotaExceeded",
            )


def _check_proposer(db: sqlite3.Connection, hub: Hub, user: int, more: int) -> None:
    """Checks that an account proposes no more than it may.

    Raises:
        HubError: 403, where it does.
    """
    mine = in_repos(db, user) + attached(db, user) + collected(db, user)
    has, quota = proposed(db, user), hub.settings.allotment.user_quota
    if has + more > MAX_PROPOSED_BYTES or (quota and mine + has + more > quota):
        most = min(MAX_PROPOSED_BYTES, max(0, quota - mine)) if quota else MAX_PROPOSED_BYTES
        raise HubError(
            403,
            f"Your pull requests may have {most:,} bytes on this hub before they are merged, and"
            f" would have {has + more:,}.",
            "QuotaExceeded",
        )


def check_attached(db: sqlite3.Connection, hub: Hub, user: int, more: int) -> None:
    """Checks that an account has room for an attachment.

    Args:
        db: A transaction.
        hub: The hub.
        user: The number of the account.
        more: The bytes of the attachment.

    Raises:
        HubError: 403, where it has not.
    """
    has, quota = attached(db, user), hub.settings.allotment.user_quota
    others = in_repos(db, user) + proposed(db, user) + collected(db, user)
    if has + more > MAX_ATTACHED_BYTES or (quota and others + has + more > quota):
        most = min(MAX_ATTACHED_BYTES, max(0, quota - others)) if quota else MAX_ATTACHED_BYTES
        raise HubError(
            403,
            f"Your attachments may have {most:,} bytes on this hub, and would have"
            f" {has + more:,}. What no comment names any more goes after a day.",
            "QuotaExceeded",
        )


def collected(db: sqlite3.Connection, user: int) -> int:
    """The bytes of an account's collections, as they were measured last."""
    row = db.execute(
        "SELECT coalesce(sum(bytes), 0) FROM collections WHERE owner = ?", (user,)
    ).fetchone()
    return int(row[0])


def check_collected(db: sqlite3.Connection, hub: Hub, user: int) -> None:
    """Checks that an account has room for more in its collections.

    Raises:
        HubError: 403, where it has not.
    """
    quota = hub.settings.allotment.user_quota
    if quota and in_repos(db, user) + _besides(db, user) >= quota:
        raise HubError(
            403,
            f"Whose collection this is may have {quota:,} bytes on this hub, and has them: nothing"
            " more can be taken until there is room.",
            "QuotaExceeded",
        )


def _besides(db: sqlite3.Connection, user: int) -> int:
    """The bytes of an account beside its repositories."""
    return proposed(db, user) + attached(db, user) + collected(db, user)


def in_repos(db: sqlite3.Connection, user: int) -> int:
    """The bytes of an account's repositories."""
    row = db.execute(
        "SELECT coalesce(sum(bytes), 0) FROM repos WHERE owner = ? AND deleted IS NULL", (user,)
    ).fetchone()
    return int(row[0])

"""How much somebody may have: the bytes of what was sent to a repository, and to all of a user.

A content counts once in each repository that it was sent to, also while no commit has it.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, NamedTuple

from pairsmith.hub.http.errors import HubError

if TYPE_CHECKING:
    from pairsmith.hub.context import Hub
    from pairsmith.hub.repos.repos import Repo


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
    return Use(row[0], row[1], allotment.repo_quota, allotment.user_quota)


def check(db: sqlite3.Connection, hub: Hub, repo: Repo, more: int = 0) -> None:
    """Checks that a repository and its owner have no more than they may.

    Args:
        db: A transaction; what was sent within it counts.
        hub: The hub.
        repo: The repository.
        more: Bytes that are to be sent.

    Raises:
        HubError: 403, where they have.
    """
    use = of(db, hub, repo)
    for whose, has, quota in (
        (repo.full_name, use.repo, use.repo_quota),
        (f"{repo.owner}'s repositories together", use.user, use.user_quota),
    ):
        if quota and has + more > quota:
            raise HubError(
                403,
                f"{whose} may have {quota:,} bytes on this hub, and would have {has + more:,}."
                " Delete a repository, or ask who runs the hub for more.",
                "QuotaExceeded",
            )

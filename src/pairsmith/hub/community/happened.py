"""The one place where something that happened in a community is told: to the record, for now.

Whoever is to be told of it besides (by a notice, or a letter) is told from here, within the
transaction that makes it true.
"""

from __future__ import annotations

import sqlite3
from enum import StrEnum

from pairsmith.hub.auth.users import User
from pairsmith.hub.repos import events
from pairsmith.hub.repos.repos import Repo


class What(StrEnum):
    """What happened, as the record names it."""

    OPENED = "discussion-opened"
    COMMENTED = "commented"
    EDITED = "comment-edited"
    HIDDEN = "comment-hidden"
    RENAMED = "discussion-renamed"
    CLOSED = "discussion-closed"
    REOPENED = "discussion-reopened"  # or a draft that became open
    PROPOSED = "pull-opened"
    COMMITTED = "pull-committed"
    MERGED = "pull-merged"


def happened(
    db: sqlite3.Connection,
    repo: Repo,
    num: int,
    actor: User,
    what: What,
    text: str = "",
    **detail: object,
) -> None:
    """Puts on record what somebody did in a discussion.

    Args:
        db: The write transaction in which it happens.
        repo: The repository.
        num: The number of the discussion.
        actor: Who did it.
        what: What it was.
        text: What they wrote, in which others may be mentioned (`mentions.mentioned`). The record
            does not hold it.
        detail: What else the record is to say; values that JSON has.
    """
    del text  # for those who are to be told
    events.record(db, repo, actor.name, "", what, discussion=num, **detail)

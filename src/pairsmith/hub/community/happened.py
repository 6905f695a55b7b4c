"""The one place where something that happened in a community is told: to the record, and people.

Those are told who take part in a discussion, who administer its repository, and who are mentioned.
"""

from __future__ import annotations

import sqlite3
from enum import StrEnum

from pairsmith.hub.auth.users import User
from pairsmith.hub.community.mentions import mentioned
from pairsmith.hub.notices.kinds import Kind
from pairsmith.hub.notices.telling import Happening, admins, participants, tell
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


UNTOLD = frozenset({What.HIDDEN, What.RENAMED})
"""What goes on record alone."""


def happened(
    db: sqlite3.Connection,
    repo: Repo,
    num: int,
    actor: User,
    what: What,
    text: str = "",
    **detail: object,
) -> None:
    """Puts on record what somebody did in a discussion, and tells those whom it concerns.

    Args:
        db: The write transaction in which it happens.
        repo: The repository.
        num: The number of the discussion.
        actor: Who did it.
        what: What it was.
        text: What they wrote, in which others may be mentioned (`mentions.mentioned`). Neither
            the record nor a notice holds it.
        detail: What else the record is to say; values that JSON has.
    """
    events.record(db, repo, actor.name, "", what, discussion=num, **detail)
    if what not in UNTOLD:
        _tell(db, repo, num, actor, what, text)


def _tell(db: sqlite3.Connection, repo: Repo, num: int, actor: User, what: What, text: str) -> None:
    (discussion,) = db.execute(
        "SELECT id FROM discussions WHERE repo = ? AND num = ?", (repo.id, num)
    ).fetchone()
    path = f"/discussions/{num}"
    said = Happening(Kind.COMMENT, what, path, repo, actor.id, discussion)
    named = [user.id for user in mentioned(db, text)] if text else []
    if what is What.EDITED:  # what was edited says nothing new but to who is mentioned now
        heard = _heard(db, discussion)
        named = [user for user in named if user not in heard]
        parts: list[int] = []
    else:
        parts = [*admins(db, repo), *participants(db, discussion)]
    tell(db, [user for user in parts if user not in named], said)
    tell(db, named, said._replace(kind=Kind.MENTION))


def _heard(db: sqlite3.Connection, discussion: int) -> set[int]:
    """Who was told something of a discussion before."""
    rows = db.execute("SELECT user FROM notices WHERE discussion = ?", (discussion,))
    return {row[0] for row in rows}

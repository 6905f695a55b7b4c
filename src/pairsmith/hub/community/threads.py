"""Discussions: a title, a status, and entries in order; a pull request is one with commits.

Whoever may know of a repository reads its discussions, and writes in them with an account. Titles
and statuses are changed by who began a discussion and by who may write to the repository.
"""

from __future__ import annotations

import sqlite3
from typing import Literal, NamedTuple

from pairsmith.hub.auth.users import User
from pairsmith.hub.community import entries
from pairsmith.hub.community.entries import AUTHOR, Entry
from pairsmith.hub.community.happened import What, happened
from pairsmith.hub.core.database import now
from pairsmith.hub.http.errors import HubError, bad_request, not_allowed
from pairsmith.hub.repos.repos import Repo

Status = Literal["draft", "open", "closed", "merged"]
Kind = Literal["", "discussion", "pull_request"]

TITLE_CHARS = range(3, 201)  # how many a title may have
MAX_THREADS_A_DAY = 50  # that an account may begin
DAY = 24 * 3600  # seconds
STATUSES: dict[str, tuple[Status, ...]] = {
    "": ("draft", "open", "closed", "merged"),
    "all": ("draft", "open", "closed", "merged"),
    "open": ("draft", "open"),
    "closed": ("closed", "merged"),
    "draft": ("draft",),
    "merged": ("merged",),
}
"""What a list of discussions may be asked for, and which statuses that takes in."""

SELECT = (
    "SELECT discussions.id, discussions.repo, discussions.num, discussions.title,"
    f" discussions.status, discussions.author, {AUTHOR}, discussions.created,"
    " discussions.updated, discussions.entries, discussions.chars,"
    " pulls.discussion IS NOT NULL FROM discussions JOIN users ON users.id = discussions.author"
    " LEFT JOIN pulls ON pulls.discussion = discussions.id"
)


class Thread(NamedTuple):
    """A discussion. `num` counts within its repository.

    Attributes:
        author: The name of who began it; '' where that account was removed.
        entries: How many entries it has.
        chars: Characters of all that was ever written in it.
        is_pull: Whether it is a pull request.
    """

    id: int
    repo: int
    num: int
    title: str
    status: Status
    author_id: int
    author: str
    created: int
    updated: int
    entries: int
    chars: int
    is_pull: bool

    @property
    def is_over(self) -> bool:
        """Whether it is closed, or merged."""
        return self.status in STATUSES["closed"]

    @property
    def ref(self) -> str:
        """The name of a pull request's newest commit."""
        return f"refs/pr/{self.num}"


class Actor(NamedTuple):
    """Who does something in a discussion.

    Attributes:
        user: The account.
        moderates: Whether they may write to the repository, and so close, rename, hide and merge
            what is others'.
    """

    user: User
    moderates: bool

    def may_change(self, thread: Thread) -> bool:
        """Whether they may close, reopen and rename a discussion."""
        return self.moderates or self.user.id == thread.author_id


class Wanted(NamedTuple):
    """Which discussions a list is of.

    Attributes:
        kind: Pull requests or others alone; '' for both.
        status: A key of `STATUSES`.
        author: The name of who began them; '' for anybody.
    """

    kind: Kind = ""
    status: str = ""
    author: str = ""


def find(db: sqlite3.Connection, repo: Repo, num: int | None) -> Thread:
    """The discussion of that number.

    Args:
        db: A transaction.
        repo: The repository, of which the caller may know.
        num: The number; None for what is no number.

    Raises:
        HubError: 404, where there is none.
    """
    row = db.execute(
        f"{SELECT} WHERE discussions.repo = ? AND discussions.num = ?", (repo.id, num)
    ).fetchone()
    if row is None:
        raise HubError(404, f"There is no discussion of that number in {repo.full_name}.")
    return _thread(row)


def listed(
    db: sqlite3.Connection, repo: Repo, wanted: Wanted, limit: int, skip: int = 0
) -> list[Thread]:
    """Discussions of a repository, the newest first."""
    which, values = _condition(repo, wanted)
    rows = db.execute(
        f"{SELECT} WHERE {which} ORDER BY discussions.num DESC LIMIT ? OFFSET ?",
        (*values, limit, skip),
    )
    return [_thread(row) for row in rows]


def count(db: sqlite3.Connection, repo: Repo, wanted: Wanted) -> int:
    """How many there are of them."""
    which, values = _condition(repo, wanted)
    row = db.execute(
        "SELECT count(*) FROM discussions JOIN users ON users.id = discussions.author"
        f" LEFT JOIN pulls ON pulls.discussion = discussions.id WHERE {which}",
        values,
    ).fetchone()
    return int(row[0])


def begun_by(db: sqlite3.Connection, user: User) -> int:
    """How many discussions an account began, in all repositories that are there."""
    row = db.execute(
        "SELECT count(*) FROM discussions JOIN repos ON repos.id = repo AND deleted IS NULL"
        " WHERE author = ?",
        (user.id,),
    ).fetchone()
    return int(row[0])


def begin(
    db: sqlite3.Connection,
    repo: Repo,
    actor: Actor,
    title: str,
    text: str,
    status: Status = "open",
) -> Thread:
    """Begins a discussion, with a first comment where there is a text.

    A pull request is begun by `pulls.begin`, which calls this.

    Raises:
        HubError: 400 for a title or a text that cannot be one; 429 where the account began too
            many.
    """
    title, when = checked_title(title), now()
    text = entries.checked(text) if text.strip() else ""
    begun = db.execute(
        "SELECT count(*) FROM discussions WHERE author = ? AND created > ?",
        (actor.user.id, when - DAY),
    ).fetchone()[0]
    if begun >= MAX_THREADS_A_DAY:
        raise HubError(
            429,
            f"An account may begin {MAX_THREADS_A_DAY} discussions and pull requests in 24 hours.",
            headers={"Retry-After": "3600"},
        )
    db.execute(
        "INSERT INTO discussions (repo, num, author, title, status, created, updated) SELECT ?1,"
        " coalesce(max(num), 0) + 1, ?2, ?3, ?4, ?5, ?5 FROM discussions WHERE repo = ?1",
        (repo.id, actor.user.id, title, status, when),
    )
    num = db.execute("SELECT max(num) FROM discussions WHERE repo = ?", (repo.id,)).fetchone()[0]
    thread = find(db, repo, num)
    if text:
        entries.add(db, thread, actor.user, "comment", text)
    return find(db, repo, num)


def open_discussion(
    db: sqlite3.Connection, repo: Repo, actor: Actor, title: str, text: str
) -> Thread:
    """Begins a discussion that is no pull request.

    Raises:
        HubError: As `begin` does; 400 without a text.
    """
    thread = begin(db, repo, actor, title, entries.checked(text))
    happened(db, repo, thread.num, actor.user, What.OPENED, text)
    return thread


def just_begun(db: sqlite3.Connection, repo: Repo, user: User, title: str) -> Thread | None:
    """The newest discussion of a repository, where a user has just begun it with that title."""
    row = db.execute(
        f"{SELECT} WHERE discussions.repo = ? ORDER BY num DESC LIMIT 1", (repo.id,)
    ).fetchone()
    last = _thread(row) if row else None
    if last is None or (last.author_id, last.title) != (user.id, title):
        return None
    return last if last.created >= now() - entries.TWICE_SECONDS else None


def comment(db: sqlite3.Connection, repo: Repo, thread: Thread, actor: Actor, text: str) -> Entry:
    """Adds a comment.

    Raises:
        HubError: 400 for a text that cannot be one, or where the discussion is full.
    """
    made = entries.add(db, thread, actor.user, "comment", entries.checked(text))
    happened(db, repo, thread.num, actor.user, What.COMMENTED, text, comment=made.key)
    return made


def edit(
    db: sqlite3.Connection, repo: Repo, thread: Thread, actor: Actor, key: str, text: str
) -> Entry:
    """Changes the text of a comment of one's own; what it said before is kept.

    Raises:
        HubError: 404 for no comment, 403 for another's, 400 for a hidden one or no text.
    """
    found = entries.comment_of(db, thread, key)
    if found.author_id != actor.user.id:
        raise not_allowed("Only who wrote a comment may edit it.")
    made = entries.edit(db, thread, found, entries.checked(text))
    happened(db, repo, thread.num, actor.user, What.EDITED, text, comment=key)
    return made


def hide(db: sqlite3.Connection, repo: Repo, thread: Thread, actor: Actor, key: str) -> Entry:
    """Takes the text of a comment away for good, and what it said before.

    Raises:
        HubError: 404 for no comment, 403 for another's and who may not write to the repository.
    """
    found = entries.comment_of(db, thread, key)
    if found.author_id != actor.user.id and not actor.moderates:
        raise not_allowed(
            "A comment is hidden by who wrote it, or by who may write to the repository."
        )
    if found.hidden:
        return found
    made = entries.hide(db, thread, found)
    happened(
        db, repo, thread.num, actor.user, What.HIDDEN, comment=key, author=found.author or "deleted"
    )
    return made


def rename(db: sqlite3.Connection, repo: Repo, thread: Thread, actor: Actor, title: str) -> Entry:
    """Gives a discussion another title.

    Raises:
        HubError: 400 for a title that cannot be one; 403 where the caller may not.
    """
    _check_may_change(thread, actor)
    title = checked_title(title)
    made = entries.add(db, thread, actor.user, "title-change", title, thread.title)
    db.execute("UPDATE discussions SET title = ? WHERE id = ?", (title, thread.id))
    happened(db, repo, thread.num, actor.user, What.RENAMED)
    return made


def set_status(
    db: sqlite3.Connection, repo: Repo, thread: Thread, actor: Actor, status: str, text: str = ""
) -> Entry:
    """Closes a discussion, opens it again, or has a draft become a pull request that is open.

    Args:
        db: A write transaction.
        repo: The repository.
        thread: The discussion.
        actor: Who does it.
        status: `open` or `closed`.
        text: A comment that goes with it; '' for none.

    Raises:
        HubError: 400 for another status; 403 where the caller may not; 409 where it has that
            status, or was merged.
    """
    if status not in ("open", "closed"):
        raise bad_request('status has to be "open" or "closed".')
    _check_may_change(thread, actor)
    if thread.status in ("merged", status):
        raise HubError(409, f"#{thread.num} is {thread.status} already.", "Conflict")
    if text.strip():
        comment(db, repo, thread, actor, text)
    made = entries.add(db, thread, actor.user, "status-change", status)
    db.execute("UPDATE discussions SET status = ? WHERE id = ?", (status, thread.id))
    what = What.CLOSED if status == "closed" else What.REOPENED
    happened(db, repo, thread.num, actor.user, what, was=thread.status)
    return made


def checked_title(title: str) -> str:
    """A title as it is kept: one line, without blanks at its ends.

    Raises:
        HubError: 400, where it is too short or too long.
    """
    line = " ".join(title.split())
    line = "".join(letter for letter in line if letter == " " or letter.isprintable())
    if len(line) not in TITLE_CHARS:
        raise bad_request(
            f"A title has {TITLE_CHARS[0]} to {TITLE_CHARS[-1]} characters; this one has"
            f" {len(line):,}."
        )
    return line


def _check_may_change(thread: Thread, actor: Actor) -> None:
    if not actor.may_change(thread):
        raise not_allowed(
            "That is for who began this discussion, and for who may write to the repository."
        )


def _condition(repo: Repo, wanted: Wanted) -> tuple[str, list[object]]:
    """The condition that a discussion is one of those that are wanted, and its values."""
    statuses = STATUSES[wanted.status]
    parts = ["discussions.repo = ?", f"discussions.status IN ({', '.join('?' * len(statuses))})"]
    values: list[object] = [repo.id, *statuses]
    if wanted.kind:
        is_pull = "IS NOT NULL" if wanted.kind == "pull_request" else "IS NULL"
        parts.append(f"pulls.discussion {is_pull}")
    if wanted.author:
        parts.append("users.name = ?")
        values.append(wanted.author)
    return " AND ".join(parts), values


def _thread(row: sqlite3.Row) -> Thread:
    made = Thread(*row)
    return made._replace(is_pull=bool(made.is_pull))

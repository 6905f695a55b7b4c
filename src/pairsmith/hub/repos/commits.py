"""Making a commit: all of it or nothing, one after the other within a repository.

The files of a line of commits are kept as intervals (from which commit on, until which), so that
a commit writes what it changes and no more. A commit that does not follow the newest of its line
starts a line of its own with a copy of the list of files, not of the files.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from pairsmith.hub.auth.users import User
from pairsmith.hub.core.database import ROWS, Database, now
from pairsmith.hub.core.turns import Turns
from pairsmith.hub.http.errors import HubError, revision_not_found
from pairsmith.hub.repos import history, steps
from pairsmith.hub.repos.draft import Change, Delete, Draft, Put, drafted
from pairsmith.hub.repos.history import MAIN, Commit
from pairsmith.hub.repos.repos import Repo

__all__ = ["Change", "Delete", "Message", "Put", "Wanted", "commit", "commit_apart"]

FEW = 20  # rows of a commit that is made among those who write a row or two
_turns = Turns()
"""Of repositories, for commits that are made in several transactions."""


class Message(NamedTuple):
    """What a commit says of itself, and which commit it was made for, where it says that."""

    title: str
    text: str = ""
    parent: str | None = None


class Wanted(NamedTuple):
    """A commit as somebody wants it.

    Attributes:
        branch: On which branch.
        author: By whom.
        message: What it says of itself.
        changes: What it changes; of those of one path the last counts.
        sent: The hashes of contents that come with it, and are kept if it can be made.
        start: The state that it goes on from, where no name leads to it yet; it then begins a line
            of commits of its own.
        conclude: Called with the write transaction and the commit in stead of having the branch
            lead to it.
    """

    branch: str
    author: User
    message: Message
    changes: Sequence[Change]
    sent: frozenset[str] = frozenset()
    start: Commit | None = None
    conclude: Callable[[sqlite3.Connection, Commit], object] | None = None


def commit(
    db: sqlite3.Connection,
    repo: Repo,
    branch: str,
    author: User,
    message: Message,
    changes: Iterable[Change],
) -> Commit:
    """Makes a commit on a branch, within a write transaction.

    A repository's first commit makes its main branch.

    Args:
        db: A write transaction.
        repo: The repository.
        branch: The branch, which must be there.
        author: Who makes it.
        message: What it says of itself.
        changes: What it changes; of those of one path the last counts.

    Raises:
        HubError: RevisionNotFound; 412 where `message.parent` is not the branch's newest commit;
            400 for a change that cannot be made.
    """
    wanted = Wanted(branch, author, message, list(changes))
    draft = _drafted(db, repo, _base(db, repo, wanted), wanted)
    return _write(db, repo, wanted, draft)


def commit_apart(
    database: Database,
    repo: Repo,
    wanted: Wanted,
    check: Callable[[sqlite3.Connection], object],
    keep: Callable[[], None] = lambda: None,
) -> Commit:
    """Makes a commit of however many changes while others write: they wait for some rows at most.

    Args:
        database: The hub's.
        repo: The repository.
        wanted: The commit.
        check: Given a transaction, it raises where the commit may not be made any more.
        keep: Keeps the contents that come with it, once it is found that it can be made.

    Raises:
        HubError: As `commit` does, and what `check` raises; nothing is changed then.
    """
    is_kept = False
    with _turns.of((database.path, repo.id)):
        while True:
            with database.read() as db:
                base = _base(db, repo, wanted)
                left = _left(db, base)
                draft = None if left else _drafted(db, repo, base, wanted)
            if left:  # by one that was given up, and could not be undone
                steps.run(database, left)
            if draft is None:
                continue
            if not is_kept:
                keep()
                is_kept = True
            if made := _try(database, repo, wanted, draft, check):
                return made


def _try(
    database: Database,
    repo: Repo,
    wanted: Wanted,
    draft: Draft,
    check: Callable[[sqlite3.Connection], object],
) -> Commit | None:
    """Makes a commit; None where its branch was changed since the draft was made."""
    with database.write(many=draft.rows > FEW) as db:
        check(db)
        if _base(db, repo, wanted) != draft.base:
            return None
        if draft.rows <= ROWS and not draft.folders:
            return _write(db, repo, wanted, draft)
        line = steps.begin(db, repo, draft)
        steps.announce(db, line, draft.place)
    try:
        for step in steps.steps(draft, line):
            steps.run(database, step)
        with database.write(many=True) as db:
            check(db)
            _check_unchanged(db, repo, wanted, draft)
            steps.announce(db, line, None)
            return _conclude(db, repo, wanted, draft, line)
    except BaseException:
        steps.run(database, steps.undo(line, draft.place))
        raise


def _drafted(db: sqlite3.Connection, repo: Repo, base: Commit | None, wanted: Wanted) -> Draft:
    """What a commit would change; of a pull request the first begins a line of its own."""
    apart = wanted.start is not None or history.is_empty_pull(db, repo, wanted.branch)
    return drafted(db, repo, base, wanted.changes, wanted.sent, apart)


def _base(db: sqlite3.Connection, repo: Repo, wanted: Wanted) -> Commit | None:
    """The newest commit of the branch, for which a commit is made; None for the first."""
    if wanted.start is not None:
        return wanted.start
    head = history.head(db, repo, wanted.branch)
    if head is None and wanted.branch != MAIN:
        raise revision_not_found(wanted.branch)
    parent = wanted.message.parent
    if parent and (head is None or not head.id.startswith(parent)):
        raise HubError(
            412, "A commit has happened since. Please refresh and try again.", "CommitOutdated"
        )
    return head


def _check_unchanged(db: sqlite3.Connection, repo: Repo, wanted: Wanted, draft: Draft) -> None:
    """Checks that the branch is as it was when the draft was made: it may have been deleted."""
    if _base(db, repo, wanted) != draft.base:
        raise HubError(412, "The branch has changed meanwhile. Please try again.", "CommitOutdated")


def _left(db: sqlite3.Connection, base: Commit | None) -> steps.Step | None:
    """What undoes the draft that a line has, which nobody writes any more; None for none."""
    if base is None:
        return None
    row = db.execute("SELECT draft FROM lines WHERE id = ?", (base.line,)).fetchone()
    return None if row[0] is None else steps.undo(base.line, row[0])


def _write(db: sqlite3.Connection, repo: Repo, wanted: Wanted, draft: Draft) -> Commit:
    """Writes all of a commit within one transaction."""
    line = steps.begin(db, repo, draft)
    for step in steps.steps(draft, line):
        while step(db):
            pass
    return _conclude(db, repo, wanted, draft, line)


def _conclude(
    db: sqlite3.Connection, repo: Repo, wanted: Wanted, draft: Draft, line: int
) -> Commit:
    """Makes a commit of the files that are there at its place."""
    author, message = wanted.author, wanted.message
    made = Commit(
        _commit_id(repo, line, draft.place, author, message),
        line,
        draft.place,
        draft.base.id if draft.base else None,
        author.name,
        message.title,
        message.text,
        now(),
    )
    db.execute(
        "INSERT INTO commits (repo, id, line, place, parent, author, title, message, date)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (repo.id, made.id, made.line, made.place, made.parent, author.id, *made[5:]),
    )
    if wanted.conclude is None:
        history.name(db, repo, wanted.branch, made)
    else:
        wanted.conclude(db, made)
    return made


def _commit_id(repo: Repo, line: int, place: int, author: User, message: Message) -> str:
    text = json.dumps([repo.id, line, place, author.name, *message, now(), secrets.token_hex(8)])
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

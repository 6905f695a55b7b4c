"""Pull requests: commits on a line of their own, what they change, and merging them.

The line begins with the files of the commit that the request starts from, so what the request
changes is what ended and what began on that line, however many files there are. To merge one is to
make a commit of that on its branch; a file that both sides changed since, and not to the same, is
a conflict.
"""

from __future__ import annotations

import sqlite3
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from pairsmith.hub.community import entries, threads
from pairsmith.hub.community.happened import What, happened
from pairsmith.hub.community.threads import Actor, Thread
from pairsmith.hub.core.blobs import take_over
from pairsmith.hub.core.database import now
from pairsmith.hub.http.errors import HubError, bad_request, not_allowed, revision_not_found
from pairsmith.hub.repos import commits, history
from pairsmith.hub.repos.commits import Change, Delete, Message, Put, Wanted
from pairsmith.hub.repos.files import bounded
from pairsmith.hub.repos.history import Commit
from pairsmith.hub.repos.repos import Repo, by_id
from pairsmith.hub.repos.roles import role_of

if TYPE_CHECKING:
    from pairsmith.hub.context import Hub

MAX_CONFLICTS = 1_000  # files with conflicts that are told
TRIES = 5  # times that a merge is begun anew because its branch has moved on

CHANGED = (
    "WITH put AS (SELECT path, blob, lfs FROM files"
    " WHERE line = :line AND born > 0 AND born <= :place AND (died IS NULL OR died > :place)),"
    " gone AS (SELECT path, blob, lfs FROM files"
    " WHERE line = :line AND born = 0 AND died <= :place),"
    " either AS (SELECT path FROM gone UNION SELECT path FROM put),"
    " changed AS (SELECT either.path AS path, gone.blob AS old, gone.lfs AS old_lfs,"
    " put.blob AS new, put.lfs AS new_lfs FROM either LEFT JOIN gone USING (path)"
    " LEFT JOIN put USING (path) WHERE gone.blob IS NOT put.blob OR gone.lfs IS NOT put.lfs)"
)
THERE = (
    " LEFT JOIN files AS there ON there.line = :base_line AND there.path = changed.path"
    " AND there.born <= :base_place AND (there.died IS NULL OR there.died > :base_place)"
)
IS_OLD = "(there.blob IS old AND there.lfs IS old_lfs)"
IS_NEW = "(there.blob IS new AND there.lfs IS new_lfs)"
IS_KEPT = (
    "EXISTS (SELECT 1 FROM reconciled WHERE discussion = :discussion"
    " AND reconciled.path = changed.path AND reconciled.blob IS there.blob"
    " AND reconciled.lfs IS there.lfs)"
)
"""Whether the pull request's version was chosen over what the branch has."""


class Pull(NamedTuple):
    """What a pull request is besides a discussion.

    Attributes:
        base: The branch that it is for.
        start: The commit that it starts from.
        head: Its newest commit, or `start`.
        merged: The commit that took it over; None where none did.
    """

    base: str
    start: str
    head: str
    merged: str | None

    @property
    def is_empty(self) -> bool:
        """Whether it has no commit yet."""
        return self.head == self.start


class FileChange(NamedTuple):
    """A file that a pull request changes.

    Attributes:
        old: Its content before; None where it was not there.
        new: Its content after; None where it is not there any more.
        lfs: Whether it is a large file.
        old_size: Bytes before.
        new_size: Bytes after.
    """

    path: str
    old: str | None
    new: str | None
    lfs: bool
    old_size: int
    new_size: int


class Conflicts(NamedTuple):
    """The files that a pull request cannot be merged for; or why it cannot be, in a sentence."""

    paths: list[str]
    reason: str = ""


def of(db: sqlite3.Connection, thread: Thread) -> Pull:
    """What a discussion is as a pull request.

    Raises:
        HubError: 400, where it is none.
    """
    row = db.execute(
        "SELECT base, start, head, merged FROM pulls WHERE discussion = ?", (thread.id,)
    ).fetchone()
    if row is None:
        raise bad_request(f"#{thread.num} is a discussion, not a pull request.")
    return Pull(*row)


def start_of(db: sqlite3.Connection, repo: Repo, base: str, parent: str | None = None) -> Commit:
    """The commit that a new pull request starts from.

    Args:
        db: A transaction.
        repo: The repository.
        base: The branch that it is for.
        parent: The commit that was asked for; None for the branch's newest.

    Raises:
        HubError: RevisionNotFound where there is no such branch or commit; 400 where what it is
            for is a pull request itself, or the repository has no commit yet.
    """
    if history.pull_number(base) is not None:
        raise bad_request("A pull request is for a branch; commit to this one without create_pr.")
    head = history.head(db, repo, base)
    if head is None and base == history.MAIN:
        raise bad_request(f"{repo.full_name} has no commit yet that a pull request could change.")
    if head is None:
        raise revision_not_found(base)
    return history.find(db, repo, parent) if parent else head


def begin(
    db: sqlite3.Connection, repo: Repo, actor: Actor, title: str, text: str, start: Commit
) -> Thread:
    """Begins a pull request without commits, for the main branch: a draft.

    Raises:
        HubError: 400 or 429, as `threads.begin` has them.
    """
    thread = threads.begin(db, repo, actor, title, text, "draft")
    _add(db, thread, history.MAIN, start, start)
    happened(db, repo, thread.num, actor.user, What.PROPOSED, text)
    return threads.find(db, repo, thread.num)


def begin_with(
    db: sqlite3.Connection, repo: Repo, actor: Actor, base: str, start: Commit, made: Commit
) -> Thread:
    """Begins a pull request of a commit that was just made, within the same transaction.

    Its title and text are the commit's, as far as they can be.

    Raises:
        HubError: 429, as `threads.begin` has it.
    """
    title = " ".join(made.title.split())[: threads.TITLE_CHARS[-1]]
    if len(title) < threads.TITLE_CHARS[0]:
        title = f"Pull request: {title}"
    text = made.message[: entries.MAX_COMMENT_CHARS]
    thread = threads.begin(db, repo, actor, title, text)
    _add(db, thread, base, start, made)
    entries.add(db, thread, actor.user, "commit", made.title, made.id)
    happened(db, repo, thread.num, actor.user, What.PROPOSED, text)
    return threads.find(db, repo, thread.num)


def check_may_push(db: sqlite3.Connection, repo: Repo, actor: Actor, number: int) -> Thread:
    """The pull request that somebody wants to commit to.

    Raises:
        HubError: 404 where there is none, 403 for another's, 409 where it is over.
    """
    thread = threads.find(db, repo, number)
    of(db, thread)
    if not actor.may_change(thread):
        raise not_allowed(
            f"Only {thread.author or 'its author'}, and who may write to {repo.full_name}, may"
            f" commit to {thread.ref}."
        )
    if thread.is_over:
        raise HubError(409, f"#{number} is {thread.status}: begin another.", "Conflict")
    return thread


def push(db: sqlite3.Connection, repo: Repo, thread: Thread, actor: Actor, made: Commit) -> None:
    """Has a pull request lead to a commit that was just made on it, in the same transaction."""
    db.execute("UPDATE pulls SET head = ? WHERE discussion = ?", (made.id, thread.id))
    entries.add(db, thread, actor.user, "commit", made.title, made.id)
    happened(db, repo, thread.num, actor.user, What.COMMITTED, commit=made.id)


def changes(db: sqlite3.Connection, repo: Repo, pull: Pull, limit: int = -1) -> list[FileChange]:
    """The files that a pull request changes, by path."""
    if pull.is_empty:
        return []
    head = history.find(db, repo, pull.head)
    with bounded(db):
        rows = db.execute(
            f"{CHANGED} SELECT path, old, new, coalesce(new_lfs, old_lfs) = 1,"
            " coalesce(before.size, 0), coalesce(after.size, 0) FROM changed"
            " LEFT JOIN blobs AS before ON before.sha256 = old"
            " LEFT JOIN blobs AS after ON after.sha256 = new ORDER BY path LIMIT :limit",
            {"line": head.line, "place": head.place, "limit": limit},
        )
        return [FileChange(*row) for row in rows]


def conflicts(db: sqlite3.Connection, repo: Repo, thread: Thread) -> Conflicts:
    """Why a pull request cannot be merged; nothing, where it can be or was."""
    pull = of(db, thread)
    if pull.merged is not None:
        return Conflicts([])
    base = history.head(db, repo, pull.base)
    if base is None:
        return Conflicts([], f"The branch {pull.base} is not there any more.")
    if pull.is_empty:
        return Conflicts([])
    head = history.find(db, repo, pull.head)
    with bounded(db):
        rows = db.execute(
            f"{CHANGED} SELECT changed.path FROM changed{THERE}"
            f" WHERE NOT {IS_OLD} AND NOT {IS_NEW} AND NOT {IS_KEPT}"
            " ORDER BY changed.path LIMIT :limit",
            {**_places(head, base), "discussion": thread.id, "limit": MAX_CONFLICTS},
        )
        return Conflicts([path for (path,) in rows])


def merge(hub: Hub, repo: Repo, thread: Thread, actor: Actor, text: str = "") -> Commit:
    """Makes a commit of what a pull request changes, on the branch that it is for.

    Args:
        hub: The hub.
        repo: The repository.
        thread: The pull request.
        actor: Who merges it; who may write to the repository.
        text: A comment that goes with it; '' for none.

    Raises:
        HubError: 409 where it has conflicts, its branch is gone, or it is no longer open; 403 where
            the role that it takes was withdrawn meanwhile.
    """
    text = entries.checked(text) if text.strip() else ""
    for _ in range(TRIES):
        with hub.database.read() as db:
            pull = of(db, thread)
            _check_same(db, repo, thread, pull, actor)
            wanted = _merge_of(db, repo, thread, actor, text)
        try:
            check = partial(_check_same, repo=repo, thread=thread, pull=pull, actor=actor)
            return commits.commit_apart(hub.database, repo, wanted, check)
        except HubError as error:
            if error.code == "BadRequest":  # a file where the other side has a folder
                raise HubError(409, error.message, "Conflict") from error
            if error.code not in ("CommitOutdated", "RevisionNotFound"):
                raise
    raise HubError(409, f"{thread.ref} could not be merged: its branch moves on.", "Conflict")


def _merge_of(
    db: sqlite3.Connection, repo: Repo, thread: Thread, actor: Actor, text: str
) -> Wanted:
    """The commit that merges a pull request.

    Raises:
        HubError: 409, where there can be none.
    """
    pull, found = of(db, thread), conflicts(db, repo, thread)
    if found.reason:
        raise HubError(409, f"{found.reason} Nothing was merged.", "Conflict")
    if found.paths:
        more = "" if len(found.paths) == 1 else f", and {len(found.paths) - 1:,} more"
        error = HubError(
            409,
            f"#{thread.num} has conflicts: {pull.base} has changed {found.paths[0]!r}{more} since."
            f" On its page, each can be taken as {pull.base} has it, or kept.",
            "Conflict",
        )
        error.body["filesWithConflicts"] = list(found.paths)
        raise error
    base = history.head(db, repo, pull.base)

    def conclude(db: sqlite3.Connection, made: Commit) -> None:
        history.name(db, repo, pull.base, made)
        _conclude(db, repo, thread, actor, made, text)

    message = Message(
        f"{thread.title} (#{thread.num})", f"Merges {thread.ref}.", base.id if base else None
    )
    made = _changes_for(db, repo, pull, base) if base else []
    return Wanted(pull.base, actor.user, message, made, conclude=conclude)


def _changes_for(db: sqlite3.Connection, repo: Repo, pull: Pull, base: Commit) -> list[Change]:
    """What a pull request changes of a state, without what it has already."""
    if pull.is_empty:
        return []
    head = history.find(db, repo, pull.head)
    with bounded(db):
        rows = db.execute(
            f"{CHANGED} SELECT changed.path, new, new_lfs FROM changed{THERE}"
            f" WHERE NOT {IS_NEW} ORDER BY changed.path",
            _places(head, base),
        )
        return [
            Delete(path) if blob is None else Put(path, blob, bool(lfs)) for path, blob, lfs in rows
        ]


def _check_same(
    db: sqlite3.Connection, repo: Repo, thread: Thread, pull: Pull, actor: Actor
) -> None:
    """Checks that a pull request can be merged, and that nothing has changed meanwhile."""
    now_there = by_id(db, repo.id)
    if now_there is None or not role_of(db, now_there, actor.user).writes:
        raise not_allowed(f"You may not change the files of {repo.full_name} any more.")
    there = threads.find(db, repo, thread.num)
    if there.status == "open" and of(db, there) != pull:
        raise HubError(412, f"{thread.ref} has changed meanwhile.", "CommitOutdated")
    if there.status != "open":
        hint = ": open it first" if there.status == "draft" else ""
        raise HubError(409, f"#{thread.num} is {there.status}{hint}.", "Conflict")


def _conclude(
    db: sqlite3.Connection, repo: Repo, thread: Thread, actor: Actor, made: Commit, text: str
) -> None:
    """Notes that a pull request was merged; its contents are now the owner's."""
    if text:
        threads.comment(db, repo, thread, actor, text)
    pull = of(db, thread)
    take_over(db, repo.id, [one.new for one in changes(db, repo, pull) if one.new])
    db.execute("UPDATE pulls SET merged = ? WHERE discussion = ?", (made.id, thread.id))
    db.execute(
        "UPDATE discussions SET status = 'merged', updated = ? WHERE id = ?", (now(), thread.id)
    )
    entries.add(db, thread, actor.user, "status-change", "merged", made.id)
    happened(db, repo, thread.num, actor.user, What.MERGED, commit=made.id)


def _add(db: sqlite3.Connection, thread: Thread, base: str, start: Commit, head: Commit) -> None:
    db.execute(
        "INSERT INTO pulls (discussion, base, start, head) VALUES (?, ?, ?, ?)",
        (thread.id, base, start.id, head.id),
    )


def _places(head: Commit, base: Commit) -> dict[str, object]:
    return {
        "line": head.line,
        "place": head.place,
        "base_line": base.line,
        "base_place": base.place,
    }

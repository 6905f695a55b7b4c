"""Files changed from a page of the hub, against the state that the page showed.

Others may have committed since. What they did to other files is no hindrance, as with git; a file
that is another one by now is left as it is, and who sent the form is told.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from pairsmith.hub.community.pushing import Push, Target
from pairsmith.hub.community.threads import Actor, Thread
from pairsmith.hub.core.blobs import Sent
from pairsmith.hub.http.errors import HubError, bad_request
from pairsmith.hub.repos import commits, files, history, quotas
from pairsmith.hub.repos.commits import Message, Wanted
from pairsmith.hub.repos.draft import Change, Put
from pairsmith.hub.repos.history import Commit
from pairsmith.hub.repos.repos import Repo

if TYPE_CHECKING:
    from pairsmith.hub.context import Hub

COMMIT = re.compile(r"[0-9a-f]{40}")


class OutdatedError(HubError):
    """Files that somebody else changed since the page was shown.

    Attributes:
        newest: The newest commit of the branch.
        paths: The files.
    """

    def __init__(self, newest: Commit, paths: Sequence[str]) -> None:
        count = "This file was" if len(paths) == 1 else f"{len(paths)} of these files were"
        super().__init__(
            409,
            f"{count} changed by somebody else since you opened the page. Nothing was overwritten.",
            "CommitOutdated",
        )
        self.newest = newest
        self.paths = tuple(paths)


class Revision(NamedTuple):
    """What somebody wants to change.

    Attributes:
        repo: The repository.
        actor: Who.
        target: A branch, or that branch by a pull request.
        shown: The id of the commit that the page showed; '' where there was none.
        title: What the commit is called.
        changes: What it changes.
        sent: The contents that come with it, whole.
        check: Given a transaction, it raises where they may not change it any more.
    """

    repo: Repo
    actor: Actor
    target: Target
    shown: str
    title: str
    changes: Sequence[Change]
    sent: Sequence[Sent]
    check: Callable[[sqlite3.Connection], object]


def revise(hub: Hub, wanted: Revision) -> tuple[Commit, Thread | None]:
    """Makes a commit, or begins a pull request.

    Returns:
        The commit, and the pull request that it began. Where the branch has by now all that is
        wanted, as after a form that was sent twice, its newest commit.

    Raises:
        OutdatedError: Somebody else changed one of the files; nothing is changed then.
        HubError: As `commits.commit_apart`, and what `check` raises.
    """
    try:
        return _revise(hub, wanted)
    except OutdatedError as error:
        with hub.database.read() as db:
            if not _is_there(db, wanted.changes, error.newest):
                raise
        return error.newest, None


def _revise(hub: Hub, wanted: Revision) -> tuple[Commit, Thread | None]:
    if wanted.shown and not COMMIT.fullmatch(wanted.shown):
        raise bad_request("The form does not say which state it showed; load the page again.")
    repo, target = wanted.repo, wanted.target
    proposer = None if wanted.actor.moderates else wanted.actor.user.id

    def check(db: sqlite3.Connection) -> None:
        wanted.check(db)
        if not target.begins:
            _check_unchanged(db, wanted)

    def may_send(db: sqlite3.Connection) -> None:
        check(db)
        quotas.check(db, hub, repo, proposer=proposer)

    parent = (wanted.shown or None) if target.begins else None
    message = Message(wanted.title, parent=parent)
    hashes = frozenset(blob.sha256 for _, blob in wanted.sent)
    push = Push(repo, wanted.actor, target)
    commit = Wanted(target.branch, wanted.actor.user, message, wanted.changes, hashes)
    with hub.database.read() as db:
        check(db)
        commit = push.directed(db, commit)
    made = commits.commit_apart(
        hub.database,
        repo,
        commit,
        check,
        lambda: hub.blobs.keep_all(hub.database, wanted.sent, repo.id, may_send, proposer),
    )
    return made, push.begun


def _check_unchanged(db: sqlite3.Connection, wanted: Revision) -> None:
    """Checks that the files to be changed are as they were when the page was shown."""
    repo = wanted.repo
    newest = history.head(db, repo, wanted.target.branch)
    if newest is None or newest.id == wanted.shown:
        return
    paths = [change.path for change in wanted.changes]
    now = files.all_named(db, newest, paths)
    shown = history.find(db, repo, wanted.shown) if wanted.shown else None
    then = files.all_named(db, shown, paths) if shown else {}
    changed = [path for path in paths if _content(now, path) != _content(then, path)]
    if changed:
        raise OutdatedError(newest, changed)


def _is_there(db: sqlite3.Connection, changes: Sequence[Change], at: Commit) -> bool:
    """Whether a commit has all files as they are wanted."""
    now = files.all_named(db, at, [change.path for change in changes])
    return all(
        _content(now, one.path) == (one.blob if isinstance(one, Put) else "") for one in changes
    )


def _content(there: dict[str, files.File], path: str) -> str:
    return there[path].blob if path in there else ""

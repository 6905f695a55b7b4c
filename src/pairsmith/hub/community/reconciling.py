"""Files that a pull request and its branch have both changed, reconciled one by one.

Taking the branch's version makes a commit on the pull request that has the file as the branch has
it, so that merging leaves it alone. Keeping one's own makes a commit that changes no file, and
notes which version of the branch's it goes over; if the branch changes that again, it is a conflict
again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from pairsmith.hub.community import pulls
from pairsmith.hub.community.threads import Actor, Thread
from pairsmith.hub.http.errors import HubError, bad_request
from pairsmith.hub.repos import commits, files, history
from pairsmith.hub.repos.commits import Change, Delete, Message, Put, Wanted
from pairsmith.hub.repos.files import File
from pairsmith.hub.repos.history import Commit
from pairsmith.hub.repos.repos import Repo

if TYPE_CHECKING:
    from pairsmith.hub.context import Hub

Side = Literal["branch", "own"]
SIDES: tuple[Side, ...] = get_args(Side)
MAX_TITLE_CHARS = 120  # of the title of a commit


class Choice(NamedTuple):
    """Which version of a file is to be the one.

    Attributes:
        path: The file.
        side: `branch` for the branch's version, `own` for the pull request's.
        shown: The branch's commit that the page showed.
    """

    path: str
    side: Side
    shown: str


def reconcile(
    hub: Hub,
    repo: Repo,
    actor: Actor,
    choice: Choice,
    find: Callable[[sqlite3.Connection], Thread],
) -> Commit:
    """Makes a commit on a pull request, after which a file is no conflict.

    Args:
        hub: The hub.
        repo: The repository.
        actor: Who does it.
        choice: The file, and which version it is to have.
        find: Given a transaction, the pull request; it raises where they may not commit to it.

    Raises:
        HubError: What `find` raises; 409 where the file is no conflict, or was changed on the
            branch since the page was shown.
    """
    with hub.database.read() as db:
        thread = find(db)
        there = _there(db, repo, thread, choice)
    pull_side = choice.side == "own"
    title = f"Keep {choice.path}" if pull_side else f"Take {choice.path} as it is now"

    def check(db: sqlite3.Connection) -> None:
        if _there(db, repo, find(db), choice) != there:
            raise _outdated(choice.path)

    def conclude(db: sqlite3.Connection, made: Commit) -> None:
        pulls.push(db, repo, thread, actor, made)
        if pull_side:
            blob, lfs = (there.blob, int(there.lfs)) if there else (None, None)
            db.execute(
                "INSERT OR REPLACE INTO reconciled VALUES (?, ?, ?, ?)",
                (thread.id, choice.path, blob, lfs),
            )

    changes = [] if pull_side else [_as_there(choice.path, there)]
    message = Message(title[:MAX_TITLE_CHARS])
    wanted = Wanted(thread.ref, actor.user, message, changes, conclude=conclude)
    return commits.commit_apart(hub.database, repo, wanted, check)


def _as_there(path: str, there: File | None) -> Change:
    return Put(path, there.blob, there.lfs) if there else Delete(path)


def _there(db: sqlite3.Connection, repo: Repo, thread: Thread, choice: Choice) -> File | None:
    """The file as the branch has it; None where it has it no more.

    Raises:
        HubError: 409 where it is no conflict, or not as it was shown.
    """
    found, pull = pulls.conflicts(db, repo, thread), pulls.of(db, thread)
    if choice.side not in SIDES:
        raise bad_request('side has to be "branch" or "own".')
    if choice.path not in found.paths:
        raise HubError(409, f"{choice.path[:200]!r} is in no conflict.", "Conflict")
    newest = history.head(db, repo, pull.base)
    there = files.named(db, newest, choice.path) if newest else None
    if newest is None or newest.id != choice.shown:
        then = files.named(db, history.find(db, repo, choice.shown), choice.path)
        if (then and then.blob) != (there and there.blob):
            raise _outdated(choice.path)
    return there


def _outdated(path: str) -> HubError:
    return HubError(
        409,
        f"{path!r} was changed again since you opened the page: look at it, and choose then.",
        "Conflict",
    )

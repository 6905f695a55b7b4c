"""Commits that clients send: to a branch, to a pull request, or to begin one."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from pairsmith.hub.community import pulls
from pairsmith.hub.community.threads import Actor, Thread
from pairsmith.hub.http.errors import not_allowed
from pairsmith.hub.repos.card import NAME as CARD
from pairsmith.hub.repos.commits import Put, Wanted
from pairsmith.hub.repos.history import Commit
from pairsmith.hub.repos.repos import Repo


class Target(NamedTuple):
    """What of a repository a commit is for.

    Attributes:
        branch: The branch, or `refs/pr/N`.
        begins: Whether it begins a pull request for that branch.
        thread: The pull request that it goes on with; None for none.
    """

    branch: str
    begins: bool = False
    thread: Thread | None = None


class Push:
    """A commit on its way to where it is for.

    Attributes:
        begun: The pull request that it began, once it is made; None for none.
    """

    def __init__(self, repo: Repo, actor: Actor, target: Target) -> None:
        self.begun: Thread | None = None
        self._repo = repo
        self._actor = actor
        self._target = target

    def directed(self, db: sqlite3.Connection, wanted: Wanted) -> Wanted:
        """A commit to a branch, as one to what it is for.

        Raises:
            HubError: RevisionNotFound where there is no such branch; 400 where it is not one, or
                the repository has no commit yet; 403 where it names a content as the card.
        """
        target = self._target
        if not self._actor.moderates:
            _check_card(wanted)
        if target.begins:
            start = pulls.start_of(db, self._repo, target.branch, wanted.message.parent)
            return wanted._replace(
                start=start, conclude=lambda db, made: self._begin(db, start, made)
            )
        if (thread := target.thread) is not None:
            return wanted._replace(
                conclude=lambda db, made: pulls.push(db, self._repo, thread, self._actor, made)
            )
        return wanted

    def _begin(self, db: sqlite3.Connection, start: Commit, made: Commit) -> None:
        self.begun = pulls.begin_with(db, self._repo, self._actor, self._target.branch, start, made)


def _check_card(wanted: Wanted) -> None:
    """Checks that a card which is proposed comes with its commit.

    All may read it who may know of the repository, and no read of it is on record; so one that is
    named by its hash could be data that whoever proposes it has not read.

    Raises:
        HubError: 403, where it does not.
    """
    for change in wanted.changes:
        if change.path == CARD and isinstance(change, Put) and change.blob not in wanted.sent:
            raise not_allowed(
                f"A proposed {CARD} is sent as text within its commit: it cannot be a file that is"
                " there already, or was uploaded before."
            )

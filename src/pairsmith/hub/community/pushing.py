"""Commits that clients send: to a branch, to a pull request, or to begin one."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from pairsmith.hub.community import pulls
from pairsmith.hub.community.threads import Actor, Thread
from pairsmith.hub.repos.commits import Wanted
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
                the repository has no commit yet.
        """
        target = self._target
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

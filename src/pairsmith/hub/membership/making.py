"""Repositories made: empty, with a first commit and an admin."""

from __future__ import annotations

import sqlite3

from pairsmith.hub.auth.users import User
from pairsmith.hub.http.addresses import RepoName
from pairsmith.hub.membership import places
from pairsmith.hub.repos import commits, repos
from pairsmith.hub.repos.history import MAIN
from pairsmith.hub.repos.repos import Repo


def make(db: sqlite3.Connection, owner: User, user: User, named: RepoName, private: bool) -> Repo:
    """Makes an empty repository.

    Args:
        db: A write transaction.
        owner: Under whose name it is, an account under which the maker may make repositories.
        user: Who makes it, and is an admin of it.
        named: What it is called; its owner is `owner` whatever stands there.
        private: Whether it is hidden from all who have no role in it.

    Raises:
        HubError: As `repos.create` has it.
    """
    made = repos.create(db, owner, named.kind, named.name, private)
    commits.commit(db, made, MAIN, user, commits.Message("initial commit"), [])
    places.keep_admin(db, made, user)
    return made

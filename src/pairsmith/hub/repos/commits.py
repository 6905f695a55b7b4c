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
from collections.abc import Iterable
from typing import NamedTuple

from pairsmith.hub.auth.users import User
from pairsmith.hub.core.blobs import blob_of_repo, touch
from pairsmith.hub.core.database import now
from pairsmith.hub.http.errors import HubError, bad_request, revision_not_found
from pairsmith.hub.repos import files, history
from pairsmith.hub.repos.history import MAIN, Commit
from pairsmith.hub.repos.repos import Repo


class Put(NamedTuple):
    """A file that is there after the commit, with a content that was sent before."""

    path: str
    blob: str
    lfs: bool


class Delete(NamedTuple):
    """A file, or all of a folder, that is not there after the commit."""

    path: str
    folder: bool = False


Change = Put | Delete


class Message(NamedTuple):
    """What a commit says of itself, and which commit it was made for, where it says that."""

    title: str
    text: str = ""
    parent: str | None = None


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
        changes: What it changes; a later one wins.

    Raises:
        HubError: RevisionNotFound; 412 where `message.parent` is not the branch's newest commit;
            400 for a change that cannot be made.
    """
    head = history.head(db, repo, branch)
    if head is None and branch != MAIN:
        raise revision_not_found(branch)
    _check_parent(head, message)
    line, place = _next(db, repo, head)
    for change in changes:
        _apply(db, repo, line, place, change)
    made = Commit(
        _commit_id(repo, line, place, author, message),
        line,
        place,
        head.id if head else None,
        author.name,
        message.title,
        message.text,
        now(),
    )
    _write(db, repo, branch, author, made)
    return made


def _check_parent(head: Commit | None, message: Message) -> None:
    """Checks that a commit is made for the newest one, where it says for which."""
    if message.parent and (head is None or not head.id.startswith(message.parent)):
        raise HubError(
            412, "A commit has happened since. Please refresh and try again.", "CommitOutdated"
        )


def _next(db: sqlite3.Connection, repo: Repo, head: Commit | None) -> tuple[int, int]:
    """The line of the new commit, and its place within it."""
    if head is not None:
        newest = db.execute("SELECT max(place) FROM commits WHERE line = ?", (head.line,))
        if newest.fetchone()[0] == head.place:
            return head.line, head.place + 1
    line = db.execute("INSERT INTO lines (repo) VALUES (?)", (repo.id,)).lastrowid or 0
    if head is None:
        return line, 0
    db.execute(
        "INSERT INTO files (line, path, born, blob, lfs)"
        f" SELECT :new, path, 0, blob, lfs FROM files WHERE {files.AT}",
        {"new": line, "line": head.line, "place": head.place},
    )
    return line, 1  # place 0 is what it started from


def _apply(db: sqlite3.Connection, repo: Repo, line: int, place: int, change: Change) -> None:
    path = files.clean(change.path)
    if isinstance(change, Delete):
        if not _end(db, line, place, path, change.folder):
            raise bad_request(f"There is no {path!r} to delete.")
        return
    if blob_of_repo(db, repo.id, change.blob) is None:
        raise bad_request(f"The content of {path!r} was not sent to this repository.")
    there = files.named(db, _state_at(line, place), path)
    if there is not None and (there.blob, there.lfs) == (change.blob, change.lfs):
        return  # as git has it, a file is not changed by the same content
    _check_no_folder(db, line, place, path)
    _end(db, line, place, path, folder=False)
    db.execute(
        "INSERT INTO files (line, path, born, blob, lfs) VALUES (?, ?, ?, ?, ?)",
        (line, path, place, change.blob, change.lfs),
    )
    touch(db, change.blob)


def _check_no_folder(db: sqlite3.Connection, line: int, place: int, path: str) -> None:
    """Checks that no file is also a folder.

    Raises:
        HubError: 400.
    """
    here = _state_at(line, place)
    parts = path.split("/")
    above = ["/".join(parts[:depth]) for depth in range(1, len(parts))]
    if any(files.named(db, here, folder) for folder in above) or files.under(db, here, path):
        raise bad_request(f"{path!r} would be a file and a folder at once.")


def _state_at(line: int, place: int) -> Commit:
    """A place of a line as something to read files at, while its commit is being made."""
    return Commit("", line, place, None, "", "", "", 0)


def _end(db: sqlite3.Connection, line: int, place: int, path: str, folder: bool) -> int:
    """Ends what lives at a path; how many files did."""
    within, found = files.path_condition(path, folder)
    values = {"line": line, "place": place, **found}
    live = f"line = :line AND died IS NULL AND {within}"
    mine = db.execute(f"DELETE FROM files WHERE {live} AND born = :place", values).rowcount
    return mine + db.execute(f"UPDATE files SET died = :place WHERE {live}", values).rowcount


def _commit_id(repo: Repo, line: int, place: int, author: User, message: Message) -> str:
    text = json.dumps([repo.id, line, place, author.name, *message, now(), secrets.token_hex(8)])
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def _write(db: sqlite3.Connection, repo: Repo, branch: str, author: User, made: Commit) -> None:
    db.execute(
        "INSERT INTO commits (repo, id, line, place, parent, author, title, message, date)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (repo.id, made.id, made.line, made.place, made.parent, author.id, *made[5:]),
    )
    db.execute(
        "INSERT INTO refs VALUES (?, 'branch', ?, ?) ON CONFLICT DO UPDATE SET target = ?",
        (repo.id, branch, made.id, made.id),
    )
    db.execute("UPDATE repos SET updated = ? WHERE id = ?", (made.date, repo.id))

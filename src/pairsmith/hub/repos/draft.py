"""What a commit would change, found out while others read and write; then written, step by step.

The changes of a commit count together, not one after the other: what matters is the last that was
said of a path. They are checked against the state that the commit is for within a transaction
that only reads. What is left to write is then a list of rows that end and of rows that begin, at a
place of the line that no commit has yet: nobody sees them before the commit itself is there.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from pairsmith.hub.http.errors import bad_request
from pairsmith.hub.repos import files
from pairsmith.hub.repos.history import Commit
from pairsmith.hub.repos.repos import Repo

CHECKED = 500  # paths whose folders are looked up at once: up to 50 of each


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


@dataclass
class Draft:
    """A commit that can be made on a state of a repository.

    Attributes:
        base: The state; None for none.
        extends: Whether it goes on with the line of that state, and starts none of its own.
        puts: The files that are new or another afterwards: their contents, by path.
        ended: The paths of files that are no more, or no more the same.
        folders: The folders all of whose files are no more.
        copied: How many files of the state a line of its own starts with.
    """

    base: Commit | None
    extends: bool
    puts: dict[str, Put] = field(default_factory=dict)
    ended: list[str] = field(default_factory=list)
    folders: dict[str, int] = field(default_factory=dict)
    copied: int = 0

    @property
    def rows(self) -> int:
        """Rows that are to be written, but for those of folders that are deleted."""
        return self.copied + len(self.ended) + len(self.puts)

    @property
    def place(self) -> int:
        """Where in its line the commit stands; place 0 of one of its own is what it copies."""
        if self.base is None:
            return 0
        return self.base.place + 1 if self.extends else 1


class _Reading:
    """Looks at the state that a draft is for."""

    def __init__(self, db: sqlite3.Connection, base: Commit | None) -> None:
        self._db = db
        self._at = {"line": base.line, "place": base.place} if base else {"line": 0, "place": 0}

    def live(self, paths: Iterable[str]) -> dict[str, tuple[str, bool]]:
        """The contents of those of these paths that are files, by path."""
        rows = self._db.execute(
            f"SELECT path, blob, lfs FROM files WHERE {files.AT}"
            " AND path IN (SELECT value FROM json_each(:paths))",
            {**self._at, "paths": json.dumps(list(paths))},
        )
        return {path: (blob, bool(lfs)) for path, blob, lfs in rows}

    def folders(self, paths: Iterable[str]) -> set[str]:
        """Those of these paths that are folders."""
        rows = self._db.execute(
            "SELECT value FROM json_each(:paths) WHERE EXISTS (SELECT 1 FROM files"
            f" WHERE {files.AT} AND path >= value || '/' AND path < value || '0')",
            {**self._at, "paths": json.dumps(list(paths))},
        )
        return {row[0] for row in rows}

    def under(self, folder: str) -> Iterator[str]:
        """The paths of all files in a folder."""
        within, values = files.path_condition(folder, folder=True)
        rows = self._db.execute(
            f"SELECT path FROM files WHERE {files.AT} AND {within}", {**self._at, **values}
        )
        return (row[0] for row in rows)

    def count(self) -> int:
        """How many files there are."""
        row = self._db.execute(f"SELECT count(*) FROM files WHERE {files.AT}", self._at).fetchone()
        return int(row[0])


def drafted(
    db: sqlite3.Connection,
    repo: Repo,
    base: Commit | None,
    changes: Iterable[Change],
    sent: frozenset[str] = frozenset(),
    apart: bool = False,
) -> Draft:
    """What a commit would change of a state.

    Args:
        db: A transaction.
        repo: The repository.
        base: The state that the commit is for.
        changes: What it changes; of those of one path the last counts.
        sent: Contents that came with the commit, and will be the repository's when it is written.
        apart: Whether the commit begins a line of its own in any case.

    Raises:
        HubError: 400 for a change that cannot be made.
    """
    draft = Draft(base, not apart and _is_newest(db, base))
    state = _Reading(db, base)
    deleted, seen = _fold(draft, changes)
    _check_contents(db, repo, draft, sent)
    there = state.live([*draft.puts, *deleted])
    _check_deletions(state, draft, deleted - there.keys(), seen)
    for path, (blob, lfs) in there.items():
        put = draft.puts.get(path)
        if put is not None and (put.blob, put.lfs) == (blob, lfs) and not _is_in(path, draft):
            del draft.puts[path]  # as git has it, a file is not changed by the same content
        elif put is not None or path in deleted:
            draft.ended.append(path)
    _check_clashes(state, draft, deleted)
    if base is not None and not draft.extends:
        draft.copied = state.count()
    return draft


def _is_newest(db: sqlite3.Connection, base: Commit | None) -> bool:
    """Whether a commit is the last of its line, which the next one then extends."""
    if base is None:
        return False
    newest = db.execute("SELECT max(place) FROM commits WHERE line = ?", (base.line,)).fetchone()
    return bool(newest[0] == base.place)


def _fold(draft: Draft, changes: Iterable[Change]) -> tuple[set[str], set[str]]:
    """Leaves of the changes of each path the last.

    Returns:
        The files that are deleted and not put again; and all paths that were put, if only to be
        deleted again.
    """
    deleted: set[str] = set()
    seen: set[str] = set()
    order: dict[str, int] = {}
    for number, change in enumerate(changes):
        path = files.clean(change.path)
        if isinstance(change, Put):
            draft.puts[path], order[path] = change, number
            seen.add(path)
            deleted.discard(path)
        elif change.folder:
            draft.folders[path] = number
        else:
            draft.puts.pop(path, None)
            deleted.add(path)
    if draft.folders:
        for path in [path for path in draft.puts if _last(path, draft) > order[path]]:
            del draft.puts[path]
    return deleted, seen


def _check_contents(db: sqlite3.Connection, repo: Repo, draft: Draft, sent: frozenset[str]) -> None:
    """Checks that each content was sent to this repository, whoever else has it."""
    wanted = {put.blob: path for path, put in draft.puts.items() if put.blob not in sent}
    rows = db.execute(
        # by its number, since SQLite ends a text at a NUL
        "SELECT key FROM json_each(?) WHERE NOT EXISTS"
        " (SELECT 1 FROM holdings WHERE repo = ? AND blob = value) LIMIT 1",
        (json.dumps(list(wanted)), repo.id),
    )
    for (number,) in rows:
        raise _not_sent(list(wanted.values())[number])


def _check_deletions(state: _Reading, draft: Draft, missing: set[str], seen: set[str]) -> None:
    """Checks that each deletion is of something."""
    lacking = {path: path not in seen for path in missing}
    empty = draft.folders.keys() - state.folders(draft.folders) if draft.folders else set()
    if empty:
        empty -= {folder for path in seen for folder in above(path) if folder in empty}
    for path in sorted([*(path for path, is_lacking in lacking.items() if is_lacking), *empty]):
        raise bad_request(f"There is no {path!r} to delete.")


def _check_clashes(state: _Reading, draft: Draft, deleted: set[str]) -> None:
    """Checks that no file is also a folder afterwards."""
    puts = iter(draft.puts)
    while some := list(islice(puts, CHECKED)):
        folders = {folder: path for path in some for folder in above(path)}
        for folder, path in folders.items():
            if folder in draft.puts:
                raise _is_both(folder, path)
        for file in state.live(folders):
            if file not in deleted and not _is_in(file, draft):
                raise _is_both(file, folders[file])
        for folder in state.folders(some):
            for file in state.under(folder):
                if file not in deleted and not _is_in(file, draft):
                    raise _is_both(folder, file)


def _is_both(path: str, below: str) -> Exception:
    return bad_request(f"{path!r} would be a file and a folder at once: {below!r} lies in it.")


def _not_sent(path: str) -> Exception:
    return bad_request(f"The content of {path!r} was not sent to this repository.")


def above(path: str) -> Iterator[str]:
    """The folders that a path lies in."""
    at = path.find("/")
    while at >= 0:
        yield path[:at]
        at = path.find("/", at + 1)


def _is_in(path: str, draft: Draft) -> bool:
    """Whether a file lies in a folder that is deleted."""
    return bool(draft.folders) and _last(path, draft) >= 0


def _last(path: str, draft: Draft) -> int:
    """The number of the last change that deletes a folder which a path lies in; -1 for none."""
    return max((draft.folders.get(folder, -1) for folder in above(path)), default=-1)

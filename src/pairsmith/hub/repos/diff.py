"""What a commit changed: its files beside those of the commit before."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Literal, NamedTuple

from pairsmith.hub.repos.files import bounded
from pairsmith.hub.repos.history import Commit

Kind = Literal["added", "changed", "removed"]


class Change(NamedTuple):
    """A file that a commit changed. `old` and `new` are hashes; `size` is what it has, or had."""

    kind: Kind
    path: str
    size: int
    old: str | None
    new: str | None


def changes_of(db: sqlite3.Connection, commit: Commit, limit: int = -1) -> list[Change]:
    """What a commit changed, by path.

    A line's files are intervals, so this reads what began and what ended at the commit, however
    many files there are. Where a line starts at a commit of another, it has a copy of its files
    at the place before.

    Args:
        db: A transaction.
        commit: The commit.
        limit: At most this many, the first by their paths; -1 for all.
    """
    with bounded(db):
        rows = db.execute(
            "SELECT path FROM files WHERE line = :line AND born = :place"
            " UNION SELECT path FROM files WHERE line = :line AND died = :place"
            " ORDER BY path LIMIT :limit",
            {"line": commit.line, "place": commit.place, "limit": limit},
        ).fetchall()
    return changes_at(db, commit, [path for (path,) in rows])


def changes_at(db: sqlite3.Connection, commit: Commit, paths: Sequence[str]) -> list[Change]:
    """The same of these paths alone, as far as the commit changed them."""
    rows = db.execute(
        "SELECT path, died = :place, blob, size FROM files JOIN blobs ON sha256 = blob"
        " WHERE line = :line AND path IN (SELECT value FROM json_each(:paths))"
        " AND (born = :place OR died = :place) ORDER BY path, born",
        {"line": commit.line, "place": commit.place, "paths": json.dumps(paths)},
    ).fetchall()
    old = {path: (blob, size) for path, ended, blob, size in rows if ended}
    new = {path: (blob, size) for path, ended, blob, size in rows if not ended}
    found = [_change(path, old.get(path), new.get(path)) for path in sorted({*old, *new})]
    return [change for change in found if change.old != change.new]


def _change(path: str, old: tuple[str, int] | None, new: tuple[str, int] | None) -> Change:
    if new is None:
        blob, size = old or ("", 0)
        return Change("removed", path, size, blob, None)
    return Change("changed" if old else "added", path, new[1], old[0] if old else None, new[0])

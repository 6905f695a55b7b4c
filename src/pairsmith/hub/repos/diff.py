"""What a commit changed: its files beside those of the commit before."""

from __future__ import annotations

import sqlite3
from typing import Literal, NamedTuple

from pairsmith.hub.repos.history import Commit

Kind = Literal["added", "changed", "removed"]


class Change(NamedTuple):
    """A file that a commit changed. `old` and `new` are hashes; `size` is what it has, or had."""

    kind: Kind
    path: str
    size: int
    old: str | None
    new: str | None


def changes_of(db: sqlite3.Connection, commit: Commit) -> list[Change]:
    """What a commit changed, by path.

    A line's files are intervals, so this reads what began and what ended at the commit, however
    many files there are. Where a line starts at a commit of another, it has a copy of its files
    at the place before.
    """
    rows = db.execute(
        "SELECT path, died = :place, blob, size FROM files JOIN blobs ON sha256 = blob"
        " WHERE line = :line AND (born = :place OR died = :place) ORDER BY path, born",
        {"line": commit.line, "place": commit.place},
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

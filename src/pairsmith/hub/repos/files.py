"""The files of a commit."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

from pairsmith.hub.http.errors import bad_request
from pairsmith.hub.repos import history
from pairsmith.hub.repos.history import Commit
from pairsmith.hub.repos.repos import Repo

MAX_PATH_CHARS = 1024  # characters of a path
MAX_PATH_PARTS = 50  # parts of it: each folder is looked at wherever a file is put or listed
AT = "line = :line AND born <= :place AND (died IS NULL OR died > :place)"
SELECT = "SELECT path, blob, size, sha1, lfs FROM files JOIN blobs ON sha256 = blob"


class File(NamedTuple):
    """A file at a commit. `blob` is its SHA-256, `sha1` git's object id, `lfs` how it was sent."""

    path: str
    blob: str
    size: int
    sha1: str
    lfs: bool

    @property
    def oid(self) -> str:
        """By what clients know the content: the SHA-256 of a large file, git's id of a small."""
        return self.blob if self.lfs else self.sha1


def clean(path: str) -> str:
    """A path within a repository, as it is.

    Raises:
        HubError: 400 for one that leads elsewhere, or that no file can have.
    """
    parts = path.split("/")
    bad = any(part in ("", ".", "..", ".git") for part in parts)
    bad = bad or len(parts) > MAX_PATH_PARTS
    if (
        bad
        or len(path) > MAX_PATH_CHARS
        or "\\" in path
        or any(ord(letter) < 32 for letter in path)
    ):
        raise bad_request(f"{path[:200]!r} cannot be the path of a file in a repository.")
    return path


def named(db: sqlite3.Connection, commit: Commit, path: str) -> File | None:
    """The file of that path at a commit, or None."""
    row = db.execute(
        f"{SELECT} WHERE {AT} AND path = :path",
        {"line": commit.line, "place": commit.place, "path": path},
    ).fetchone()
    return _file(row) if row else None


def all_named(db: sqlite3.Connection, commit: Commit, paths: Iterable[str]) -> dict[str, File]:
    """Those of these paths that are files at a commit, by path."""
    rows = db.execute(
        f"{SELECT} WHERE {AT} AND path IN (SELECT value FROM json_each(:paths))",
        {"line": commit.line, "place": commit.place, "paths": json.dumps(list(paths))},
    )
    return {row["path"]: _file(row) for row in rows}


def under(db: sqlite3.Connection, commit: Commit, folder: str = "") -> list[File]:
    """The files below a folder at a commit, at any depth, by path; '' is the whole repository."""
    within, values = path_condition(folder, folder=True) if folder else ("true", {})
    rows = db.execute(
        f"{SELECT} WHERE {AT} AND {within} ORDER BY path",
        {"line": commit.line, "place": commit.place, **values},
    ).fetchall()
    return [_file(row) for row in rows]


def total(db: sqlite3.Connection, commit: Commit) -> tuple[int, int]:
    """How many files a commit has, and their bytes."""
    row = db.execute(
        "SELECT count(*), coalesce(sum(size), 0) FROM files JOIN blobs ON sha256 = blob"
        f" WHERE {AT}",
        {"line": commit.line, "place": commit.place},
    ).fetchone()
    return row[0], row[1]


def has_folder(db: sqlite3.Connection, commit: Commit, folder: str) -> bool:
    """Whether a commit has files below a folder."""
    within, values = path_condition(folder, folder=True)
    row = db.execute(
        f"SELECT 1 FROM files WHERE {AT} AND {within} LIMIT 1",
        {"line": commit.line, "place": commit.place, **values},
    ).fetchone()
    return row is not None


def path_condition(path: str, folder: bool) -> tuple[str, dict[str, str]]:
    """The condition that a row of `files` is a file, or in a folder at any depth; its values."""
    if folder:
        low, high = path + "/", path + "0"  # '0' comes right after '/'
        return "path >= :low AND path < :high", {"low": low, "high": high}
    return "path = :path", {"path": path}


def with_content(db: sqlite3.Connection, repo: Repo, sha256: str) -> File | None:
    """A file of some commit of the repository that has this content, or None."""
    row = db.execute(
        f"{SELECT} WHERE blob = ? AND line IN (SELECT id FROM lines WHERE repo = ?) LIMIT 1",
        (sha256, repo.id),
    ).fetchone()
    return _file(row) if row else None


def last_change(
    db: sqlite3.Connection, repo: Repo, commit: Commit, path: str, folder: bool = False
) -> Commit | None:
    """The commit, this one or an earlier, that last changed a file or something in a folder."""
    within, values = path_condition(path, folder)
    place = db.execute(
        "SELECT max(max(born, CASE WHEN died <= :place THEN died ELSE 0 END)) FROM files"
        f" WHERE line = :line AND born <= :place AND {within}",
        {"line": commit.line, "place": commit.place, **values},
    ).fetchone()[0]
    if place is None:
        return None
    made = history.at(db, repo, commit.line, place)
    if made is not None:
        return made
    # the list of files was copied from another line: the change is in that one
    first = history.at(db, repo, commit.line, 1)
    before = history.find(db, repo, first.parent) if first and first.parent else None
    return last_change(db, repo, before, path, folder) if before else None


def _file(row: sqlite3.Row) -> File:
    path, blob, size, sha1, lfs = row
    return File(path, blob, size, sha1, bool(lfs))

"""The files of a commit.

How many there are is up to others, so each list here has an end: a number of entries, from a path
on, found by an index. A list of an old commit also passes by what is no longer there at it, and
that has a bound of its own, in steps of SQLite.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import NamedTuple

from pairsmith.hub.http.errors import HubError, bad_request
from pairsmith.hub.repos import history
from pairsmith.hub.repos.history import Commit
from pairsmith.hub.repos.repos import Repo

MAX_PATH_CHARS = 1024  # characters of a path
MAX_PATH_PARTS = 50  # parts of it: each folder is looked at wherever a file is put or listed
MAX_STEPS = 10_000_000  # of SQLite, for one list: some half a second, or a million rows passed by
STEPS = 100_000  # of them between two looks
FIRST = "\x01"  # behind a path it makes what comes next: no path has a letter before a space
MAX_CHANGES = 10_000  # rows that are looked at to find what changed a folder last
MAX_LINES = 20  # lines of commits that are followed to find it
LARGE = 10_000_000  # bytes from which a file is kept as a large one
BINARY = frozenset(
    {".parquet", ".arrow", ".gz", ".zst", ".zip", ".tar", ".bin", ".npy", ".safetensors"}
)
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


def pointer_of(sha256: str, size: int) -> str:
    """What git holds in place of a large file (the Git LFS specification, `spec.md`)."""
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n"


class Folder(NamedTuple):
    """A folder at a commit."""

    path: str


class Totals(NamedTuple):
    """How many files there are, and the bytes of their contents, each content once.

    `whole` is False where there are more of them, which were not counted.
    """

    files: int
    size: int
    whole: bool


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


def is_large(path: str, size: int, beginning: bytes) -> bool:
    """Whether a file is large or no text, by its size, its name and its first bytes."""
    binary = b"\0" in beginning or PurePosixPath(path).suffix.lower() in BINARY
    return size > 0 and (size >= LARGE or binary)


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
        {**_values(commit), "paths": json.dumps(list(paths))},
    )
    return {row["path"]: _file(row) for row in rows}


def are_folders(db: sqlite3.Connection, commit: Commit, paths: Sequence[str]) -> set[str]:
    """Those of the paths that are folders at a commit."""
    rows = db.execute(
        "SELECT asked.value FROM json_each(:paths) AS asked WHERE EXISTS"
        f" (SELECT 1 FROM files WHERE {AT}"
        " AND path > asked.value || '/' AND path < asked.value || '0')",
        {**_values(commit), "paths": json.dumps(paths)},
    )
    return {path for (path,) in rows}


def paths_ending(
    db: sqlite3.Connection, commit: Commit, endings: Sequence[str], limit: int
) -> list[str]:
    """The first paths at a commit that have one of these endings."""
    ends = " OR ".join(f"path GLOB :end{number}" for number in range(len(endings)))
    values = {f"end{number}": f"*{ending}" for number, ending in enumerate(endings)}
    with bounded(db):
        rows = db.execute(
            f"SELECT path FROM files WHERE {AT} AND ({ends}) ORDER BY path LIMIT :limit",
            {**_values(commit), **values, "limit": limit},
        )
        return [path for (path,) in rows]


def under(
    db: sqlite3.Connection, commit: Commit, folder: str = "", after: str = "", limit: int = -1
) -> list[File]:
    """The files below a folder at a commit, at any depth, by path; '' is the whole repository.

    Args:
        db: A transaction.
        commit: The commit.
        folder: The folder.
        after: Those whose paths come after this text alone.
        limit: At most this many; -1 for all, which only who bounds them otherwise may ask for.
    """
    with bounded(db):
        return list(_reading(db, commit, folder, after + FIRST, limit))


def entries(
    db: sqlite3.Connection, commit: Commit, folder: str, after: str, limit: int
) -> list[File | Folder]:
    """What is right in a folder at a commit, by path; a folder stands where its files would.

    Args:
        db: A transaction.
        commit: The commit.
        folder: The folder; '' for the top.
        after: Those after this one alone (see `cursor`); '' for all.
        limit: At most this many.
    """
    length = len(folder) + 1 if folder else 0
    found: list[File | Folder] = []
    with bounded(db):
        while len(found) < limit:
            # '0' comes right after '/': on behind all files of a folder
            start = f"{after[:-1]}0" if after.endswith("/") else after + FIRST
            for file in _reading(db, commit, folder, start, limit - len(found)):
                name, deeper, _ = file.path[length:].partition("/")
                found.append(Folder(file.path[:length] + name) if deeper else file)
                if deeper:
                    break
            else:
                return found
            after = cursor(found[-1])
    return found


def deep_entries(
    db: sqlite3.Connection, commit: Commit, folder: str, after: str, limit: int
) -> list[File | Folder]:
    """The same at any depth; a folder stands before the first of its files."""
    found: list[File | Folder] = []
    before = after or (f"{folder}/" if folder else "")
    for file in under(db, commit, folder, after, limit):
        parts = file.path.split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            inner = "/".join(parts[:depth])
            if not before.startswith(inner + "/"):
                found.append(Folder(inner))
        found.append(file)
        before = file.path
    return found[:limit]


def cursor(entry: File | Folder) -> str:
    """What stands for an entry as the one after which a list goes on."""
    return f"{entry.path}/" if isinstance(entry, Folder) else entry.path


def totals(db: sqlite3.Connection, commit: Commit, folder: str = "", most: int = 50_000) -> Totals:
    """How many files are below a folder at a commit, and how large they are, up to a number."""
    within, values = _range(folder, "")
    with bounded(db):
        files, size = db.execute(
            "WITH listed AS MATERIALIZED"
            f" (SELECT blob FROM files WHERE {AT} AND {within} LIMIT :limit)"
            " SELECT (SELECT count(*) FROM listed), (SELECT sum(size) FROM blobs"
            " WHERE sha256 IN (SELECT blob FROM listed))",
            {**_values(commit), **values, "limit": most + 1},
        ).fetchone()
    return Totals(min(files, most), size or 0, files <= most)


@contextmanager
def bounded(db: sqlite3.Connection) -> Iterator[None]:
    """Bounds the work of SQLite within the block.

    Raises:
        HubError: 422, where a list takes more.
    """
    left = MAX_STEPS // STEPS

    def spend() -> bool:
        nonlocal left
        left -= 1
        return left < 0

    db.set_progress_handler(spend, STEPS)
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        raise HubError(
            422,
            "So much was changed in this repository since that commit that listing its files takes"
            " more work than this hub does for one answer. Ask for the newest commit, or a folder.",
            "TooMuchWork",
        ) from error
    finally:
        db.set_progress_handler(None, 0)


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
    """The commit, this one or an earlier, that last changed a file or something in a folder.

    None where more than a bounded number of changes have to be looked at to find it.
    """
    within, values = path_condition(path, folder)
    here: Commit | None = commit
    for _ in range(MAX_LINES):
        if here is None:
            return None
        rows, place = db.execute(
            "SELECT count(*), max(CASE WHEN born <= :place THEN"
            " max(born, CASE WHEN died <= :place THEN died ELSE 0 END) END) FROM"
            f" (SELECT born, died FROM files WHERE line = :line AND {within} LIMIT :limit)",
            {**_values(here), **values, "limit": MAX_CHANGES},
        ).fetchone()
        if place is None or rows == MAX_CHANGES:
            return None
        if (made := history.at(db, repo, here.line, place)) is not None:
            return made
        # the list of files was copied from another line: the change is in that one
        first = history.at(db, repo, here.line, 1)
        here = history.find(db, repo, first.parent) if first and first.parent else None
    return None


def _values(commit: Commit) -> dict[str, object]:
    return {"line": commit.line, "place": commit.place}


def _range(folder: str, start: str) -> tuple[str, dict[str, object]]:
    """The condition that a path is below a folder and not before a text, and its values."""
    low, high = (f"{folder}/", f"{folder}0") if folder else ("", None)
    within = "path >= :start" if high is None else "path >= :start AND path < :high"
    return within, {"start": max(low, start), "high": high}


def _reading(
    db: sqlite3.Connection, commit: Commit, folder: str, start: str, limit: int
) -> Iterator[File]:
    """The files below a folder one by one, as far as they are wanted."""
    within, values = _range(folder, start)
    rows = db.execute(
        f"{SELECT} WHERE {AT} AND {within} ORDER BY path LIMIT :limit",
        {**_values(commit), **values, "limit": limit},
    )
    return map(_file, rows)


def _file(row: sqlite3.Row) -> File:
    path, blob, size, sha1, lfs = row
    return File(path, blob, size, sha1, bool(lfs))

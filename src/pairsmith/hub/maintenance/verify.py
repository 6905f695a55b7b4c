"""Verifying a hub: each content against its hash, and the database against itself."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from pairsmith.hub.collections import copying, registry
from pairsmith.hub.context import Hub, open_hub
from pairsmith.hub.core.blobs import Blob, mark_damaged, mark_whole
from pairsmith.hub.core.database import now
from pairsmith.hub.maintenance.gc import DAY, strays
from pairsmith.io import git

Progress = Callable[[int, int], None]
"""Called before each content with how many were checked, and how many there are."""

PIECE = 1 << 20


class Problem(NamedTuple):
    """Something that is not as it should be.

    Attributes:
        where: A path within ROOT, or `owner/name` of a repository.
        message: What was found.
        is_note: Whether it does no harm, and goes by itself.
    """

    where: str
    message: str
    is_note: bool = False


def verify(root: Path, progress: Progress | None = None) -> list[Problem]:
    """Checks a hub, which may be serving meanwhile.

    Args:
        root: The folder of the hub.
        progress: Called before each content.

    Raises:
        PairsmithError: The folder is not a hub's.
    """
    with open_hub(root) as hub:
        problems: list[Problem] = []
        try:
            old = set(strays(hub, now() - DAY))
            for checked in (_check_database(hub), _check_history(hub), _check_blobs(hub, progress)):
                problems.extend(checked)
            problems.extend(_find_strays(hub, old))
            problems.extend(_check_collections(hub))
        except sqlite3.DatabaseError as error:
            problems.append(Problem("hub.sqlite", f"It cannot be read: {error}."))
        return problems


def _check_database(hub: Hub) -> Iterator[Problem]:
    with hub.database.read() as db:
        for row in db.execute("PRAGMA integrity_check"):
            if row[0] != "ok":
                yield Problem("hub.sqlite", f"It is damaged: {row[0]}.")
        for table, number, other, _ in db.execute("PRAGMA foreign_key_check"):
            yield Problem(
                "hub.sqlite",
                f"Row {number} of {table} refers to a row of {other} that is not there.",
            )


def _check_history(hub: Hub) -> Iterator[Problem]:
    """Whether every branch and tag names a commit, and every commit's parent is there."""
    named = "SELECT users.name || '/' || repos.name FROM repos JOIN users ON users.id = owner"
    with hub.database.read() as db:
        for repo, kind, name, target in db.execute(
            f"SELECT ({named} WHERE repos.id = repo), kind, name, target FROM refs"
            " WHERE NOT EXISTS (SELECT 1 FROM commits"
            " WHERE commits.repo = refs.repo AND commits.id = target)"
        ):
            yield Problem(
                repo, f"The {kind} {name!r} names the commit {target}, which is not there."
            )
        for repo, commit, parent in db.execute(
            f"SELECT ({named} WHERE repos.id = repo), id, parent FROM commits AS child"
            " WHERE parent IS NOT NULL AND NOT EXISTS (SELECT 1 FROM commits AS other"
            " WHERE other.repo = child.repo AND other.id = child.parent)"
        ):
            yield Problem(repo, f"The parent {parent} of the commit {commit} is not there.")


def _check_collections(hub: Hub) -> Iterator[Problem]:
    """Whether the events of every collection are there and can be read."""
    before = copying.strays(hub.root, [])
    with hub.database.read() as db:
        folders = [row[0] for row in db.execute("SELECT folder FROM collections ORDER BY id")]
    for folder, message in copying.problems(hub.root, folders):
        yield Problem(f"{registry.FOLDER}/{folder}", message)
    for folder in copying.strays(hub.root, folders):
        if folder in before:
            message = "The database does not know this collection."
            yield Problem(f"{registry.FOLDER}/{folder}", message, is_note=True)


def _check_blobs(hub: Hub, progress: Progress | None) -> Iterator[Problem]:
    """Hashes every content; what is wrong is not served from then on, until it is sent again."""
    with hub.database.read() as db:
        blobs = [Blob(*row) for row in db.execute("SELECT sha256, size, sha1 FROM blobs")]
        marked = {row[0] for row in db.execute("SELECT blob FROM damaged")}
    for done, blob in enumerate(blobs):
        if progress:
            progress(done, len(blobs))
        path = hub.blobs.path(blob.sha256)
        before = _identity(path)
        wrong = wrong_with(path, blob)
        if bool(wrong) != (blob.sha256 in marked):
            with hub.database.write() as db:
                if _identity(path) == before:  # or it was sent again meanwhile
                    (mark_damaged if wrong else mark_whole)(db, blob.sha256)
        if wrong and (where := uses(hub, blob.sha256)) is not None:
            yield Problem(path.relative_to(hub.root).as_posix(), f"{wrong} {where}")


def _identity(path: Path) -> tuple[int, int, int] | None:
    """What changes where another file takes the place of one, or it is written to."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def wrong_with(path: Path, blob: Blob) -> str:
    """What is wrong with a content, in a sentence; '' where it is whole."""
    sha256 = hashlib.sha256()
    sha1 = git.begin_blob_hash(blob.size)
    try:
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                sha256.update(piece)
                sha1.update(piece)
            size = file.tell()
    except FileNotFoundError:
        return "The file is missing."
    except OSError as error:
        return f"The file cannot be read: {error.strerror}."
    if size != blob.size:
        return f"The file has {size:,} bytes, not {blob.size:,}."
    if sha256.hexdigest() != blob.sha256:
        return "The file is not what it was: its SHA-256 is another."
    return "" if sha1.hexdigest() == blob.sha1 else "Its id in git is recorded wrongly."


def uses(hub: Hub, sha256: str) -> str | None:
    """Which file, or whose attachment, a content is; None where the content is gone by now."""
    with hub.database.read() as db:
        if db.execute("SELECT 1 FROM blobs WHERE sha256 = ?", (sha256,)).fetchone() is None:
            return None
        row = db.execute(
            "SELECT users.name, repos.name, path FROM files JOIN lines ON lines.id = line"
            " JOIN repos ON repos.id = lines.repo JOIN users ON users.id = owner WHERE blob = ?",
            (sha256,),
        ).fetchone()
        if row is not None:
            return "It is {2!r} of {0}/{1}.".format(*row)
        row = db.execute(
            "SELECT users.name FROM attachments JOIN users ON users.id = user WHERE blob = ?",
            (sha256,),
        ).fetchone()
    return f"It is an attachment that {row[0]} sent." if row else "No commit refers to it."


def _find_strays(hub: Hub, old: set[str]) -> Iterator[Problem]:
    """Files that no row knows. Those of a process that died are taken away when they are a day old.

    Args:
        hub: The hub.
        old: Those that were a day old before; what the collector was just taking is gone by now.
    """
    for sha256 in strays(hub, float("inf")):
        path = hub.blobs.path(sha256).relative_to(hub.root).as_posix()
        yield Problem(path, "The database does not know this content.", sha256 not in old)

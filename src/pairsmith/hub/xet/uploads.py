"""Uploads under way: their tokens, and the folders where their xorbs wait for a shard.

Each write token opens an upload with an address of its own, for clients remember by address what
they sent. When a token runs out a client asks for another and goes on at the old address; so a
token is good for every upload of its user to its repository. Xorbs stay until an upload has been
left alone for a while, for a later shard may be made of earlier ones.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pairsmith.hub.auth.tokens import digest
from pairsmith.hub.core.database import now
from pairsmith.hub.http.errors import HubError, too_large

if TYPE_CHECKING:
    from pairsmith.hub.auth.users import User
    from pairsmith.hub.context import Hub
    from pairsmith.hub.repos.repos import Repo

LIFETIME = 3600  # seconds that a token is good for
IDLE = 6 * 3600  # seconds without a call after which an upload is over
MAX_UPLOAD_BYTES = 200_000_000_000  # that an upload may have waiting
MAX_UPLOAD_XORBS = 20_000  # that an upload may have waiting


class Upload(NamedTuple):
    """An upload that a caller may add to, the repository that it goes to, and who the caller is."""

    id: str
    repo: int
    user: int = 0


class Grant(NamedTuple):
    """A new upload: its id, the token that opens it (shown once), and until when that is good."""

    id: str
    token: str
    expires: int


def begin(db: sqlite3.Connection, repo: Repo, user: User) -> Grant:
    """Opens an upload to a repository that the user may change."""
    grant = Grant(secrets.token_hex(16), secrets.token_urlsafe(32), now() + LIFETIME)
    db.execute(
        "INSERT INTO uploads (id, repo, user, digest, expires) VALUES (?, ?, ?, ?, ?)",
        (grant.id, repo.id, user.id, digest(grant.token), grant.expires),
    )
    return grant


def find(db: sqlite3.Connection, id: str, token: str | None) -> Upload:
    """The upload of that id, where the token is one for it.

    Raises:
        HubError: 401, in the same words whatever is wrong.
    """
    row = db.execute(
        "SELECT upload.id, upload.repo, upload.user FROM uploads AS upload JOIN uploads AS granted"
        " ON granted.repo = upload.repo AND granted.user = upload.user"
        " WHERE upload.id = ? AND granted.digest = ? AND granted.expires > ?",
        (id, digest(token or ""), now()),
    ).fetchone()
    if row is None:
        raise _unknown()
    return Upload(*row)


def still_open(db: sqlite3.Connection, upload: Upload) -> None:
    """Checks, before something is kept, that the repository was not deleted meanwhile.

    Raises:
        HubError: 401, where it was.
    """
    if db.execute("SELECT 1 FROM uploads WHERE id = ?", (upload.id,)).fetchone() is None:
        raise _unknown()


def used_folder(hub: Hub, upload: Upload) -> Path:
    """The folder of an upload, marked as used now."""
    folder = _folder(hub, upload.id)
    folder.mkdir(parents=True, exist_ok=True)
    os.utime(folder)
    return folder


def check_room(folder: Path) -> None:
    """Checks that an upload may have another xorb waiting.

    Raises:
        HubError: 413, where it has too many.
    """
    sizes = []
    for entry in os.scandir(folder):
        with suppress(FileNotFoundError):  # one that came by another call was renamed meanwhile
            sizes.append(entry.stat().st_size)
    if sum(sizes) > MAX_UPLOAD_BYTES or len(sizes) > MAX_UPLOAD_XORBS:
        raise too_large("This upload", MAX_UPLOAD_BYTES)


def sweep(hub: Hub) -> int:
    """Ends the uploads that were left alone, and takes away what waits for none.

    Returns:
        How many were ended.
    """
    place = _folder(hub, "")
    folders = list(place.iterdir()) if place.exists() else []  # before the ids: those come first
    with hub.database.write() as db:
        rows = db.execute("SELECT id, expires FROM uploads WHERE expires < ?", (now() - IDLE,))
        over = [id for id, _ in rows.fetchall() if _last_used(hub, id) < now() - IDLE]
        db.executemany("DELETE FROM uploads WHERE id = ?", [(id,) for id in over])
        open_ids = {row[0] for row in db.execute("SELECT id FROM uploads")}
    for folder in folders:
        if folder.name not in open_ids:
            shutil.rmtree(folder, ignore_errors=True)
    return len(over)


def _last_used(hub: Hub, id: str) -> float:
    with suppress(FileNotFoundError):
        return _folder(hub, id).stat().st_mtime
    return 0


def _folder(hub: Hub, id: str) -> Path:
    """Where the xorbs of an upload wait. The id comes from the database."""
    return hub.blobs.staging / "xet" / id


def _unknown() -> HubError:
    return HubError(401, "This upload is not known here, or the token for it has run out.")

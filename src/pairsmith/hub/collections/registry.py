"""Which collections there are, whose they are, and where what people say in them lies."""

from __future__ import annotations

import re
import secrets
import shutil
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pairsmith.hub.auth.users import User
from pairsmith.hub.core.database import now
from pairsmith.hub.http.errors import HubError

if TYPE_CHECKING:
    from pairsmith.hub.context import Hub

FOLDER = "collections"
"""In ROOT: a folder for each collection."""

NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9])?")
MAX_OF_OWNER = 100  # collections of one account
MAX_BYTES = 10 << 30  # bytes of one collection; at most so much is said in it
SELECT = (
    "SELECT collections.id, users.id, users.name, collections.name, folder, title, mode, bytes,"
    " collections.created, closed FROM collections JOIN users ON users.id = collections.owner"
)
KEY = re.compile(r"[0-9a-f]{32}")


class Collection(NamedTuple):
    """A collection, without what is in it.

    Attributes:
        id: Its number.
        owner_id: The account whose it is.
        owner: That account's name.
        name: Its name.
        folder: The name of its folder.
        title: That of its project.
        mode: That of its project.
        bytes: About how many its folder holds.
        created: When it was made.
        closed: When it was closed; None while people may take part.
    """

    id: int
    owner_id: int
    owner: str
    name: str
    folder: str
    title: str
    mode: str
    bytes: int
    created: int
    closed: int | None

    @property
    def full_name(self) -> str:
        """As people name it: owner/name."""
        return f"{self.owner}/{self.name}"

    @property
    def page(self) -> str:
        """The path of its page."""
        return f"/collections/{self.full_name}"


def find(db: sqlite3.Connection, owner: str, name: str) -> Collection | None:
    """The collection of that name, whoever asks. Most callers want `permissions.collection`."""
    row = db.execute(
        f"{SELECT} WHERE users.name = ? AND collections.name = ?", (owner, name)
    ).fetchone()
    return Collection(*row) if row else None


def by_id(db: sqlite3.Connection, number: int) -> Collection | None:
    """The collection with that number, whoever asks; None for none."""
    row = db.execute(f"{SELECT} WHERE collections.id = ?", (number,)).fetchone()
    return Collection(*row) if row else None


def listed(db: sqlite3.Connection) -> list[Collection]:
    """All collections, by their names."""
    return [Collection(*row) for row in db.execute(f"{SELECT} ORDER BY users.name, 4").fetchall()]


def new_folder(hub: Hub) -> Path:
    """A folder for a collection that is to be made; it is empty, and no row knows it yet."""
    place = hub.root / FOLDER / secrets.token_hex(16)
    place.mkdir(mode=0o700, parents=True)
    return place


def folder_of(hub: Hub, collection: Collection) -> Path:
    """Where what people say in a collection lies."""
    return hub.root / FOLDER / collection.folder


def check_name(name: str) -> None:
    """Checks that a collection may be called so.

    Raises:
        HubError: 400, where it may not.
    """
    if not NAME.fullmatch(name):
        raise HubError(
            400,
            f"{name[:100]!r} cannot be a collection's name: up to 96 letters, digits, -, _ and .,"
            " with a letter or digit first and last.",
        )


def add(
    db: sqlite3.Connection, owner: User, name: str, folder: str, title: str, mode: str
) -> Collection:
    """Puts a collection on record whose folder is there.

    Raises:
        HubError: 400 for a name that cannot be one; 409 where the owner has one of that name, or
            `MAX_OF_OWNER` already.
    """
    check_name(name)
    count = db.execute("SELECT count(*) FROM collections WHERE owner = ?", (owner.id,)).fetchone()[
        0
    ]
    if count >= MAX_OF_OWNER:
        raise HubError(409, f"{owner.name} has {MAX_OF_OWNER} collections already; delete one.")
    try:
        made = db.execute(
            "INSERT INTO collections (owner, name, folder, title, mode, created)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (owner.id, name, folder, title, mode, now()),
        )
    except sqlite3.IntegrityError as error:
        raise HubError(409, f"There is a collection {owner.name}/{name} already.") from error
    return Collection(
        *db.execute(f"{SELECT} WHERE collections.id = ?", (made.lastrowid,)).fetchone()
    )


def describe(db: sqlite3.Connection, collection: Collection, title: str) -> None:
    """Has a collection be listed under another title."""
    db.execute("UPDATE collections SET title = ? WHERE id = ?", (title, collection.id))


def set_bytes(db: sqlite3.Connection, collection: Collection, size: int) -> None:
    """Puts on record how large a collection's folder is."""
    db.execute("UPDATE collections SET bytes = ? WHERE id = ?", (size, collection.id))


def set_closed(db: sqlite3.Connection, collection: Collection, closed: bool) -> None:
    """Closes a collection to all who take part, or opens it again; nothing of it is lost."""
    db.execute(
        "UPDATE collections SET closed = ? WHERE id = ?",
        (now() if closed else None, collection.id),
    )


def delete(db: sqlite3.Connection, collection: Collection) -> None:
    """Takes a collection off the record, with its members, invitations and notices.

    Its folder is the caller's to take away; where that fails, the collector does it a day later.
    """
    db.execute("DELETE FROM collections WHERE id = ?", (collection.id,))


def measure(hub: Hub, collection: Collection) -> int:
    """The bytes of a collection's folder, by what lies right in it."""
    place = folder_of(hub, collection)
    files = place.iterdir() if place.is_dir() else ()
    return sum(path.stat().st_size for path in files if path.is_file())


def sweep(hub: Hub, before: float) -> None:
    """Takes away the folders that no row knows and that were last written that long ago."""
    place = hub.root / FOLDER
    for folder in sorted(place.iterdir()) if place.is_dir() else ():
        with hub.database.read() as db:
            row = db.execute(
                "SELECT 1 FROM collections WHERE folder = ?", (folder.name,)
            ).fetchone()
        if row is None and KEY.fullmatch(folder.name) and folder.stat().st_mtime < before:
            shutil.rmtree(folder, ignore_errors=True)

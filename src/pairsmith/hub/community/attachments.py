"""Attachments of comments: images, videos and sounds that were sent for a discussion.

One belongs to who sent it, until a comment of theirs names it; from then on it belongs to that
discussion, and is for those who may see it, as long as such a comment names it. Comments of others
that name it show it, and neither keep it nor take it elsewhere. A day after the last comment that
named it, it goes; where that was hidden, nobody is given it from then on.
"""

from __future__ import annotations

import json
import re
import secrets
import sqlite3
from typing import TYPE_CHECKING, NamedTuple

from pairsmith.hub.auth.users import User
from pairsmith.hub.core.blobs import Blob, note_there
from pairsmith.hub.core.database import ROWS, now
from pairsmith.hub.http.errors import HubError
from pairsmith.hub.repos import quotas, steps

if TYPE_CHECKING:
    from pairsmith.hub.context import Hub

MAX_A_DAY = 200  # attachments that an account sends in 24 hours
MAX_NAMED = 50  # attachments of a comment; others that it names do not become the discussion's
MAX_IMAGE_BYTES = 10_000_000  # bytes of an image, or of a sound
MAX_VIDEO_BYTES = 50_000_000  # bytes of a video
DAY = 24 * 3600  # seconds
PATH = "/uploads"
NAME = r"([A-Za-z0-9_-]{32})\.([a-z0-9]{3,4})"
NAMED = re.compile(rf"{PATH}/{NAME}")
VIDEOS = frozenset({"mp4", "mov", "webm"})
IMAGES = frozenset({"png", "jpg", "gif", "webp"})
"""Endings of what a page shows; all else is saved."""

STARTS: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    ("png", re.compile(rb"\x89PNG\r\n\x1a\n")),
    ("jpg", re.compile(rb"\xff\xd8\xff")),
    ("gif", re.compile(rb"GIF8[79]a")),
    ("webp", re.compile(rb"RIFF.{4}WEBP", re.DOTALL)),
    ("wav", re.compile(rb"RIFF.{4}WAVE", re.DOTALL)),
    ("mov", re.compile(rb".{4}(?:ftypqt  |moov|mdat|wide|free|skip|pnot)", re.DOTALL)),
    ("mp4", re.compile(rb".{4}ftyp", re.DOTALL)),
    ("webm", re.compile(rb"\x1a\x45\xdf\xa3")),
    ("mp3", re.compile(rb"ID3|\xff[\xe2\xe3\xf2\xf3\xfa\xfb]")),
)
"""How contents begin, by the ending that each is given; the first that fits."""

SELECT = (
    "SELECT key, user, blob, size, ending, discussion, EXISTS (SELECT 1 FROM attached"
    " WHERE attachment = key) FROM attachments"
)


class Attachment(NamedTuple):
    """An attachment.

    Attributes:
        user: The number of the account that sent it.
        ending: Of its name, by its content: a key of `STARTS`.
        discussion: The discussion that it belongs to; None as long as it belongs to none.
        is_named: Whether a comment there names it.
    """

    key: str
    user: int
    blob: str
    size: int
    ending: str
    discussion: int | None
    is_named: bool

    @property
    def name(self) -> str:
        """Its name, with an ending."""
        return f"{self.key}.{self.ending}"


def ending_of(start: bytes) -> str:
    """What a content is, by its first bytes, whatever it is said to be.

    Raises:
        HubError: 415, where it is none of what can be attached.
    """
    for ending, pattern in STARTS:
        if pattern.match(start):
            return ending
    raise HubError(
        415,
        "This cannot be attached: its content is none of PNG, JPEG, GIF, WebP, MP4, MOV, WebM,"
        " MP3 and WAV.",
        "UnsupportedMediaType",
    )


def limit_of(ending: str) -> int:
    """How many bytes an attachment may have."""
    return MAX_VIDEO_BYTES if ending in VIDEOS else MAX_IMAGE_BYTES


def check_may_send(db: sqlite3.Connection, hub: Hub, user: User, more: int = 0) -> None:
    """Checks that an account has not sent too much.

    Args:
        db: A transaction; what was sent within it counts.
        hub: The hub.
        user: The account.
        more: Bytes that are to be sent.

    Raises:
        HubError: 429 where it sent too many, 403 where it would have too many bytes.
    """
    sent = db.execute(
        "SELECT count(*) FROM attachments WHERE user = ? AND date > ?", (user.id, now() - DAY)
    ).fetchone()[0]
    if sent >= MAX_A_DAY:
        raise HubError(
            429,
            f"An account may send {MAX_A_DAY} attachments in 24 hours.",
            headers={"Retry-After": "3600"},
        )
    quotas.check_attached(db, hub, user.id, more)


def add(db: sqlite3.Connection, hub: Hub, user: User, blob: Blob, ending: str) -> str:
    """Notes an attachment whose content lies in its place; its name.

    Raises:
        HubError: As `check_may_send`.
    """
    check_may_send(db, hub, user, blob.size)
    note_there(db, [blob])
    key, when = secrets.token_urlsafe(24), now()
    db.execute(
        "INSERT INTO attachments (key, user, blob, size, ending, date, touched)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (key, user.id, blob.sha256, blob.size, ending, when, when),
    )
    return f"{key}.{ending}"


def named(db: sqlite3.Connection, name: str) -> Attachment | None:
    """The attachment of that name, whoever asks; None for one that is gone, or was never there."""
    key, _, ending = name.partition(".")
    row = db.execute(
        f"{SELECT} WHERE key = ? AND ending = ? AND gone IS NULL", (key, ending)
    ).fetchone()
    return Attachment(*row) if row else None


def repo_of(db: sqlite3.Connection, attachment: Attachment) -> int | None:
    """The number of the repository in whose discussions an attachment is; None where in none."""
    if attachment.discussion is None or not attachment.is_named:
        return None
    row = db.execute(
        "SELECT repo FROM discussions WHERE id = ?", (attachment.discussion,)
    ).fetchone()
    return int(row[0])


def note(db: sqlite3.Connection, discussion: int, entry: int, author: int, text: str) -> None:
    """Notes which attachments of its author's a comment names, and which it names no more.

    Args:
        db: A write transaction.
        discussion: The number of the discussion's row.
        entry: That of the comment's row.
        author: That of its author.
        text: What it says now.
    """
    keys = list(dict.fromkeys(found[1] for found in NAMED.finditer(text)))[:MAX_NAMED]
    values = {
        "keys": json.dumps(keys), "user": author, "discussion": discussion, "entry": entry,
        "now": now(),
    }  # fmt: skip
    for statement in NOTE:
        db.execute(statement, values)


MINE = "key IN (SELECT value FROM json_each(:keys)) AND user = :user AND gone IS NULL"
OF_ENTRY = "key IN (SELECT attachment FROM attached WHERE entry = :entry)"
NOTE = (
    f"UPDATE attachments SET touched = :now WHERE {OF_ENTRY}",
    "DELETE FROM attached WHERE entry = :entry",
    f"UPDATE attachments SET discussion = :discussion WHERE {MINE} AND discussion IS NULL",
    f"INSERT INTO attached SELECT key, :entry FROM attachments WHERE {MINE}"
    " AND discussion = :discussion",
)


def take_away(db: sqlite3.Connection, entry: int) -> None:
    """Has nobody be given the attachments of a comment that is hidden, which no other one names."""
    values = {"entry": entry, "now": now()}
    db.execute(
        f"UPDATE attachments SET gone = :now, touched = :now WHERE {OF_ENTRY} AND NOT EXISTS"
        " (SELECT 1 FROM attached WHERE attachment = key AND entry != :entry)",
        values,
    )
    db.execute("DELETE FROM attached WHERE entry = :entry", values)


def sweep(hub: Hub, before: int) -> None:
    """Takes attachments away that no comment has named since then; their contents go after that."""

    def step(db: sqlite3.Connection) -> bool:
        found = db.execute(
            "DELETE FROM attachments WHERE key IN (SELECT key FROM attachments WHERE touched < ?"
            " AND NOT EXISTS (SELECT 1 FROM attached WHERE attachment = key) LIMIT ?)",
            (before, ROWS),
        )
        return found.rowcount == ROWS

    steps.run(hub.database, step)

"""What stands in a discussion, in order: comments, and what was done to it."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, NamedTuple

from pairsmith.hub.auth.users import User
from pairsmith.hub.community import attachments
from pairsmith.hub.core.database import now
from pairsmith.hub.http.errors import HubError, bad_request

if TYPE_CHECKING:
    from pairsmith.hub.community.threads import Thread

Kind = Literal["comment", "status-change", "commit", "title-change"]

MAX_COMMENT_CHARS = 32_768  # characters of a comment
MAX_ENTRIES = 10_000  # entries of a discussion
MAX_THREAD_CHARS = 8 << 20  # characters of all that was ever written in a discussion
MAX_VERSIONS = 100  # times that a comment may be edited
TWICE_SECONDS = 60  # within which the same words sent by a page again are the same comment
HIDDEN = "This comment has been hidden"
AUTHOR = "CASE WHEN users.removed IS NULL THEN users.name ELSE '' END"
"""The name of an account, and of one that was removed none."""

SELECT = (
    f"SELECT entry.id, entry.key, entry.kind, entry.author, {AUTHOR}, entry.date, entry.text,"
    " entry.more, entry.edited, entry.hidden,"
    " (SELECT count(*) FROM discussion_versions AS version WHERE version.entry = entry.id)"
    " FROM discussion_entries AS entry JOIN users ON users.id = entry.author"
)


class Entry(NamedTuple):
    """A comment, or something that was done to a discussion.

    Attributes:
        key: By which clients name it.
        author: The name of whose it is; '' where that account was removed.
        text: A comment's text; a new status; a commit's title; a new title.
        more: A commit's id; the title before.
        edited: When a comment was last edited; None where it was not.
        hidden: When it was hidden; None where it was not.
        versions: How often a comment was edited.
    """

    id: int
    key: str
    kind: Kind
    author_id: int
    author: str
    date: int
    text: str
    more: str
    edited: int | None
    hidden: int | None
    versions: int


class Version(NamedTuple):
    """What a comment said until it was edited at `date`."""

    date: int
    text: str


def checked(text: str) -> str:
    """A comment as it is kept: with line ends of one kind, without blanks at its end.

    Raises:
        HubError: 400 where there is nothing in it, or too much.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").rstrip()
    if not text:
        raise bad_request("There is nothing in this comment.")
    if len(text) > MAX_COMMENT_CHARS:
        raise HubError(
            413,
            f"A comment has up to {MAX_COMMENT_CHARS:,} characters; this one has {len(text):,}."
            " What is longer belongs into a file.",
            "TooLarge",
        )
    return text


def add(
    db: sqlite3.Connection, thread: Thread, author: User, kind: Kind, text: str, more: str = ""
) -> Entry:
    """Adds an entry at the end of a discussion.

    Raises:
        HubError: 400, where the discussion is full.
    """
    entries, chars = db.execute(
        "SELECT entries, chars FROM discussions WHERE id = ?", (thread.id,)
    ).fetchone()
    if entries >= MAX_ENTRIES or chars + len(text) > MAX_THREAD_CHARS:
        raise bad_request(
            f"#{thread.num} is full: a discussion has up to {MAX_ENTRIES:,} entries and"
            f" {MAX_THREAD_CHARS:,} characters. Begin another."
        )
    key, when = secrets.token_hex(12), now()
    db.execute(
        "INSERT INTO discussion_entries (key, discussion, kind, author, date, text, more)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (key, thread.id, kind, author.id, when, text, more),
    )
    _count(db, thread, len(text), 1)
    made = _with_key(db, thread, key)
    if kind == "comment":
        attachments.note(db, thread.id, made.id, author.id, text)
    return made


def just_written(db: sqlite3.Connection, thread: Thread, author: User, text: str) -> Entry | None:
    """The last entry of a discussion, where it is this comment by the same author, just written.

    A button is pressed twice where the answer is slow to come.
    """
    row = db.execute(
        f"{SELECT} WHERE entry.discussion = ? ORDER BY entry.id DESC LIMIT 1", (thread.id,)
    ).fetchone()
    last = Entry(*row) if row else None
    if last is None or (last.kind, last.author_id, last.text) != ("comment", author.id, text):
        return None
    return last if last.date >= now() - TWICE_SECONDS else None


def listed(db: sqlite3.Connection, thread: Thread, limit: int, skip: int = 0) -> list[Entry]:
    """Entries of a discussion, in order."""
    rows = db.execute(
        f"{SELECT} WHERE entry.discussion = ? ORDER BY entry.id LIMIT ? OFFSET ?",
        (thread.id, limit, skip),
    )
    return [Entry(*row) for row in rows]


def comment_of(db: sqlite3.Connection, thread: Thread, key: str) -> Entry:
    """The comment of a discussion that has that key.

    Raises:
        HubError: 404, where there is none.
    """
    row = db.execute(
        f"{SELECT} WHERE entry.key = ? AND entry.discussion = ? AND entry.kind = 'comment'",
        (key.lower(), thread.id),
    ).fetchone()
    if row is None:
        raise HubError(404, f"There is no such comment in #{thread.num}.")
    return Entry(*row)


def place(db: sqlite3.Connection, thread: Thread, entry: Entry) -> int:
    """How many entries of a discussion come before one."""
    row = db.execute(
        "SELECT count(*) FROM discussion_entries WHERE discussion = ? AND id < ?",
        (thread.id, entry.id),
    ).fetchone()
    return int(row[0])


def edit(db: sqlite3.Connection, thread: Thread, entry: Entry, text: str) -> Entry:
    """Changes the text of a comment; what it said before is kept.

    Raises:
        HubError: 400 where it was hidden, was edited too often, or the discussion is full.
    """
    if entry.hidden:
        raise bad_request("This comment was hidden; it cannot be edited.")
    if entry.text == text:
        return entry
    if entry.versions >= MAX_VERSIONS:
        raise bad_request(f"A comment may be edited {MAX_VERSIONS} times; write another.")
    if thread.chars + len(text) > MAX_THREAD_CHARS:
        raise bad_request(f"#{thread.num} is full: write in another discussion.")
    when = now()
    db.execute(
        "INSERT INTO discussion_versions (entry, date, text) VALUES (?, ?, ?)",
        (entry.id, when, entry.text),
    )
    db.execute(
        "UPDATE discussion_entries SET text = ?, edited = ? WHERE id = ?", (text, when, entry.id)
    )
    _count(db, thread, len(text))
    attachments.note(db, thread.id, entry.id, entry.author_id, text)
    return _with_key(db, thread, entry.key)


def hide(db: sqlite3.Connection, thread: Thread, entry: Entry) -> Entry:
    """Takes the text of a comment away, all that it said before, and what was attached to it."""
    attachments.take_away(db, entry.id)
    db.execute("DELETE FROM discussion_versions WHERE entry = ?", (entry.id,))
    db.execute(
        "UPDATE discussion_entries SET text = '', hidden = ? WHERE id = ?", (now(), entry.id)
    )
    _count(db, thread, 0)
    return _with_key(db, thread, entry.key)


def versions(db: sqlite3.Connection, shown: Iterable[Entry]) -> dict[str, list[Version]]:
    """What comments said before, in order, by their keys."""
    edited = json.dumps([entry.id for entry in shown if entry.versions])
    rows = db.execute(
        "SELECT key, discussion_versions.date, discussion_versions.text FROM discussion_versions"
        " JOIN discussion_entries ON discussion_entries.id = entry"
        " WHERE entry IN (SELECT value FROM json_each(?)) ORDER BY discussion_versions.id",
        (edited,),
    )
    found: dict[str, list[Version]] = {}
    for key, date, text in rows:
        found.setdefault(key, []).append(Version(date, text))
    return found


def _count(db: sqlite3.Connection, thread: Thread, chars: int, more: int = 0) -> None:
    """Counts what was written in a discussion, which changed it."""
    db.execute(
        "UPDATE discussions SET updated = ?, entries = entries + ?, chars = chars + ? WHERE id = ?",
        (now(), more, chars, thread.id),
    )


def _with_key(db: sqlite3.Connection, thread: Thread, key: str) -> Entry:
    row = db.execute(
        f"{SELECT} WHERE entry.key = ? AND entry.discussion = ?", (key, thread.id)
    ).fetchone()
    return Entry(*row)

"""The card of a commit: the text of its README.md, which all see who may know of the repository.

What its front matter says is read by a worker, once for each content, and kept in the table
`cards`: right after a commit, and for those that came before this was so, when the hub is served.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from pairsmith.hub.http.errors import HubError
from pairsmith.hub.http.processes import (
    PAGES,
    VISITORS,
    BusyError,
    TooMuchWorkError,
    Workers,
)
from pairsmith.hub.repos import card, files, rendering
from pairsmith.hub.repos.card import NAME as NAME  # its reader and its place go by one name
from pairsmith.hub.repos.card import Card
from pairsmith.hub.repos.history import Commit

if TYPE_CHECKING:
    from pairsmith.hub.context import Hub

MAX_SEARCHED_CHARS = 6_000  # characters of a card that are searched
MAX_SEARCHED_TAGS = 200  # tags of it
MAX_LINE_CHARS = 200  # characters of a title or a licence in a list
WORKERS = Workers(1, wait=0.5)  # for what comes in
SECONDS = 1.5  # the worst that was found takes a fifth of it
MEMORY = 96 << 20  # bytes of a worker
ENDLESS = "The front matter takes too much work to be read."
AGAIN = 60.0  # seconds after which cards are looked for that were not read


class Line(NamedTuple):
    """What a list shows of a card; '' where it says nothing of the kind."""

    title: str = ""
    licence: str = ""


def read_card(hub: Hub, db: sqlite3.Connection, commit: Commit) -> Card:
    """What a commit's card says.

    Raises:
        HubError: 503 where it was not read yet, and cannot be at present.
    """
    file = files.named(db, commit, NAME)
    if file is None:
        return Card()
    row = db.execute("SELECT data, fault FROM cards WHERE blob = ?", (file.blob,)).fetchone()
    if row:
        return Card(json.loads(row["data"]), row["fault"])
    try:
        return _read(hub, file.blob, PAGES)
    except BusyError as error:
        raise _later("The card of this dataset is being read; try again soon.") from error


def line_of(db: sqlite3.Connection, commit: Commit) -> Line:
    """What a list shows of a commit's card; nothing of one that was not read yet."""
    file = files.named(db, commit, NAME)
    blob = file.blob if file else ""
    row = db.execute("SELECT title, licence FROM cards WHERE blob = ?", (blob,)).fetchone()
    return Line(*row) if row else Line()


def known_card(db: sqlite3.Connection, commit: Commit | None) -> Card:
    """What a commit's card says, for a list: nothing of one that was not read yet."""
    file = files.named(db, commit, NAME) if commit else None
    blob = file.blob if file else ""
    row = db.execute("SELECT data, fault FROM cards WHERE blob = ?", (blob,)).fetchone()
    return Card(json.loads(row["data"]), row["fault"]) if row else Card()


def prepare(hub: Hub, commit: Commit) -> None:
    """Reads and renders the card of a commit that was made, so that no visitor waits for it."""
    with hub.database.read() as db:
        file = files.named(db, commit, NAME)
    if file is not None:
        _remember(hub, file.blob)
        rendering.prepare(hub, file.blob)


def validate(text: str) -> list[str]:
    """What is wrong with a card that somebody asks about, in sentences; empty where nothing is.

    Raises:
        HubError: 503 where others ask for too much at present.
    """
    try:
        return VISITORS.run(card.validate, text, seconds=SECONDS, memory=MEMORY)
    except BusyError as error:
        raise _later("Too many cards are being checked; try again soon.") from error
    except TooMuchWorkError:
        return [ENDLESS]


def read_text(text: str) -> Card:
    """What a card says that somebody is writing.

    Raises:
        HubError: 503 where others ask for too much at present.
    """
    try:
        return VISITORS.run(card.read, text, seconds=SECONDS, memory=MEMORY)
    except BusyError as error:
        raise _later("Too many cards are being checked; try again soon.") from error
    except TooMuchWorkError:
        return Card(fault=ENDLESS)


async def read_all(hub: Hub) -> None:
    """Reads the cards that were not read, for as long as the hub is served."""
    while True:
        for blob in await asyncio.to_thread(_unread, hub):
            await asyncio.to_thread(_remember, hub, blob)
        await asyncio.sleep(AGAIN)


def _unread(hub: Hub) -> list[str]:
    with hub.database.read() as db:
        rows = db.execute(
            "SELECT DISTINCT blob FROM lines CROSS JOIN files ON line = lines.id AND path = ?"
            " WHERE blob NOT IN (SELECT blob FROM cards)",
            (NAME,),
        )
        return [row[0] for row in rows]


def _remember(hub: Hub, blob: str) -> None:
    """Reads a card and keeps what it says, unless that was done before."""
    with hub.database.read() as db:
        if db.execute("SELECT 1 FROM cards WHERE blob = ?", (blob,)).fetchone():
            return
    try:
        read = _read(hub, blob, WORKERS)
    except BusyError:  # `read_all` comes back to it
        return
    title = read.data.get("pretty_name")
    line = Line(title if isinstance(title, str) else "", card.licence(read).name)
    tags = json.dumps(card.searched_tags(read)[:MAX_SEARCHED_TAGS])
    body = card.split(card.load(hub.blobs.path(blob), blob))[1]
    words = f"{line.title} {body}".casefold()[:MAX_SEARCHED_CHARS]
    with hub.database.write() as db:  # the content may have gone meanwhile
        db.execute(
            "INSERT OR IGNORE INTO cards (blob, title, licence, fault, data, tags, words)"
            " SELECT sha256, ?, ?, ?, ?, ?, ? FROM blobs WHERE sha256 = ?",
            (*_cut(line), read.fault, json.dumps(read.data), tags, words, blob),
        )


def _read(hub: Hub, blob: str, workers: Workers) -> Card:
    """What the card of that content says.

    Raises:
        BusyError: It cannot be read at present.
    """
    front, _ = card.split(card.load(hub.blobs.path(blob), blob))
    if front is None:
        return Card()
    try:
        return workers.run(card.read_front, front, seconds=SECONDS, memory=MEMORY)
    except BusyError:
        raise
    except TooMuchWorkError:
        return Card(fault=ENDLESS)


def _later(message: str) -> HubError:
    return HubError(503, message, headers={"Retry-After": "2"})


def _cut(values: Iterable[str]) -> list[str]:
    return [value[:MAX_LINE_CHARS] for value in values]

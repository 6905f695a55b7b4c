"""The events of a collection in SQLite: appended, on disk before they are acknowledged.

One file, `DIR/collection.sqlite`, with a write-ahead log, read and written by any number of threads
and processes. Every event holds the hash of itself and of all before it, so that a count and a hash
tell which state of a collection something was made of, and whether that was edited since.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from pairsmith.collecting.draws import SECRET_BYTES
from pairsmith.collecting.events import Event, Kind
from pairsmith.collecting.faults import words_of
from pairsmith.errors import CollectionError
from pairsmith.io.connections import Connections

DATABASE = "collection.sqlite"
VERSION = 1

WAIT = 30
"""Seconds that one process waits for another's transaction."""

BODY_BYTES = 16 << 20
"""At most this long is the body of an event: 256 samples of a reply are in it."""

_SCHEMA = """
CREATE TABLE secret (value BLOB NOT NULL);
CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    thread TEXT NOT NULL,
    place INTEGER NOT NULL,
    time REAL NOT NULL,
    who TEXT NOT NULL,
    kind TEXT NOT NULL,
    token TEXT,
    body TEXT NOT NULL,
    chain TEXT NOT NULL,
    UNIQUE (thread, place),
    UNIQUE (thread, token)
);
CREATE INDEX events_by_kind ON events (kind, who);
CREATE TABLE items (
    id TEXT PRIMARY KEY,
    rank INTEGER NOT NULL UNIQUE,
    body TEXT NOT NULL
);
CREATE TRIGGER events_stay BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'an event is never changed'); END;
CREATE TRIGGER events_are_kept BEFORE DELETE ON events
    BEGIN SELECT RAISE(ABORT, 'an event is never removed'); END;
"""
_FIELDS = "seq, thread, place, time, who, kind, token, body"


class Reached(NamedTuple):
    """How far a collection has come.

    Attributes:
        events: How many there are.
        sha256: Of all of them, in order.
    """

    events: int
    sha256: str


class Transaction:
    """A look at one state of a collection; where it writes, all of it or nothing is stored."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db

    def thread(self, thread: str) -> list[Event]:
        """The events of a thread, in order."""
        return [*self._select("WHERE thread = ? ORDER BY place", (thread,))]

    def events(self, kinds: Iterable[Kind] = (), after: int = 0) -> Iterator[Event]:
        """Events in order.

        Args:
            kinds: Only of these; empty for all.
            after: Only those behind the event of this number.
        """
        named = [kind.value for kind in kinds]
        asked = f"AND kind IN ({', '.join('?' * len(named))})" if named else ""
        return self._select(f"WHERE seq > ? {asked} ORDER BY seq", (after, *named))

    def count(self, kind: Kind, who: str | None = None) -> int:
        """How many events of a kind there are, of one person or of all."""
        mine, whose = ("", ()) if who is None else (" AND who = ?", (who,))
        asked = f"SELECT COUNT(*) FROM events WHERE kind = ?{mine}"  # noqa: S608  (constants)
        return int(self.db.execute(asked, (kind.value, *whose)).fetchone()[0])

    def counts(self, kinds: Iterable[Kind]) -> dict[tuple[str, Kind], int]:
        """How many events of some kinds each person made."""
        named = [kind.value for kind in kinds]
        asked = (
            f"SELECT who, kind, COUNT(*) FROM events WHERE kind IN ({', '.join('?' * len(named))})"  # noqa: S608  (constants)
            " GROUP BY who, kind"
        )
        return {(who, Kind(kind)): n for who, kind, n in self.db.execute(asked, named)}

    def threads_of(self, kind: Kind, who: str) -> list[str]:
        """The threads in which a person did something, in order."""
        asked = "SELECT thread FROM events WHERE kind = ? AND who = ? ORDER BY seq"
        return [row[0] for row in self.db.execute(asked, (kind.value, who))]

    def ending_in(self, kinds: Iterable[Kind]) -> list[str]:
        """The threads whose last event is of one of these kinds."""
        named = [kind.value for kind in kinds]
        asked = (
            f"SELECT thread FROM events AS one WHERE kind IN ({', '.join('?' * len(named))})"  # noqa: S608  (constants)
            " AND NOT EXISTS (SELECT 1 FROM events WHERE thread = one.thread AND place > one.place)"
            " ORDER BY seq"
        )
        return [row[0] for row in self.db.execute(asked, named)]

    def last(self, kind: Kind) -> Event | None:
        """The last event of a kind; None where there is none."""
        return next(self._select("WHERE kind = ? ORDER BY seq DESC LIMIT 1", (kind.value,)), None)

    def reached(self) -> Reached:
        """How far the collection has come."""
        asked = "SELECT seq, chain FROM events ORDER BY seq DESC LIMIT 1"
        row = self.db.execute(asked).fetchone()
        return Reached(*row) if row else Reached(0, hashlib.sha256().hexdigest())

    def append(
        self,
        thread: str,
        kind: Kind,
        who: str,
        body: Mapping[str, Any],
        token: str | None = None,
    ) -> Event:
        """Appends an event to a thread.

        Raises:
            CollectionError: Its body is not JSON, or too long.
            sqlite3.IntegrityError: The thread has an event with this token.
        """
        held = _encode(body)
        reached = self.reached()
        place = self.db.execute(
            "SELECT COUNT(*) FROM events WHERE thread = ?", (thread,)
        ).fetchone()[0]
        now = round(time.time(), 3)
        row = (reached.events + 1, thread, place, now, who, kind.value, token, held)
        chain = hashlib.sha256(reached.sha256.encode())
        chain.update(json.dumps(row, ensure_ascii=False).encode())
        self.db.execute(
            "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (*row, chain.hexdigest())
        )
        return _event(row)

    def _select(self, where: str, given: tuple[Any, ...]) -> Iterator[Event]:
        asked = f"SELECT {_FIELDS} FROM events {where}"  # noqa: S608  (constants)
        for row in self.db.execute(asked, given):
            yield _event(row)


class Store:
    """The file of a collection, safe to use from many threads; connections are used again.

    Args:
        path: The file.
        create: Whether to make it where there is none.

    Raises:
        CollectionError: There is none, or it is something else.
    """

    def __init__(self, path: Path, create: bool = False) -> None:
        if not create and not path.is_file():
            raise CollectionError(
                f"{path.parent} holds no collection: {path.name} is missing.",
                "pairsmith collect DIR --model URL, --from BUILD or --project FILE begins one.",
            )
        self.path = path
        self._connections = Connections(lambda: _connect(self.path))
        if create:  # nobody else ever opens it: it says who said what
            with suppress(FileExistsError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        try:
            with self._connections.lent() as db:
                self.secret = _bring_up(db, path, create)
        except sqlite3.DatabaseError as error:
            self.close()
            said = words_of(error) or f"{path} is not a collection: {error}."
            raise CollectionError(said) from None
        except CollectionError:
            self.close()
            raise

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A look at one state of the collection."""
        with self._connections.lent() as db:
            db.execute("BEGIN DEFERRED")
            try:
                yield Transaction(db)
            finally:
                db.execute("ROLLBACK")

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction, on disk when the block ends; undone where the block raises.

        Everybody else who writes waits meanwhile: nothing slow belongs into it.
        """
        with self._connections.lent() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield Transaction(db)
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Closes the connections that are not in use."""
        self._connections.close()


def _connect(path: Path) -> sqlite3.Connection:
    # one thread at a time uses it; `close` may be called from another
    db = sqlite3.connect(path, timeout=WAIT, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA synchronous = FULL")  # what was acknowledged outlives a power cut
        db.execute("PRAGMA trusted_schema = OFF")
    except BaseException:
        db.close()
        raise
    return db


def _bring_up(db: sqlite3.Connection, path: Path, create: bool) -> bytes:
    """Makes the tables where there are none and are to be; returns the secret."""
    if create and db.execute("PRAGMA user_version").fetchone()[0] == 0:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("BEGIN IMMEDIATE")
        if db.execute("PRAGMA user_version").fetchone()[0] == 0:
            for statement in _statements(_SCHEMA):
                db.execute(statement)
            db.execute("INSERT INTO secret VALUES (?)", (secrets.token_bytes(SECRET_BYTES),))
            db.execute(f"PRAGMA user_version = {VERSION}")
        db.execute("COMMIT")
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version != VERSION:
        raise CollectionError(
            f"{path} is of version {version}; this pairsmith knows {VERSION}.", "Update pairsmith."
        )
    found = db.execute("SELECT value FROM secret").fetchall()
    if [type(row[0]) for row in found] != [bytes] or len(found[0][0]) != SECRET_BYTES:
        raise CollectionError(f"{path} is not a collection: it has no secret of its own.")
    return bytes(found[0][0])


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _encode(body: Mapping[str, Any]) -> str:
    try:
        held = json.dumps(body, ensure_ascii=False, allow_nan=False)
        size = len(held.encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise CollectionError(f"What is to be stored is not JSON: {error}.") from None
    if size > BODY_BYTES:
        raise CollectionError(
            f"What is to be stored is {size:,} bytes long; at most {BODY_BYTES:,} are taken."
        )
    return held


def _event(row: tuple[Any, ...]) -> Event:
    seq, thread, place, when, who, kind, token, body = row
    return Event(seq, thread, place, when, who, Kind(kind), token, json.loads(body))

"""The hub's memory: one SQLite file with a write-ahead log, and its version.

Other files take a `sqlite3.Connection` and speak SQL to it; this one alone opens it. Reading and
writing are transactions: what is read within one hangs together, what is written within one
stands or falls together.
"""

from __future__ import annotations

import queue
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from pairsmith.errors import PairsmithError

MIGRATIONS = (
    "001_initial.sql",
    "002_repository_kind.sql",
    "003_cards.sql",
    "004_changed_files.sql",
)
"""In `migrations/`: number i brings a database from version i to version i + 1."""

WAIT = 60  # seconds that one process waits for another's transaction


class DatabaseError(PairsmithError):
    """A hub's database that is not one, or is of a version that this code does not know."""


class Database:
    """One SQLite file, safe to use from many threads.

    Connections are kept and used again; writers of this process wait for each other here, those
    of another (`pairsmith hub …`) within SQLite.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._idle: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        self._writing = threading.Lock()
        self._writer = 0  # the thread that has the lock
        try:
            with self._lent() as db:
                _bring_up(db, path)
        except sqlite3.DatabaseError as error:
            raise DatabaseError(
                f"{path} is not a hub's database: {error}.",
                "Name the folder of a hub, or an empty one.",
            ) from error

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A transaction that sees one state of the hub and changes nothing."""
        with self._lent() as db:
            db.execute("BEGIN DEFERRED")
            try:
                yield db
            finally:
                db.execute("ROLLBACK")

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction, on disk when the block ends; undone where the block raises."""
        if self._writer == threading.get_ident():
            raise RuntimeError("A write within a write of the same thread would wait for itself.")
        with self._writing, self._lent() as db:
            self._writer = threading.get_ident()
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
            finally:
                self._writer = 0

    def backup(self, path: Path) -> None:
        """Copies one state of the database to `path`, while others read and write."""
        target = sqlite3.connect(path)
        try:
            with self._lent() as db:
                db.backup(target)
        finally:
            target.close()

    def close(self) -> None:
        """Closes the connections that are not in use."""
        while True:
            try:
                self._idle.get_nowait().close()
            except queue.Empty:
                return

    @contextmanager
    def _lent(self) -> Iterator[sqlite3.Connection]:
        try:
            db = self._idle.get_nowait()
        except queue.Empty:
            db = _connect(self.path)
        try:
            yield db
        finally:
            self._idle.put(db)


def now() -> int:
    """The time, in whole seconds since 1970, UTC."""
    return int(time.time())


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=WAIT, isolation_level=None, check_same_thread=False)
    db.row_factory = sqlite3.Row
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("PRAGMA synchronous = FULL")  # what was acknowledged outlives a power cut
    return db


def _bring_up(db: sqlite3.Connection, path: Path) -> None:
    version: int = db.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        raise DatabaseError(
            f"{path} is of version {version}; this pairsmith knows those up to {len(MIGRATIONS)}.",
            "Serve it with the pairsmith that wrote it, or a newer one.",
        )
    if version < len(MIGRATIONS):
        db.execute("PRAGMA journal_mode = WAL")
        # a table is replaced by dropping it, and foreign keys would take its dependents along;
        # within a transaction this pragma does nothing
        db.execute("PRAGMA foreign_keys = OFF")
        try:
            _migrate(db)
        finally:
            db.execute("PRAGMA foreign_keys = ON")


def _migrate(db: sqlite3.Connection) -> None:
    """Brings the database to this version, in one transaction, whoever else tries the same."""
    db.execute("BEGIN IMMEDIATE")
    version: int = db.execute("PRAGMA user_version").fetchone()[0]
    try:
        for name in MIGRATIONS[version:]:
            script = files("pairsmith.hub.core").joinpath("migrations", name).read_text("utf-8")
            for statement in _statements(script):
                db.execute(statement)
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise


def _statements(script: str) -> Iterator[str]:
    """The statements of a script one by one: `executescript` would end the transaction first."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""

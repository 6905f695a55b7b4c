"""The hub's memory: one SQLite file with a write-ahead log, and its version.

Other files take a `sqlite3.Connection` and speak SQL to it; this one alone opens it. Reading and
writing are transactions: what is read within one hangs together, what is written within one
stands or falls together.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

from pairsmith.errors import PairsmithError
from pairsmith.hub.core.turns import Group, Job, Writers
from pairsmith.io.connections import Connections

MIGRATIONS = (
    "001_initial.sql",
    "002_repository_kind.sql",
    "003_cards.sql",
    "004_changed_files.sql",
    "005_writes_in_steps.sql",
    "006_roles.sql",
    "007_accounts.sql",
    "008_sign_in.sql",
    "009_moves.sql",
    "010_community.sql",
    "011_invitations.sql",
    "012_search.sql",
    "013_turned_away.sql",
    "014_attachments.sql",
    "015_seats.sql",
    "016_notices.sql",
    "017_reconciled.sql",
    "018_collections.sql",
)
"""In `migrations/`: number i brings a database from version i to version i + 1."""

WAIT = 60  # seconds that one process waits for another's transaction
ROWS = 1000
"""Rows that one transaction changes at most, where there are many: some 20 ms of all writers."""

LOG_BYTES = 4 << 20  # of the write-ahead log; at twice as many it is moved into the database

T = TypeVar("T")


class DatabaseError(PairsmithError):
    """A hub's database that is not one, or is of a version that this code does not know."""


class Database:
    """One SQLite file, safe to use from many threads.

    Connections are kept and used again; writers of this process wait for each other here, in the
    order in which they came, those of another (`pairsmith hub …`) within SQLite.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connections = Connections(lambda: _connect(self.path))
        self._writers = Writers()
        self._group = Group()
        self._moving = threading.Lock()
        try:
            with self._connections.lent() as db:
                _bring_up(db, path)
        except sqlite3.DatabaseError as error:
            raise DatabaseError(
                f"{path} is not a hub's database: {error}.",
                "Name the folder of a hub, or an empty one.",
            ) from error

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A transaction that sees one state of the hub and changes nothing."""
        with self._connections.lent() as db:
            db.execute("BEGIN DEFERRED")
            try:
                yield db
            finally:
                db.execute("ROLLBACK")

    @contextmanager
    def write(self, many: bool = False) -> Iterator[sqlite3.Connection]:
        """A transaction, on disk when the block ends; undone where the block raises.

        Everybody else who writes waits meanwhile: nothing slow belongs into it.

        Args:
            many: Whether it is one of several with up to `ROWS` rows each; others go first.
        """
        with self._writers.turn(many), self._connections.lent() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
        self._move_log()

    def write_together(self, act: Callable[[sqlite3.Connection], T]) -> T:
        """Does something small in one transaction with all who wait for the same just then.

        Putting a transaction on disk costs what it costs for one row or for many; so those who
        come while one is being put there share the next.

        Args:
            act: Given the transaction. Where it raises, what it wrote is undone, no one else's.

        Returns:
            What `act` returns, once it is on disk.

        Raises:
            Exception: What `act` raises; or what keeps the transaction from the disk.
        """
        job = Job(act)
        if self._group.join(job):
            self._write_group()
        job.over.wait()
        if job.error is not None:
            raise job.error
        return job.made

    def _write_group(self) -> None:
        jobs: list[Job[object]] = []
        try:
            with self.write() as db:
                jobs = self._group.take()
                for job in jobs:
                    _do(db, job)
        except BaseException as error:
            for job in jobs or (jobs := self._group.take()):
                job.error = job.error or error
            if not isinstance(error, Exception):
                raise
        finally:
            for job in jobs:
                job.over.set()

    def _move_log(self) -> None:
        """Has the log moved into the database, where it is long, while others go on writing.

        SQLite would do so within the transaction that makes it long, and all would wait for it.
        """
        try:
            short = self.path.with_name(self.path.name + "-wal").stat().st_size < 2 * LOG_BYTES
        except FileNotFoundError:  # another process was the last to close it
            return
        if not short and self._moving.acquire(blocking=False):
            threading.Thread(target=self._moved).start()

    def _moved(self) -> None:
        move = "PRAGMA wal_checkpoint(PASSIVE)"
        try:
            with self._connections.lent() as db:
                db.execute(move).fetchall()
                # what came meanwhile is little; all is moved then, and the log begins anew
                with self._writers.turn(many=True):
                    db.execute(move).fetchall()
        finally:
            self._moving.release()

    def backup(self, path: Path) -> None:
        """Copies one state of the database to `path`, while others read and write."""
        target = sqlite3.connect(path)
        try:
            with self._connections.lent() as db:
                db.backup(target)
        finally:
            target.close()

    def close(self) -> None:
        """Closes the connections that are not in use."""
        with self._moving:
            self._connections.close()


def now() -> int:
    """The time, in whole seconds since 1970, UTC."""
    return int(time.time())


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=WAIT, isolation_level=None, check_same_thread=False)
    db.row_factory = sqlite3.Row
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("PRAGMA synchronous = FULL")  # what was acknowledged outlives a power cut
    db.execute("PRAGMA wal_autocheckpoint = 0")  # see `Database._move_log`
    db.execute(f"PRAGMA journal_size_limit = {LOG_BYTES}")
    return db


def _do(db: sqlite3.Connection, job: Job[T]) -> None:
    """Does one job of several in a transaction; what it wrote is undone where it raises."""
    db.execute("SAVEPOINT job")
    try:
        job.made = job.act(db)
    except Exception as error:
        job.error = error
        if db.in_transaction:  # a full disk ends all of it
            db.execute("ROLLBACK TO job")
    if not db.in_transaction:
        raise job.error or sqlite3.OperationalError("the transaction is over")
    db.execute("RELEASE job")


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

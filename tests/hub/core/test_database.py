"""The database: versions, transactions, what is no database."""

from __future__ import annotations

import sqlite3

import pytest

from pairsmith.hub.core.database import MIGRATIONS, Database, DatabaseError


def test_a_newer_version_is_refused_and_left_as_it_was(tmp_path):
    path = tmp_path / "hub.sqlite"
    Database(path).close()
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    db.close()
    before = path.read_bytes()
    with pytest.raises(
        DatabaseError, match=f"version {len(MIGRATIONS) + 1}.*up to {len(MIGRATIONS)}"
    ):
        Database(path)
    assert path.read_bytes() == before


def test_what_is_no_database_is_refused_and_left_as_it_was(tmp_path):
    path = tmp_path / "hub.sqlite"
    path.write_bytes(b"this is a text, and no database " * 100)
    with pytest.raises(DatabaseError, match="is not a hub's database"):
        Database(path)
    assert path.read_bytes() == b"this is a text, and no database " * 100


def test_a_block_that_raises_changes_nothing(hub):
    with pytest.raises(RuntimeError, match="on the way"), hub.database.write() as db:
        db.execute("INSERT INTO returned_payments VALUES ('p', 'r')")
        raise RuntimeError("on the way")
    with hub.database.read() as db:
        assert db.execute("SELECT count(*) FROM returned_payments").fetchone()[0] == 0


def test_a_reader_sees_one_state(hub):
    with hub.database.read() as reading:
        count = "SELECT count(*) FROM returned_payments"
        assert reading.execute(count).fetchone()[0] == 0
        with hub.database.write() as db:
            db.execute("INSERT INTO returned_payments VALUES ('p', 'r')")
        assert reading.execute(count).fetchone()[0] == 0
    with hub.database.read() as db:
        assert db.execute(count).fetchone()[0] == 1


def test_events_are_never_changed_or_deleted(hub):
    with hub.database.write() as db:
        db.execute(
            "INSERT INTO events (date, repo, actor, user, action, detail)"
            " VALUES (0, 'ann/d', 'ann', 'bob', 'asked', '{}')"
        )
    for statement in ("UPDATE events SET actor = 'eve'", "DELETE FROM events"):
        with pytest.raises(sqlite3.IntegrityError, match="never"), hub.database.write() as db:
            db.execute(statement)


def test_it_waits_ahead_of_the_disk(hub):
    with hub.database.read() as db:
        assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert db.execute("PRAGMA foreign_keys").fetchone()[0] == 1


def test_a_write_within_a_write_is_a_bug_and_not_a_wait(hub):
    with (
        pytest.raises(RuntimeError, match="within a write"),
        hub.database.write(),
        hub.database.write(),
    ):
        pass
    with hub.database.write() as db:
        assert db.in_transaction

"""Accounts that are removed: what goes, what stays, and what stands in the way."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from pairsmith.hub.auth import sessions, tokens, users
from pairsmith.hub.context import DATABASE
from pairsmith.hub.http.errors import HubError
from pairsmith.hub.licensing import licences, offers
from pairsmith.hub.licensing.offers import Draft
from pairsmith.hub.maintenance import accounts
from pairsmith.hub.repos import events, history, repos
from support.hub.stock import commit_files


@pytest.fixture
def story(hub, account):
    """Ann's gated dataset; bo asked for it, has a licence of it, and made a commit in it."""
    ann, bo = account("ann")[0], account("bo")[0]
    with hub.database.write() as db:
        repo = repos.create(db, ann, "dataset", "teas", private=False)
        repos.set_gate(db, repo, "manual")
        offer = offers.make(db, repo, Draft("terms", "Terms.", "1", "", "", "100", "eur"))
        licence = licences.grant(db, repo, offer, bo, "ann")
        db.execute(
            "INSERT INTO requests (repo, user, status, fields, asked)"
            " VALUES (?, ?, 'accepted', '{}', 0)",
            (repo.id, bo.id),
        )
        sessions.begin(db, bo)
        db.execute(
            "INSERT INTO collaborators (repo, user, role, since) VALUES (?, ?, 'write', 0)",
            (repo.id, bo.id),
        )
    commit_files(hub, repo, bo, {"README.md": b"# Teas"})
    return ann, bo, repo, licence.number


def test_what_is_theirs_goes_and_what_others_know_stays(hub, story):
    _, bo, repo, number = story
    with hub.database.write() as db:
        held = accounts.remains(db, bo)
        assert held == ((), (), 1, 1, 1, 1, 1)
        accounts.remove(db, bo)
    with hub.database.write() as db:
        assert users.named(db, "bo") is None
        assert users.credentials(db, "bo") is None
        assert users.taken(db, "BO")
        with pytest.raises(HubError, match="taken"):
            users.add(db, "Bo", "", "", None)
        kept = licences.of_repo_numbered(db, repo, number)
        assert (kept.user, kept.fullname, kept.email) == ("deleted", "", "")
        last = events.recent(db, repo)[0]
        assert (last.actor, last.user, last.action) == ("hub", "bo", "removed")
        assert last.detail == {"status": "accepted"}
        head = history.find(db, repo, "main")
        assert head.author == "deleted"
        (row,) = (one for one in users.listed(db) if one.name == "bo")
        assert (row.email, row.tokens, row.removed is not None) == ("", 0, True)


def test_nothing_that_was_theirs_alone_is_left_in_any_table(hub, story):
    bo = story[1]
    with hub.database.write() as db:
        tokens.add(db, bo, "second", "write")
        accounts.remove(db, bo)
        tables = {
            table: column
            for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            for column in [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
            if column == "user" and table != "events"
        }
        left = {
            table
            for table in tables
            if db.execute(f"SELECT 1 FROM {table} WHERE user = ?", (bo.id,)).fetchone()
        }
    assert left == {"licences"}
    assert {"sessions", "tokens", "requests", "outbox", "links"} <= set(tables)
    hub.close()
    with closing(sqlite3.connect(hub.root / DATABASE)) as db:
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []


def test_who_owns_something_is_told_what(hub, story):
    ann = story[0]
    with hub.database.write() as db:
        assert accounts.remains(db, ann).repos == ("dataset ann/teas",)

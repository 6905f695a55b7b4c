"""Accounts that are removed: what goes, what stays, and what stands in the way."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from pairsmith.hub.auth import sessions, tokens, users
from pairsmith.hub.collections import registry
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


def test_of_every_place_where_an_account_stands_it_is_said_what_becomes_of_it(hub):
    """A new table that names accounts has to be put on one of the two lists."""
    with hub.database.read() as db:
        tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type='table'")]
        places = {
            f"{table}.{row['from']}"
            for table in tables
            for row in db.execute(f"PRAGMA foreign_key_list({table})")
            if row["table"] == "users"
        }
    assert places == {*accounts.GONE, *accounts.KEPT}
    assert not {*accounts.GONE} & {*accounts.KEPT}


def test_nothing_that_was_theirs_alone_is_left(hub, story):
    bo = story[1]
    with hub.database.write() as db:
        tokens.add(db, bo, "second", "write")
        accounts.remove(db, bo)
        for place in accounts.GONE:
            table, _, column = place.partition(".")
            assert not db.execute(f"SELECT 1 FROM {table} WHERE {column} = ?", (bo.id,)).fetchall()
        row = dict(db.execute("SELECT * FROM users WHERE id = ?", (bo.id,)).fetchone())
    assert (row["password"], row["email"], row["fullname"]) == (None, "", "")
    with closing(sqlite3.connect(hub.root / DATABASE)) as db:
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []


def test_who_owns_something_is_told_what(hub, story):
    ann = story[0]
    with hub.database.write() as db:
        registry.add(db, ann, "talks", "f", "Talk about tea", "helpful")
        assert accounts.remains(db, ann).repos == ("dataset ann/teas", "collection ann/talks")

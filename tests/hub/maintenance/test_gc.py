"""What no commit refers to goes, a day after; what one refers to, or may yet, stays."""

import os
import threading
import time

import pytest

from pairsmith.hub.auth import sessions
from pairsmith.hub.maintenance import gc as collecting
from pairsmith.hub.maintenance.gc import DAY, Collected, collect
from pairsmith.hub.repos import commits, repos
from pairsmith.hub.repos.commits import Delete, Message, Put
from pairsmith.hub.xet import uploads
from support.hub.stock import commit_files, put

AGO = DAY + 60


@pytest.fixture
def repo(hub, account):
    return make_repo(hub, account("ann")[0], "data")


def make_repo(hub, owner, name):
    with hub.database.write() as db:
        return repos.create(db, owner, "dataset", name, private=False)


@pytest.fixture
def author(hub, repo):
    from pairsmith.hub.auth import users

    with hub.database.read() as db:
        return users.named(db, repo.owner)


def age(hub, seconds=AGO):
    """Makes everything in the hub older."""
    with hub.database.write() as db:
        db.execute("UPDATE blobs SET touched = touched - ?", (seconds,))
    for path in [*hub.blobs.folder.glob("*/*"), *hub.blobs.staging.rglob("*")]:
        then = path.stat().st_mtime - seconds
        os.utime(path, (then, then))


def blobs_of(hub):
    """The contents in the database, and those in the folder."""
    with hub.database.read() as db:
        rows = {row[0] for row in db.execute("SELECT sha256 FROM blobs")}
    return rows, {path.name for path in hub.blobs.folder.glob("*/*")}


def test_what_a_commit_refers_to_stays(hub, repo, author):
    commit_files(hub, repo, author, {"a.txt": b"one", "b.parquet": b"two"})
    age(hub)
    assert collect(hub) == Collected(0, 0)
    rows, files = blobs_of(hub)
    assert rows == files
    assert len(rows) == 2


def test_what_an_old_commit_refers_to_stays(hub, repo, author):
    commit_files(hub, repo, author, {"a.txt": b"one", "b.txt": b"two"})
    with hub.database.write() as db:
        commits.commit(db, repo, "main", author, Message("Less"), [Delete("a.txt")])
    age(hub)
    assert collect(hub).contents == 0


def test_what_none_refers_to_goes_after_a_day(hub, repo):
    sent = put(hub, repo, b"never committed")
    age(hub, DAY - 60)
    assert collect(hub) == Collected(0, 0)
    assert blobs_of(hub) == ({sent}, {sent})
    age(hub, 120)
    assert collect(hub) == Collected(1, 15)
    assert blobs_of(hub) == (set(), set())
    with hub.database.read() as db:
        assert db.execute("SELECT count(*) FROM holdings").fetchone()[0] == 0
    assert list(hub.blobs.staging.iterdir()) == []


def test_the_contents_of_a_repository_that_was_deleted_go(hub, repo, author, account):
    other = make_repo(hub, account("bob")[0], "data")
    commit_files(hub, repo, author, {"a.txt": b"shared", "b.txt": b"mine alone"})
    commit_files(hub, other, author, {"a.txt": b"shared"})
    age(hub)
    with hub.database.write() as db:
        repos.delete(db, repo)
    assert collect(hub).contents == 0  # it was referred to a moment ago
    age(hub)
    assert collect(hub) == Collected(1, 10)
    rows, files = blobs_of(hub)
    assert rows == files
    assert len(rows) == 1


def test_what_is_referred_to_again_stays(hub, repo, author):
    sent = put(hub, repo, b"late")
    age(hub)
    with hub.database.write() as db:
        commits.commit(db, repo, "main", author, Message("Late"), [Put("a", sent, lfs=False)])
    assert collect(hub).contents == 0


def test_a_file_that_no_row_knows_goes_after_a_day(hub, repo):
    sent = put(hub, repo, b"the process died before the row")
    with hub.database.write() as db:
        db.execute("DELETE FROM blobs")
    assert collect(hub).contents == 0
    assert blobs_of(hub) == (set(), {sent})
    age(hub)
    assert collect(hub).contents == 1
    assert blobs_of(hub) == (set(), set())


def test_a_death_between_the_row_and_the_file_leaves_no_promise(hub, repo, monkeypatch):
    sent = put(hub, repo, b"to be collected")
    age(hub)

    def die(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(collecting, "_take_files", die)
        with pytest.raises(KeyboardInterrupt):
            collect(hub)
    assert blobs_of(hub) == (set(), {sent})  # a file too many, never a row too many
    assert collect(hub).contents == 1


def test_a_content_that_is_sent_again_meanwhile_stays(hub, repo, monkeypatch):
    sent = put(hub, repo, b"again")
    age(hub)
    take = collecting._take_files

    def late(*given):
        put(hub, repo, b"again")
        return take(*given)

    monkeypatch.setattr(collecting, "_take_files", late)
    assert collect(hub).contents == 0
    assert blobs_of(hub) == ({sent}, {sent})


def test_contents_are_collected_in_batches_while_others_are_sent(hub, repo, monkeypatch):
    monkeypatch.setattr(collecting, "BATCH", 3)
    for number in range(20):
        put(hub, repo, b"old %d" % number)
    age(hub)
    contents = [b"old %d" % number for number in range(0, 20, 2)]  # the same, again
    sender = threading.Thread(target=lambda: [put(hub, repo, data) for data in contents])
    sender.start()
    taken = collect(hub)
    sender.join()
    rows, files = blobs_of(hub)
    assert rows == files
    assert len(rows) >= len(contents)
    assert taken.contents >= 20 - len(contents)


def test_what_was_on_its_way_in_goes_after_a_day(hub):
    stale = hub.blobs.staging / "stale"
    stale.write_bytes(b"half")
    parts = hub.blobs.staging / "parts-1-abc"
    parts.mkdir()
    (parts / "1").write_bytes(b"half")
    age(hub)
    fresh = hub.blobs.staging / "fresh"
    fresh.write_bytes(b"half")
    collect(hub)
    assert list(hub.blobs.staging.iterdir()) == [fresh]


def test_uploads_and_sessions_that_are_over_go(hub, repo, author):
    with hub.database.write() as db:
        grant = uploads.begin(db, repo, author)
        sessions.begin(db, author)
        lasting = sessions.begin(db, author)
    uploads.used_folder(hub, uploads.Upload(grant.id, repo.id))
    age(hub)
    with hub.database.write() as db:
        db.execute("UPDATE uploads SET expires = expires - ?", (AGO,))
        db.execute("UPDATE sessions SET expires = 1 WHERE rowid = 1")
    collect(hub)
    with hub.database.read() as db:
        assert db.execute("SELECT count(*) FROM uploads").fetchone()[0] == 0
        assert db.execute("SELECT count(*) FROM sessions").fetchone()[0] == 1
        assert sessions.find(db, lasting) == author
    assert [path for path in hub.blobs.staging.rglob("*") if path.name == grant.id] == []


def test_a_hub_of_many_contents_answers_while_it_collects(hub, repo):
    for number in range(300):
        put(hub, repo, b"%d" % number)
    age(hub)
    waited = []
    done = threading.Event()

    def write():
        while not done.is_set():
            began = time.perf_counter()
            put(hub, repo, b"meanwhile")
            waited.append(time.perf_counter() - began)

    writer = threading.Thread(target=write)
    writer.start()
    taken = collect(hub)
    done.set()
    writer.join()
    assert taken.contents == 300
    assert len(waited) > 1

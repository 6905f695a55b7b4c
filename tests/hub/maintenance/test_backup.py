"""A backup is whole, can be served, is brought up to date, and overwrites nothing else."""

import hashlib
import os

import pytest

from pairsmith.errors import OutputError
from pairsmith.hub.context import locked, open_hub
from pairsmith.hub.core.blobs import Blobs
from pairsmith.hub.maintenance import backup as copying
from pairsmith.hub.maintenance.backup import Backup, adopt, backup
from pairsmith.hub.maintenance.verify import verify
from pairsmith.hub.repos import files, history, repos
from support.hub.stock import commit_files, put


@pytest.fixture
def filled(hub, account):
    """A hub with a repository of one commit; the repository and its owner."""
    ann, _ = account("ann")
    with hub.database.write() as db:
        repo = repos.create(db, ann, "dataset", "data", private=True)
    commit_files(hub, repo, ann, {"a.txt": b"one", "b.parquet": b"two"})
    put(hub, repo, b"under way")
    return repo, ann


def content_of(root, path):
    with open_hub(root) as hub, hub.database.read() as db:
        repo = repos.find(db, "dataset", "ann", "data")
        file = files.named(db, history.find(db, repo, "main"), path)
        return hub.blobs.path(file.blob).read_bytes() if file else None


def test_a_backup_is_a_hub(hub, filled, tmp_path):
    out = tmp_path / "copy"
    assert backup(hub.root, out) == Backup(2, 6, 2)
    assert verify(out) == []
    assert content_of(out, "a.txt") == b"one"
    assert sorted(path.name for path in out.iterdir() if not path.name.startswith(".")) == [
        "backup.json", "blobs", "hub.sqlite", "incoming",
    ]  # fmt: skip
    with open_hub(out) as copy, copy.database.read() as db:
        assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def test_contents_are_linked_on_one_file_system(hub, filled, tmp_path):
    backup(hub.root, tmp_path / "copy")
    for path in (tmp_path / "copy" / "blobs").glob("*/*"):
        assert path.stat().st_nlink == 2


def test_contents_are_copied_where_they_cannot_be_linked(hub, filled, tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    assert backup(hub.root, tmp_path / "copy").new == 2
    assert verify(tmp_path / "copy") == []
    for path in (tmp_path / "copy" / "blobs").glob("*/*"):
        assert path.stat().st_nlink == 1


def test_a_backup_is_brought_up_to_date(hub, filled, tmp_path):
    repo, ann = filled
    out = tmp_path / "copy"
    backup(hub.root, out)
    commit_files(hub, repo, ann, {"a.txt": b"three"})
    assert backup(hub.root, out) == Backup(3, 11, 1)
    assert content_of(out, "a.txt") == b"three"
    with hub.database.write() as db:
        repos.delete(db, repo)
    assert backup(hub.root, out) == Backup(0, 0, 0)
    assert verify(out) == []
    assert list((out / "blobs").glob("*/*")) == []


def test_a_backup_that_breaks_off_leaves_the_earlier_one(hub, filled, tmp_path, monkeypatch):
    repo, ann = filled
    out = tmp_path / "copy"
    backup(hub.root, out)
    commit_files(hub, repo, ann, {"a.txt": b"three"})

    def die(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(copying, "_replace_database", die)
        with pytest.raises(KeyboardInterrupt):
            backup(hub.root, out)
    assert content_of(out, "a.txt") == b"one"
    assert [problem for problem in verify(out) if not problem.is_note] == []
    assert backup(hub.root, out).contents == 3
    assert verify(out) == []


def content(folder, data):
    """Where a content lies in a hub or a backup."""
    return Blobs(folder).path(hashlib.sha256(data).hexdigest())


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: path.unlink(), "The file is missing."),
        (lambda path: path.write_bytes(b"tw"), "The file has 2 bytes, not 3."),
        (lambda path: path.write_bytes(b"tvo"), "its SHA-256 is another."),
    ],
)
def test_what_is_lost_is_named_and_the_rest_is_copied(hub, filled, tmp_path, spoil, said):
    out = tmp_path / "copy"
    spoil(content(hub.root, b"two"))
    made = backup(hub.root, out)
    assert (made.contents, made.bytes, made.new) == (1, 3, 1)
    (lost,) = made.lost
    assert said in lost
    assert "'b.parquet' of ann/data" in lost
    assert content(out, b"one").read_bytes() == b"one"
    assert not content(out, b"two").exists()
    with open_hub(out) as copy, copy.database.read() as db:  # where it is served, it knows
        assert [row[0] for row in db.execute("SELECT blob FROM damaged")] == [
            content(out, b"two").name
        ]


def apart(path, data):
    """Another content in the place of a copy that may be a link to the hub's."""
    path.unlink()
    path.write_bytes(data)


def test_a_copy_that_was_changed_is_replaced(hub, filled, tmp_path):
    out = tmp_path / "copy"
    backup(hub.root, out)
    for damaged in (b"tvo", b"tw", b""):
        apart(content(out, b"two"), damaged)
        assert backup(hub.root, out).new == 1
        assert verify(out) == []


def test_a_copy_that_rotted_is_replaced_once_it_is_found(hub, filled, tmp_path):
    """Its size and its time are as they were: a look does not tell it, a proof does."""
    out = tmp_path / "copy"
    for find in (lambda: verify(out), None):
        backup(hub.root, out)
        place = content(out, b"two")
        was = place.stat()
        apart(place, b"tvo")
        os.utime(place, ns=(was.st_atime_ns, was.st_mtime_ns))
        assert backup(hub.root, out).new == 0
        if find:
            assert len(find()) == 1
        assert backup(hub.root, out, prove=find is None).new == 1
        assert verify(out) == []


def test_a_good_copy_outlives_the_loss_of_the_content(hub, filled, tmp_path):
    out = tmp_path / "copy"
    backup(hub.root, out)
    apart(content(hub.root, b"two"), b"tvo")
    assert backup(hub.root, out) == Backup(2, 6, 0)
    assert verify(out) == []
    content(hub.root, b"two").unlink()
    assert backup(hub.root, out) == Backup(2, 6, 0)
    assert verify(out) == []


def test_nothing_else_is_overwritten(hub, filled, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputError, match="something else"):
        backup(hub.root, other)
    with open_hub(tmp_path / "live", create=True):
        pass
    with pytest.raises(OutputError, match="is, or was, served"):
        backup(hub.root, tmp_path / "live")
    for within in (hub.root, hub.root / "copy", hub.root.parent):
        with pytest.raises(OutputError, match="within each other"):
            backup(hub.root, within)


def test_a_backup_that_is_served_is_a_hub_of_its_own(hub, filled, tmp_path):
    out = tmp_path / "copy"
    backup(hub.root, out)
    with locked(out), pytest.raises(OutputError, match="Another process"):
        backup(hub.root, out)
    adopt(out)
    with pytest.raises(OutputError, match="is, or was, served"):
        backup(hub.root, out)


def test_a_file_is_no_place_for_a_backup(hub, filled, tmp_path):
    (tmp_path / "file").write_text("text")
    with pytest.raises(OutputError, match="cannot be written"):
        backup(hub.root, tmp_path / "file")

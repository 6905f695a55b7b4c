"""A backup is whole, can be served, is brought up to date, and overwrites nothing else."""

import os

import pytest

from pairsmith.errors import OutputError
from pairsmith.hub.context import locked, open_hub
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


def test_a_content_that_is_missing_is_told(hub, filled, tmp_path):
    next(iter(hub.blobs.folder.glob("3f/*"))).unlink()
    with pytest.raises(OutputError, match="is missing"):
        backup(hub.root, tmp_path / "copy")


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

"""A whole hub is found whole, and whatever is wrong with one is found."""

import os
import sqlite3

import pytest

from pairsmith.errors import PairsmithError
from pairsmith.hub.maintenance.gc import DAY
from pairsmith.hub.maintenance.verify import verify
from pairsmith.hub.repos import history, repos
from support.hub.stock import commit_files, put


@pytest.fixture
def filled(hub, account):
    """A hub with a repository; its root and the path of a content of it."""
    ann, _ = account("ann")
    with hub.database.write() as db:
        repo = repos.create(db, ann, "dataset", "data", private=True)
    commit_files(hub, repo, ann, {"a.txt": b"one", "b.parquet": b"two"})
    made = commit_files(hub, repo, ann, {"a.txt": b"another one"})
    with hub.database.write() as db:
        history.add_ref(db, repo, "tag", "v1", made)
    put(hub, repo, b"not committed")
    return hub.root, next(iter(hub.blobs.folder.glob("3f/3fc4*")))  # "two"


def change(root, *statements):
    """Changes the database behind its back."""
    db = sqlite3.connect(root / "hub.sqlite")
    for statement in statements:
        db.execute(statement)
    db.commit()
    db.close()


def problems(root):
    return [problem for problem in verify(root) if not problem.is_note]


def test_a_whole_hub(filled):
    root, _ = filled
    steps = []
    assert verify(root, lambda done, total: steps.append((done, total))) == []
    assert steps == [(n, 4) for n in range(4)]


def test_a_content_that_is_missing(filled):
    root, path = filled
    path.unlink()
    (found,) = problems(root)
    assert found.where == f"blobs/3f/{path.name}"
    assert found.message == "The file is missing. It is 'b.parquet' of ann/data."


def test_a_content_that_was_cut(filled):
    root, path = filled
    path.write_bytes(b"tw")
    assert "2 bytes, not 3" in problems(root)[0].message


def test_a_content_that_was_changed(filled):
    root, path = filled
    path.write_bytes(b"tvo")
    assert "SHA-256" in problems(root)[0].message


def test_an_id_in_git_that_is_wrong(filled):
    root, path = filled
    change(root, f"UPDATE blobs SET sha1 = 'no' WHERE sha256 = '{path.name}'")
    assert "git" in problems(root)[0].message


def test_a_ref_without_its_commit(filled):
    root, _ = filled
    change(root, "UPDATE refs SET target = 'gone' WHERE kind = 'tag'")
    (found,) = problems(root)
    assert found.where == "ann/data"
    assert "'v1' names the commit gone" in found.message


def test_a_commit_without_its_parent(filled):
    root, _ = filled
    change(root, "UPDATE commits SET parent = 'gone' WHERE parent IS NOT NULL")
    assert "parent gone" in problems(root)[0].message


def test_a_row_that_refers_to_none(filled):
    root, path = filled
    change(root, "PRAGMA foreign_keys = OFF", f"DELETE FROM blobs WHERE sha256 = '{path.name}'")
    found = {problem.message for problem in problems(root)}
    assert any("of files refers to a row of blobs" in message for message in found)
    assert any("of holdings refers to a row of blobs" in message for message in found)


def test_a_file_that_no_row_knows_is_a_note_for_a_day(filled):
    root, _ = filled
    stray = root / "blobs" / "ab" / ("ab" * 32)
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"")
    (found,) = verify(root)
    assert (found.where, found.is_note) == (f"blobs/ab/{stray.name}", True)
    then = stray.stat().st_mtime - DAY - 60
    os.utime(stray, (then, then))
    (found,) = verify(root)
    assert not found.is_note


@pytest.mark.parametrize("damaged", ["files_by_blob", "blobs"])
def test_a_damaged_database(filled, hub, damaged):
    root, _ = filled
    with hub.database.read() as db:
        found = db.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (damaged,))
        page, size = found.fetchone()[0], db.execute("PRAGMA page_size").fetchone()[0]
    hub.close()
    with (root / "hub.sqlite").open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    assert "hub.sqlite" in {problem.where for problem in problems(root)}


def test_a_folder_that_is_no_hub(tmp_path):
    with pytest.raises(PairsmithError, match="no folder"):
        verify(tmp_path / "missing")
    (tmp_path / "file").write_text("text")
    with pytest.raises(PairsmithError, match="something else"):
        verify(tmp_path)
    with pytest.raises(PairsmithError, match="is, or lies in, a file"):
        verify(tmp_path / "file")
    (tmp_path / "empty").mkdir()
    with pytest.raises(PairsmithError, match="no hub in"):
        verify(tmp_path / "empty")
    assert list((tmp_path / "empty").iterdir()) == []

"""Outputs that cannot be written, and what is there already: nothing of theirs is touched."""

import contextlib
import errno
import gzip
import json
import os
import re
import resource
import subprocess

import pytest

import pairsmith
from pairsmith.dataset import folder
from pairsmith.errors import DamagedInputError, OutputError, SourceError
from support.good_rows import GOOD, ROWS


@contextlib.contextmanager
def as_nobody():
    """Without root's power to write everywhere."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def open_up(folder):
    """Lets everybody pass through pytest's own folders."""
    while "pytest" in folder.as_posix():
        folder.chmod(0o755)
        folder = folder.parent


def test_no_permission_to_write(one_row, tmp_path_factory, tmp_path):
    pairsmith.build(one_row, tmp_path / "warm-up")  # so that every module is loaded
    closed = tmp_path_factory.mktemp("closed")
    closed.chmod(0o555)
    open_up(tmp_path)
    with as_nobody(), pytest.raises(OutputError, match="No permission for .*closed") as caught:
        pairsmith.build(one_row, closed / "out")
    assert caught.value.hint


def test_no_permission_to_read(one_row, tmp_path):
    pairsmith.build(one_row, tmp_path / "warm-up")
    open_up(tmp_path)
    one_row.chmod(0o000)
    out = tmp_path / "open"
    out.mkdir(mode=0o777)
    out.chmod(0o777)
    with as_nobody(), pytest.raises(SourceError, match=r"No permission to read .*train\.jsonl"):
        pairsmith.build(one_row, out)


def test_a_full_disk_then_room_again(tmp_path):
    """A file system of 64 KiB fills up in mid-build; with room, the same command succeeds."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", disk]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system needs root")
    try:
        with pytest.raises(OutputError, match="cannot be written: .*[Nn]o space left") as caught:
            pairsmith.build("sample", disk / "out", template="llama2")
        assert caught.value.hint == "Make room; the same command goes on."
        assert not (disk / "out" / "manifest.json").exists()
        subprocess.run(["mount", "-o", "remount,size=8m", disk], check=True)
        built = pairsmith.build("sample", disk / "out", template="llama2")
        assert not built.reused
        assert pairsmith.check(disk / "out") == []
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_file_that_may_not_grow(tmp_path):
    """The same fault where no disk can be mounted: a limit on the size of files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))
    try:
        with pytest.raises(OutputError, match=os.strerror(errno.EFBIG)):
            pairsmith.build("sample", tmp_path / "out", template="llama2")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not (tmp_path / "out" / "manifest.json").exists()


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize(
    "name", ["thesis.txt", "manifest.json", "README.md", "pairs/train.parquet"]
)
def test_a_folder_that_holds_something_else(one_row, tmp_path, name, force):
    out = tmp_path / "out"
    (out / name).parent.mkdir(parents=True)
    (out / name).write_text("{}")
    with pytest.raises(OutputError, match=re.escape(str(out))):
        pairsmith.build(one_row, out, force=force)
    assert [p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()] == [name]
    assert (out / name).read_text() == "{}"


def test_an_output_that_is_a_file_or_a_url(one_row, tmp_path):
    with pytest.raises(OutputError, match="is a file"):
        pairsmith.build(one_row, one_row)
    with pytest.raises(OutputError, match="is a URL"):
        pairsmith.build(one_row, "https://example.org/out")
    assert one_row.read_text() == json.dumps(GOOD) + "\n"


def test_what_a_broken_off_build_left_is_cleared_and_nothing_else(one_row, tmp_path):
    begun = tmp_path / "out" / "unfinished"
    (begun / "pairs").mkdir(parents=True)
    (begun / "pairsmith.lock").touch()
    (begun / "pairs" / "train-00007.parquet.partial").touch()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "test-00000.parquet").write_text("precious")
    (begun / "helpful-base").symlink_to(tmp_path / "mine")
    pairsmith.build(one_row, tmp_path / "out")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "README.md", "manifest.json", "pairs",
    ]  # fmt: skip
    assert (tmp_path / "mine" / "test-00000.parquet").read_text() == "precious"


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_a_folder_called_unfinished_that_is_not_ours(one_row, tmp_path, kind):
    out, other = tmp_path / "out", tmp_path / "other"
    out.mkdir()
    other.mkdir()
    (other / "pairsmith.lock").touch()
    (other / "mine.txt").write_text("mine")
    if kind == "link":
        (out / "unfinished").symlink_to(other)
    elif kind == "file":
        (out / "unfinished").write_text("mine")
    else:
        (out / "unfinished").mkdir()
        (out / "unfinished" / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match="holds something else: unfinished"):
        pairsmith.build(one_row, out)
    assert (other / "mine.txt").read_text() == "mine"


def test_a_link_in_the_way_of_a_forced_build(one_row, tmp_path):
    out = tmp_path / "out"
    pairsmith.build(one_row, out)
    (tmp_path / "other").mkdir()
    (out / "quarantine").symlink_to(tmp_path / "other")
    one_row.write_text("bad\n")
    with pytest.raises(OutputError, match="holds something else: quarantine"):
        pairsmith.build(one_row, out, force=True)
    assert not list((tmp_path / "other").iterdir())


def test_a_forced_build_that_fails_leaves_the_earlier_one(one_row, tmp_path):
    out = tmp_path / "out"
    pairsmith.build(one_row, out)
    bad = tmp_path / "bad.jsonl.gz"
    bad.write_bytes(gzip.compress(b"\n".join(ROWS))[:2000])
    with pytest.raises(DamagedInputError):
        pairsmith.build(bad, out, force=True)
    assert [p.path for p in pairsmith.check(out)] == ["unfinished"]
    pairsmith.build(one_row, out, force=True)
    assert pairsmith.check(out) == []


def test_a_build_may_read_from_the_one_that_it_replaces(tmp_path):
    out = tmp_path / "out"
    pairsmith.build("sample", out, template="llama2")
    refused = out / "quarantine" / "helpful-base-train.jsonl"
    built = pairsmith.build(refused, out, from_="hh", force=True)
    assert built.totals.read == 4
    assert pairsmith.check(out) == []


def test_a_build_that_was_refused_at_the_end_does_not_come_back(one_row, tmp_path):
    out = tmp_path / "out"
    pairsmith.build(one_row, out)
    (out / "quarantine").mkdir()
    (out / "quarantine" / "pairs-train.jsonl").write_text("mine")
    other = tmp_path / "other.jsonl"
    other.write_text("bad\n")
    for _ in range(2):
        with pytest.raises(OutputError, match="holds something else: quarantine/pairs-train.jsonl"):
            pairsmith.build(other, out, subset="pairs", force=True)
        with pytest.raises(OutputError, match="holds a build of other files"):
            pairsmith.build(other, out, subset="pairs")
        assert (out / "quarantine" / "pairs-train.jsonl").read_text() == "mine"


def test_a_build_that_ended_meanwhile_is_not_replaced(one_row, tmp_path, monkeypatch):
    out = tmp_path / "out"
    real = folder.workspace

    def late(place, earlier):
        monkeypatch.setattr(folder, "workspace", real)
        pairsmith.build("sample", out)
        return real(place, earlier)

    monkeypatch.setattr(folder, "workspace", late)
    with pytest.raises(OutputError, match="ended just now"):
        pairsmith.build(one_row, out)
    assert pairsmith.check(out) == []


def test_an_edited_card_is_put_aside_by_a_forced_build(one_row, tmp_path):
    out = tmp_path / "out"
    pairsmith.build(one_row, out)
    pairsmith.build("sample", out, force=True)
    assert not (out / "README.md.old").exists()
    for number, name in enumerate(["README.md.old", "README.md.old1"]):
        (out / "README.md").write_text(f"mine {number}")
        pairsmith.build("sample", out, force=True)
        assert (out / name).read_text() == f"mine {number}"


def test_a_source_that_the_build_would_clear(one_row, tmp_path):
    begun = tmp_path / "out" / "unfinished"
    begun.mkdir(parents=True)
    (begun / "pairsmith.lock").touch()
    (begun / "train.jsonl").write_bytes(ROWS[0])
    with pytest.raises(OutputError, match="would be cleared by this build"):
        pairsmith.build(begun / "train.jsonl", tmp_path / "out")
    assert (begun / "train.jsonl").read_bytes() == ROWS[0]


def test_two_builds_into_one_folder(one_row, tmp_path):
    from filelock import FileLock

    out = tmp_path / "out"
    (out / "unfinished").mkdir(parents=True)
    held = FileLock(out / "unfinished" / "pairsmith.lock")
    with held, pytest.raises(OutputError, match="Another build is writing"):
        pairsmith.build(one_row, out)
    pairsmith.build(one_row, out)
    assert pairsmith.check(out) == []


@pytest.mark.parametrize("name", ["run:1", "hdfs:a", "a b", "out[1]", os.fsdecode(b"x\xff")])
def test_an_output_folder_of_any_name(one_row, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    pairsmith.build(one_row, name)
    assert pairsmith.check(name) == []


def test_the_source_is_left_as_it_was(one_row, tmp_path):
    one_row.chmod(0o444)
    before = (one_row.read_bytes(), one_row.stat().st_mtime_ns)
    pairsmith.build(one_row, tmp_path / "out")
    assert (one_row.read_bytes(), one_row.stat().st_mtime_ns) == before

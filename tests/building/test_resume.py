"""A build that is broken off, however it is, goes on; and gives what it would have given."""

import contextlib
import gzip
import itertools
import json
import os
import platform
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import pairsmith
from pairsmith.building import partition, task
from pairsmith.dataset import checkpoint
from pairsmith.dataset.checkpoint import count_shards
from pairsmith.errors import BrokenReadError, DamagedInputError, OutputError
from pairsmith.io.digests import MeteredFile
from support.mixture import hashes, line, pair, write_mixture

SHARD_ROWS = 40


class Killed(BaseException):
    """What nothing catches."""


def build(source, out, **options):
    options = {"template": "llama2", "shard_rows": SHARD_ROWS, "workers": 1, **options}
    return pairsmith.build(source, out, **options)


@pytest.fixture(scope="module")
def mixture(tmp_path_factory):
    """A source of seven files, about 40 shards. Not to be changed."""
    return write_mixture(tmp_path_factory.mktemp("mixture") / "in", 500)


@pytest.fixture(scope="module")
def wanted(mixture, tmp_path_factory):
    """The hashes of its build."""
    out = tmp_path_factory.mktemp("wanted") / "out"
    build(mixture, out)
    return hashes(out)


@pytest.fixture
def source(tmp_path):
    """A file of 200 rows: five shards."""
    path = tmp_path / "in" / "train.jsonl"
    path.parent.mkdir()
    path.write_bytes(b"\n".join(line(number) for number in range(200)) + b"\n")
    return path


def fresh(source, tmp_path, **options):
    """The hashes of an unbroken build."""
    build(source, tmp_path / "fresh", **options)
    return hashes(tmp_path / "fresh")


def break_off(source, out, shards=3, **options):
    """Ends a build, as it were, once so many shards are finished; small blocks, so in mid-file."""

    def watch(_):
        if count_shards(out) >= shards:
            raise Killed

    with pytest.raises(Killed):
        build(source, out, progress=watch, **{"batch_rows": 10, **options})
    assert count_shards(out) >= shards
    return begun(out)


def begun(out):
    """What tells the finished shards of a broken-off build from others like them, by path."""
    staging = out / "unfinished"
    records = staging.glob("*/*-[0-9]*.json")
    paths = [path.with_suffix(".parquet") for path in records]
    return {
        path.relative_to(staging).with_suffix("").as_posix(): (held.st_ino, held.st_mtime_ns)
        for path in paths
        for held in [path.stat()]
    }


def finished(out):
    """The same of a build that is whole."""
    return {
        path.relative_to(out).as_posix().partition("-of-")[0]: (held.st_ino, held.st_mtime_ns)
        for path in out.glob("*/*.parquet")
        for held in [path.stat()]
    }


def wait_for(condition):
    """Waits until it holds; a minute is for ever."""
    for _ in range(12000):
        if condition():
            return
        time.sleep(0.005)
    raise AssertionError("it never came to hold")


def is_alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


# Killed

HOST = """
import os, sys
from pathlib import Path
if __name__ == "__main__":
    import pyarrow.parquet, tenacity, isal.igzip_lib, filelock
    import pairsmith
    import pairsmith.building.build
    source, rows = sys.argv[1], int(sys.argv[2])
    for line in sys.stdin:
        out, workers = line.split()
        pid = os.fork()
        if not pid:
            os.close(0)
            pairsmith.build(source, out, shard_rows=rows, workers=int(workers))
            os._exit(0)
        print(pid, flush=True)
        print(os.waitpid(pid, 0)[1], flush=True)
"""


class Host:
    """A process that starts builds in processes of their own, its imports done."""

    def __init__(self, script, source):
        script.write_text(HOST)
        self.process = subprocess.Popen(
            [sys.executable, script, source, str(SHARD_ROWS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def build(self, out, workers, seconds):
        """Builds, killed after so many seconds; returns whether it came to an end before."""
        self.process.stdin.write(f"{out} {workers}\n")
        self.process.stdin.flush()
        pid = int(self.process.stdout.readline())
        if seconds is not None:
            time.sleep(seconds)
            with contextlib.suppress(ProcessLookupError):  # it has come to its end
                os.kill(pid, signal.SIGKILL)
        status = int(self.process.stdout.readline())
        assert status in (0, signal.SIGKILL)
        return status == 0


def moving(out):
    """Whether a build that is whole is on its way into place, or was."""
    staging = out / "unfinished"
    return (staging / "manifest.json").exists() or not (staging / "plan.json").exists()


def test_a_build_killed_at_fifty_moments(tmp_path):
    mixture = write_mixture(tmp_path / "in", 250)
    usual = tmp_path / "usual"
    build(mixture, usual, template=None)
    chance = random.Random(4)
    outs = iter(tmp_path / f"out{number}" for number in range(60))
    out = next(outs)
    ended = resumed = 0
    host = Host(tmp_path / "host.py", mixture)
    with host.process:
        try:
            takes = {}
            for workers in (1, 2):
                start = time.monotonic()
                host.build(tmp_path / f"timed{workers}", workers, None)
                takes[workers] = time.monotonic() - start
            for kill in range(50):
                workers = 1 + kill % 2
                # one that was on its way into place has moved shards away from their records
                unfinished = (out / "unfinished").exists() and not moving(out)
                before = begun(out) if unfinished else {}
                resumed += bool(before)
                if host.build(out, workers, chance.uniform(0, takes[workers])):
                    assert hashes(out) == hashes(usual)
                    out, ended = next(outs), ended + 1
                elif not moving(out):
                    assert before.items() <= begun(out).items()  # none was written again
            host.build(out, 1, None)
        finally:
            host.process.kill()
    assert hashes(out) == hashes(usual)
    assert pairsmith.check(out) == []
    assert not list(tmp_path.glob("*/unfinished"))
    assert resumed >= 10
    assert ended >= 1


@pytest.mark.parametrize(("first", "then"), [(1, 2), (2, 1), (2, 2)])
def test_another_number_of_workers_goes_on(mixture, wanted, tmp_path, first, then):
    out = tmp_path / "out"
    kept = break_off(mixture, out, 12, workers=first)
    build(mixture, out, workers=then, batch_rows=1000)
    assert hashes(out) == wanted
    held = finished(out)
    assert all(held[name] == mark for name, mark in kept.items() if name in held)
    assert len(kept.keys() & held.keys()) >= 5


@pytest.mark.parametrize("name", ["record_source", "assemble"])
def test_a_build_killed_when_its_shards_are_finished(mixture, wanted, tmp_path, monkeypatch, name):
    out = tmp_path / "out"

    def die(*_):
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(checkpoint, name, die)
        build(mixture, out)
    kept = begun(out)
    assert len(kept) >= 3
    build(mixture, out)
    assert hashes(out) == wanted
    held = finished(out)
    assert all(held[name] == mark for name, mark in kept.items() if name in held)


# A full disk


def test_a_disk_that_fills_in_mid_build(mixture, wanted, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=224k", "none", disk]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system needs root")
    out = disk / "out"
    options = ["--template", "llama2", "--shard-rows", str(SHARD_ROWS), "--workers"]
    command = [sys.executable, "-m", "pairsmith", "build", mixture, out, *options]
    try:
        for workers in "12":
            failed = subprocess.run(
                [*command, workers], capture_output=True, text=True, check=False
            )
            assert failed.returncode == 2
            assert re.search("cannot be written: .*[Nn]o space left", failed.stderr)
            assert len(failed.stderr.splitlines()) == 2, failed.stderr  # a fault, a hint, no noise
        assert not list(out.rglob("*.partial"))
        kept = begun(out)
        assert len(kept) >= 3
        subprocess.run(["mount", "-o", "remount,size=16m", disk], check=True)
        subprocess.run([*command, "1"], capture_output=True, check=True)
        held = finished(out)
        assert all(held[name] == mark for name, mark in kept.items() if name in held)
        assert len(kept.keys() & held.keys()) >= 3
        assert hashes(out) == wanted
    finally:
        subprocess.run(["umount", disk], check=True)


# Changed meanwhile


def change_a_row(path):
    path.write_bytes(path.read_bytes().replace(b"3 miles", b"9 miles", 1))


def put_a_row_first(path):
    path.write_bytes(line(777) + b"\n" + path.read_bytes())


def cut_off_rows(path):
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:50]))


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("change", [change_a_row, put_a_row_first, cut_off_rows])
def test_a_changed_input_is_named_and_built_anew(source, tmp_path, change, workers):
    out = tmp_path / "out"
    break_off(source, out)
    change(source)
    built = build(source, out, workers=workers)
    said = "train.jsonl has changed since the build was broken off: built anew."
    assert said in built.remarks
    assert hashes(out) == fresh(source, tmp_path)


def test_an_unchanged_input_is_not_named(source, tmp_path):
    out = tmp_path / "out"
    break_off(source, out)
    assert not any("changed" in said for said in build(source, out).remarks)


@pytest.mark.parametrize("rows", [200, 190], ids=["full-shards", "a-short-last-shard"])
@pytest.mark.parametrize("noted", [True, False])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_file_that_grew_after_its_shards_were_finished(
    tmp_path, monkeypatch, rows, noted, workers
):
    """A last shard of fewer rows has to take the new ones."""
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    (folder / "test.jsonl").write_bytes(line(1) + b"\n")
    path = folder / "train.jsonl"
    path.write_bytes(b"\n".join(line(number) for number in range(rows)) + b"\n")
    real = checkpoint.record_source

    def die(staging, file, source):
        if noted:
            real(staging, file, source)
        if file.split == "train":
            raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(checkpoint, "record_source", die)
        build(folder, out)
    kept = begun(out)
    with path.open("ab") as file:
        file.write(b"\n".join(line(number) for number in range(900, 930)))
    built = build(folder, out, workers=workers)
    assert built.totals.read == rows + 31
    assert hashes(out) == fresh(folder, tmp_path)
    held = finished(out)
    assert held["pairs/train-00000"] == kept["pairs/train-00000"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"template": "chatml"}, "another recipe (template differ)"),
        ({"shard_rows": 41}, "another recipe (shard_rows differ)"),
        ({"system": "Be kind."}, "another recipe (system differ)"),
    ],
)
def test_another_recipe_is_refused(source, tmp_path, options, said):
    out = tmp_path / "out"
    break_off(source, out)
    before = hashes(out)
    with pytest.raises(OutputError, match="holds an unfinished build of") as caught:
        build(source, out, **options)
    assert said in caught.value.message
    assert "--force starts anew" in caught.value.hint
    after = hashes(out)
    assert {**after, "unfinished/holder.txt": ""} == {**before, "unfinished/holder.txt": ""}
    build(source, out, **options, force=True)
    assert hashes(out) == fresh(source, tmp_path, **options)


def test_other_files_are_refused(source, tmp_path):
    out = tmp_path / "out"
    break_off(source, out)
    other = source.with_name("test.jsonl")
    source.rename(other)
    with pytest.raises(OutputError, match=r"an unfinished build of other files: train\.jsonl"):
        build(other, out)
    build(other, out, force=True)
    assert hashes(out) == fresh(other, tmp_path)


@pytest.mark.parametrize("name", ["pairsmith", "pyarrow"])
def test_another_version_is_refused(source, tmp_path, name):
    out = tmp_path / "out"
    break_off(source, out)
    path = out / "unfinished" / "plan.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), name: "0.0"}))
    before = begun(out)
    with pytest.raises(OutputError, match=f"another version of .*{name}"):
        build(source, out)
    assert begun(out) == before
    build(source, out, force=True)
    assert hashes(out) == fresh(source, tmp_path)


@pytest.mark.parametrize(
    "change",
    [{"inputs": 5}, {"recipe": [1]}, {"recipe": {}}, {"compiled": "odd"}, {"inputs": None}],
)
def test_an_odd_plan_is_refused_or_believed_but_does_no_harm(source, tmp_path, change):
    out = tmp_path / "out"
    break_off(source, out)
    path = out / "unfinished" / "plan.json"
    held = json.loads(path.read_text())
    path.write_text(json.dumps(held | change))
    try:
        build(source, out)
    except OutputError:
        build(source, out, force=True)
    assert hashes(out) == fresh(source, tmp_path)


def test_a_plan_without_a_field_does_no_harm(source, tmp_path):
    out = tmp_path / "out"
    break_off(source, out)
    path = out / "unfinished" / "plan.json"
    held = json.loads(path.read_text())
    del held["compiled"]
    path.write_text(json.dumps(held))
    build(source, out)
    assert hashes(out) == fresh(source, tmp_path)


# Not believed


def set_field(*names, value):
    """Changes a field of a record."""

    def change(path):
        held = json.loads(path.read_text())
        inner = held
        for name in names[:-1]:
            inner = inner[name]
        inner[names[-1]] = value
        path.write_text(json.dumps(held))

    return change


def of_another(path):
    path.write_bytes(path.with_name("train-00001.json").read_bytes())


def shard_of_another(path):
    of_another(path)
    for ending in (".parquet",):
        other = path.with_name(f"train-00001{ending}")
        path.with_suffix(ending).write_bytes(other.read_bytes())
    quarantine = path.parent.parent / "quarantine"
    data = (quarantine / "pairs-train-00001.jsonl").read_bytes()
    (quarantine / "pairs-train-00000.jsonl").write_bytes(data)


RECORDS = {
    "no-json": lambda path: path.write_text("{"),
    "deep": lambda path: path.write_text("[" * 100_000),
    "empty": lambda path: path.write_text(""),
    "bytes": lambda path: path.write_bytes(b"\xff\xfe"),
    "list": lambda path: path.write_text("[]"),
    "object": lambda path: path.write_text("{}"),
    "null": lambda path: path.write_text("null"),
    "negative": set_field("read", value=-1),
    "kept-lies": set_field("kept", value=39),
    "noted-lies": set_field("noted", value={"near_empty_reply": 5}),
    "text": set_field("kept", value="40"),
    "source-text": set_field("source", "bytes", value="1"),
    "source-list": set_field("source", value=[1, 2]),
    "more": set_field("more", value=1),
    "infinite": set_field("source", "bytes", value=float("inf")),
    "refused-true": set_field("refused", value=True),
    "another": of_another,
    "all-of-another": shard_of_another,
    "gone": Path.unlink,
    "fifo": lambda path: (path.unlink(), os.mkfifo(path)),
    "folder": lambda path: (path.unlink(), (path / "deep").mkdir(parents=True)),
    "link-nowhere": lambda path: (path.unlink(), path.symlink_to("nowhere")),
}


@pytest.mark.parametrize("change", RECORDS.values(), ids=RECORDS)
def test_a_record_that_lies_is_not_believed(source, tmp_path, change):
    out = tmp_path / "out"
    break_off(source, out)
    change(out / "unfinished" / "pairs" / "train-00000.json")
    build(source, out)
    assert hashes(out) == fresh(source, tmp_path)


SOURCES = {
    "no-shards": set_field("shards", value=0),
    "negative": set_field("shards", value=-1),
    "rows": set_field("rows", value=-1),
    "infinite": set_field("rows", value=float("inf")),
    "odd": set_field("whole", value=3),
    "no-json": lambda path: path.write_text("{"),
    "fifo": lambda path: (path.unlink(), os.mkfifo(path)),
}


@pytest.mark.parametrize("change", SOURCES.values(), ids=SOURCES)
def test_a_files_record_that_lies_is_not_believed(source, tmp_path, monkeypatch, change):
    out = tmp_path / "out"

    def die(*_):
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(checkpoint, "assemble", die)
        build(source, out)
    change(out / "unfinished" / "pairs" / "train.json")
    build(source, out)
    assert hashes(out) == fresh(source, tmp_path)


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def link_to_a_copy(path):
    copy = path.parent.parent.parent.parent / f"copy{path.suffix}"
    path.rename(copy)
    path.symlink_to(copy)


SHARDS = {
    "flipped": flip,
    "short": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "gone": Path.unlink,
    "folder": lambda path: (path.unlink(), (path / "deep").mkdir(parents=True)),
    "link": link_to_a_copy,
    "fifo": lambda path: (path.unlink(), os.mkfifo(path)),
}


@pytest.mark.parametrize(
    "path", ["pairs/train-00000.parquet", "quarantine/pairs-train-00000.jsonl"]
)
@pytest.mark.parametrize("change", SHARDS.values(), ids=SHARDS)
def test_a_corrupted_shard_is_not_believed(source, tmp_path, path, change):
    out = tmp_path / "out"
    kept = break_off(source, out)
    change(out / "unfinished" / path)
    copies = {path: path.read_bytes() for path in tmp_path.glob("copy*")}
    build(source, out)
    assert hashes(out) == fresh(source, tmp_path)
    assert not any(path.is_symlink() for path in out.rglob("*"))
    assert all(path.read_bytes() == data for path, data in copies.items())
    assert finished(out)["pairs/train-00001"] == kept["pairs/train-00001"]


@pytest.mark.parametrize("name", ["pairs", "quarantine"])
def test_a_folder_that_became_a_link_is_not_followed(source, tmp_path, name):
    out, away = tmp_path / "out", tmp_path / "away"
    break_off(source, out)
    (out / "unfinished" / name).rename(away)
    (out / "unfinished" / name).symlink_to(away)
    before = hashes(away)
    build(source, out)
    assert hashes(away) == before
    assert not any(path.is_symlink() for path in out.rglob("*"))
    assert hashes(out) == fresh(source, tmp_path)


def test_strays_are_removed_and_not_followed(source, tmp_path):
    out, away = tmp_path / "out", tmp_path / "away"
    away.mkdir()
    (away / "mine.txt").write_text("mine")
    break_off(source, out)
    staging = out / "unfinished"
    (staging / "stray.txt").write_text("x")
    (staging / "pairs" / "train-99999.json").write_text("{}")
    (staging / "pairs" / "train-\u0663.json").write_text("{}")
    (staging / "pairs" / "train-00000.parquet.abcd.partial").write_text("x")
    (staging / "pairs" / "deep" / "er").mkdir(parents=True)
    (staging / "other").symlink_to(away)
    (staging / "pairs" / "linked.json").symlink_to(away / "mine.txt")
    os.mkfifo(staging / "pipe")
    build(source, out)
    assert hashes(out) == fresh(source, tmp_path)
    assert (away / "mine.txt").read_text() == "mine"


# Reads that fail


class Flaky:
    """Reads of one file that fail, so many times, once so many bytes of it are read."""

    def __init__(self, monkeypatch, name, after, times):  # with --from, no shape is looked for
        self.real, self.name, self.after, self.left = MeteredFile.read, name, after, times
        monkeypatch.setattr(MeteredFile, "read", lambda file, size=-1: self.read(file, size))
        for module in (partition, task):
            monkeypatch.setattr(module, "PAUSE", 0)

    def read(self, file, size):
        if file.place.path.endswith(self.name) and file.count >= self.after and self.left:
            self.left -= 1
            raise_broken(file)
        return self.real(file, min(size, 1 << 16) if size > 0 else size)


def raise_broken(file):
    raise BrokenReadError(f"{file.place.path} cannot be read: Input/output error")


LONG_ROWS = 1200


@pytest.fixture
def long(tmp_path):
    """A gzip file of 30 shards, and a short one."""
    folder = tmp_path / "in"
    folder.mkdir()
    chance = random.Random(1)
    rows = [
        json.dumps({**pair(number), "more": chance.randbytes(1000).hex()}).encode()
        for number in range(LONG_ROWS)
    ]
    (folder / "train.jsonl.gz").write_bytes(gzip.compress(b"\n".join(rows), 1, mtime=0))
    (folder / "test.jsonl").write_bytes(rows[0])
    return folder


@pytest.mark.parametrize("times", [1, 2])
def test_a_read_that_fails_is_tried_again(long, tmp_path, monkeypatch, times):
    usual = fresh(long, tmp_path, from_="hh")
    seen = []
    Flaky(monkeypatch, "train.jsonl.gz", 1 << 20, times)
    build(long, tmp_path / "out", from_="hh", progress=seen.append)
    assert hashes(tmp_path / "out") == usual
    assert all(a.rows <= b.rows and a.done <= b.done for a, b in itertools.pairwise(seen))


def test_a_read_that_always_fails_names_the_file_and_keeps_the_shards(long, tmp_path, monkeypatch):
    usual = fresh(long, tmp_path, from_="hh")
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        Flaky(patch, "train.jsonl.gz", 1 << 20, 10**9)
        with pytest.raises(BrokenReadError) as caught:
            build(long, out, from_="hh", batch_rows=10)
    assert caught.value.message.startswith("train.jsonl.gz: ")
    assert caught.value.message.endswith("Input/output error (tried 3 times).")
    assert "the same command goes on" in caught.value.hint
    kept = begun(out)
    assert len(kept) >= 5
    build(long, out, from_="hh")
    held = finished(out)
    assert all(held[name] == mark for name, mark in kept.items())
    assert hashes(out) == usual


def test_a_read_that_fails_while_parts_are_found(long, tmp_path, monkeypatch):
    path = long / "train.jsonl"
    (path).write_bytes(gzip.decompress((long / "train.jsonl.gz").read_bytes()))
    (long / "train.jsonl.gz").unlink()
    usual = fresh(long, tmp_path, from_="hh")
    with monkeypatch.context() as patch:
        Flaky(patch, "train.jsonl", 1 << 20, 2)
        build(long, tmp_path / "out", from_="hh", workers=2)
    assert hashes(tmp_path / "out") == usual
    Flaky(monkeypatch, "train.jsonl", 1 << 20, 10**9)
    with pytest.raises(BrokenReadError, match=r"^train\.jsonl: .*\(tried 3 times\)"):
        build(long, tmp_path / "other", from_="hh", workers=2)


# Damage


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("how", ["cut", "flipped"])
def test_a_whole_copy_goes_on_from_before_the_damage(long, tmp_path, monkeypatch, how, workers):
    from pairsmith.dataset import checkpoint
    from pairsmith.io import compression, digests

    usual = fresh(long, tmp_path)
    for module in (digests, compression, checkpoint):
        monkeypatch.setattr(module, "CHUNK", 1 << 14)  # a file of few chunks is damaged all over
    path, out = long / "train.jsonl.gz", tmp_path / "out"
    whole = path.read_bytes()
    place = len(whole) * 2 // 3
    path.write_bytes(
        whole[:place] + (bytes([whole[place] ^ 255]) + whole[place + 1 :]) * (how != "cut")
    )
    with pytest.raises(DamagedInputError, match=r"train\.jsonl\.gz"):
        build(long, out, batch_rows=10)
    kept = begun(out)
    path.write_bytes(whole)
    build(long, out, workers=workers)
    assert hashes(out) == usual
    held = finished(out)
    same = [name for name, mark in kept.items() if held.get(name) == mark]
    assert len(same) >= 10


# Stopped, or two at once


def children_of(pid):
    return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def all_below(pid):
    found = children_of(pid)
    return found + [deep for child in found for deep in all_below(child)]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_interrupt_stops_cleanly_and_the_same_command_goes_on(
    mixture, wanted, tmp_path, workers
):
    out = tmp_path / "out"
    options = ["--template", "llama2", "--shard-rows", str(SHARD_ROWS), "--workers", workers]
    command = [sys.executable, "-m", "pairsmith", "build", mixture, out, "--batch-rows=5", *options]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    with process:
        wait_for(lambda: count_shards(out) >= 2 or process.poll() is not None)
        below = all_below(process.pid)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert re.search(r"interrupted; \d+ finished shards are kept", errors)
    assert len(errors.splitlines()) == 2, errors
    assert len(below) >= (2 if workers == "2" else 1)
    wait_for(lambda: not any(is_alive(pid) for pid in below))
    kept = begun(out)
    assert len(kept) >= 2
    subprocess.run(command, capture_output=True, check=True)
    assert hashes(out) == wanted
    held = finished(out)
    assert all(held[name] == mark for name, mark in kept.items() if name in held)


def test_a_second_build_says_who_is_at_work(source, tmp_path):
    out = tmp_path / "out"
    said = []

    def watch(_):
        if not said:
            with pytest.raises(OutputError) as caught:
                build(source, out)
            said.append(caught.value.message)

    build(source, out, progress=watch)
    assert re.fullmatch(
        rf"Another build is writing {re.escape(str(out))}: process {os.getpid()} on "
        rf"{re.escape(platform.node())}, since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d UTC\.",
        said[0],
    )
    assert hashes(out) == fresh(source, tmp_path)


# Progress


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("broken", [False, True], ids=["at-once", "resumed"])
def test_progress_rises_to_the_end(mixture, tmp_path, workers, broken):
    out = tmp_path / "out"
    if broken:
        break_off(mixture, out, 20)
    seen = []
    built = build(mixture, out, workers=workers, progress=seen.append, batch_rows=10)
    assert all(a.rows <= b.rows and a.done <= b.done for a, b in itertools.pairwise(seen))
    assert {step.total for step in seen} == {sum(p.stat().st_size for p in mixture.glob("*/*"))}
    assert seen[-1].done <= seen[-1].total
    assert seen[-1].rows <= built.totals.read

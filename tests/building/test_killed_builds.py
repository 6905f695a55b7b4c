"""A build that is killed, or whose disk is full, goes on; and gives what it would have given."""

import contextlib
import itertools
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
from pairsmith.dataset import checkpoint
from pairsmith.dataset.checkpoint import count_shards
from pairsmith.errors import OutputError
from support.broken import SHARD_ROWS, Killed, begun, break_off, build, finished, fresh
from support.mixture import hashes, write_mixture
from support.slow import quick, slow
from support.waiting import is_alive, wait_for

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


@slow
def test_a_build_killed_at_fifty_moments(tmp_path):
    mixture = write_mixture(tmp_path / "in", 250)
    usual = tmp_path / "usual"
    build(mixture, usual, template=None)
    chance = random.Random(4)
    outs = (tmp_path / f"out{number}" for number in itertools.count())
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
            kills = itertools.count()
            while (kill := next(kills)) < 50 or resumed < 10 or not ended:
                assert kill < 300
                workers = 1 + kill % 2
                # one that was on its way into place has moved shards away from their records
                unfinished = (out / "unfinished").exists() and not moving(out)
                before = begun(out) if unfinished else {}
                resumed += bool(before)
                if host.build(out, workers, chance.uniform(0, takes[workers])):
                    assert hashes(out) == hashes(usual)
                    out, ended = next(outs), ended + 1
                    takes[workers] *= 0.9  # it was measured while the machine was busier
                elif not moving(out):
                    assert before.items() <= begun(out).items()  # none was written again
            host.build(out, 1, None)
        finally:
            host.process.kill()
    assert hashes(out) == hashes(usual)
    assert pairsmith.check(out) == []
    assert not list(tmp_path.glob("*/unfinished"))


def test_a_build_that_is_killed_goes_on(mixture, wanted, tmp_path):
    """As `kill -9` does it, once; the fifty moments are in the slow tests."""
    out = tmp_path / "out"
    options = ["--template", "llama2", "--shard-rows", str(SHARD_ROWS), "--batch-rows", "5"]
    command = [sys.executable, "-m", "pairsmith", "build", mixture, out, *options]
    with subprocess.Popen([*command, "--workers", "1"]) as process:
        wait_for(lambda: count_shards(out) >= 2 or process.poll() is not None)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    kept = begun(out)
    assert len(kept) >= 2
    built = build(mixture, out)
    assert any(said.startswith("Went on from ") for said in built.remarks)
    assert hashes(out) == wanted
    held = finished(out)
    assert all(held[name] == mark for name, mark in kept.items() if name in held)


@pytest.mark.parametrize(("first", "then"), quick([(1, 2), (2, 1), (2, 2)]))
@slow
def test_another_number_of_workers_goes_on(mixture, wanted, tmp_path, first, then):
    out = tmp_path / "out"
    kept = break_off(mixture, out, 12, workers=first)
    build(mixture, out, workers=then, batch_rows=1000)
    assert hashes(out) == wanted
    held = finished(out)
    assert all(held[name] == mark for name, mark in kept.items() if name in held)
    assert len(kept.keys() & held.keys()) >= 5


@pytest.mark.parametrize("name", quick(["record_source", "assemble"]))
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


@slow
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
            if workers == "1":  # of two, one is stopped wherever it is, and the next run tidies up
                assert not list(out.rglob("*.partial"))
        kept = begun(out)
        assert len(kept) >= 3
        subprocess.run(["mount", "-o", "remount,size=16m", disk], check=True)
        subprocess.run([*command, "1"], capture_output=True, check=False)
        held = finished(out)
        assert all(held[name] == mark for name, mark in kept.items() if name in held)
        assert len(kept.keys() & held.keys()) >= 3
        assert hashes(out) == wanted
        assert not list(out.rglob("*.partial"))
    finally:
        subprocess.run(["umount", disk], check=True)


def children_of(pid):
    return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def all_below(pid):
    found = children_of(pid)
    return found + [deep for child in found for deep in all_below(child)]


@slow
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
    subprocess.run(command, capture_output=True, check=False)  # 1: of one file nothing is kept
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


@pytest.mark.parametrize("workers", quick([1, 2], 2))
@pytest.mark.parametrize("resumed", quick([False, True], True), ids=["at-once", "resumed"])
@slow
def test_progress_rises_to_the_end(mixture, tmp_path, workers, resumed):
    out = tmp_path / "out"
    if resumed:
        break_off(mixture, out, 20)
    seen = []
    built = build(mixture, out, workers=workers, progress=seen.append, batch_rows=10)
    assert all(a.rows <= b.rows and a.done <= b.done for a, b in itertools.pairwise(seen))
    assert {step.total for step in seen} == {sum(p.stat().st_size for p in mixture.glob("*/*"))}
    assert seen[-1].done <= seen[-1].total
    assert seen[-1].rows <= built.totals.read

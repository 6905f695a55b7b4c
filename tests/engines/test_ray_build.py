"""A build over Ray: the same bytes as on this machine, though a worker is killed on the way."""

import contextlib
import json
import os
import signal
import time
from pathlib import Path
from threading import Event, Thread

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import pairsmith
from support.slow import slow

pytestmark = pytest.mark.usefixtures("ray_cluster")


def row(number):
    """A pair; some of them are refused, some are long."""
    asked = f"\n\nHuman: Question {number}?{' And more.' * (number % 40)}\n\nAssistant:"
    replies = (f" Yes, {number}.", f" No, {number}." if number % 11 else f" Yes, {number}.")
    return dict(zip(("chosen", "rejected"), (asked + reply for reply in replies), strict=True))


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    """Files of each kind that is cut into shards in its own way."""
    folder = tmp_path_factory.mktemp("source")
    (folder / "plain").mkdir()
    (folder / "parquet").mkdir()
    rows = [row(number) for number in range(60_000)]
    lines = "".join(json.dumps(held) + "\n" for held in rows)
    (folder / "plain" / "train.jsonl").write_text(lines)
    table = pa.Table.from_pylist(rows[:7_000])
    pq.write_table(table, folder / "parquet" / "test.parquet", row_group_size=1_500)
    return folder


def files_of(out: Path) -> dict[str, bytes]:
    return {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*") if p.is_file()}


def build(source: Path, out: Path, **way):
    return pairsmith.build(source, out, template="llama2", shard_rows=4_000, **way)


def at_work() -> list[int]:
    """The processes of Ray that are at a task."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdecimal() and b"ray::_attempt" in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
    return found


@slow
def test_ray_makes_the_same_bytes_though_a_worker_is_killed(source, tmp_path):
    expected = build(source, tmp_path / "local")
    killed: list[int] = []
    ended = Event()

    def kill() -> None:
        while not ended.is_set() and len(killed) < 2:
            if list((tmp_path / "ray" / "unfinished").glob("*/*.partial")):
                for pid in at_work()[:1]:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                        killed.append(pid)
                time.sleep(1)
            time.sleep(0.01)

    killer = Thread(target=kill)
    killer.start()
    try:
        built = build(source, tmp_path / "ray", engine="ray", workers=2)
    finally:
        ended.set()
        killer.join()
    assert killed
    assert built == expected
    assert files_of(tmp_path / "ray") == files_of(tmp_path / "local")
    assert pairsmith.check(tmp_path / "ray") == []


@slow
def test_a_build_begun_on_ray_goes_on_without(source, tmp_path):
    """Finished shards do not depend on who made them."""
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        build(source, out, engine="ray", workers=2, progress=interrupt)
    kept = {path: path.stat().st_ino for path in (out / "unfinished").glob("*/*.parquet")}
    assert kept
    build(source, out)
    inodes = {path.stat().st_ino for path in out.glob("*/*.parquet")}
    assert set(kept.values()) <= inodes
    assert files_of(out) == files_of_local(source, tmp_path)


def interrupt(step) -> None:
    if step.rows > 10_000:
        raise KeyboardInterrupt


def files_of_local(source: Path, tmp_path: Path) -> dict[str, bytes]:
    build(source, tmp_path / "whole")
    return files_of(tmp_path / "whole")

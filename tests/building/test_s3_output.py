"""A build in object storage, over a real S3 API on loopback: the same bytes as on a disk."""

import contextlib
import errno
import json
import os
import platform
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import fsspec
import pytest

import pairsmith
from pairsmith.errors import BrokenWriteError, OutputError, RecipeError
from pairsmith.io import locks, remote
from pairsmith.io.remote import RemotePath
from support import s3
from support.defects import write_planted
from support.mixture import line, write_mixture

ROWS = 40


class Killed(BaseException):
    """What nothing catches."""


@pytest.fixture
def bucket(monkeypatch):
    with s3.serve(monkeypatch) as served:
        yield served


@pytest.fixture(scope="module")
def mixture(tmp_path_factory):
    """A source of seven files. Not to be changed."""
    return write_mixture(tmp_path_factory.mktemp("mixture") / "in", 150)


@pytest.fixture(scope="module")
def wanted(mixture, tmp_path_factory):
    return built_here(mixture, tmp_path_factory.mktemp("wanted") / "out")


@pytest.fixture
def source(tmp_path):
    """A file of 200 rows: five shards."""
    path = tmp_path / "in" / "train.jsonl"
    path.parent.mkdir()
    path.write_bytes(b"\n".join(line(number) for number in range(200)) + b"\n")
    return path


def build(source, out, **options):
    return pairsmith.build(source, out, **{"shard_rows": ROWS, "workers": 1, **options})


def built_here(source, out, **options):
    """The files of the same build on a disk."""
    build(source, out, **options)
    return {p.relative_to(out).as_posix(): p.read_bytes() for p in out.rglob("*") if p.is_file()}


def command(source, out, *options):
    rows = ["--shard-rows", str(ROWS), *options]
    return [sys.executable, "-m", "pairsmith", "build", str(source), out, *rows]


def run(*arguments):
    line = [sys.executable, "-m", "pairsmith", *arguments]
    return subprocess.run(line, capture_output=True, text=True, check=False)


def records(paths):
    """The shards whose records are among some paths."""
    found = (re.search(r"unfinished/(.*-\d{5})\.json$", path) for path in paths)
    return {match[1] for match in found if match}


def wait_for(condition):
    """Waits until it holds; a minute is for ever."""
    for _ in range(6000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it never came to hold")


# The same bytes


@pytest.mark.parametrize("workers", [1, 2])
def test_the_same_bytes(mixture, wanted, bucket, workers):
    build(mixture, f"{bucket.url}/deep/out", workers=workers)
    assert bucket.objects("deep/out") == wanted
    assert bucket.puts()[-1] == "deep/out/manifest.json"
    assert pairsmith.check(f"{bucket.url}/deep/out") == []


def test_another_object_store(source, tmp_path):
    memory = fsspec.filesystem("memory")
    built = build(source, "memory://bucket/out", template="llama2")
    wanted = built_here(source, tmp_path / "here", template="llama2")
    assert {p.removeprefix("/bucket/out/"): memory.cat(p) for p in memory.find("/bucket")} == wanted
    assert build(source, "memory://bucket/out", template="llama2").reused
    assert pairsmith.check("memory://bucket/out") == []
    assert build(source, "memory://bucket/out", template="llama2", force=True) == built
    memory.rm("/bucket", recursive=True)
    assert built.totals.read == 200


def test_a_build_that_acts(bucket, tmp_path):
    """The decisions lie in the bucket while shards grow there; workers of their own find them."""
    source = write_planted(tmp_path / "in")
    options = {"drop": ["duplicates", "flipped"], "shard_rows": 3}
    wanted = built_here(source, tmp_path / "out", **options)
    build(source, f"{bucket.url}/out", workers=2, **options)
    assert bucket.objects("out") == wanted
    with pytest.raises(RecipeError, match="cannot learn"):
        build(source, f"{bucket.url}/other", flip=1)
    assert not bucket.objects("other")


def test_nothing_is_left_among_temporary_files(source, bucket, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    stale = tmp_path / "pairsmith-0.partial"
    stale.touch()
    os.utime(stale, (0, 0))
    build(source, f"{bucket.url}/out")
    assert not list(tmp_path.glob("pairsmith-*"))


@pytest.mark.filterwarnings("default")
def test_ray_makes_the_same_bytes_though_a_worker_is_killed(mixture, wanted, bucket, tmp_path):
    """In a process of its own, because workers have the environment of their Ray."""
    pytest.importorskip("ray")
    environment = {**os.environ, "HOME": str(tmp_path), "RAY_USAGE_STATS_ENABLED": "0"}
    options = ["--engine", "ray", "--workers", "2"]
    process = subprocess.Popen(
        command(mixture, f"{bucket.url}/out", *options),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    killed = []
    with process:
        while process.poll() is None:
            if not killed and records(bucket.puts()):
                killed = kill_a_worker(os.environ["AWS_ENDPOINT_URL"])
            time.sleep(0.01)
        _, errors = process.communicate()
    assert process.returncode == 0, errors
    assert killed
    assert bucket.objects("out") == wanted


def kill_a_worker(endpoint):
    """Ends a process of the Ray that has this endpoint, if one is at a task."""
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if not entry.name.isdecimal():
                continue
            at_work = b"ray::_attempt" in (entry / "cmdline").read_bytes()
            if at_work and endpoint.encode() in (entry / "environ").read_bytes():
                os.kill(int(entry.name), signal.SIGKILL)
                return [int(entry.name)]
    return []


# Broken off


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_killed_build_goes_on_and_writes_no_shard_again(mixture, wanted, bucket, workers):
    out = f"{bucket.url}/out"
    with subprocess.Popen(command(mixture, out, "--workers", workers, "--batch-rows=5")) as process:
        wait_for(lambda: len(records(bucket.puts())) >= 3 or process.poll() is not None)
        process.kill()
    kept = records(bucket.puts())
    assert len(kept) >= 3
    assert "unfinished/lease-000001.json" in bucket.objects("out")
    since = len(bucket.log)
    built = build(mixture, out)
    assert any(re.match(r"Went on from \d+ finished shards", said) for said in built.remarks)
    again = records(bucket.puts(since))
    assert again
    assert not kept & again
    assert bucket.objects("out") == wanted


def test_a_shard_of_another_size_is_made_again(source, bucket, tmp_path):
    wanted = built_here(source, tmp_path / "here")
    break_off(source, bucket)
    bucket.fs.pipe_file("bucket/out/unfinished/pairs/train-00001.parquet", b"short")
    record = bucket.fs.cat_file("bucket/out/unfinished/pairs/train-00000.json")
    bucket.fs.pipe_file("bucket/out/unfinished/pairs/train-00000.json", record.replace(b"4", b"5"))
    since = len(bucket.log)
    build(source, f"{bucket.url}/out")
    made = records(bucket.puts(since))
    assert {"pairs/train-00000", "pairs/train-00001"} <= made
    assert "pairs/train-00002" not in made
    assert bucket.objects("out") == wanted


def break_off(source, bucket, shards=3):
    def watch(_):
        if len(records(bucket.puts())) >= shards:
            raise Killed

    with pytest.raises(Killed):
        build(source, f"{bucket.url}/out", progress=watch, batch_rows=10)


def test_changed_inputs_and_recipes_are_named(source, bucket, tmp_path):
    out = f"{bucket.url}/out"
    break_off(source, bucket)
    with pytest.raises(OutputError, match=r"an unfinished build of another recipe \(system"):
        build(source, out, system="Be kind.")
    source.write_bytes(source.read_bytes().replace(b"3 miles", b"9 miles", 1))
    built = build(source, out)
    assert any("train.jsonl has changed since" in said for said in built.remarks)
    assert bucket.objects("out") == built_here(source, tmp_path / "here")
    assert build(source, out).reused
    with pytest.raises(OutputError, match="holds a build of another recipe"):
        build(source, out, system="Be kind.")


@pytest.mark.parametrize(
    ("moves", "copied"), [(3, False), (0, True), (3, True), (7, True), (8, True), (9, True)]
)
def test_a_build_killed_on_its_way_into_place(source, bucket, tmp_path, monkeypatch, moves, copied):
    """The earlier build has an edited card and shards of the same names."""
    out = f"{bucket.url}/out"
    build(source, out, system="Be kind.")
    bucket.fs.pipe_file("bucket/out/README.md", b"mine")
    real, done = RemotePath.replace, []

    def replace(path, target):
        if len(done) >= moves:
            if copied:
                path.fs.cp_file(path.path, target.path)
            raise Killed
        done.append(path)
        real(path, target)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(RemotePath, "replace", replace)
        build(source, out, force=True)
    since = len(bucket.log)
    build(source, out)
    assert not records(bucket.puts(since))
    wanted = built_here(source, tmp_path / "here")
    assert bucket.objects("out") == {**wanted, "README.md.old": b"mine"}


# Two at once


def test_a_second_build_says_who_is_at_work(source, bucket, tmp_path):
    out = f"{bucket.url}/out"
    said = []

    def watch(_):
        if not said:
            with pytest.raises(OutputError) as caught:
                build(source, out)
            said.append(caught.value.message)

    build(source, out, progress=watch)
    assert re.fullmatch(
        rf"Another build is writing {out}: process {os.getpid()} on {platform.node()}, since "
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\.",
        said[0],
    )
    assert bucket.objects("out") == built_here(source, tmp_path / "here")


def leave_lease(bucket, **fields):
    held = {**locks._me()._asdict(), "host": "elsewhere", "machine": "another", **fields}
    bucket.fs.pipe_file("bucket/out/unfinished/pairsmith.lock", b"")
    lease = "bucket/out/unfinished/lease-000007.json"
    bucket.fs.pipe_file(lease, json.dumps(held).encode())


def test_a_lease_of_another_machine_runs_out(source, bucket, tmp_path, monkeypatch):
    out = f"{bucket.url}/out"
    leave_lease(bucket)
    with pytest.raises(OutputError, match="process .* on elsewhere, since") as caught:
        build(source, out)
    assert re.search(r"goes on in 1[12]\d seconds", caught.value.hint)
    real = RemotePath.modified
    late = timedelta(seconds=locks.EXPIRY)
    shift = lambda path: real(path) + late * ("probe" in path.name)  # noqa: E731
    monkeypatch.setattr(RemotePath, "modified", shift)
    build(source, out)
    assert bucket.objects("out") == built_here(source, tmp_path / "here")


def test_a_process_number_that_another_process_has_now(source, bucket):
    leave_lease(bucket, machine=locks._machine(), started=1)
    build(source, f"{bucket.url}/out")
    assert "unfinished" not in str(bucket.objects("out").keys())


def test_a_lease_is_kept_up(source, bucket, monkeypatch):
    monkeypatch.setattr(locks, "REFRESH", 0.05)
    lease, seen = "out/unfinished/lease-000001.json", []

    def watch(_):
        wait_for(lambda: bucket.puts().count(lease) > 2)
        seen.append(datetime.now(UTC))

    build(source, f"{bucket.url}/out", progress=watch)
    assert seen


def test_a_build_that_was_held_up_gives_way(source, bucket):
    def watch(_):
        leave_lease(bucket)

    with pytest.raises(OutputError, match=r"held up .* taken over .* on elsewhere") as caught:
        build(source, f"{bucket.url}/out", progress=watch)
    assert "the same command goes on" in caught.value.hint
    assert "manifest.json" not in bucket.objects("out")
    assert "unfinished/lease-000007.json" in bucket.objects("out")


def test_only_one_of_many_takes_over_a_lease(bucket, monkeypatch):
    leave_lease(bucket, machine=locks._machine(), started=1)
    staging = remote.remote_path(f"{bucket.url}/out/unfinished")

    def claim(_):
        try:
            return locks._Lease(staging, staging.parent)
        except OutputError:
            return None

    leases = [lease for lease in remote.map_concurrently(claim, range(8)) if lease]
    assert len(leases) == 1
    leases[0].end()
    assert not locks._leases(staging)


# Faults


def test_503_twice_is_got_over(source, bucket, tmp_path):
    bucket.picks = lambda method, path: method == "PUT" and "train-00003" in path
    bucket.busy = 2
    build(source, f"{bucket.url}/out")
    assert bucket.refused == 2
    assert bucket.objects("out") == built_here(source, tmp_path / "here")


def test_503_for_ever_names_the_shard_and_keeps_the_others(source, bucket, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    bucket.picks = lambda method, path: method == "PUT" and "train-00003.parquet" in path
    bucket.busy = 10_000
    out = f"{bucket.url}/out"
    failed = subprocess.run(
        command(source, out, "--workers", "2"), capture_output=True, text=True, check=False
    )
    assert failed.returncode == 2
    fault, hint = failed.stderr.splitlines()
    shard = f"{out}/unfinished/pairs/train-00003.parquet cannot be written: Please reduce"
    assert shard in fault
    assert "(tried 3 times)" in fault
    assert "the same command goes on" in hint
    assert bucket.refused < 50
    kept = records(bucket.objects("out"))
    assert len(kept) >= 3
    bucket.busy, since = 0, len(bucket.log)
    build(source, out)
    assert not kept & records(bucket.puts(since))
    assert bucket.objects("out") == built_here(source, tmp_path / "here")


def test_a_manifest_that_cannot_be_read_is_not_taken_for_none(source, bucket, monkeypatch):
    """A build whose shards are in place, and whose manifest is not, must not be cleared away."""
    monkeypatch.setattr(remote, "PAUSE", 0.01)
    real = RemotePath.replace

    def replace(path, target):
        if target.path == "bucket/out/manifest.json":
            raise Killed
        real(path, target)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(RemotePath, "replace", replace)
        build(source, f"{bucket.url}/out")
    before = bucket.objects("out")
    bucket.picks = lambda method, path: method == "GET" and path.endswith("manifest.json")
    bucket.fault, bucket.busy = ("500 Internal", b"<Error><Code>InternalError</Code></Error>"), 9999
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    with pytest.raises(BrokenWriteError, match=r"unfinished/manifest\.json cannot be read"):
        build(source, f"{bucket.url}/out")
    bucket.busy = 0
    assert bucket.objects("out") == before
    build(source, f"{bucket.url}/out")
    assert pairsmith.check(f"{bucket.url}/out") == []


def test_no_permission(source, bucket):
    bucket.picks = lambda method, path: method == "PUT"
    bucket.fault, bucket.busy = ("403 Forbidden", s3.DENIED), 10_000
    with pytest.raises(OutputError, match=r"No permission for s3://bucket/out/.*: Access Denied\."):
        build(source, f"{bucket.url}/out")


def test_no_such_bucket_is_said_and_none_is_made(source, bucket):
    with pytest.raises(OutputError, match="is there a bucket buckle"):
        build(source, "s3://buckle/out")
    assert bucket.fs.ls("") == ["bucket"]
    with pytest.raises(OutputError, match="names a bucket"):
        build(source, "s3://bucket/")


def test_an_edited_card_is_kept_though_it_has_the_size_of_the_new_one(source, bucket):
    out = f"{bucket.url}/out"
    build(source, out)
    mine = bucket.fs.cat_file("bucket/out/README.md").replace(b"dpo", b"DPO")
    bucket.fs.pipe_file("bucket/out/README.md", mine)
    build(source, out, force=True)
    assert bucket.objects("out")["README.md.old"] == mine


def test_a_temporary_folder_that_is_full(source, bucket, monkeypatch):
    def fill(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pairsmith.dataset.shards.digest_of", fill)
    with pytest.raises(OutputError, match=r"cannot be written to .*: No space left") as caught:
        build(source, f"{bucket.url}/out")
    assert "TMPDIR" in caught.value.hint


def test_something_else_is_there(source, bucket):
    bucket.fs.pipe_file("bucket/out/thesis.txt", b"mine")
    with pytest.raises(OutputError, match=r"s3://bucket/out holds something else: thesis\.txt"):
        build(source, f"{bucket.url}/out", force=True)
    bucket.fs.pipe_file("bucket/other/unfinished/thesis.txt", b"mine")
    with pytest.raises(OutputError, match="holds something else: unfinished"):
        build(source, f"{bucket.url}/other", force=True)
    assert bucket.objects("out") == {"thesis.txt": b"mine"}


def test_a_library_that_is_missing_names_the_extra(source):
    program = (
        "import sys; sys.modules['s3fs'] = None\n"
        "import pairsmith; pairsmith.build(sys.argv[1], 's3://bucket/out')"
    )
    line = [sys.executable, "-c", program, str(source)]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert "s3:// needs a library that is missing." in done.stderr
    assert "pip install '.[s3]'" in done.stderr


def test_a_local_build_loads_no_client(source, tmp_path):
    program = (
        "import sys, pairsmith; pairsmith.build(sys.argv[1], sys.argv[2])\n"
        "sys.exit(bool({'s3fs', 'botocore', 'aiohttp'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", program, source, tmp_path / "out"], check=True)


# Read again


def test_commands_read_a_build(mixture, bucket, tmp_path):
    out = f"{bucket.url}/out"
    made = run("build", str(mixture), out)
    assert f"pairsmith check {out}" in made.stdout
    assert "load_dataset" not in made.stdout
    whole = run("check", out)
    assert (whole.returncode, whole.stderr) == (0, "")
    assert whole.stdout.startswith(f"{out} is whole: ")
    shown = run("show", out, "-n", "1", "--json")
    assert json.loads(shown.stdout)["chosen"]
    refused = run("show", out, "--reason", "any", "-n", "1", "--json")
    assert json.loads(refused.stdout)["reason"]
    there = pairsmith.export(out, tmp_path / "there", trainer="trl")
    pairsmith.build(mixture, tmp_path / "local")
    here = pairsmith.export(tmp_path / "local", tmp_path / "here", trainer="trl")
    assert there.files == here.files
    for file in here.files:
        held = (tmp_path / "there" / file.path).read_bytes()
        assert held == (tmp_path / "here" / file.path).read_bytes()


def test_preview_reads_a_build(source, bucket, tmp_path):
    pytest.importorskip("transformers")
    from support.tiny import llama_tokenizer

    tokenizer = tmp_path / "tokenizer"
    llama_tokenizer([source.read_text(errors="replace")]).save_pretrained(tokenizer)
    seen = []
    for out in (f"{bucket.url}/out", tmp_path / "out"):
        build(source, out, template="llama2")
        seen.append(pairsmith.preview(out, tokenizer).totals.to_dict())
    assert seen[0] == seen[1]


def test_check_finds_what_is_wrong(source, bucket):
    out = f"{bucket.url}/out"
    build(source, out)
    first, second, *_ = sorted(bucket.fs.glob("bucket/out/pairs/*"))
    data = bucket.fs.cat_file(first)
    bucket.fs.pipe_file(first, data[:-1] + b"?")
    bucket.fs.rm_file(second)
    bucket.fs.pipe_file("bucket/out/pairs/more.parquet", b"")
    found = {problem.path: problem.message for problem in pairsmith.check(out)}
    assert found == {
        first.removeprefix("bucket/out/"): "its sha256 is not the manifest's: its content has "
        "changed",
        second.removeprefix("bucket/out/"): "it is missing",
        "pairs/more.parquet": "the manifest does not list it, but a reader may find it",
    }
    nothing = run("check", f"{bucket.url}/nothing")
    assert nothing.returncode == 2
    assert "There is no folder s3://bucket/nothing." in nothing.stderr

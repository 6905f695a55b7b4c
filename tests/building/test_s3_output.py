"""A build in object storage, over a real S3 API on loopback: the same bytes as on a disk."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import fsspec
import pytest

import pairsmith
from pairsmith.errors import OutputError, RecipeError
from support.defects import write_planted
from support.mixture import write_mixture
from support.s3_builds import build, built_here, command, records, run
from support.slow import quick, slow


@pytest.fixture(scope="module")
def mixture(tmp_path_factory):
    """A source of seven files. Not to be changed."""
    return write_mixture(tmp_path_factory.mktemp("mixture") / "in", 150)


@pytest.fixture(scope="module")
def wanted(mixture, tmp_path_factory):
    return built_here(mixture, tmp_path_factory.mktemp("wanted") / "out")


@pytest.mark.parametrize("workers", quick([1, 2]))
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


@slow
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


@slow
def test_nothing_is_left_among_temporary_files(source, bucket, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    stale = tmp_path / "pairsmith-0.partial"
    stale.touch()
    os.utime(stale, (0, 0))
    build(source, f"{bucket.url}/out")
    assert not list(tmp_path.glob("pairsmith-*"))


@pytest.mark.filterwarnings("default")
@slow
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
    assert process.returncode == 1, errors
    assert "nothing was kept of helpful-online/test" in errors
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


@slow
def test_an_edited_card_is_kept_though_it_has_the_size_of_the_new_one(source, bucket):
    out = f"{bucket.url}/out"
    build(source, out)
    mine = bucket.fs.cat_file("bucket/out/README.md").replace(b"## Load it", b"## Read it")
    bucket.fs.pipe_file("bucket/out/README.md", mine)
    build(source, out, force=True)
    assert bucket.objects("out")["README.md.old"] == mine


@slow
def test_words_in_a_card_are_in_the_next_one(source, bucket):
    out = f"{bucket.url}/out"
    build(source, out)
    mine = bucket.fs.cat_file("bucket/out/README.md") + b"\nMine.\n"
    bucket.fs.pipe_file("bucket/out/README.md", mine)
    build(source, out, force=True)
    assert bucket.objects("out")["README.md"] == mine
    assert "README.md.old" not in bucket.objects("out")


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


@slow
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


@slow
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


@slow
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

"""A build in object storage that is broken off goes on, and writes no finished shard again."""

import re
import subprocess

import pytest

from pairsmith.errors import OutputError
from pairsmith.io.remote import RemotePath
from support.broken import Killed
from support.mixture import write_mixture
from support.s3_builds import break_off, build, built_here, command, records
from support.slow import quick, slow
from support.waiting import wait_for


@pytest.fixture(scope="module")
def mixture(tmp_path_factory):
    """A source of seven files. Not to be changed."""
    return write_mixture(tmp_path_factory.mktemp("mixture") / "in", 150)


@pytest.fixture(scope="module")
def wanted(mixture, tmp_path_factory):
    return built_here(mixture, tmp_path_factory.mktemp("wanted") / "out")


@pytest.mark.parametrize("workers", quick(["1", "2"], "2"))
@slow
def test_a_killed_build_goes_on_and_writes_no_shard_again(mixture, wanted, bucket, workers):
    out = f"{bucket.url}/out"
    with subprocess.Popen(command(mixture, out, "--workers", workers, "--batch-rows=5")) as process:
        wait_for(lambda: len(records(bucket.puts())) >= 3 or process.poll() is not None)
        process.kill()
    kept = records(bucket.objects("out"))  # the last that was sent may have been broken off
    assert len(kept) >= 2
    assert "unfinished/lease-000001.json" in bucket.objects("out")
    since = len(bucket.log)
    built = build(mixture, out)
    assert any(re.match(r"Went on from \d+ finished shards", said) for said in built.remarks)
    again = records(bucket.puts(since))
    assert again
    assert not kept & again
    assert bucket.objects("out") == wanted


@slow
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


@slow
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
    ("moves", "copied"),
    quick([(3, False), (0, True), (3, True), (7, True), (8, True), (9, True)], (3, True)),
)
@slow
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

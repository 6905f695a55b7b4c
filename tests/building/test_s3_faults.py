"""Object storage that is busy, closed, broken or not there."""

import errno
import subprocess

import fsspec
import pytest

import pairsmith
from pairsmith.errors import BrokenWriteError, OutputError
from pairsmith.io import remote
from pairsmith.io.remote import RemotePath
from support import s3
from support.broken import Killed
from support.s3_builds import build, built_here, command, records
from support.slow import slow


@slow
def test_503_twice_is_got_over(source, bucket, tmp_path):
    bucket.picks = lambda method, path: method == "PUT" and "train-00003" in path
    bucket.busy = 2
    build(source, f"{bucket.url}/out")
    assert bucket.refused == 2
    assert bucket.objects("out") == built_here(source, tmp_path / "here")


@slow
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


@slow
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


def test_a_temporary_folder_that_is_full(source, bucket, monkeypatch):
    def fill(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pairsmith.dataset.shards.digest_of", fill)
    with pytest.raises(OutputError, match=r"cannot be written to .*: No space left") as caught:
        build(source, f"{bucket.url}/out")
    assert "TMPDIR" in caught.value.hint

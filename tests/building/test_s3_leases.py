"""Two builds in one place of object storage: one of them holds the lease."""

import json
import os
import platform
import re
from datetime import UTC, datetime, timedelta

import pytest

from pairsmith.errors import OutputError
from pairsmith.io import locks, remote
from pairsmith.io.remote import RemotePath
from support.s3_builds import build, built_here
from support.slow import slow
from support.waiting import wait_for


@slow
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


@slow
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


@slow
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


@slow
def test_a_build_that_was_held_up_gives_way(source, bucket):
    def watch(_):
        leave_lease(bucket)

    with pytest.raises(OutputError, match=r"held up .* taken over .* on elsewhere") as caught:
        build(source, f"{bucket.url}/out", progress=watch)
    assert "the same command goes on" in caught.value.hint
    assert "manifest.json" not in bucket.objects("out")
    assert "unfinished/lease-000007.json" in bucket.objects("out")


@slow
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

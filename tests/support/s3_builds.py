"""Builds into a bucket, and the same on a disk."""

import re
import subprocess
import sys

import pytest

import pairsmith
from support.broken import Killed

ROWS = 40


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


def break_off(source, bucket, shards=3):
    def watch(_):
        if len(records(bucket.puts())) >= shards:
            raise Killed

    with pytest.raises(Killed):
        build(source, f"{bucket.url}/out", progress=watch, batch_rows=10)

"""The pairs of a build and the lines of an export, read without pairsmith."""

import json
from pathlib import Path

import pyarrow.parquet as pq


def pairs_of(out, split=None):
    """The pairs of a build by file, `subset/split`, as its shards hold them."""
    held = {}
    for shard in sorted(Path(out).glob("*/*.parquet")):
        subset, name = shard.parent.name, shard.name.partition("-")[0]
        if subset != "red-team-attempts" and split in (None, name):
            rows = pq.ParquetFile(shard).read().to_pylist()
            held.setdefault(f"{subset}/{name}", []).extend(rows)
    return held


def lines_of(path):
    """The rows of a file of JSON lines."""
    text = path.read_bytes().decode()
    assert text.endswith("\n")
    assert "\r" not in text
    return [json.loads(line) for line in text.split("\n")[:-1]]

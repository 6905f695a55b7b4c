"""What an owner may store to have the viewer work for ever, and how others fare meanwhile."""

from __future__ import annotations

import time

import httpx
import pyarrow as pa
import pytest

from support.hub.crowded import besieged, filled, took
from support.hub.parquets import parquet
from support.hub.running import running
from support.hub.strain import strained
from support.slow import slow

ROWS = parquet({"text": [f"row {number}" for number in range(100)]})
MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
SECONDS = 6  # of an attack


def card(*patterns: str) -> bytes:
    listed = "".join(f"  - '{pattern}'\n" for pattern in patterns)
    return f"---\nconfigs:\n- config_name: d\n  data_files:\n{listed}---\n".encode()


def patterns():
    """200 patterns that each have to be tried with 20,000 paths of many parts."""
    wild = [f"**/x{number}/**/*{number}*.parquet" for number in range(200)]
    paths = [f"data/{number % 50}/part/{number:05}.parquet" for number in range(20_000)]
    return {"a/0.parquet": ROWS, "README.md": card(*wild)}, paths


def columns():
    """One content of 3,900 columns at 600 paths."""
    wide = {f"c{number}": pa.array([1], pa.int8()) for number in range(3_900)}
    content = parquet(wide, compression="none", write_statistics=False)
    return {"a.parquet": content}, [f"b/{number:03}.parquet" for number in range(599)]


def values():
    """Values of 16 MB, which take a few kB as they are stored."""
    content = parquet({"text": ["x<" * (8 << 20)] * 30}, compression="zstd", row_group_size=30)
    return {"train.parquet": content}, []


def differences():
    """Conversations of short words, of which nearly all differ."""
    sides = [
        [[{"role": "user", "content": words * 1_000}] * 20] * 26 for words in ("a b ", "b c a ")
    ]
    table = {
        name: pa.array(side, MESSAGES)
        for name, side in zip(("chosen", "rejected"), sides, strict=True)
    }
    return {"train.parquet": parquet(table)}, []


def subsets():
    """20,000 folders, each a subset, and an annotation in each of 5,000."""
    folders = [f"s{number}/train.parquet" for number in range(15_000)]
    said = [f"annotations/a{number}/manifest.json" for number in range(5_000)]
    return {"a/0.parquet": ROWS}, folders + said


@slow
@pytest.mark.parametrize("store", [patterns, columns, values, differences, subsets])
def test_nobody_waits_for_what_another_stored(hub, account, store):
    ann, _ = account("ann")
    _, bob = account("bob")
    filled(hub, ann, "evil", *store())
    filled(hub, ann, "good", {"README.md": b"# Good", "train.parquet": ROWS})
    hub.close()
    with running(hub.root) as server:
        evil, search, good, viewer = (
            httpx.Request(
                "GET", f"{server.url}/datasets/ann/{path}", headers={"Accept": "text/html", **who}
            )
            for path, who in (
                ("evil/viewer", {}),
                ("evil/viewer?q=zzz", {}),
                ("good", bob),
                ("good/viewer", bob),
            )
        )
        assert took(good)[0] == took(viewer)[0] == 200  # its card is rendered
        assert took(evil, 30)[0] in (200, 422)
        with strained(server, [good, viewer]) as strain, besieged([evil, search], 16, 2.0):
            time.sleep(SECONDS)
        print(store.__name__, strain)
        strain.check()

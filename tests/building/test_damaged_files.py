"""Rows that cannot be read, and files that are cut short or damaged."""

import gzip
import json
import zlib

import pyarrow.parquet as pq
import pytest
from backports import zstd

import pairsmith
from pairsmith.errors import DamagedInputError
from support.good_rows import GOOD, ROWS
from support.slow import quick


def test_every_kind_of_bad_row_is_quarantined_and_the_good_ones_stay(tmp_path):
    lines = [
        ROWS[0],
        b"not json",
        b'["an", "array"]',
        b'{"chosen": "x"}',
        json.dumps({**GOOD, "chosen": None}).encode(),
        json.dumps({**GOOD, "chosen": 5}).encode(),
        ROWS[0].replace(b"A mile", b"\xff\xfe"),
        ROWS[0].replace(b"A mile", b"\\ud800"),
        ROWS[0].replace(b"A mile", b"\\u0000"),
        ROWS[0].replace(b"A mile", b"\x00"),
        json.dumps({"chosen": "\n\nHuman:", "rejected": "\n\nAssistant:"}).encode(),
        json.dumps({"chosen": "\n\nHuman:\n\nAssistant:", "rejected": "\n\nAssistant:"}).encode(),
        json.dumps({**GOOD, "chosen": GOOD["chosen"] + "x" * 50_000_000}).encode(),
        ROWS[1],
    ]
    (tmp_path / "train.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    built = pairsmith.build(tmp_path / "train.jsonl", tmp_path / "out", template="llama2")
    assert built.totals.read == len(lines)
    assert built.totals.kept == 2
    assert built.totals.quarantined == {"malformed": 10, "no_reply": 1, "prompt_mismatch": 1}
    with (tmp_path / "out" / "quarantine" / "pairs-train.jsonl").open() as file:
        held = [json.loads(line) for line in file]
    assert [row["line"] for row in held] == list(range(2, 14))
    assert held[-1]["raw"].encode() == lines[-2]
    assert pairsmith.check(tmp_path / "out") == []


def damaged(tmp_path, data, name="train.jsonl.gz"):
    """Builds a damaged file beside a whole one; returns what was said and the rows that came."""
    folder = tmp_path / "in" / "harmless-base"
    folder.mkdir(parents=True)
    (folder / name).write_bytes(data)
    (folder / "test.jsonl").write_bytes(ROWS[0] + b"\n")
    out = tmp_path / "out"
    with pytest.raises(DamagedInputError) as caught:
        pairsmith.build(tmp_path / "in", out, template="llama2")
    assert [path.name for path in out.iterdir()] == ["unfinished"]
    begun = out / "unfinished"
    assert not (begun / "manifest.json").exists()
    assert f"What came before the damage is in {begun}" in caught.value.hint
    assert len(pq.read_table(begun / "harmless-base" / "test-00000.parquet")) == 1
    shard = begun / "harmless-base" / "train-00000.parquet"
    rows = pq.read_table(shard)["id"].to_pylist() if shard.exists() else []
    assert rows == [f"harmless-base/train/{n}" for n in range(1, len(rows) + 1)]
    return caught.value.message, len(rows)


@pytest.mark.parametrize("left", quick([20, 5000, -1, -9], 5000))
def test_a_gzip_file_cut_short(tmp_path, left):
    whole = gzip.compress(b"\n".join(ROWS) + b"\n")
    data = whole[:left]
    message, rows = damaged(tmp_path, data)
    before = zlib.decompressobj(31).decompress(data)
    assert rows == before.count(b"\n")
    assert message == (
        f"harmless-base/train.jsonl.gz is cut short or damaged: its compressed data end at byte "
        f"{len(data):,} (the end-of-stream marker is missing). "
        f"{rows:,} whole lines come before that."
    )


def test_a_zstd_file_cut_short(tmp_path):
    data = zstd.compress(b"\n".join(ROWS) + b"\n", level=1)
    message, rows = damaged(tmp_path, data[:-2], "train.jsonl.zst")
    assert "harmless-base/train.jsonl.zst is cut short or damaged" in message
    assert f"{rows:,} whole lines" in message


@pytest.mark.parametrize("ending", ["gz", "zst"])
@pytest.mark.parametrize("data", quick([b"", b"plain text, not compressed"]))
def test_a_file_that_is_not_compressed_as_it_says(tmp_path, ending, data):
    message, rows = damaged(tmp_path, data, f"train.jsonl.{ending}")
    assert "cut short or damaged" in message
    assert rows == 0


def test_a_wrong_checksum(tmp_path):
    data = bytearray(gzip.compress(b"\n".join(ROWS) + b"\n"))
    data[-6] ^= 1
    message, _ = damaged(tmp_path, bytes(data))
    assert "checksum" in message


def test_a_damaged_file_mended_builds_over_what_was_left(tmp_path):
    whole = gzip.compress(b"\n".join(ROWS) + b"\n")
    damaged(tmp_path, whole[:5000])
    (tmp_path / "in" / "harmless-base" / "train.jsonl.gz").write_bytes(whole)
    built = pairsmith.build(tmp_path / "in", tmp_path / "out", template="llama2")
    assert built.totals.kept == 2001
    assert pairsmith.check(tmp_path / "out") == []
    assert not (tmp_path / "out" / "unfinished").exists()

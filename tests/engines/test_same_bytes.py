"""The same bytes, whoever works, on how many rows at a time."""

import itertools

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pairsmith
from pairsmith.dataset import shards
from pairsmith.dataset.shards import Converted, ShardPath, ShardWriter
from pairsmith.schema.recipe import make_recipe
from pairsmith.schema.rows import Form, Kind, kernel_schema
from pairsmith.sources.field_uses import Uses
from pairsmith.sources.records import Records
from support.examples import examples
from support.mixture import hashes, write_mixture
from support.slow import quick

SHARD_ROWS = 70


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Files of 700 rows and fewer, in shards of 70."""
    return write_mixture(tmp_path_factory.mktemp("mixture") / "in", 700)


def build(source, out, template, **options):
    built = pairsmith.build(source, out, template=template, shard_rows=SHARD_ROWS, **options)
    return built.to_dict(), hashes(out)


@pytest.fixture(scope="module")
def usual(source, tmp_path_factory):
    """The build of one process, by template."""
    folder = tmp_path_factory.mktemp("usual")
    return {
        template: build(source, folder / str(template), template, workers=1)
        for template in (None, "llama2")
    }


def test_the_mixture_holds_what_it_should(usual):
    manifest, files = usual["llama2"]
    ledger = {(entry["subset"], entry["split"]): entry for entry in manifest["ledger"]}
    assert len(ledger) == 7
    assert ledger["helpful-online", "test"]["kept"] == 0
    assert not any(path.startswith("helpful-online/test") for path in files)
    assert all(entry["quarantined"] for key, entry in ledger.items() if key[1] == "test")
    shards = [entry for entry in manifest["outputs"] if entry["path"].endswith(".parquet")]
    rows = {entry["path"]: entry["rows"] for entry in shards}
    assert rows["helpful-base/train-00000-of-00005.parquet"] == 0  # all refused
    assert rows["helpful-base/train-00004-of-00005.parquet"] > 0
    assert sum(path.startswith("harmless-base/train") for path in rows) == 10
    assert "README.md" in files


# the template's text takes another way through the kernel; where blocks end is the same
WAYS = [
    *itertools.product(["llama2"], [1, 2, 8], [1_000, 50_000, 7]),
    *itertools.product([None], [1, 2], [7]),
]
QUICK_WAYS = [("llama2", 2, 1_000), ("llama2", 1, 50_000)]


@pytest.mark.parametrize(("template", "workers", "batch_rows"), quick(WAYS, *QUICK_WAYS))
def test_workers_and_batches_decide_no_byte(source, usual, tmp_path, template, workers, batch_rows):
    held = build(source, tmp_path / "out", template, workers=workers, batch_rows=batch_rows)
    assert held == usual[template]


# Row groups

LONG = 200
RECIPE = make_recipe(shard_rows=LONG)


def rows_of(lengths):
    """A kernel's output: texts of such lengths, every one of length 0 refused."""
    names = kernel_schema(Kind.PAIRS, Form.MESSAGES).names
    texts = ["x" * length for length in lengths]
    reasons = [None if length else "identical" for length in lengths]
    columns = {
        "id": [f"s/train/{n}" for n in range(1, len(lengths) + 1)],
        "prompt": [[{"role": "user", "content": text}] for text in texts],
        "chosen": [[{"role": "assistant", "content": "a"}]] * len(texts),
        "rejected": [[{"role": "assistant", "content": "b"}]] * len(texts),
        "notes": [[]] * len(texts),
        "reason": reasons,
        "detail": reasons,
    }
    return pa.RecordBatch.from_pydict(
        {name: columns[name] for name in names}, schema=kernel_schema(Kind.PAIRS, Form.MESSAGES)
    )


def groups(out, batch, cuts):
    """The rows in each row group of a shard that is written in such pieces; and its bytes."""
    place = ShardPath(Kind.PAIRS, "s", "train", "train.jsonl", 0)
    writer = ShardWriter(out, place, RECIPE)
    edges = [0, *sorted(cuts), len(batch)]
    for start, stop in itertools.pairwise(edges):
        places = np.arange(start, stop)
        records = Records(b"{}", places * 0, places * 0 + 2, places + 1, places + 1)
        uses = Uses(np.ones(len(places), np.int64), {})
        part = batch.slice(start, stop - start)
        writer.write(Converted(records, part, places - start, uses))
    writer.close()
    held = pq.ParquetFile(writer.partial).metadata
    data = writer.partial.read_bytes()
    writer.discard()
    return [held.row_group(n).num_rows for n in range(held.num_row_groups)], data


@examples(40)
@given(
    lengths=st.lists(st.sampled_from([0, 1, 30, 300, 900]), min_size=1, max_size=LONG),
    data=st.data(),
)
def test_row_groups_end_where_the_rows_say(tmp_path_factory, lengths, data):
    cuts = data.draw(st.lists(st.integers(0, len(lengths)), max_size=12))
    batch = rows_of(lengths)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shards, "GROUP_ROWS", 13)
        patch.setattr(shards, "GROUP_BYTES", 1000)
        out = tmp_path_factory.mktemp("groups")
        whole, wanted = groups(out, batch, [])
        assert groups(out, batch, cuts) == (whole, wanted)
    assert sum(whole) == np.count_nonzero(lengths)
    assert max(whole, default=0) <= 13

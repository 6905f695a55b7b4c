"""Parquet: any make of the same columns, read in bounded batches; bad rows and bad files."""

import contextlib
import datetime
import hashlib
import json

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pairsmith
from pairsmith.errors import DamagedInputError, SourceError
from pairsmith.io import paths
from pairsmith.io.identity import WatchedFile
from pairsmith.sources.columnar import column_types
from pairsmith.sources.columnar.shapes import SHAPES
from pairsmith.sources.detection.detect import choose, recognise
from pairsmith.sources.formats import parquet as module
from pairsmith.sources.formats import table as table_module
from pairsmith.sources.formats.format import Reading
from support.shapes import blocks, example, read, source_file, write

HH = {"chosen": "\n\nHuman: Hi?\n\nAssistant: Hi.", "rejected": "\n\nHuman: Hi?\n\nAssistant: No."}
TEXT = [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]
LIST = [pa.list_, pa.large_list, lambda t: pa.list_(t, 1)]


def save(path, table, **options):
    pq.write_table(table, path, **options)
    return path


@pytest.mark.parametrize("text", [t for t in TEXT if t != pa.string_view()], ids=str)
@pytest.mark.parametrize("many", LIST, ids=["list", "large", "fixed"])
def test_any_make_of_a_column(text, many, tmp_path):
    spoken = pa.struct([("score", pa.float32()), ("content", text), ("role", text)])
    row = example("trl")
    schema = pa.schema([(name, many(spoken)) for name in row] + [("more", pa.binary())])
    table = pa.Table.from_pylist([row, {**row, "chosen": None}], schema=schema)
    good, bad = read(save(tmp_path / "train.parquet", table), "trl")
    assert good == read(write(tmp_path / "train.jsonl", [row]), "trl")[0]
    assert bad["fault"] == "the field chosen is null"


@pytest.mark.parametrize("text", TEXT, ids=str)
def test_any_make_of_a_text(text, tmp_path):
    schema = pa.schema([("rejected", text), ("chosen", text)])
    path = save(tmp_path / "train.parquet", pa.Table.from_pylist([HH], schema=schema))
    assert read(path, "hh") == [{"id": "mine/train/1", **HH, "fault": None}]


def test_columns_that_are_null_or_not_there(tmp_path):
    row = example("alpaca-output")
    table = pa.table(
        {"instruction": [row["instruction"]], "output": [row["output"]], "input": [None]}
    )
    (found,) = read(save(tmp_path / "train.parquet", table), "alpaca-output")
    assert found["fault"] is None


def test_scores_of_dialogues(tmp_path):
    from pairsmith.schema.rows import DIALOGUE_SCORES

    row = {
        "transcript": HH["chosen"], "rating": 3, "tags": ["a", None], "is_upworker": True,
        "task_descripton_harmlessness_score": 0.5, "red_team_member_id": 7,
    }  # fmt: skip
    path = save(tmp_path / "red_team_attempts.parquet", pa.Table.from_pylist([row]))
    built = pairsmith.build(path, tmp_path / "out")
    assert built.totals.kept == 1
    (found,) = pq.read_table(tmp_path / "out" / "red-team-attempts").to_pylist()
    assert found["rating"] == 3.0
    assert found["task_description_harmlessness_score"] == 0.5
    assert set(DIALOGUE_SCORES.names) <= found.keys()


def test_a_build_from_parquet(tmp_path):
    held = [HH, {**HH, "chosen": None}, {**HH, "chosen": "plain"}, HH]
    extra = {"when": datetime.date(2024, 1, 2), "bytes": b"\xff", "nested": {"a": [1.5, None]}}
    table = pa.Table.from_pylist([{**extra, **row} for row in held])
    path = save(tmp_path / "train.parquet", table, row_group_size=2)
    built = pairsmith.build(path, tmp_path / "out", template="llama2")
    assert built.totals.read == 4
    assert built.totals.quarantined == {"malformed": 2}
    (entry,) = built.inputs
    data = path.read_bytes()
    assert (entry.rows, entry.bytes) == (4, len(data))
    assert entry.sha256 == hashlib.sha256(data).hexdigest()
    lines = (tmp_path / "out/quarantine/pairs-train.jsonl").read_text().splitlines()
    refused = [json.loads(line) for line in lines]
    assert [row["line"] for row in refused] == [2, 3]
    assert refused[0]["detail"] == "the field chosen is null"
    assert json.loads(refused[1]["raw"]) == {
        "when": "2024-01-02", "bytes": "/w==", "nested": {"a": [1.5, None]}, **held[2],
    }  # fmt: skip
    assert pairsmith.check(tmp_path / "out") == []
    assert pairsmith.build(path, tmp_path / "out", template="llama2").reused


def test_text_that_is_not_utf8(tmp_path):
    good = pa.array([HH["chosen"], "x", HH["chosen"]]).cast(pa.binary())
    bad = pa.array([b"a", b"\n\nHuman: \xff", b"c"])
    as_text = pa.Array.from_buffers(pa.string(), 3, bad.buffers())
    table = pa.table({"chosen": as_text, "rejected": good.cast(pa.string())})
    path = save(tmp_path / "train.parquet", table)
    assert [row["fault"] for row in read(path, "hh")] == [None, column_types.NOT_UTF8, None]
    (block,) = blocks(path, "hh")
    raw = '{"chosen": "\\n\\nHuman: ÿ", "rejected": "x"}'
    assert block.records.raw(1) == raw.encode("latin-1")
    built = pairsmith.build(path, tmp_path / "out", from_="hh")
    assert built.totals.quarantined["malformed"] == 3


def test_blocks_are_bounded_by_the_files_own_word(tmp_path, monkeypatch):
    path = write(tmp_path / "train.parquet", [example("trl", str(n) * 1000) for n in range(40)])
    monkeypatch.setattr("pairsmith.sources.records.BLOCK_BYTES", 5_000)
    assert all(block.rows.nbytes < 20_000 for block in blocks(path, "trl"))
    assert sum(len(block.rows) for block in blocks(path, "trl")) == 40


def test_no_rows(tmp_path):
    table = pa.Table.from_pylist([HH])[:0]
    path = save(tmp_path / "train.parquet", table)
    assert read(path, "hh") == []
    assert pairsmith.build(path, tmp_path / "out").totals.read == 0


@pytest.mark.parametrize("cut", [0, 3, 100, -1, -20])
def test_a_file_cut_short(cut, tmp_path):
    path = write(tmp_path / "train.parquet", [HH] * 50)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(
        DamagedInputError, match=r"^train.parquet is damaged, or no Parquet"
    ) as said:
        pairsmith.build(path, tmp_path / "out")
    assert "0 whole rows come before that" in said.value.message


@given(st.integers(0, 10_000), st.integers(0, 255), st.sampled_from(["none", "snappy"]))
def test_a_byte_that_is_another(tmp_path_factory, place, byte, compression):
    """Whatever it hits, there are rows or there is a sentence."""
    path = tmp_path_factory.mktemp("rows") / "train.parquet"
    table = pa.Table.from_pylist([example("openai", "x" * n) for n in range(9)])
    save(path, table, row_group_size=4, compression=compression)
    data = bytearray(path.read_bytes())
    data[place % len(data)] = byte
    path.write_bytes(data)
    with contextlib.suppress(SourceError):
        assert all(block.records.raw(0) for block in blocks(path, "openai"))
    with contextlib.suppress(SourceError):
        recognise(source_file(path))


def test_a_name_that_is_not_utf8(tmp_path):
    path = write(tmp_path / "train.parquet", [HH])
    path.write_bytes(path.read_bytes().replace(b"rejected", b"reject\xff\xff"))
    with pytest.raises(DamagedInputError, match="is damaged, or no Parquet file"):
        read(path, "hh")


def test_a_page_that_does_not_decode(tmp_path):
    table = pa.Table.from_pylist([{**HH, "n": str(n)} for n in range(3000)])
    path = save(
        tmp_path / "train.parquet", table, row_group_size=1000, write_page_checksum=True,
        use_dictionary=False, compression="zstd",
    )  # fmt: skip
    data = bytearray(path.read_bytes())
    start = pq.read_metadata(path).row_group(1).column(0).data_page_offset
    data[start + 60 : start + 90] = b"\0" * 30
    path.write_bytes(data)
    with pytest.raises(DamagedInputError, match=r"is damaged.* 1,000 whole rows come before"):
        pairsmith.build(path, tmp_path / "out")
    shard = tmp_path / "out/unfinished/pairs/train-00000.parquet"
    assert len(pq.read_table(shard)) == 1000


@pytest.mark.parametrize(
    ("shape", "changed", "message"),
    [
        ("hh", {"chosen": [1]}, "the column chosen is int64, not text"),
        ("hh", {"chosen": [["a"]]}, r"the column chosen is list<.*>, not text"),
        ("trl", {"prompt": ["a"]}, r"the column prompt is string, not a list of {role, content}"),
        ("trl", {"prompt": [[{"role": "user"}]]}, r"not a list of {role, content}"),
        ("trl", {"prompt": [[{"role": "user", "content": [1]}]]}, "not a list of {role, content}"),
        ("alpaca-output", {"output": ["a"]}, "the column output is string, not a list of texts"),
        ("axolotl", {"chosen": ["a"]}, "the column chosen is string, not {role, content}"),
        ("nemo-rl", {"completions": [[{"rank": 0.5, "completion": []}]]}, "not a list of {rank, "),
    ],
)
def test_a_column_of_a_wrong_type(shape, changed, message, tmp_path):
    row = HH if shape == "hh" else example(shape)
    table = pa.table({**{name: [value] for name, value in row.items()}, **changed})
    path = save(tmp_path / "train.parquet", table)
    with pytest.raises(SourceError, match=f"train.parquet: .*{message}") as caught:
        read(path, shape)
    assert "--from" in caught.value.hint
    assert not isinstance(caught.value, DamagedInputError)


def test_a_column_that_is_not_there(tmp_path):
    path = write(tmp_path / "train.parquet", [HH])
    with pytest.raises(SourceError, match="has no column prompt; it has chosen, rejected"):
        read(path, "trl")


def test_a_column_that_is_there_twice(tmp_path):
    texts = [pa.array([HH["chosen"]])] * 3
    path = save(tmp_path / "train.parquet", pa.table(texts, ["chosen", "chosen", "rejected"]))
    with pytest.raises(SourceError, match=r"train\.parquet has two columns chosen"):
        pairsmith.build(path, tmp_path / "out")
    texts[0] = texts[0].cast(pa.large_string())
    path = save(tmp_path / "train.parquet", pa.table([*texts, texts[0]], ["x", *HH, "x"]))
    (block,) = blocks(path, "hh")
    assert json.loads(block.records.raw(0)) == {
        "x": HH["chosen"],
        **dict.fromkeys(HH, HH["chosen"]),
    }


def test_every_word_for_a_type():
    for shape in SHAPES.values():
        for field in shape.fields:
            assert column_types.words_of(field.type)


def test_a_remote_file(tmp_path):
    path = write(tmp_path / "train.parquet", [example("trl")] * 3)
    fsspec.filesystem("memory").pipe("/far/train.parquet", path.read_bytes())
    place = paths.locate("memory://far/train.parquet")
    shape = SHAPES["trl"]
    with WatchedFile(place, "train.parquet") as metered:
        reading = Reading(metered, "train.parquet", shape.fields, shape.required)
        (rows,) = module.PARQUET.read(reading)
        assert metered.count == path.stat().st_size
    parsed = module.PARQUET.to_table(rows, shape.fields, shape.required, "train.parquet")
    assert len(parsed.table) == 3
    assert rows.numbers.tolist() == [1, 2, 3]


def test_a_file_system_that_fails_midway(tmp_path, monkeypatch):
    path = write(tmp_path / "train.parquet", [HH] * 10)
    monkeypatch.setattr(f"{module.__name__}.SeekableFile.read", failing)
    with pytest.raises(SourceError, match="cannot be read: the network is down"):
        read(path, "hh")


def failing(self, size=-1):
    with paths.translated_faults(self.place):
        raise OSError("the network is down")


TALL = pa.dictionary(pa.int32(), pa.string())


@pytest.mark.parametrize("nested", [False, True])
def test_a_dictionary_that_makes_of_one_text_many(nested, tmp_path, monkeypatch):
    monkeypatch.setattr("pairsmith.sources.records.BLOCK_BYTES", 50_000)
    row = example("trl" if nested else "trl-text", "x" * 10_000)
    spoken = pa.list_(pa.struct([("role", TALL), ("content", TALL)])) if nested else TALL
    schema = pa.schema([(name, spoken) for name in row])
    table = pa.Table.from_pylist([row] * 100, schema=schema)
    path = save(tmp_path / "train.parquet", table, compression="zstd")
    found = list(blocks(path, "trl" if nested else "trl-text"))
    assert sum(len(block.rows) for block in found) == 100
    assert all(block.rows.nbytes < 200_000 for block in found)


@pytest.mark.parametrize("text", [pa.string(), TALL], ids=str)
def test_few_rows_at_a_time_where_a_dictionary_is_long(text, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BATCH_BYTES", 100_000)
    prompt = pa.array(["x" * 20_000] * 1000).cast(text)
    replies = pa.array([str(n) for n in range(1000)])
    table = pa.table({"prompt": prompt, "chosen": replies, "rejected": replies})
    path = save(tmp_path / "train.parquet", table, compression="zstd")
    with paths.locate(str(path)).fs.open(str(path), "rb") as raw:
        assert module._batch_rows(pq.read_metadata(path).row_group(0), raw) in (4, 5)


def test_a_row_that_a_dictionary_makes_too_long(tmp_path, monkeypatch):
    for name in ("columnar.column_types", "formats.table"):
        monkeypatch.setattr(f"pairsmith.sources.{name}.ROW_BYTES", 1_000)
    monkeypatch.setattr("pairsmith.sources.records.RECORD_BYTES", 10_000)
    row = {"prompt": "Hi?", "chosen": "a", "rejected": "b"}
    long, endless = ({**row, "prompt": "x" * size} for size in (2_000, 20_000))
    schema = pa.schema([(name, TALL) for name in row])
    table = pa.Table.from_pylist([row, long, row, endless], schema=schema)
    path = save(tmp_path / "train.parquet", table)
    with pytest.raises(DamagedInputError, match=r"row 4 is longer than 10,000 .* 3 whole rows"):
        list(blocks(path, "trl-text"))
    found = read(save(path, table[:3]), "trl-text")
    said = "the row is 2,002 bytes long; at most 1,000 are read"
    assert [row["fault"] for row in found] == [None, said, None]


def test_a_want_of_memory_is_a_sentence(tmp_path, monkeypatch):
    def project(*_):
        raise pa.ArrowMemoryError("malloc failed")

    monkeypatch.setattr(table_module, "project", project)
    with pytest.raises(DamagedInputError, match="rows that do not fit into memory"):
        read(write(tmp_path / "train.parquet", [HH]), "hh")


def test_a_nested_dictionary_in_two_row_groups(tmp_path):
    row = example("trl")
    spoken = pa.list_(pa.struct([("role", TALL), ("content", pa.string())]))
    table = pa.Table.from_pylist([row] * 10, schema=pa.schema([(name, spoken) for name in row]))
    path = save(tmp_path / "train.parquet", table, row_group_size=5)
    assert recognise(source_file(path)).name == "trl"
    assert [row["fault"] for row in read(path, "trl")] == [None] * 10


def test_replies_with_a_label(tmp_path):
    path = write(tmp_path / "train.parquet", [{"prompt": "a", "completion": "b", "label": True}])
    with pytest.raises(SourceError, match="single replies with a label"):
        recognise(source_file(path))


def test_no_columns(tmp_path):
    path = save(tmp_path / "train.parquet", pa.table({}))
    with pytest.raises(SourceError, match=r"train\.parquet has no columns\."):
        read(path, "hh")


@pytest.mark.parametrize("shape", ["trl", "openai", "trl-text", "hh"])
def test_no_rows_but_a_schema(shape, tmp_path):
    row = HH if shape == "hh" else example(shape)
    path = save(tmp_path / "train.parquet", pa.Table.from_pylist([row])[:0])
    assert choose([source_file(path)]).name == shape


def test_a_damaged_row_group_leaves_the_schema(tmp_path):
    path = write(tmp_path / "train.parquet", [example("trl")] * 3)
    data = bytearray(path.read_bytes())
    data[4:40] = b"\xff" * 36
    path.write_bytes(data)
    with pytest.raises(DamagedInputError, match="is damaged, or no Parquet file"):
        pairsmith.build(path, tmp_path / "out")

"""Rows of Parquet files: the right ones, within bounds, and nothing but these files."""

from __future__ import annotations

import io
import random

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairsmith.hub.http.errors import HubError
from pairsmith.hub.viewer import columns, connection, footers, query, wanted
from pairsmith.hub.viewer.query import Value, read_page, read_row
from pairsmith.hub.viewer.sources import Source, UnreadableError
from support.examples import examples
from support.hub.endless import ENDLESS
from support.hub.parquets import parquet
from support.slow import slow

TEXTS = st.text(alphabet="aAbB%_\\'\"éÉ\0 ", max_size=4)
MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))


@pytest.fixture
def sources(tmp_path):
    """Lays tables out as files without a suffix, as the blobs are."""

    def lay(*contents: bytes) -> list[Source]:
        made = []
        for number, content in enumerate(contents):
            path = tmp_path / f"{number}".zfill(64)
            path.write_bytes(content)
            made.append(Source(f"train-{number}.parquet", path))
        return made

    return lay


def column(rows, at=0):
    return [row.values[at].content for row in rows.rows]


def turns_of(value: Value) -> list[dict[str, object]]:
    assert isinstance(value.content, list)
    return value.content


def test_pages_follow_each_other_through_all_files(sources):
    files = sources(
        parquet({"n": list(range(30))}, row_group_size=7),
        parquet({"n": list(range(30, 60))}),
    )
    pages = [read_page(files, number) for number in (1, 2, 3, 4)]
    assert [int(text) for one in pages for text in column(one)] == list(range(60))
    assert [row.number for one in pages for row in one.rows] == list(range(1, 61))
    assert [one.more for one in pages] == [True, True, False, False]
    assert [len(one.rows) for one in pages] == [25, 25, 10, 0]
    assert {one.total for one in pages} == {60}


def test_a_row_far_into_a_long_file(sources):
    files = sources(parquet({"n": pa.array(range(1_000_000))}, row_group_size=100_000))
    assert column(read_row(files, 987_654)) == ["987653"]
    assert read_row(files, 1_000_001).rows == []
    assert [row.number for row in read_page(files, 40_000).rows] == list(range(999_976, 1_000_001))


@examples(40)
@given(st.lists(TEXTS | st.none(), min_size=1, max_size=8), TEXTS.filter(bool))
def test_a_search_finds_what_python_finds(tmp_path_factory, texts, search):
    path = tmp_path_factory.mktemp("rows") / "rows"
    path.write_bytes(parquet({"text": pa.array(texts, pa.string())}))
    found = read_page([Source("rows.parquet", path)], 1, search)
    held = [
        (number, text)
        for number, text in enumerate(texts, start=1)
        if text is not None and search.lower() in text.lower()
    ]
    assert [(row.number, row.values[0].content) for row in found.rows] == held
    assert found.matching == len(held)


def test_a_search_is_paged_and_counted(sources):
    texts = ["needle" if number % 3 == 0 else "hay" for number in range(300)]
    files = sources(parquet({"text": texts[:100]}), parquet({"text": texts[100:]}))
    last = read_page(files, 4, "NEEDLE")
    assert last.matching == 100
    assert [row.number for row in last.rows] == [n + 1 for n in range(300) if n % 3 == 0][75:]
    assert read_page(files, 1, "needle").matching == 100
    beyond = read_page(files, 9, "needle")
    assert (beyond.rows, beyond.matching, beyond.more) == ([], 100, False)


def test_messages_and_nested_values_are_searched(sources):
    files = sources(
        parquet(
            {
                "chosen": pa.array(
                    [[{"role": "user", "content": 'It\'s "here"\n'}], None, [None], []], MESSAGES
                ),
                "notes": [["near_empty"], None, [], ["other"]],
            }
        )
    )
    assert [row.number for row in read_page(files, 1, 'it\'s "HERE"').rows] == [1]
    assert [row.number for row in read_page(files, 1, "other").rows] == [4]
    assert read_page(files, 1, "user").rows == []


def test_files_with_different_columns_are_read_together(sources):
    files = sources(parquet({"a": [1], "b": ["x"]}), parquet({"b": ["y"], "c": [[2]], "a": ["z"]}))
    found = read_page(files, 1)
    assert [one.name for one in found.columns] == ["a", "b", "c"]
    assert [[value.content for value in row.values] for row in found.rows] == [
        ["1", "x", None],
        ["z", "y", "[2]"],
    ]


def test_values_of_every_kind_come_as_text(sources):
    table = pa.table(
        {
            'a "name"; DROP': ["x"],
            "binary": [b"\xff\0"],
            "image": [{"bytes": b"\xff" * 9, "path": "a.png"}],
            "map": pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())),
            "time": pa.array([0], pa.timestamp("us", "UTC")),
            "number": [float("nan")],
            "null": pa.nulls(1),
            "category": pa.array(["c"]).dictionary_encode(),
        }
    )
    found = read_page(sources(parquet(table)), 1)
    assert [(one.name, one.kind) for one in found.columns] == [
        ('a "name"; DROP', "text"),
        ("binary", "binary"),
        ("image", "binary"),
        ("map", "nested"),
        ("time", "plain"),
        ("number", "plain"),
        ("null", "plain"),
        ("category", "text"),
    ]
    assert [value[:2] for value in found.rows[0].values] == [
        ("x", 1),
        (None, 2),
        (None, 9),
        ('{"k":1}', 7),
        ("1970-01-01 00:00:00+00", 22),
        ("nan", 3),
        (None, None),
        ("c", 1),
    ]


def test_long_values_are_cut(sources):
    turns = [{"role": "user" * 50, "content": "é" * 5_000}] * 120
    files = sources(parquet({"text": ["é" * 300_000], "turns": pa.array([turns], MESSAGES)}))
    text, messages = read_page(files, 1).rows[0].values
    assert (text.content, text.size) == ("é" * 4_000, 300_000)
    assert (len(messages.content), messages.size) == (20, 120)
    assert messages.content[0] == {
        "role": ("user" * 50)[:40],
        "content": "é" * 4_000,
        "size": 5_000,
    }
    text, messages = read_row(files, 1).rows[0].values
    assert (text.content, text.size) == ("é" * 200_000, 300_000)
    assert [message["content"] for message in turns_of(messages)] == ["é" * 5_000] * 100


def test_many_long_values_are_cut_further(sources):
    turns = pa.array([[{"role": "user", "content": "x" * 5_000}] * 20] * 26, MESSAGES)
    wide = {f"t{n}": ["x" * 5_000] * 26 for n in range(20)} | {f"m{n}": turns for n in range(20)}
    found = read_page(sources(parquet(wide)), 1)
    texts = [value.content for row in found.rows for value in row.values]
    shown = sum(
        len(content)
        if isinstance(content, str)
        else sum(len(str(turn["content"])) for turn in content)
        for content in texts
    )
    assert 900_000 < shown <= 1_000_000
    assert {value.size for row in found.rows for value in row.values} == {5_000, 20}


def test_a_very_wide_table_is_cut(sources):
    found = read_page(sources(parquet({f"c{200 - n}": [f"value {n}"] for n in range(130)})), 1)
    assert (len(found.columns), found.unshown, len(found.rows[0].values)) == (100, 30, 100)
    assert column(found, 99) == ["value 99"]


def test_a_table_that_is_too_wide_is_not_begun_with(sources):
    wide = parquet({f"c{n}": [1] for n in range(footers.MAX_FIELDS)})
    with pytest.raises(UnreadableError, match=r"train-0\.parquet has 4,001 columns"):
        read_page(sources(wide), 1)
    halves = [parquet({f"c{n}": [1] for n in range(at, at + 2_001)}) for at in (0, 2_001)]
    assert read_page(sources(*halves), 1).files == 1


@pytest.mark.parametrize(
    ("bound", "most"),
    [
        ("MAX_ALL_FIELDS", 30),
        ("MAX_BYTES", 6_000),
    ],  # three files, of 10 fields and 1,808 bytes each
)
def test_files_are_looked_at_as_far_as_their_footers_allow(sources, monkeypatch, bound, most):
    """One content at many paths is read as often, so it counts as often."""
    file = sources(parquet({f"c{n}": [n] for n in range(9)}))[0]
    whole = read_page([file] * 100, 1)
    monkeypatch.setattr(footers, bound, most)
    found = read_page([file] * 100, 1)
    assert (whole.files, whole.total) == (100, 100)
    assert (found.files, found.total) == (3, 3)


def test_a_footer_that_is_too_long_is_not_read(sources, monkeypatch):
    monkeypatch.setattr(footers, "MAX_BYTES", 100)
    with pytest.raises(UnreadableError, match=r"train-0\.parquet has a footer of [\d,]+ bytes"):
        read_page(sources(parquet({"a": ["x"]})), 1)


@slow
def test_row_groups_of_any_size_are_read_a_little_at_a_time(sources, monkeypatch):
    """DuckDB would read all of a row group first: here 100 MB with 64 MB of memory."""
    monkeypatch.setitem(connection.SETTINGS, "memory_limit", "64MB")
    words = random.Random(1).randbytes(100_000_000).hex()
    texts = [words[at : at + 2_000] for at in range(0, len(words), 2_000)]
    found = read_page(sources(parquet({"text": texts}, row_group_size=len(texts))), 1)
    assert (len(found.rows), found.total) == (25, 100_000)


def test_no_rows(sources):
    files = sources(parquet({"a": pa.array([], pa.string())}))
    assert read_page(files, 1)[2:6] == ([], 0, 0, False)
    assert read_page(files, 1, "x")[2:6] == ([], 0, 0, False)


def test_a_search_where_no_column_is_of_text(sources):
    files = sources(parquet({"n": [1], "bytes": [b"x"]}))
    found = read_page(files, 1, "x")
    assert (found.rows, found.matching, found.searched) == ([], 0, False)
    assert read_page(files, 1).searched is False
    assert read_page(sources(parquet({"t": ["x"]})), 1, "x").searched is True


BROKEN = {
    "empty": b"",
    "text": b"id,text\n1,one\n" * 100,
    "html": b"<script>alert(1)</script>" * 10,
    "cut": parquet({"a": ["x" * 1_000]})[:-100],
    "no beginning": parquet({"a": ["x" * 1_000]})[100:],
    "of one byte": b"P",
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN.keys())
def test_a_file_that_is_not_parquet_is_told_of_by_its_name(sources, content):
    files = sources(parquet({"a": ["x"]}), content)
    with pytest.raises(
        UnreadableError, match=r"^train-1\.parquet is not a Parquet file,"
    ) as caught:
        read_page(files, 1)
    assert files[1].path.name not in str(caught.value)


DAMAGED = {
    "magic alone": b"PAR1",
    "no footer": b"PAR1" + b"\0" * 100 + b"PAR1",
    "footer of another length": parquet({"a": ["x"]})[:-8] + b"\xff\xff\xff\x7fPAR1",
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_file_that_is_damaged_is_told_of_by_its_name(sources, content):
    with pytest.raises(UnreadableError, match=r"^train-0\.parquet cannot be read: it is damaged"):
        read_page(sources(content), 1)
    files = sources(parquet({"a": ["x"]}), content)
    with pytest.raises(UnreadableError, match=r"^train-1\.parquet cannot be read with the others"):
        read_page(files, 1)


def test_pages_of_a_file_that_are_damaged(sources):
    whole_file = parquet({"a": [f"{n} {'x' * 50}" for n in range(100)]}, compression="none")
    damaged = whole_file[:4] + b"\xee" * 2_000 + whole_file[2_004:]
    with pytest.raises(UnreadableError, match="read"):
        read_page(sources(damaged), 1)


def test_columns_of_kinds_that_do_not_go_together(sources):
    files = sources(parquet({"a": [[1]]}), parquet({"a": [{"b": 1}]}))
    with pytest.raises(UnreadableError, match=r"train-1\.parquet cannot be read with the others"):
        read_page(files, 1)


def test_types_nested_deep_are_shown_and_deeper_ones_told_of(sources):
    def deep(levels: int) -> bytes:
        type = pa.int64()
        for _ in range(levels):
            type = pa.struct([("a", type)])
        return parquet({"a": pa.nulls(1, type), "b": ["x"]})

    assert column(read_page(sources(deep(100)), 1), 1) == ["x"]
    with pytest.raises(UnreadableError, match="columns of an odd kind"):
        read_page(sources(deep(600)), 1)


def test_a_value_that_takes_too_much_memory(sources, monkeypatch):
    monkeypatch.setitem(connection.SETTINGS, "memory_limit", "16MB")
    files = sources(parquet({"a": ["x" * 30_000_000]}, compression="zstd"))
    with pytest.raises(UnreadableError, match="more than the 200MB of memory"):
        read_page(files, 1)


def test_what_takes_too_long_is_ended(sources, monkeypatch):
    monkeypatch.setattr(connection, "SECONDS", 0.1)
    monkeypatch.setattr(wanted, "search_condition", lambda _: ENDLESS)
    with pytest.raises(HubError, match="took more than 0 s") as caught:
        read_page(sources(parquet({"a": ["x", "y"]})), 1, "y")
    assert caught.value.status == 503


def test_counting_that_takes_too_long_is_left(sources, monkeypatch):
    conditions = iter([columns.search_condition, lambda _: ENDLESS])  # of the rows, of their number
    monkeypatch.setattr(connection, "SECONDS", 60.0)
    monkeypatch.setattr(query, "SECONDS_TO_COUNT", 0.1)
    monkeypatch.setattr(wanted, "search_condition", lambda held: next(conditions)(held))
    found = read_page(sources(parquet({"a": ["x"] * 30})), 1, "x")
    assert (len(found.rows), found.matching, found.more) == (25, None, True)
    assert next(conditions, None) is None


REACHES = (
    "SELECT * FROM read_parquet('{other}')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM glob('{folder}/*')",
    "COPY (SELECT 1) TO '{folder}/new'",
    "ATTACH '{folder}/new'",
    "LOAD httpfs",
    "INSTALL httpfs",
    "SET enable_external_access = true",
    "SET memory_limit = '100GB'",
    "RESET memory_limit",
)


@pytest.mark.parametrize("reach", REACHES)
def test_the_database_reaches_nothing_but_the_files(sources, reach, tmp_path):
    files = sources(parquet({"a": ["x"]}), parquet({"a": ["secret"]}))
    with duckdb.connect(":memory:", config=connection.SETTINGS) as db:
        table = connection._open(db, files[:1], [])
        assert table.total == 1
        with pytest.raises(duckdb.Error):
            db.execute(reach.format(other=files[1].path, folder=tmp_path)).fetchall()


def test_folders_of_any_name_will_do(tmp_path):
    folder = tmp_path / "it's [a]* k=v, {1..2}?"
    folder.mkdir()
    (folder / "rows").write_bytes(parquet({"a": ["x"]}))
    found = read_page([Source("rows.parquet", folder / "rows")], 1)
    assert ([one.name for one in found.columns], column(found)) == (["a"], ["x"])


def test_rows_of_many_files_keep_the_order_of_the_files(tmp_path):
    files = []
    for number in range(40):
        (tmp_path / f"{99 - number}").write_bytes(parquet({"n": [number] * 10}))
        files.append(Source(f"{number}.parquet", tmp_path / f"{99 - number}"))
    numbers = [int(text) for at in range(1, 17) for text in column(read_page(files, at))]
    assert numbers == [number for number in range(40) for _ in range(10)]


def test_a_parquet_file_of_another_writer(sources):
    sink = io.BytesIO()
    with pq.ParquetWriter(sink, pa.schema([("a", pa.large_string())]), version="1.0") as writer:
        writer.write_table(pa.table({"a": pa.array(["x"], pa.large_string())}))
        writer.write_table(pa.table({"a": pa.array([], pa.large_string())}))
    assert column(read_page(sources(sink.getvalue()), 1)) == ["x"]

"""JSON lines, CSV and images beside Parquet: the same rows, within the same bounds."""

from __future__ import annotations

import gzip
import html
import re

import duckdb
import pytest

from pairsmith.hub.viewer import connection
from pairsmith.hub.viewer.formats import format_of, of_one_format
from pairsmith.hub.viewer.query import read_page, read_row
from pairsmith.hub.viewer.sources import Source, UnreadableError
from support.hub.parquets import parquet
from support.hub.written import GIF, json_lines

ROWS = [{"id": f"tea/{n}", "text": f"Tea number {n}.", "n": n} for n in range(60)]
CSV = "id,text,n\n" + "".join(f'{row["id"]},"{row["text"]}",{row["n"]}\n' for row in ROWS)
TABLES = {
    "a.parquet": parquet({name: [row[name] for row in ROWS] for name in ROWS[0]}),
    "a.jsonl": json_lines(ROWS),
    "a.ndjson.gz": gzip.compress(json_lines(ROWS)),
    "a.csv": CSV.encode(),
    "a.CSV.GZ": gzip.compress(CSV.encode()),
    "a.tsv": CSV.replace(",", "\t").encode(),
}


@pytest.fixture
def lay(tmp_path):
    def put(name: str, content: bytes) -> Source:
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}".zfill(64)
        path.write_bytes(content)
        return Source(name, path)

    return put


@pytest.mark.parametrize("name", TABLES)
def test_rows_are_those_of_parquet(lay, name):
    sources = [lay(name, TABLES[name])]
    page = read_page(sources, 2)
    assert [row.number for row in page.rows] == list(range(26, 51))
    assert [[value.content for value in row.values] for row in page.rows[:2]] == [
        ["tea/25", "Tea number 25.", "25"],
        ["tea/26", "Tea number 26.", "26"],
    ]
    assert (page.total, page.more) == (60, True)
    found = read_page(sources, 1, "NUMBER 7.")
    assert ([row.number for row in found.rows], found.matching) == ([8], 1)
    assert read_row(sources, 0, name="tea/59").rows[0].number == 60
    assert read_row(sources, 0, name="tea/60").rows == []


TURNS = [{"role": "user", "content": "Hello"}]


def test_values_are_as_they_are_written(lay):
    """No date, number or text becomes another on the way to the page."""
    rows = [
        {"day": "2024-01-02", "code": "007", "mixed": "oak", "turns": TURNS},
        {"day": "2024-01-03T00:00:00Z", "code": "8", "mixed": [1, None], "more": True},
    ]  # fmt: skip
    page = read_page([lay("a.jsonl", json_lines(rows))], 1)
    first, second = ([value.content for value in row.values] for row in page.rows)
    said = [{"role": "user", "content": "Hello", "size": 5}]
    assert first == ["2024-01-02", "007", "oak", said, None]
    assert second == ["2024-01-03T00:00:00Z", "8", "[1,null]", None, "true"]
    page = read_page([lay("a.csv", b"day,code\n2024-01-02,007\n,x\n")], 1)
    assert [value.content for value in page.rows[0].values] == ["2024-01-02", "007"]
    assert page.rows[1].values[0].content is None


BROKEN = {
    "a.jsonl": (b'{"t": "SECRET"}\n' * 4 + b'{"t": SECRET}\n', "near line [56]: there is"),
    "d.jsonl": (b"", "d.jsonl is empty"),
    "a.jsonl.gz": (b"SECRET", "or it is no gzip file"),
    "a.csv": (b"a,b\n1,2\nSECRET\n", "more or fewer values than the first"),
    "b.csv": (b"a,b\n1,SECRET\xff\n", "text that is no UTF-8"),
    "c.csv": (b'a,b\n1,"SECRET\n', "a quote that is never closed"),
    "d.csv": (b"a\n" + b"x" * (5 << 20) + b"\n", "cannot be read"),
    "e.jsonl": (b'{"a": ' + b"[" * 9_000 + b"]" * 9_000 + b"}", "cannot be read"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_read_is_told_without_what_stands_there(lay, name):
    content, told = BROKEN[name]
    source = lay(name, content)
    with pytest.raises(UnreadableError, match=told) as caught:
        read_page([source], 40_000)
    said = str(caught.value)
    assert said.startswith(name)
    assert "SECRET" not in said
    assert source.path.name not in said


def test_a_value_of_another_type_far_behind(lay, monkeypatch):
    """Small files are read whole to tell types; of others the first lines, and the rest is told."""
    rows = [*[{"n": 1}] * 30_000, {"n": "SECRET"}]
    source = lay("a.jsonl", json_lines(rows))
    assert read_page([source], 1_201).rows[0].values[0].content == "SECRET"
    monkeypatch.setattr(connection, "WHOLE_BYTES", 0)
    with pytest.raises(UnreadableError, match="near line 30,001: there is a value of another"):
        read_page([source], 1_201)


def test_the_database_reaches_no_other_file(lay):
    rows, other = lay("a.jsonl", json_lines(ROWS)), lay("b.jsonl", json_lines(ROWS))
    with duckdb.connect(":memory:", config=connection.SETTINGS) as db:
        connection._open(db, [rows], [])
        for read in ("read_json", "read_csv", "read_text", "read_blob"):
            sql = f"SELECT count(*) FROM {read}($path)"
            assert db.execute(sql, {"path": str(rows.path)}).fetchone()
            with pytest.raises(duckdb.PermissionException):
                db.execute(sql, {"path": str(other.path)})


def test_rows_that_cannot_be_counted_in_time_are_shown(lay, monkeypatch):
    source = lay("a.csv", b"n\n" + b"1\n" * 3_000_000)
    monkeypatch.setattr(connection, "SECONDS_FOR_ALL", 0.0)
    page = read_page([source], 1)
    assert (len(page.rows), page.total, page.more) == (25, None, True)
    assert read_row([source], 7).rows[0].number == 7


def test_one_table_is_of_one_format():
    assert format_of("data/x.JSONL.zst").compression == "zstd"
    assert [format_of(path) for path in ("x.json", "x.svg", "x.gz", ".csv", "csv")] == [None] * 5
    assert of_one_format(["a.csv", "b.jsonl", "c.csv"]) == ["a.csv", "c.csv"]
    assert of_one_format(["a.csv", "b.jsonl"]) == ["b.jsonl"]


def plain(answer) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())


def test_a_split_of_several_formats_says_what_is_left_out(dataset, look):
    card = b"---\nconfigs:\n- config_name: tea\n  data_files: 'rows/*'\n---\n"
    tables = {"rows/a.csv": TABLES["a.csv"], "rows/b.csv": TABLES["a.csv"]}
    dataset({"README.md": card, **tables, "rows/c.jsonl": TABLES["a.jsonl"]})
    told = plain(look())
    assert "120 rows." in told
    assert "1 of the less frequent are not shown" in told


def test_images_are_shown_as_images(dataset, look, client):
    dataset({"a/1.gif": GIF, "a/2.PNG": b"<script>", "a/3.svg": b"<svg/>", "README.md": b"# A"})
    answer = look()
    assert "2 images." in plain(answer)
    addresses = re.findall(r'<img src="([^"]+)" alt="([^"]+)"', answer.text)
    assert [name for _, name in addresses] == ["a/1.gif", "a/2.PNG"]
    for address, _ in addresses:  # whatever is in it, it is no page
        sent = client.get(address)
        assert sent.headers["content-type"] in ("image/gif", "image/png")
        assert sent.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in sent.headers["content-security-policy"]
    assert "1 of 2 rows" in plain(look("q=png"))
    assert re.findall(r'id="row-(\d)"', look("row=2").text) == ["2"]


def test_pictures_within_rows_are_shown_where_they_are_small(dataset, look):
    rows = {
        "image": [{"bytes": GIF, "path": "a.gif"}, {"bytes": GIF + b"0" * (300 << 10), "path": ""}],
        "data": [b"<svg/>", GIF],
    }
    dataset({"train.parquet": parquet(rows)})
    answer = look()
    assert answer.text.count('src="data:image/gif;base64,R0lGOD') == 2
    assert "of binary data" in plain(look("row=2"))
    assert "6 B of binary data" in plain(answer)
    assert "data:image/svg" not in answer.text

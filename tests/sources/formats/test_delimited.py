"""CSV and TSV: every row is kept or refused, and what cannot be cut into rows is a fault."""

import codecs
import gzip

import pytest

import pairsmith
from pairsmith.dataset.rows import kept_rows, refused_rows
from pairsmith.errors import DamagedInputError, SourceError
from support.folders import rows, write

HEAD = "prompt,chosen,rejected\n"
HELD = rows(12)


def build(tmp_path, name, data):
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return pairsmith.build(path, tmp_path / "out", as_="messages", force=True)


def shards(built):
    return [entry.sha256 for entry in built.outputs]


def test_all_ways_to_write_a_table_give_the_same_rows(tmp_path):
    expected = shards(pairsmith.build(write(tmp_path / "a.jsonl", HELD), tmp_path / "first"))
    text = write(tmp_path / "a.csv", HELD).read_bytes()
    tabs = write(tmp_path / "a.tsv", HELD).read_bytes()
    ways = {
        "b.csv": text, "bom.csv": codecs.BOM_UTF8 + text, "packed.csv.gz": gzip.compress(text),
        "unix.csv": text.replace(b"\r\n", b"\n"), "mac.csv": text.replace(b"\r\n", b"\r"),
        "blank.csv": text.replace(b"\r\n", b"\r\n\r\n"), "open.csv": text.rstrip(),
        "b.tsv": tabs, "spread.csv": tabs.replace(b"\t", b";"), "tabs.csv": tabs,
    }  # fmt: skip
    for name, data in ways.items():
        assert shards(build(tmp_path, name, data)) == expected, name


def test_fields_hold_newlines_and_quotation_marks(tmp_path):
    built = build(tmp_path, "a.csv", HEAD + '"Is ""it""\nhot, now?",Yes,"No,\r\nno"\n')
    [row] = kept_rows(tmp_path / "out", built)
    assert row["prompt"][0]["content"] == 'Is "it"\nhot, now?'
    assert row["rejected"][0]["content"] == "No,\r\nno"


def test_a_bad_row_costs_itself(tmp_path):
    data = (HEAD + "A,b,c\nA,b\n\nQ,b\nQ,b,c,d\n").encode() + b"A\xff,b,c\nA,,c\nA,b,c\n"
    built = build(tmp_path, "a.csv", data)
    assert (built.totals.read, built.totals.kept) == (7, 2)
    held = [(row.id, row.line, row.detail) for row in refused_rows(tmp_path / "out", built)]
    assert held[:4] == [
        ("pairs/train/2", 3, "the row has 2 fields, the first line 3"),
        ("pairs/train/3", 5, "the row has 2 fields, the first line 3"),
        ("pairs/train/4", 6, "the row has 4 fields, the first line 3"),
        ("pairs/train/5", 7, "a field is not UTF-8"),
    ]
    assert held[4][:2] == ("pairs/train/6", 8)


@pytest.mark.parametrize(
    ("data", "fault", "message"),
    [
        (HEAD + 'A,b,c\nA,"b,c\nA,b,c\n', DamagedInputError, "in line 3, a quotation mark opens"),
        ("prompt,chosen,prompt\n", SourceError, "two columns 'prompt' in its first line"),
        ((HEAD + "A,b,c\n").encode("utf-16"), SourceError, "is UTF-16"),
        (b"prom\xffpt,chosen,rejected\n", SourceError, "first line of a.csv is not UTF-8"),
        (
            gzip.compress(HEAD.encode() * 99, mtime=0)[:-9],
            SourceError,
            "has rows of no shape|cut short",
        ),
    ],
)
def test_what_cannot_be_cut_into_rows_is_a_fault(data, fault, message, tmp_path):
    name = "a.csv.gz" if isinstance(data, bytes) and data.startswith(b"\x1f\x8b") else "a.csv"
    with pytest.raises(fault, match=message):
        build(tmp_path, name, data)


def test_a_file_that_stops_short_gives_what_came_before(tmp_path):
    text = write(tmp_path / "a.csv", rows(3_000)).read_bytes()
    packed = gzip.compress(text)
    with pytest.raises(DamagedInputError, match=r"whole rows come before that"):
        build(tmp_path, "b.csv.gz", packed[: len(packed) // 2])

"""Bytes to records: lines and arrays, cut alike however they arrive."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairsmith.errors import DamagedInputError
from pairsmith.sources import records
from pairsmith.sources.formats import json_text
from pairsmith.sources.formats.json_text import read_records


def chunked(data, size):
    return (data[start : start + size] for start in range(0, len(data), size))


def read(data, size=7):
    blocks = list(read_records(chunked(data, size), "f"))
    raws = [block.raw(row) for block in blocks for row in range(block.rows)]
    numbers = [int(n) for block in blocks for n in block.numbers]
    lines = [int(n) for block in blocks for n in block.lines]
    return raws, numbers, lines


def test_lines_keep_their_numbers_and_blank_ones_are_no_rows():
    data = b'\xef\xbb\xbf{"a":1}\r\n\n  {"b":2} \t\n \n[3]\nlast'
    raws, numbers, lines = read(data)
    assert raws == [b'{"a":1}', b'{"b":2}', b"[3]", b"last"]
    assert numbers == lines == [1, 3, 5, 6]


@given(
    st.lists(st.sampled_from([b"{}", b"[1]", b"", b" ", b'{"x": "y"}', b"oops", b"\xff"])),
    st.integers(1, 30),
    st.booleans(),
)
def test_lines_do_not_depend_on_the_chunks(lines, size, end):
    data = b"\n".join(lines) + (b"\n" if end else b"")
    data = b'{"first": 1}\n' + data
    expected = [(n, line.strip()) for n, line in enumerate(data.split(b"\n"), 1) if line.strip()]
    raws, numbers, _ = read(data, size)
    assert list(zip(numbers, raws, strict=True)) == expected


@given(st.integers(1, 60), st.integers(1, 5))
def test_blocks_are_cut_by_rows_and_bytes_alone(size, rows):
    data = b"".join(b'{"n": %d, "pad": "%s"}\n' % (n, b"x" * (n % 13)) for n in range(40))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "BLOCK_ROWS", rows)
        patch.setattr(records, "BLOCK_BYTES", 70)
        cut = [block.rows for block in read_records(chunked(data, size), "f")]
        at_once = [block.rows for block in read_records(iter([data]), "f")]
    assert cut == at_once
    assert sum(cut) == 40


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@given(st.lists(JSON, max_size=6), st.integers(1, 20), st.sampled_from([None, 1]), st.booleans())
def test_an_array_gives_its_elements(values, size, indent, ascii_only):
    values = [{"first": 1}, *values]
    data = json.dumps(values, indent=indent, ensure_ascii=ascii_only).encode(
        "utf-8", "surrogatepass"
    )
    raws, numbers, lines = read(b" \n" + data + b"\n", max(size, 6))
    assert [json.loads(raw) for raw in raws] == values
    assert numbers == list(range(1, len(values) + 1))
    assert lines[0] == (3 if indent else 2)


def scattered(value, draw):
    """A value as JSON text with line breaks wherever they may stand."""
    gap = draw(st.sampled_from(["", " ", "\n", "\n\n  ", "\r\n"]))
    if isinstance(value, list):
        return "[" + f"{gap},{gap}".join(scattered(item, draw) for item in value) + gap + "]"
    if isinstance(value, dict):
        pairs = (f"{json.dumps(k)}:{gap}{scattered(v, draw)}" for k, v in value.items())
        return "{" + gap + f",{gap}".join(pairs) + "}"
    return json.dumps(value)


@given(st.lists(JSON, min_size=1, max_size=6), st.integers(1, 20), st.data())
def test_an_array_with_line_breaks_anywhere(values, size, data):
    text = scattered(values, data.draw)
    raws, numbers, lines = read(text.encode(), size)
    assert [json.loads(raw) for raw in raws] == values
    assert numbers == list(range(1, len(values) + 1))
    places = [text.encode().index(raw) for raw in raws[:1]]
    assert lines[0] == 1 + text.encode()[: places[0]].count(b"\n")


@pytest.mark.parametrize("data", [b'[{"a": 1},{"b": 2},\n{"c": 3}]', b'{"a": 1}\n{"b": 2}\n[3]'])
@pytest.mark.parametrize("size", range(1, 12))
def test_empty_chunks_end_nothing(data, size, monkeypatch):
    """A decompressor may give nothing now and more later."""
    monkeypatch.setattr(json_text, "PEEK", 4)
    chunks = [part for chunk in chunked(data, size) for part in (b"", chunk, b"")]
    raws = [b.raw(r) for b in read_records(iter(chunks), "f") for r in range(b.rows)]
    assert len(raws) == 3


def test_an_empty_array_has_no_rows():
    assert read(b"[ ]\n")[0] == []


def test_a_first_line_that_is_an_array_does_not_make_the_file_one():
    raws, _, _ = read(b'[{"chosen": "x"}]\n{"chosen": "y"}\n', size=100)
    assert raws == [b'[{"chosen": "x"}]', b'{"chosen": "y"}']


@pytest.mark.parametrize(
    "tail", [b"", b', {"b": ', b', {"b": "x', b', {"b": "\\', b"}", b"] x", b", [{]"]
)
@pytest.mark.parametrize("size", [1, 9, 1000])
def test_an_array_that_breaks_off_gives_what_came_before(tail, size):
    data = b'[{"a": 1},\n{"a": 2}, 3' + tail
    found = []
    with pytest.raises(DamagedInputError, match=r"f: .* in line 2\. . whole elements come before"):
        for block in read_records(chunked(data, size), "f"):
            found += [block.raw(row) for row in range(block.rows)]
    assert found[:2] == [b'{"a": 1}', b'{"a": 2}']
    assert len(found) == (2 if tail in (b"", b"}") else 3)  # a comma ends the 3


@pytest.mark.parametrize(
    "bad",
    [b'{"b": tru}', b'{"x",}', b"", b"{} {}", b'{"a": "raw\nnewline\t"}', b"null", b'{"a": [1}}'],
)
@pytest.mark.parametrize("size", [1, 9, 1000])
def test_a_bad_element_costs_itself_alone(bad, size):
    data = b'[ {"a": 1},\n' + bad + b',\n\n{"a": "]},[{\\""} ]\n'
    raws, numbers, _ = read(data, size)
    assert raws == [b'{"a": 1}', bad, b'{"a": "]},[{\\""}']
    assert numbers == [1, 2, 3]


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (b'["an", "array"]', 2),
        (b'[null,\n{"a": 1},\n{"b": 2}]', 3),
        (b'[\n{"a": 1}\n,{"b": 2}]', 2),
        (b'[{broken\n{"a": 1}\n', 2),
        (b'[oops\n\n{"a": 1}\n', 2),
        (b'[1]\n{"a": 1}\n', 2),
        (b"\n \n[\n]\n", 0),
        (b'[{"a":\n{"b": 1}\n}]', 1),
        (b'[{"a"\n:\n"b"\n}]\n', 1),
    ],
)
@pytest.mark.parametrize("size", [1, 5, 1000])
def test_what_is_an_array_and_what_is_lines(data, rows, size):
    assert len(read(data, size)[0]) == rows
    assert len(read(b"\xef\xbb\xbf" + data, size)[0]) == rows


def test_an_element_without_end_is_damage(monkeypatch):
    monkeypatch.setattr(records, "RECORD_BYTES", 1000)
    with pytest.raises(DamagedInputError, match="the element of line 1 is longer than 1,000 bytes"):
        list(read_records(chunked(b"[{}, [" + b"1," * 5000, 100), "f"))


def test_a_line_without_end_is_damage(monkeypatch):
    monkeypatch.setattr(records, "RECORD_BYTES", 1000)
    with pytest.raises(DamagedInputError, match="line 2 is longer than 1,000 bytes"):
        list(read_records(chunked(b"{}\n" + b"x" * 5000, 100), "f"))

"""Bytes to records: lines and arrays, cut alike however they arrive."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairsmith.errors import DamagedInputError
from pairsmith.sources import records
from pairsmith.sources.records import read_records


def chunked(data, size):
    return (data[start : start + size] for start in range(0, len(data), size))


def read(data, size=7):
    blocks = list(read_records(chunked(data, size), "f"))
    raws = [block.raw(row) for block in blocks for row in range(len(block))]
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
        cut = [len(block) for block in read_records(chunked(data, size), "f")]
        at_once = [len(block) for block in read_records(iter([data]), "f")]
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


def test_an_empty_array_has_no_rows():
    assert read(b"[ ]\n")[0] == []


def test_a_first_line_that_is_an_array_does_not_make_the_file_one():
    raws, _, _ = read(b'[{"chosen": "x"}]\n{"chosen": "y"}\n', size=100)
    assert raws == [b'[{"chosen": "x"}]', b'{"chosen": "y"}']


@pytest.mark.parametrize(
    "tail", [b"", b', {"b": ', b' {"b": 2}]', b"] x", b", ]", b', {"b": tru}]']
)
def test_an_array_that_breaks_off_gives_what_came_before(tail):
    data = b'[{"a": 1},\n{"a": 2}' + tail
    found = []
    with pytest.raises(DamagedInputError, match=r"f: .* in line 2\. 2 whole elements come before"):
        for block in read_records(chunked(data, 9), "f"):
            found += [block.raw(row) for row in range(len(block))]
    assert found == [b'{"a": 1}', b'{"a": 2}']


def test_a_line_without_end_is_damage(monkeypatch):
    monkeypatch.setattr(records, "RECORD_BYTES", 1000)
    with pytest.raises(DamagedInputError, match="line 2 is longer than 1,000 bytes"):
        list(read_records(chunked(b"{}\n" + b"x" * 5000, 100), "f"))

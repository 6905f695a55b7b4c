"""Long lines of JSON: read as JSON has them, with little of each in memory."""

from __future__ import annotations

import base64
import io
import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairsmith.hub.http import ndjson
from pairsmith.hub.http.errors import HubError
from pairsmith.hub.http.ndjson import LEFT, Bounds, base64_pieces, lines
from support.examples import examples

BOUNDS = Bounds(100, 48 << 20, "send it otherwise")
VALUES = st.recursive(
    st.none() | st.integers() | st.text(alphabet='a"\\/\né\U0001f600', max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12,
)


def read(*texts, bounds=BOUNDS):
    return list(lines(io.BytesIO(b"\n".join(texts)), bounds))


@pytest.fixture
def narrow(monkeypatch):
    """Pieces of a few bytes, so that every quote and every escape lies at the end of one."""
    monkeypatch.setattr(ndjson, "MAX_TEXT_BYTES", 40)

    def set_piece(size):
        monkeypatch.setattr(ndjson, "PIECE", size)

    return set_piece


@pytest.mark.parametrize("piece", [1, 2, 3, 5, 8])
def test_long_lines_are_read_as_json_has_them(narrow, piece):
    narrow(piece)

    @given(value=VALUES, plain=st.booleans())
    @examples(60)
    def compare(value, plain):
        text = json.dumps({"value": value}, ensure_ascii=plain).encode()
        if len(text) < 40:  # no text of a longer line is too long to be read as it is
            assert [line.said for line in read(text, text)] == [{"value": value}] * 2

    compare()


@pytest.mark.parametrize("piece", [4, 7, 64])
def test_one_long_text_stays_where_it_is(narrow, piece):
    narrow(piece)
    data = bytes(range(256))
    said = {"key": "file", "value": {"content": base64.b64encode(data).decode(), "path": 'a"\\b'}}
    body = io.BytesIO(json.dumps({"a": 1}).encode() + b"\n" + json.dumps(said).encode())
    first, second = lines(body, BOUNDS)
    assert (first.said, first.left) == ({"a": 1}, None)
    assert second.said == {"key": "file", "value": {"content": LEFT, "path": 'a"\\b'}}
    assert b"".join(base64_pieces(body, second.left)) == data


@pytest.mark.parametrize("text", ["QQ==QUJD" * 20, "*" * 80, "QUJ" * 33])
def test_a_long_text_that_is_no_base64(narrow, text):
    narrow(8)
    body = io.BytesIO(json.dumps({"value": text}).encode())
    (line,) = lines(body, BOUNDS)
    with pytest.raises(ValueError):
        b"".join(base64_pieces(body, line.left))


BOMBS = {
    "lists": b"[],",
    "objects": b'{"":{}},',
    "depth": b"[",
    "numbers": b"1,",
    "texts": b'"a",',
    "escapes": b'"\\u0061",',
}


@pytest.mark.parametrize("name", BOMBS)
def test_what_would_take_very_much_memory_is_refused_with_little(name):
    unit = BOMBS[name]
    body = io.BytesIO(b'{"key":"file","value":[' + unit * ((8 << 20) // len(unit)) + b"1]}")
    tracemalloc.start()
    try:
        with pytest.raises(HubError, match="Line 1"):
            list(lines(body, BOUNDS))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 << 20


def test_more_than_one_long_text_is_refused():
    long = "x" * (ndjson.MAX_TEXT_BYTES + 1)
    with pytest.raises(HubError, match="more than one text"):
        read(json.dumps({"a": long, "b": long}).encode())

"""Records to columns: every kind of bad row stands alone, and is told in words."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairsmith.schema.rows import PAIR_TRANSCRIPTS
from pairsmith.sources.columnar.parse import _arrow, _is_sure, parse_rows
from pairsmith.sources.json_faults import ROW_BYTES, fault_of
from pairsmith.sources.records import Records
from pairsmith.sources.redteam import FIELDS

GOOD = b'{"chosen": "a", "rejected": "b"}'
BAD = {
    b"oops": "not JSON: Expecting value at character 1",
    b'{"chosen": "a", "rejected": "b"': "not JSON: Expecting ',' delimiter at character 32",
    b'["a", "b"]': "not an object but an array",
    b'"a"': "not an object but text",
    b"12": "not an object but a number",
    b"null": "not an object but null",
    b'{"chosen": "a"}': "the field rejected is missing",
    b'{"chosen": "a", "rejected": null}': "the field rejected is null, not text",
    b'{"chosen": 5, "rejected": "b"}': "the field chosen is a number, not text",
    b'{"chosen": ["a"], "rejected": "b"}': "the field chosen is an array, not text",
    b'{"chosen": {"a": 1}, "rejected": "b"}': "the field chosen is an object, not text",
    b'{"chosen": true, "rejected": "b"}': "the field chosen is a truth value, not text",
    b'{"chosen": "a", "chosen": "b", "rejected": "c"}': "the field chosen is given twice",
    b'{"chosen": "\xff", "rejected": "b"}': "not UTF-8: byte 0xff at byte 13",
    b'{"chosen": "\\ud800", "rejected": "b"}': "a text in it holds half of a surrogate pair",
    b'{"chosen": "a\x00", "rejected": "b"}': "not JSON: Invalid control character at character 14",
    b'{"x": "\\udc00", "chosen": "a", "rejected": "b"}': (
        "a text in it holds half of a surrogate pair"
    ),
    GOOD + GOOD: "not JSON: Extra data at character 33",
    GOOD + b" {": "not JSON: Extra data at character 34",
    b'{"x": ' + b"[" * 100_000 + b"}": "not read as JSON: nested too deeply",
    b'{"chosen": "a", "rejected": "b", "n": 1e999999}': (
        "not read as JSON: Number too big to be stored in double"
    ),
}  # fmt: skip
FINE = {
    GOOD: ("a", "b"),
    b'{"rejected": "b", "other": [1, {"x": null}], "chosen": "a"}': ("a", "b"),
    b'{"chosen": "\\ud83d\\ude00", "rejected": "\\u0000"}': ("😀", "\0"),
    b'{"ch\\u006fsen": "a", "rejected": ""}': ("a", ""),
    b'{"chosen": "a", "rejected": "b", "x": NaN}': ("a", "b"),
}


BITS = [b"", b"{", b"}", b'"', b"\\", b",", b"0", b"-", b"e5", b"\t", b"\xff", b"I", b":", b"[]"]


def parse(lines):
    ends = np.cumsum([len(line) + 1 for line in lines]) - 1
    starts = ends - [len(line) for line in lines]
    places = np.arange(1, len(lines) + 1)
    block = Records(b"\n".join(lines), starts, ends, places, places)
    return parse_rows(block, PAIR_TRANSCRIPTS, ("chosen", "rejected")).table.to_pylist()


@pytest.mark.parametrize("raw", BAD, ids=lambda raw: repr(raw[:40]))
def test_a_bad_row_alone_and_among_good_ones(raw):
    (alone,) = parse([raw])
    before, among, after = parse([GOOD, raw, GOOD])
    assert alone["fault"] == among["fault"] == BAD[raw]
    assert before == after == {"chosen": "a", "rejected": "b", "fault": None}


@pytest.mark.parametrize("raw", FINE, ids=repr)
def test_a_good_row_is_read(raw):
    chosen, rejected = FINE[raw]
    assert parse([raw]) == [{"chosen": chosen, "rejected": rejected, "fault": None}]


@given(st.lists(st.sampled_from([*BAD, *FINE]), min_size=1, max_size=20))
def test_a_row_is_read_alike_in_any_company(raws):
    assert parse(raws) == [parse([raw])[0] for raw in raws]


@given(st.sampled_from([*BAD, *FINE]), st.data())
def test_what_python_surely_refuses_arrow_refuses(raw, data):
    """Rows that are surely bad are not offered to Arrow; here they are, mutated at random."""
    raw = bytearray(raw[:200])
    for _ in range(data.draw(st.integers(0, 3))):
        place = data.draw(st.integers(0, len(raw)))
        raw[place : place + data.draw(st.integers(0, 2))] = data.draw(
            st.sampled_from(
                [b"", b"{", b"}", b'"', b"\\", b",", b"0", b"-", b"e5", b"\t", b"\xff", b"I"]
            )
        )
    raw = bytes(raw).replace(b"\n", b"")
    fault = fault_of(raw, PAIR_TRANSCRIPTS, ())
    places = np.array([0]), np.array([len(raw)]), np.array([1]), np.array([1])
    parsed = _arrow(Records(raw, *places), PAIR_TRANSCRIPTS, 0, 1)
    if fault and _is_sure(raw, fault):
        assert isinstance(parsed, str), (fault, raw)


VALUES = [
    "1.0", "1e2", "-0", "0.0", "12345678901234567890", "1e400", "-1", "true", "null", '"1"', "[]",
    "{}", "[1]", '["a",null]', '[["a"]]', "[null]", "0", "01", ".5", "5.", "-", "NaN", "Infinity",
    '""', "1e-400", '["\\ud800"]',
]  # fmt: skip


@pytest.mark.parametrize("name", FIELDS.names)
@pytest.mark.parametrize("value", VALUES)
def test_every_kind_of_value_in_every_field_is_judged_alike_in_any_company(name, value):
    raw = f'{{"{name}": {value}, "x": 0}}'.encode()
    places = np.array([0]), np.array([len(raw)]), np.array([1]), np.array([1])
    parsed = _arrow(Records(raw, *places), FIELDS, 0, 1)
    fault = fault_of(raw, FIELDS, ())
    assert isinstance(parsed, str) or not (fault and _is_sure(raw, fault))


def test_a_row_that_is_too_long_is_not_read():
    raw = json.dumps({"chosen": "a" * ROW_BYTES, "rejected": "b"}).encode()
    bad, good = parse([raw, GOOD])
    assert bad["fault"] == f"the row is {len(raw):,} bytes long; at most 16,777,216 are read"
    assert good["fault"] is None

"""A first line that is damaged is one row, whatever it begins with; an array is an array."""

import json
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import pairsmith
from pairsmith.errors import DamagedInputError
from pairsmith.sources.formats.json_text import read_records
from support.good_rows import GOOD
from support.slow import quick, slow

MESSAGES = {
    "prompt": [{"role": "user", "content": "How far is it, in [miles]?"}],
    "chosen": [{"role": "assistant", "content": "A mile, {or} so."}],
    "rejected": [{"role": "assistant", "content": "Far."}],
}
SHORT = json.dumps(GOOD)
LONG = json.dumps(MESSAGES)

FIRST = {
    "for a brace": "[" + SHORT[1:],
    "for a brace, messages": "[" + LONG[1:],
    "before it": "[" + SHORT,
    "before it, messages": "[" + LONG,
    "and a comma": "[" + SHORT + ",",
    "cut on the left": LONG[LONG.index("[") :],
    "cut on the left, at a reply": LONG[LONG.index('[{"role": "assistant"') :],
    "cut on the right": "[" + SHORT[: len(SHORT) // 2],
    "cut in a string": "[" + SHORT[1:20],
    "alone": "[",
    "empty": "[]",
    "empty, and a comma": "[],",
    "several": "[[[[",
    "numbers": "[1, 2, 3]",
    "not closed": "[1, 2, 3",
    "an object": '[{"a": 1}]',
    "objects, not closed": '[{"a": 1}, {"a": 2}, {"a": 3},',
    "a string": '["',
    "a comma": "[,",
    "closed otherwise": "[}",
    "a quote": '"',
    "a text": '"chosen": "a"}',
    "NUL": "\0" + SHORT,
    "NULs": "\0" * 40,
    "two marks": "\ufeff\ufeff" + SHORT,
    "a comma before": "," + SHORT,
    "closing": "]",
    "words": "it was all one row",
    "of another table": "chosen,rejected",
    "a brace": "{",
    "half": SHORT[: len(SHORT) // 2],
    "two rows": SHORT + SHORT,
}
"""What a damaged first line may look like; most of these once failed or hid a whole file."""


def rows_of(content):
    """The bytes of each row."""
    chunks = [content[i : i + 700] for i in range(0, len(content), 700)]
    return [
        block.raw(n) for block in read_records(iter(chunks), "a.jsonl") for n in range(block.rows)
    ]


@pytest.mark.parametrize("name", quick(FIRST, "for a brace", "cut on the left", "NUL"))
@pytest.mark.parametrize("good", [SHORT, LONG], ids=["texts", "messages"])
@pytest.mark.parametrize("more", quick([2, 3, 30, 9_000], 2, 30))
@pytest.mark.parametrize("front", ["", "\n \n", "\ufeff"], ids=["", "blank", "mark"])
def test_a_damaged_first_line_is_one_row(name, good, more, front):
    content = front + "\n".join([FIRST[name], *[good] * more]) + "\n"
    rows = rows_of(content.encode())
    assert len(rows) == 1 + more
    assert rows[1:] == [good.encode()] * more


@pytest.mark.parametrize("name", quick(FIRST, "for a brace", "cut on the left", "NUL"))
@pytest.mark.parametrize("workers", quick([1, 2]))
def test_a_build_keeps_the_others(tmp_path, name, workers):
    source = tmp_path / "train.jsonl"
    source.write_text("\n".join([FIRST[name], *[SHORT] * 40]) + "\n", encoding="utf-8")
    built = pairsmith.build(source, tmp_path / "out", workers=workers)
    assert built.totals.kept == 40
    assert built.totals.quarantined == {"malformed": 1}


def layouts(rows):
    """One array of these rows as programs write them."""
    each = [json.dumps(row) for row in rows]
    return {
        "one line": json.dumps(rows),
        "no spaces": json.dumps(rows, separators=(",", ":")),
        "indented": json.dumps(rows, indent=2),
        "by one": json.dumps(rows, indent=1),
        "by tabs": json.dumps(rows, indent="\t"),
        "a row a line": "[\n" + ",\n".join(each) + "\n]\n",
        "a row a line, close": "[" + ",\n".join(each) + "]",
        "commas in front": "[" + "\n,".join(each) + "\n]",
        "commas alone": "[\n" + "\n,\n".join(each) + "\n]",
        "blank lines": "\n\n[\n\n" + ",\n\n".join(each) + "\n\n]\n\n",
        "returns": "[\r\n" + ",\r\n".join(each) + "\r\n]\r\n",
        "a mark": "\ufeff" + json.dumps(rows),
    }


LAYOUTS = list(layouts([]))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("count", quick([1, 2, 3, 40, 4_000], 1, 2, 40))
@pytest.mark.parametrize("good", [GOOD, MESSAGES], ids=["texts", "messages"])
def test_an_array_is_read_as_one(layout, count, good):
    rows = rows_of(layouts([good] * count)[layout].encode())
    assert [json.loads(row) for row in rows] == [good] * count


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("place", quick([0, 1, 20]))
def test_a_bad_element_costs_itself(layout, place):
    rows = [dict(GOOD, n=n) for n in range(40)]
    text = (
        layouts(rows)[layout]
        .replace(f'"n": {place}', f'"n": {place}?')
        .replace(f'"n":{place}', f'"n":{place}?')
    )
    held = rows_of(text.encode())
    assert len(held) == 40
    assert sum(b"?}" in row.replace(b"\n", b"").replace(b" ", b"").replace(b"\t", b"")
               .replace(b"\r", b"") for row in held) >= 1  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("share", quick([0.3, 0.5, 0.9], 0.5))
def test_an_array_that_stops_short_says_so(tmp_path, layout, share):
    text = layouts([dict(GOOD, n=n) for n in range(40)])[layout]
    source = tmp_path / "train.json"
    source.write_text(text[: int(len(text) * share)], encoding="utf-8", newline="")
    with pytest.raises(DamagedInputError, match=r"train\.json: the JSON array breaks off in line"):
        pairsmith.build(source, tmp_path / "out", from_="hh")


@given(
    line=st.binary(max_size=60).map(lambda raw: raw.replace(b"\n", b"")), cut=st.integers(0, 200)
)
@example(line=b"[", cut=1)
def test_any_bytes_before_the_rest_of_a_line(line, cut):
    first = line + LONG.encode()[cut:]
    rows = rows_of(b"\n".join([first, *[SHORT.encode()] * 8]))
    held = 1 if first.strip(b" \t\r\n") else 0
    assert rows[held:] == [SHORT.encode()] * 8


@slow
@pytest.mark.parametrize("seed", quick(range(10)))
def test_any_damage_to_a_first_line(seed):
    """Bytes changed, put in, taken away, a piece moved: the other rows stay as they are."""
    rng = Random(seed)
    for _ in range(1_500):
        first = bytearray(rng.choice((SHORT, LONG)).encode())
        for _ in range(rng.choice((1, 1, 2, 5))):
            place = rng.randrange(len(first))
            odd = rng.choice(b'[[[]{}",:\0\xff\\ ')
            match rng.randrange(4):
                case 0:
                    first[place] = odd
                case 1:
                    first.insert(rng.choice((0, place)), odd)
                case 2:
                    del first[: place // 2]
                case _:
                    del first[place : place + rng.randrange(40)]
            first = first or bytearray(b"[")
        rest = [rng.choice((SHORT, LONG)).encode()] * rng.choice((3, 10, 200))
        rows = rows_of(b"\n".join([bytes(first), *rest]))
        held = 1 if first.strip() else 0
        assert rows[held:] == rest, bytes(first)

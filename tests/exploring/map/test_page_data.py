"""What a page holds of its rows: all of it, and without texts nothing of them."""

import base64
import json
import shutil
import zlib

import numpy as np
import pytest

import pairsmith
from pairsmith.exploring.map import texts as holding
from pairsmith.exploring.map.parts import read_script
from pairsmith.exploring.map.payload import to_script_json
from pairsmith.exploring.map.texts import pack
from pairsmith.reporting.page import policy_of
from support.mapped import CONTROL, MARKUP, ROWS, WORD, held_in, strange_rows


def unpacked(blocks):
    return [json.loads(zlib.decompress(base64.b64decode(one))) for one in blocks.data]


def test_the_page_holds_every_row_and_what_was_said_in_it(report):
    held = held_in(report)
    rows = strange_rows()
    assert held["head"]["rows"] == ROWS
    assert held["names"]["ids"] == [
        f"red-team-attempts/train/{place}" for place in range(1, ROWS + 1)
    ]
    assert [task for task, _ in held["words-0"]] == [row["task_description"] for row in rows]
    for (roles, *said), (_, opening), row in zip(
        held["transcripts-0"], held["words-0"], rows, strict=True
    ):
        assert said[0] is None  # it is the opening
        names = {"u": "Human", "a": "Assistant"}
        whole = [opening, *said[1:]]
        told = "".join(f"\n\n{names[who]}: {text}" for who, text in zip(roles, whole, strict=True))
        assert told == row["transcript"]


def test_columns_are_as_long_as_they_are_said_to_be(report):
    held = held_in(report)
    sizes = [{"f4": 4, "u2": 2}[one["type"]] * one["length"] for one in held["head"]["columns"]]
    assert sum(sizes) == len(held["columns"])
    ratings = np.frombuffer(held["columns"], "<f4", ROWS)
    assert held["head"]["columns"][0]["name"] == "rating"
    np.testing.assert_array_equal(ratings, [row["rating"] for row in strange_rows()])


def test_equal_builds_make_equal_pages(report, tmp_path):
    out = report.parent.parent
    copied = shutil.copytree(out, tmp_path / out.name)
    again = pairsmith.explore(copied).folder / "report.html"
    assert again.read_bytes() == report.read_bytes()


def test_without_texts_no_byte_of_a_text_is_in_the_page(report, tmp_path):
    copied = shutil.copytree(report.parent.parent, tmp_path / "out")
    bare = pairsmith.explore(copied, no_text=True).folder / "report.html"
    held = held_in(bare)
    assert held.keys() == {"head", "columns", "names"}
    page = bare.read_text(encoding="utf-8") + str(held["names"])
    for row in strange_rows()[3:]:
        assert row["task_description"] not in page
        opening = row["transcript"].split("\n\n")[1].removeprefix("Human: ")
        assert opening not in page
    assert WORD not in page
    assert "map-words" not in page.split("<script>")[0].split("map-search")[0]


def test_no_text_of_a_row_stands_in_the_page_to_be_read(report):
    page = report.read_text(encoding="utf-8")
    for row in strange_rows():
        assert row["task_description"] not in page
    assert MARKUP not in page
    assert CONTROL not in page
    assert "<img" not in page


@pytest.mark.parametrize("text", ["</script>", "<!--", "<script", "&lt;", "a]]>b"])
def test_json_in_a_script_element_cannot_end_it(text):
    made = to_script_json({"laid": text})
    assert not set("<>&") & set(made)
    assert json.loads(made) == {"laid": text}


def test_blocks_hold_the_values_in_their_order(monkeypatch):
    monkeypatch.setattr(holding, "BLOCK", 50)
    values = [f"value {place} 茶" for place in range(40)]
    blocks = pack(values)
    assert len(blocks.data) > 5
    parts = unpacked(blocks)
    assert [value for part in parts for value in part] == values
    assert np.diff(blocks.starts).tolist() == list(map(len, parts))
    assert pack([]) == ((0,), ())


def test_blocks_end_where_there_is_no_room(monkeypatch):
    monkeypatch.setattr(holding, "BLOCK", 50)
    values = [f"value {place}" for place in range(40)]
    blocks = pack(values, most=200)
    assert 0 < blocks.starts[-1] < 40
    held = [value for part in unpacked(blocks) for value in part]
    assert held == values[: blocks.starts[-1]]
    assert pack(values, most=0).starts == (0,)


def test_long_turns_are_cut_and_say_so(monkeypatch):
    monkeypatch.setattr(holding, "LONGEST", 10)
    assert holding._cut("0123456789") == "0123456789"
    assert holding._cut("0123456789ab") == "0123456789 … (2 more characters)"
    assert holding._cut(None) is None


def test_the_policy_names_the_script_alone(report):
    page = report.read_text(encoding="utf-8")
    policy = policy_of(read_script())
    assert f'content="{policy}"' in page
    assert f"<script>{read_script()}</script>" in page
    assert "unsafe-eval" not in policy
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "script-src" not in policy_of()


@pytest.mark.parametrize("script", ["a</ScRipt>b", "<!-- x", "a\rb"])
def test_a_script_that_would_break_the_page_is_refused(script):
    with pytest.raises(ValueError, match="script"):
        policy_of(script)


def test_the_script_writes_no_markup_and_evaluates_nothing():
    script = read_script()
    for word in (
        "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function",
        "fetch(", "XMLHttpRequest", "import(", "localStorage",
    ):  # fmt: skip
        assert word not in script

"""CSV: what was in the cells comes out, and nothing in them is run."""

from __future__ import annotations

import csv
import io
import re

import pytest

from pairsmith.hub.http.csv_export import csv_text


def back(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def test_cells_come_out_as_they_went_in():
    rows = [["name", "said"], ["ann", 'a "b", c\nd'], ["", "ü=1"], [3, None], [-1.5, "'x"]]
    assert back(csv_text(rows)) == [
        ["name", "said"],
        ["ann", 'a "b", c\nd'],
        ["", "ü=1"],
        ["3", ""],
        ["-1.5", "'x"],
    ]


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "  @x", "\ufeff=1", "＝1+1"],
)
def test_what_a_spreadsheet_would_run_is_a_text(cell):
    ((told,),) = back(csv_text([[cell]]))
    assert told.startswith("'")
    assert told.replace("'", "") == cell


STARTS = ("=1+1", "+1", "-1", "@SUM(A1)", "＝1", "＠x", '"=1"', ' "+1"', "\ufeff-1")
SEPARATORS = (",", ";", "\t", "|", "\r", "\n", "\r\n", ";;", "; ", ';"')


@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize("start", STARTS)
def test_nor_is_it_run_where_cells_are_parted_elsewhere(separator, start):
    """As a spreadsheet of another language opens the file: at one of these, quotes or none."""
    rows = [["name", "said"], [f"plain{separator}{start}", start], [f"{separator}{start}", "x"]]
    text = csv_text(rows)
    for parts in (re.split(r"[,;|\t\r\n]", text), re.split(r"[;\r\n]", text), text.split("\t")):
        for part in parts:
            bare = part.strip(' "\ufeff').translate(str.maketrans("＝＋－＠", "=+-@"))
            assert not bare.startswith(("=", "+", "-", "@")), part
    assert [[cell.replace("'", "") for cell in row] for row in back(text)] == rows


@pytest.mark.parametrize("cell", ["a; b", "a = b", "x-y, z", "1,2;3", "don't; won't", "a;b=c"])
def test_what_nothing_would_run_stays(cell):
    assert back(csv_text([[cell]])) == [[cell]]


def test_texts_are_in_quotes():
    assert csv_text([["a", "", None, 3, -1.5]]) == '"a","","",3,-1.5\r\n'

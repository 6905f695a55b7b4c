"""CSV: what was in the cells comes out, and nothing in them is run."""

from __future__ import annotations

import csv
import io

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
    assert back(csv_text([[cell]])) == [["'" + cell]]

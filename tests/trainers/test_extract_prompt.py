"""What TRL's `extract_prompt` makes of transcripts: the picture and the figure of README."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pairsmith.statistics.intervals import wilson
from support import row_picture
from support.slow import slow

README = Path(__file__).parents[2] / "README.md"
MARKER = "\n\nAssistant:"


def test_the_picture_is_what_its_script_draws() -> None:
    drawn = row_picture.draw_picture()
    assert row_picture.PAGE.read_text(encoding="utf-8") == drawn, "run tests/support/row_picture.py"
    for wrong in ("It d", "epends on the pot.", "oes no harm."):
        assert f'<tspan class="bad">{wrong}</tspan>' in drawn


@slow
def test_real_rows_whose_prompt_swallows_the_start_of_a_reply(
    real_rows: list[dict[str, str]],
) -> None:
    extract_prompt = pytest.importorskip("trl.data_utils").extract_prompt
    swallowed = 0
    for row in [row_picture.ROW, *real_rows]:
        cut = extract_prompt(dict(row))
        assert cut == row_picture.cut_by_characters(row)
        begins = row["chosen"].rfind(MARKER) + len(MARKER)
        swallowed += bool(row["chosen"][begins : len(cut["prompt"])].strip())
    share = wilson(swallowed - 1, len(real_rows))  # less the row of the picture
    told = re.search(r"(\d+) of ([\d,]+) rows \(([\d.]+) % to ([\d.]+) %\)", README.read_text())
    assert told
    assert [float(number.replace(",", "")) for number in told.groups()] == [
        swallowed - 1, len(real_rows), round(100 * share.low, 1), round(100 * share.high, 1)
    ]  # fmt: skip

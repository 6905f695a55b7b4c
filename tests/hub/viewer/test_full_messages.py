"""Messages that hold more than role and content, as people read and search them."""

from __future__ import annotations

import pyarrow as pa
import pytest

from pairsmith.hub.viewer.query import read_page
from pairsmith.hub.viewer.sides import render_row
from pairsmith.hub.viewer.sources import Source
from pairsmith.schema.rows import FULL_MESSAGES
from support.hub.parquets import parquet
from support.rich import as_stored, call, said

CALLED = [
    said(
        "assistant",
        "",
        reasoning_content="<b>Look</b> first.",
        tool_calls=[call("soil_moisture", {"pot": "<i>mint</i>"}, "c1")],
    ),
    said("tool", "12 percent", tool_call_id="c1", name="soil_moisture"),
]
PLAIN = [said("assistant", "No <u>idea</u>."), said("assistant", "")]
ODD = pa.struct(
    [("role", pa.string()), ("content", pa.string()), ("tool_calls", pa.list_(pa.binary()))]
)


@pytest.fixture
def sources(tmp_path):
    columns = {
        name: pa.array([[as_stored(message) for message in held]], FULL_MESSAGES)
        for name, held in (("chosen", CALLED), ("rejected", PLAIN))
    }
    (tmp_path / "rows").write_bytes(parquet(columns))
    return [Source("rows.parquet", tmp_path / "rows")]


def test_what_was_thought_and_called_is_shown_escaped(sources):
    found = read_page(sources, 1)
    pair = render_row(found.columns, found.rows[0]).pair
    assert pair is not None
    first, second = (str(turn.text) for turn in pair.chosen.turns)
    assert "thinks: &lt;b&gt;Look&lt;/b&gt; first." in first.replace("<ins>", "").replace(
        "</ins>", ""
    )
    assert "soil_moisture" in first
    assert "<i>" not in first
    assert "answers: c1" in second.replace("<ins>", "").replace("</ins>", "")
    assert "12 percent" in second.replace("<ins>", "").replace("</ins>", "")
    plain = [
        str(turn.text).replace("<del>", "").replace("</del>", "") for turn in pair.rejected.turns
    ]
    assert plain == ["No &lt;u&gt;idea&lt;/u&gt;.", ""]


@pytest.mark.parametrize("text", ["look</B>", "soil_moisture", "12 PERCENT"])
def test_it_is_searched(sources, text):
    assert len(read_page(sources, 1, text).rows) == 1
    assert not read_page(sources, 1, f"{text} or not").rows


def test_fields_of_other_types_are_left_alone(tmp_path):
    held = pa.array([[{"role": "user", "content": "Hi.", "tool_calls": [b"x"]}]], pa.list_(ODD))
    (tmp_path / "rows").write_bytes(parquet({"chosen": held, "rejected": held}))
    found = read_page([Source("rows.parquet", tmp_path / "rows")], 1)
    [turn] = render_row(found.columns, found.rows[0]).pair.chosen.turns
    assert (turn.role, turn.text) == ("user", "Hi.")

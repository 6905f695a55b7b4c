"""pairsmith show: rows of many fields, as text and as JSON."""

import json

import pytest

import pairsmith
from support.rich import WEATHER, call, said

ASK = [said("user", "Is the mint dry?")]
CHOSEN = [
    said(
        "assistant",
        "",
        reasoning_content="The sensor \x1b[2J knows.",
        tool_calls=[call("soil_moisture", {"pot": "mint"}, "c1")],
    ),
    said("tool", "12 percent", tool_call_id="c1", name="soil_moisture"),
    said("assistant", "Yes, very."),
]
REJECTED = [said("assistant", "No.")]


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rich")
    row = {"prompt": ASK, "chosen": CHOSEN, "rejected": REJECTED, "tools": [WEATHER], "garden": 3}
    (folder / "train.jsonl").write_text(json.dumps(row) + "\n")
    pairsmith.build(folder / "train.jsonl", folder / "out", carry=["garden"])
    return folder / "out"


def test_what_was_thought_called_and_told_is_drawn(run, out, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    code, printed, errors = run("show", out)
    assert (code, errors) == (0, "")
    drawn = [line.strip("{+ }│") for line in printed.splitlines()]
    assert any(line.startswith("assistant thinks: The sensor ") for line in drawn)
    assert any(
        line.startswith('assistant calls c1: soil_moisture({"pot": "mint"})') for line in drawn
    )
    assert any(line.startswith("tool soil_moisture c1: 12 percent") for line in drawn)
    assert any(line.startswith("tools  [{") and "How wet the soil" in line for line in drawn)
    assert '{"garden": 3}' in printed
    assert "\x1b" not in printed


def test_json_holds_every_field(run, out):
    [row] = map(json.loads, run("show", out, "--json")[1].splitlines())
    first, told, last = row["chosen"]
    assert first["reasoning_content"] == CHOSEN[0]["reasoning_content"]
    assert json.loads(first["tool_calls"][0]["function"]["arguments"]) == {"pot": "mint"}
    assert (told["tool_call_id"], told["name"]) == ("c1", "soil_moisture")
    assert last["content"] == "Yes, very."
    assert json.loads(row["tools"]) == [WEATHER]
    assert row["garden"] == 3

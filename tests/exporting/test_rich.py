"""Tools, calls, reasoning and replies of several messages: whole in an export, or not in it."""

import json

import pytest

from pairsmith.exporting import TRAINERS, write
from pairsmith.exporting.pair import Layout, read_pair
from pairsmith.exporting.write import LeftOutCounts
from support.rich import PAIRS, PLAIN, as_row, rows

FULL = Layout(tools=True, several=True)

HELD = {
    "trl": {*PAIRS},
    "trl-reward": {*PAIRS},
    "trl-kto": {*PAIRS},
    "axolotl": {"plain"},
    "llamafactory": {"plain", "calls", "answered"},
    "openrlhf": {"plain", "thought", "told", "several"},
    "torchtune": {"plain", "several"},
    "nemo-rl": {"plain", "several"},
    "ms-swift": {"plain", "calls", "answered", "trajectory", "several"},
    "openai": {"plain", "calls", "answered", "told"},
}
"""The pairs that each trainer's files hold; of the others, nothing."""


def exported(trainer, held, layout=FULL):
    """The lines of an export by the last part of their ids, and the reasons of pairs left out."""
    from collections import Counter

    format = TRAINERS[trainer]
    pairs = [read_pair(row, layout) for row in held]
    tally = LeftOutCounts(Counter(), {})
    fit = write._fit(pairs, format, tally)
    lines = write.with_carried(format.rows(fit), fit, format)
    lines = [json.loads(json.dumps(line, allow_nan=False)) for line in lines]
    return lines, {left.reason: left.ids for left in tally.left_out()}


def name_of(id):
    return id.rpartition("/")[2]


def nulls(value):
    if isinstance(value, dict):
        return any(v is None or nulls(v) for v in value.values())
    return isinstance(value, list) and any(map(nulls, value))


def test_every_trainer_is_tested():
    assert list(HELD) == list(TRAINERS)


@pytest.mark.parametrize("trainer", HELD)
def test_what_is_held_and_what_is_left_out(trainer):
    lines, left_out = exported(trainer, rows())
    refused = {name_of(id) for ids in left_out.values() for id in ids}
    assert refused == PAIRS.keys() - HELD[trainer]
    assert len(lines) == len(HELD[trainer]) * (2 if trainer == "trl-kto" else 1)
    if trainer != "openai":
        assert {name_of(line["id"]) for line in lines} == HELD[trainer]
    if "thought" in refused:
        assert left_out["reasoning"] == ("pairs/train/thought",)
    if "calls" in refused:
        assert "pairs/train/calls" in left_out["tools"]
    if "several" in refused:
        assert "pairs/train/several" in left_out["several_messages"]


@pytest.mark.parametrize("trainer", ["trl", "trl-reward"])
def test_trl_gets_what_the_source_said(trainer):
    for line in exported(trainer, rows())[0]:
        *sides, tools = PAIRS[name_of(line["id"])]
        assert [line["prompt"], line["chosen"], line["rejected"]] == sides
        assert (json.loads(line["tools"]) if line["tools"] else None) == tools


def test_single_replies_hold_the_whole_reply():
    lines, _ = exported("trl-kto", rows())
    for line in lines:
        prompt, chosen, rejected, tools = PAIRS[name_of(line["id"])]
        assert line["prompt"] == prompt
        assert line["completion"] == (chosen if line["label"] else rejected)
        assert (json.loads(line["tools"]) if line["tools"] else None) == tools


def test_ms_swift_gets_two_conversations_with_arguments_as_text():
    lines = {name_of(line["id"]): line for line in exported("ms-swift", rows())[0]}
    for line in lines.values():
        assert list(line) == ["id", "messages", "rejected_messages", "tools"]
    line = lines["trajectory"]
    assert [turn["role"] for turn in line["messages"]] == ["user", "assistant", "tool", "assistant"]
    function = line["messages"][1]["tool_calls"][0]["function"]
    assert json.loads(function["arguments"]) == {"pot": "mint", "depth": 2.5}
    assert [turn["role"] for turn in line["rejected_messages"]] == ["user", "assistant"]
    assert not nulls(line["messages"])


def test_openai_gets_tools_as_a_list_and_arguments_as_text():
    lines, _ = exported("openai", rows())
    called = next(line for line in lines if "tools" in line["input"])
    assert called["input"]["tools"] == PAIRS["calls"][-1]
    (made,) = called["preferred_output"][0]["tool_calls"]
    assert made["id"] == "c1"
    assert json.loads(made["function"]["arguments"]) == {"pot": "mint"}
    assert all(
        "tools" not in line["input"] for line in lines if line["input"]["messages"][1:] == []
    )


def test_openai_cannot_do_without_ids_of_calls():
    prompt, chosen, rejected, tools = PAIRS["calls"]
    bare = [
        {
            **chosen[0],
            "tool_calls": [{k: v for k, v in chosen[0]["tool_calls"][0].items() if k != "id"}],
        }
    ]
    _, left_out = exported("openai", [as_row("pairs/train/1", prompt, bare, rejected, tools)])
    assert left_out == {"tool_turns": ("pairs/train/1",)}


def test_llamafactory_gets_calls_and_observations():
    lines = {name_of(line["id"]): line for line in exported("llamafactory", rows())[0]}
    assert all(isinstance(line["tools"], str) for line in lines.values())
    turns = lines["answered"]["conversations"]
    assert [turn["from"] for turn in turns] == ["human", "function_call", "observation"]
    assert json.loads(turns[1]["value"]) == [
        {"name": "soil_moisture", "arguments": {"pot": "mint"}}
    ]
    assert lines["calls"]["chosen"]["from"] == "function_call"
    prompt, chosen, rejected, tools = PAIRS["calls"]
    talks = [{**chosen[0], "content": "Let me look."}]
    _, left_out = exported("llamafactory", [as_row("a/train/1", prompt, talks, rejected, tools)])
    assert left_out == {"tool_turns": ("a/train/1",)}


MARGINS = {"trl-reward": [1.5, 0.0], "openrlhf": [1.5, None], "ms-swift": [1.5, None]}


@pytest.mark.parametrize("trainer", HELD)
def test_margins_go_to_those_that_read_them(trainer):
    held = [as_row("a/train/1", *PLAIN, margin=1.5), as_row("a/train/2", *PLAIN, margin=None)]
    lines, left_out = exported(trainer, held, Layout(margin=True))
    assert not left_out
    assert [line["margin"] for line in lines if "margin" in line] == MARGINS.get(trainer, [])
    lines, _ = exported(trainer, held[1:], Layout())
    assert all("margin" not in line for line in lines)


@pytest.mark.parametrize("trainer", HELD)
def test_carried_columns_go_along_and_mask_nothing(trainer):
    more = {"source": "garden", "score": float("nan"), "label": "x", "images": "y", "prompt_ids": 1}
    lines, _ = exported(trainer, [as_row("a/train/1", *PLAIN, **more)])
    plain, _ = exported(trainer, [as_row("a/train/1", *PLAIN)])
    for line, usual in zip(lines, plain, strict=True):
        assert usual.items() <= line.items()
        if "id" in usual:
            assert (line["source"], line["score"]) == ("garden", None)
    if trainer == "trl-kto":
        assert [line["label"] for line in lines] == [True, False]
    if trainer.startswith("trl") or trainer == "ms-swift":
        assert all("images" not in line for line in lines)


def test_text_holds_whatever_was_rendered():
    row = {
        "id": "a/train/1",
        "prompt": "Call?",
        "chosen": " <call>",
        "rejected": " no",
        "notes": [],
    }
    lines, left_out = exported("trl", [row], Layout())
    assert lines == [{name: row[name] for name in ("id", "prompt", "chosen", "rejected")}]
    assert not left_out

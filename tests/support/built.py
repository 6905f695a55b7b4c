"""Rows of builds as they lie on disk, read without this software; and as `datasets` has them."""

import json
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq

SIDES = ("prompt", "chosen", "rejected")


def shards_of(out):
    """The rows of all shards, in order."""
    paths = sorted(path for path in Path(out).glob("*/*.parquet"))
    return [row for path in paths for row in pq.read_table(path).to_pylist()]


def refused_of(out):
    """The quarantined rows, in order."""
    paths = sorted((Path(out) / "quarantine").glob("*.jsonl"))
    return [json.loads(line) for path in paths for line in path.read_text().splitlines()]


def ledger_of(out):
    """The ledger of a build."""
    return json.loads((Path(out) / "manifest.json").read_text())["ledger"]


def bare(messages):
    """Messages of a shard as a source has them: without nulls, arguments as objects."""
    return [_bare(message) for message in messages]


def _bare(message):
    held = {name: value for name, value in message.items() if value is not None}
    if "tool_calls" in held:
        held["tool_calls"] = [
            {
                **{name: value for name, value in call.items() if value is not None},
                "function": {
                    **call["function"],
                    "arguments": json.loads(call["function"]["arguments"]),
                },
            }
            for call in held["tool_calls"]
        ]
    return held


def pair_of(row):
    """A row of a shard as (prompt, chosen, rejected, tools)."""
    tools = row.get("tools")
    return (*(bare(row[side]) for side in SIDES), json.loads(tools) if tools else None)


def contents_of(messages):
    """All that messages say: contents, reasoning, names and arguments of calls."""
    for message in messages:
        yield message.get("content") or ""
        yield message.get("reasoning_content") or ""
        for call in message.get("tool_calls") or []:
            yield call["function"]["name"]
            yield from (str(value) for value in call["function"]["arguments"].values())


def assert_text_holds(row, pair):
    """Whether each side as text has every content of the conversation, and the sides differ."""
    prompt, *replies, tools = pair
    assert row["chosen"] != row["rejected"]
    for side, reply in zip(SIDES[1:], replies, strict=True):
        said = [text.strip() for text in contents_of([*prompt, *reply])]
        said += [tool["function"]["name"] for tool in tools or []]
        whole = row["prompt"] + row[side]
        for text, times in Counter(said).items():
            assert whole.count(text) >= times, (text, whole)


def assert_balanced(out, rows):
    """Whether rows and fields of the ledger of a build of one file balance.

    Args:
        out: The build.
        rows: The rows of the file.
    """
    [entry] = ledger_of(out)
    assert entry["rows"] == len(rows)
    assert entry["read"] == entry["kept"] + sum(entry["quarantined"].values())
    there = Counter(path for row in rows for path in paths_in(row))
    assert {path: sum(uses.values()) for path, uses in entry["fields"].items()} == there


def paths_in(row):
    """The paths of all values in a row, as the ledger names them."""
    return set(_walk(row, ""))


def _walk(value, at):
    if isinstance(value, dict):
        for name, held in value.items():
            yield from _walk(held, f"{at}.{name}".lstrip("."))
    elif isinstance(value, list):
        for held in value:
            yield from _walk(held, f"{at}[]")
    elif value is not None:
        yield at

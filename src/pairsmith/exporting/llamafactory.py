"""LLaMA-Factory: `sharegpt` formatting with `ranking`, and a `dataset_info.json`.

Follows LLaMA-Factory's `data/README.md` and `src/llamafactory/data/converter.py` of 0.9.5. The
conversations must be human, gpt, …, human; a row in which they are not is dropped in training with
a warning, so it is left out here. The system text has a column of its own, in every row, because
the loader takes the columns from the first ones; blank means that there is none.

Tools are a text of JSON, in every row too. A turn that calls tools is `function_call`, whose value
is the calls as JSON; it has no room for a text beside them, so such pairs are left out. What a tool
answered is `observation`, one at a time.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise

from pairsmith.exporting.format import Config, ExportedFile, Format
from pairsmith.exporting.pair import Pair, Row, Unfit, has_bad_roles, has_empty_system
from pairsmith.schema.messages import Message

TAGS = {"user": "human", "assistant": "gpt", "tool": "observation"}
CALLS = "function_call"
COLUMNS = {
    "messages": "conversations",
    "chosen": "chosen",
    "rejected": "rejected",
    "system": "system",
}


def rows(pairs: Sequence[Pair]) -> list[Row]:
    """The turns as `conversations`, the system text apart."""
    return [
        {
            "id": pair.id,
            "conversations": [_said(turn) for turn in pair.turns],
            "chosen": _said(pair.chosen[0]),
            "rejected": _said(pair.rejected[0]),
            "system": pair.system or "",
            **({"tools": pair.tools_text or ""} if pair.layout.tools else {}),
        }
        for pair in pairs
    ]


def config(files: Sequence[ExportedFile]) -> Config:
    """An entry for each file, named after its subset and split."""
    entries = {
        f"{file.subset}-{file.split}": {
            "file_name": file.path,
            "formatting": "sharegpt",
            "ranking": True,
            "columns": COLUMNS | ({"tools": "tools"} if "tools" in file.columns else {}),
        }
        for file in files
    }
    return Config("dataset_info.json", json.dumps(entries, indent=2) + "\n")


def _said(message: Message) -> Message:
    if calls := message.get("tool_calls"):
        called = [call["function"] for call in calls]
        return {"from": CALLS, "value": json.dumps(called, ensure_ascii=False)}
    return {"from": TAGS[message["role"]], "value": message["content"]}


def has_unheld_calls(pair: Pair) -> bool:
    """Whether a turn calls tools and says something, or several results follow one another."""
    said = any(message.get("tool_calls") and message["content"] for message in pair.messages)
    roles = [turn["role"] for turn in pair.turns]
    return said or ("tool", "tool") in pairwise(roles)


FORMAT = Format(
    rows,
    config,
    {
        Unfit.BAD_ROLES: has_bad_roles,
        Unfit.EMPTY_SYSTEM: has_empty_system,
        Unfit.TOOL_TURNS: has_unheld_calls,
    },
    holds=frozenset({Unfit.TOOLS, Unfit.TOOL_TURNS}),
    reserved=frozenset({"tools", "images", "videos", "audios", "_prompt", "_response"}),
)

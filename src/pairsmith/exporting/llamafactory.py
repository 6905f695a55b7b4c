"""LLaMA-Factory: `sharegpt` formatting with `ranking`, and a `dataset_info.json`.

Follows LLaMA-Factory's `data/README.md` and `src/llamafactory/data/converter.py` of 0.9.5. The
conversations must be human, gpt, …, human; a row in which they are not is dropped in training with
a warning, so it is left out here. The system text has a column of its own, in every row, because
the loader takes the columns from the first ones; blank means that there is none.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from pairsmith.exporting.format import Config, ExportedFile, Format
from pairsmith.exporting.pair import Message, Pair, Row, Unfit, has_bad_roles, has_empty_system

TAGS = {"user": "human", "assistant": "gpt"}
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
            "columns": COLUMNS,
        }
        for file in files
    }
    return Config("dataset_info.json", json.dumps(entries, indent=2) + "\n")


def _said(message: Message) -> Message:
    return {"from": TAGS[message["role"]], "value": message["content"]}


FORMAT = Format(
    rows, config, {Unfit.BAD_ROLES: has_bad_roles, Unfit.EMPTY_SYSTEM: has_empty_system}
)

"""The record of a training: one JSON line a logging step, cut back where a run goes on."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

NAME = "metrics.jsonl"

Record = Mapping[str, Any]
"""A line: `step`; `steps`, how many it is about; the means over these; seconds and tokens."""


def read_metrics(path: Path, step: int) -> list[dict[str, Any]]:
    """The records up to a step; a last line that was being written is left out."""
    if not path.is_file():
        return []
    records = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            break
        if not isinstance(record, dict) or not isinstance(record.get("step"), int):
            break
        if record["step"] <= step:
            records.append(record)
    return records


def write_metrics(path: Path, records: Sequence[Record]) -> None:
    """Writes records in place of whatever is there."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{_line(record)}\n" for record in records)


def append(path: Path, record: Record) -> None:
    """Appends a record, durably."""
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(f"{_line(record)}\n")
        file.flush()
        os.fsync(file.fileno())


def _line(record: Record) -> str:
    return json.dumps(dict(record), allow_nan=False)


def summarise(records: Sequence[Record]) -> dict[str, Any]:
    """What a run comes to.

    Args:
        records: All of them, in order.

    Returns:
        `steps`, `tokens`; `loss` and `accuracy`, means over all steps; `last_loss` and
        `last_accuracy`, over the last tenth of the records, at least one. Accuracy is of rows
        before they were learnt, where each is seen once. A mean of no records is None.
    """
    steps = max((record["step"] for record in records), default=0)
    last = records[-max(1, math.ceil(len(records) / 10)) :]
    return {
        "steps": steps,
        "tokens": int(records[-1].get("num_tokens") or 0) if records else 0,
        "loss": _mean(records, "loss"),
        "accuracy": _mean(records, "accuracy"),
        "last_loss": _mean(last, "loss"),
        "last_accuracy": _mean(last, "accuracy"),
    }


def _mean(records: Sequence[Record], name: str) -> float | None:
    """The mean of a number over steps."""
    told = [record for record in records if isinstance(record.get(name), int | float)]
    steps = sum(record["steps"] for record in told)
    return sum(record[name] * record["steps"] for record in told) / steps if steps else None

"""What a question comes to: a sentence, numbers and findings, or why it cannot be answered."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import pyarrow as pa

from pairsmith.dataset.reader import Dataset

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FINDINGS = pa.schema(
    [
        ("kind", pa.string()),
        ("rows", pa.list_(pa.string())),
        ("score", pa.float64()),
        ("sentence", pa.string()),
    ]
)
"""What was found, a row each; only `score` may be null.

`kind` is a word of the question's own, such as `flipped`; `rows` are ids, the one that a fix would
take out or change first; `score` is the number that it rests on, such as a Jaccard similarity;
`sentence` says it in words that quote nothing.
"""


class Finding(NamedTuple):
    """One finding; see `FINDINGS`."""

    kind: str
    rows: list[str]
    score: float | None
    sentence: str


def as_table(findings: Iterable[Finding]) -> pa.Table:
    """Findings as a table of `FINDINGS`."""
    return pa.Table.from_pylist([finding._asdict() for finding in findings], FINDINGS)


@dataclass(frozen=True)
class Study:
    """What a question is put to.

    Attributes:
        data: The dataset, for texts.
        keys: The keys of its rows in DuckDB; see `pairsmith.dataset.index.TABLES`.
        tokenizer: A tokenizer's folder or hub id; None where there is none.
    """

    data: Dataset
    keys: DuckDBPyConnection
    tokenizer: str | Path | None = None


class UnansweredError(Exception):
    """A question that this dataset gives no answer to; the message says why, as a sentence."""


@dataclass(frozen=True)
class Answer:
    """What a question came to.

    Attributes:
        question: Its name, such as `duplicates`.
        title: What the report calls it.
        sentence: The answer in a sentence or two.
        numbers: What it rests on: plain values by name, as JSON has them; by subset where that
            makes a difference.
        findings: A table of `FINDINGS`.
        cure: What to do about it; empty where there is nothing.
        unanswered: Why there is no answer; empty where there is one.
    """

    question: str
    title: str
    sentence: str
    numbers: dict[str, Any] = field(default_factory=dict)
    findings: pa.Table = field(default_factory=FINDINGS.empty_table)
    cure: str = ""
    unanswered: str = ""


Question: TypeAlias = Callable[[Study], Answer]

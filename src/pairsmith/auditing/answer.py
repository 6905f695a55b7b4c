"""The types of an audit: `Study` goes into a question, `Answer` with its findings comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import pyarrow as pa

from pairsmith.auditing.verdict import Claim
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
"""The columns of a table of findings, one row per finding; only `score` may be null.

`kind` is one of the question's own kinds, such as `flipped`; `rows` are row ids, first the one that
a fix would remove or change; `score` is the number behind the finding, such as a Jaccard
similarity; `sentence` describes it without quoting any text of the dataset.
"""


class Finding(NamedTuple):
    """One finding; see `FINDINGS`."""

    kind: str
    rows: list[str]
    score: float | None
    sentence: str


def as_table(findings: Iterable[Finding]) -> pa.Table:
    """Converts findings to a table with the schema `FINDINGS`, in their order."""
    return pa.Table.from_pylist([finding._asdict() for finding in findings], FINDINGS)


@dataclass(frozen=True)
class Study:
    """The input of a question.

    Attributes:
        data: The dataset, read in batches, for its texts.
        index: A DuckDB connection with one row per pair: hashes of its turns, lengths, subset and
            split; see `pairsmith.dataset.index.TABLES`.
        tokenizer: A tokenizer's folder or hub id; None if none was named.
    """

    data: Dataset
    index: DuckDBPyConnection
    tokenizer: str | Path | None = None


class UnansweredError(Exception):
    """The dataset does not allow an answer; the message says why, as a sentence for the report.

    Attributes:
        command: What would allow one, as it can be typed, with placeholders as in `Claim`; empty
            if nothing would.
    """

    def __init__(self, message: str, command: str = "") -> None:
        super().__init__(message)
        self.command = command


@dataclass(frozen=True)
class Answer:
    """The output of a question.

    Attributes:
        question: The question's name, such as `duplicates`.
        title: Its heading in the report.
        sentence: The answer in one or two sentences.
        numbers: The statistics behind it, by name: values that JSON can hold, nested by subset
            where subsets differ.
        findings: A table with the schema `FINDINGS`; empty if nothing was found.
        cure: The recommended action; empty if there is none.
        unanswered: Why there is no answer; empty if there is one.
        claims: What it says in the verdict, by subject; see `pairsmith.auditing.verdict`. An answer
            without claims that has findings is said to be looked at, in its own sentence.
        command: What would give an answer where there is none; see `UnansweredError`.
    """

    question: str
    title: str
    sentence: str
    numbers: dict[str, Any] = field(default_factory=dict)
    findings: pa.Table = field(default_factory=FINDINGS.empty_table)
    cure: str = ""
    unanswered: str = ""
    claims: tuple[Claim, ...] = ()
    command: str = ""


Question: TypeAlias = Callable[[Study], Answer]

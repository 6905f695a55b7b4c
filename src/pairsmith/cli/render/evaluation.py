"""The verdict on a model's scores, and what it gets by RewardBench, as lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pairsmith.evaluating.record import Evaluation


def lines_of_verdict(made: Evaluation) -> Iterator[str]:
    """The verdict, what else is to be known, and where the report is."""
    yield from made.verdict
    yield from made.numbers["remarks"]
    yield f"The report: {made.folder / 'report.html'}"


def lines_of_bench(numbers: Mapping[str, Any]) -> Iterator[str]:
    """The score by the rules of RewardBench, sections and subsets, and remarks."""
    from pairsmith.evaluating.verdict import rate

    version, rows = numbers["version"], numbers["rows"]
    yield f"RewardBench {version}: {rate(numbers['score'])} of {rows:,} rows."
    for kind in ("sections", "subsets"):
        for name, found in numbers[kind].items():
            yield f"  {name}: {rate(found)}"
    yield from numbers["remarks"]

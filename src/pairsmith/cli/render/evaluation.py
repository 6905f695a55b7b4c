"""The verdict on a model's scores, and what it gets by RewardBench, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pairsmith.evaluating.record import Evaluation
    from pairsmith.evaluating.rewardbench import BenchScore


def verdict(made: Evaluation) -> str:
    """The verdict, what else is to be known, and where the report is: a line each."""
    report = f"The report: {made.folder / 'report.html'}"
    return "".join(f"{line}\n" for line in [*made.verdict, *made.numbers["remarks"], report])


def bench(made: BenchScore) -> str:
    """The score by the rules of RewardBench, sections and subsets, and remarks: a line each."""
    from pairsmith.evaluating.verdict import rate

    numbers = made.to_dict()
    lines = [
        f"RewardBench {numbers['version']}: {rate(numbers['score'])} of {numbers['rows']:,} rows."
    ]
    for kind in ("sections", "subsets"):
        lines += [f"  {name}: {rate(found)}" for name, found in numbers[kind].items()]
    return "".join(f"{line}\n" for line in [*lines, *numbers["remarks"]])

"""An evaluation as Markdown, for the card of a model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pairsmith.evaluating.accuracy import PEOPLE, PEOPLE_FROM
from pairsmith.evaluating.verdict import BASELINES, figure, rate


def to_markdown(numbers: Mapping[str, Any]) -> str:
    """The verdict as a list, and a table: accuracy by subset and split, and what it is beside.

    Args:
        numbers: As `evaluation.json` holds them.

    Returns:
        Markdown without a heading, which ends with a line.
    """
    lines = [f"- {_plain(line)}" for line in numbers["verdict"]]
    if "accuracy" in numbers:
        lines += ["", "| | accuracy, 95 % interval | rows | conversations |"]
        lines += ["| --- | --- | ---: | ---: |", *_rows(numbers)]
        boot, temperature = (
            numbers["bootstrap"],
            figure(numbers["calibration"]["temperature"], ".3g"),
        )
        lines += [
            "",
            "Ties are wrong. Intervals: percentile bootstrap over conversations, "
            f"{boot['draws']:,} draws. Temperature that fits: {temperature}.",
        ]
    return "\n".join(lines) + "\n"


def _rows(numbers: Mapping[str, Any]) -> Iterator[str]:
    held = numbers["accuracy"]
    yield _row("**all that was judged**", held["all"])
    for place, estimate in held["by_place"].items():
        yield _row(f"{_plain(place)}", estimate)
    for name, baseline in held["baselines"].items():
        if baseline:
            yield _row(f"baseline: {BASELINES[name]}", baseline["accuracy"])
    yield f"| {PEOPLE_FROM} | about {100 * PEOPLE:.0f} % | | |"


def _row(name: str, estimate: Mapping[str, Any]) -> str:
    return f"| {name} | {rate(estimate)} | {estimate['rows']:,} | {estimate['conversations']:,} |"


def _plain(text: str) -> str:
    """A text whose marks are no Markdown."""
    return re.sub(r"([\\|<>&*_`\[\]])", r"\\\1", " ".join(text.split()))

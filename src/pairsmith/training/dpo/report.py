"""An evaluation of a policy in words: the lines of its verdict, and a section for its card."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pairsmith.statistics.intervals import percent


def to_verdict(numbers: Mapping[str, Any]) -> list[str]:
    """What it comes to, in a few lines.

    Args:
        numbers: As `evaluation.json` holds them.
    """
    return list(_lines(numbers))


def _lines(numbers: Mapping[str, Any]) -> Iterator[str]:
    share = numbers["accuracy"]["all"]
    yield (
        f"Accuracy of the implicit reward: {_share(share)} of {share['rows']:,} held-out pairs; "
        "chance is 50 %."
    )
    ratio = numbers["log_ratio"]
    yield (
        f"Log-ratio to the start, nats a reply: chosen {_number(ratio['chosen'])}, rejected "
        f"{_number(ratio['rejected'])}."
    )
    samples = numbers.get("samples")
    if samples is None:
        yield "No prompt leaves room for a reply, so none was sampled."
        return
    yield (
        f"KL to the start, from {samples['prompts']} sampled replies: {_number(samples['kl'])} "
        "nats a reply."
    )
    yield f"Length of replies, tokens: {_change(samples['tokens'])}."
    if "score" in samples:
        yield f"Score of replies: {_change(samples['score'])}."


def to_markdown(numbers: Mapping[str, Any]) -> str:
    """The verdict as a list, and the accuracy by subset and split as a table."""
    lines = [f"- {line}" for line in numbers["verdict"]]
    lines += ["", "| | accuracy, 95 % interval | rows |", "| --- | --- | ---: |"]
    held = numbers["accuracy"]
    named = {"**all**": held["all"], **held["by_place"]}
    lines += [f"| {place} | {_share(one)} | {one['rows']:,} |" for place, one in named.items()]
    lines += ["", "Ties are wrong. Intervals of accuracy: Wilson; of means: bootstrap."]
    return "\n".join(lines) + "\n"


def _share(one: Mapping[str, Any]) -> str:
    return f"{percent(one['share'])} ({percent(one['low'])} to {percent(one['high'])})"


def _number(one: Mapping[str, Any]) -> str:
    if one["estimate"] is None:
        return "unknown"
    middle = f"{one['estimate']:+.3g}"
    return middle if one["low"] is None else f"{middle} ({one['low']:+.3g} to {one['high']:+.3g})"


def _change(held: Mapping[str, Any]) -> str:
    before, after = (held[name]["estimate"] for name in ("before", "after"))
    if before is None or after is None:
        return "unknown"
    return f"{before:.4g} before, {after:.4g} after, difference {_number(held['difference'])}"

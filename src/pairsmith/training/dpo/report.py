"""An evaluation of a policy in words: the lines of its verdict, and a section for its card."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pairsmith.statistics.intervals import percent
from pairsmith.training.samples import Replies


def to_verdict(numbers: Mapping[str, Any], replies: Replies | None) -> list[str]:
    """What it comes to, in a few lines.

    Args:
        numbers: As `evaluation.json` holds them.
        replies: Sampled replies; None without any.
    """
    return list(_lines(numbers, replies))


def _lines(numbers: Mapping[str, Any], replies: Replies | None) -> Iterator[str]:
    share, ties = numbers["accuracy"]["all"], numbers["accuracy"]["ties"]
    if ties == share["rows"]:
        yield (
            f"The policy is where it began: the log-ratios of all {ties:,} held-out pairs are "
            "equal. More rows, more steps or a higher learning rate move it."
        )
    else:
        yield (
            f"Accuracy of the implicit reward: {_share(share)} of {share['rows']:,} held-out "
            f"pairs; chance is 50 %{_ties(ties)}."
        )
        ratio = numbers["log_ratio"]
        yield (
            f"Log-ratio to the start, nats a reply: chosen {_number(ratio['chosen'])}, rejected "
            f"{_number(ratio['rejected'])}."
        )
    if replies is None:
        yield "No prompt leaves room for a reply, so none was sampled."
    else:
        yield from replies.verdict()


def to_markdown(numbers: Mapping[str, Any], lines: Sequence[str], replies: Replies | None) -> str:
    """The verdict as a list, the accuracy by subset and split, and the replies, as tables."""
    told = [f"- {line}" for line in lines]
    told += ["", "| | accuracy, 95 % interval | rows |", "| --- | --- | ---: |"]
    held = numbers["accuracy"]
    named = {"**all**": held["all"], **held["by_place"]}
    told += [f"| {place} | {_share(one)} | {one['rows']:,} |" for place, one in named.items()]
    told += ["", "Ties are wrong. Intervals of accuracy: Wilson; of log-ratios: bootstrap."]
    if replies is not None:
        told += ["", replies.to_markdown(), "Intervals: Student's t, over prompts."]
    return "\n".join(told) + "\n"


def _ties(count: int) -> str:
    """Pairs about which the policy says what it said before."""
    return f", and {count:,} with equal log-ratios are counted as wrong" if count else ""


def _share(one: Mapping[str, Any]) -> str:
    return f"{percent(one['share'])} ({percent(one['low'])} to {percent(one['high'])})"


def _number(one: Mapping[str, Any]) -> str:
    if one["estimate"] is None:
        return "unknown"
    middle = f"{one['estimate']:+.3g}"
    return middle if one["low"] is None else f"{middle} ({one['low']:+.3g} to {one['high']:+.3g})"

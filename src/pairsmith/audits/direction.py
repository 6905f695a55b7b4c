"""Direction: which of the two replies people went on from, and what that says of the labels."""

from __future__ import annotations

from typing import Any

from pairsmith.audits.answer import Answer, Study, UnansweredError

TITLE = "Direction"

FEW = 10
"""Continuations that are too few to tell."""

CONTINUING = """
    SELECT subset,
        count(*) FILTER (context IN (SELECT whole_chosen FROM rows WHERE {which})),
        count(*) FILTER (context IN (SELECT whole_rejected FROM rows WHERE {which})),
        count(*) FILTER (row IN (
            SELECT row FROM beginnings WHERE key IN (SELECT whole_chosen FROM rows WHERE {which})
        )),
        count(*) FILTER (row IN (
            SELECT row FROM beginnings WHERE key IN (SELECT whole_rejected FROM rows WHERE {which})
        ))
    FROM rows WHERE {which} GROUP BY subset ORDER BY subset
"""
"""Rows whose prompt, less its last turn, is another row's whole transcript; or begins with one."""

NAMES = (
    "last_turn_from_chosen",
    "last_turn_from_rejected",
    "any_depth_from_chosen",
    "any_depth_from_rejected",
)


def ask(study: Study) -> Answer:
    """Counts the rows that go on from a chosen and from a rejected reply of another row.

    In collection the next turn follows one of the two replies. Which one it was, by the labels,
    tells whether people went on from the better or from the worse. The share has an exact binomial
    interval at 95 % (Clopper and Pearson, 1934).
    """
    kept, refused_too = (_count(study, which) for which in ("kept", "true"))
    told = {name: _verdict(counts) for name, counts in refused_too.items()}
    if not any(told.values()):
        raise UnansweredError(
            f"No subset has {FEW} rows that go on from another row's reply: too few to tell."
        )
    numbers = {
        "kept": kept,
        "kept_and_refused": refused_too,
        "from_rejected": {name: interval for name, interval in told.items() if interval},
    }
    sentence = " ".join(_said(name, refused_too[name], told[name]) for name in told if told[name])
    cure = (
        "Where people went on from rejected replies, chosen is the reply that gave them less to "
        "go on with, such as the less harmful one; do not mix such a subset with one that goes "
        "the other way without meaning to."
    )
    return Answer("direction", TITLE, sentence, numbers, cure=cure)


def _count(study: Study, which: str) -> dict[str, dict[str, int]]:
    """By subset, the rows that go on from a reply."""
    found = study.keys.sql(CONTINUING.format(which=which)).fetchall()
    return {subset: dict(zip(NAMES, map(int, counts), strict=True)) for subset, *counts in found}


def _verdict(counts: dict[str, int]) -> dict[str, Any] | None:
    """The share of continuations that follow a rejected reply; None where they are too few."""
    from scipy.stats import binomtest

    chosen, rejected = (counts[name] for name in NAMES[2:])
    if chosen + rejected < FEW:
        return None
    interval = binomtest(rejected, chosen + rejected).proportion_ci(0.95, "exact")
    return {
        "share": rejected / (chosen + rejected),
        "low": float(interval.low),
        "high": float(interval.high),
    }


def _said(subset: str, counts: dict[str, int], verdict: dict[str, Any] | None) -> str:
    chosen, rejected = (counts[name] for name in NAMES[2:])
    head = (
        f"In {subset}, {rejected:,} prompts go on from a rejected reply, {chosen:,} from a chosen"
    )
    if verdict and verdict["low"] > 0.5:
        return f"{head}: people went on from the reply that was rejected."
    if verdict and verdict["high"] < 0.5:
        return f"{head}: people went on from the reply that was chosen."
    return f"{head}: neither way for certain."

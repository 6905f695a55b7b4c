"""Direction: which of the two replies people went on from, and what that says of the labels."""

from __future__ import annotations

from typing import NamedTuple

from pairsmith.auditing.answer import Answer, Study, UnansweredError
from pairsmith.auditing.report.plots import draw_groups
from pairsmith.auditing.report.svg import Plot

TITLE = "Direction"

FEW = 10
"""Replies that people went on from, too few of which do not tell."""

CONTINUING = """
    WITH told AS (SELECT row, subset, turns, whole_chosen, whole_rejected FROM rows WHERE {which}),
    labelled AS (
        SELECT subset AS owner, side, key, min(row) AS first, max(row) AS last FROM (
            SELECT subset, row, 'chosen' AS side, whole_chosen AS key FROM told UNION ALL
            SELECT subset, row, 'rejected', whole_rejected FROM told
        ) GROUP BY ALL
    ),
    onward AS (
        SELECT told.subset, row, depth = turns - 1 AS late, side, key, owner = subset AS own
        FROM beginnings JOIN told USING (row) JOIN labelled USING (key)
        WHERE NOT (first = row AND last = row)  -- another's
    )
    SELECT subset,
        count(DISTINCT row) FILTER (own AND side = 'chosen' AND late),
        count(DISTINCT row) FILTER (own AND side = 'rejected' AND late),
        count(DISTINCT row) FILTER (own AND side = 'chosen'),
        count(DISTINCT row) FILTER (own AND side = 'rejected'),
        count(DISTINCT key) FILTER (own AND side = 'chosen'),
        count(DISTINCT key) FILTER (own AND side = 'rejected'),
        count(DISTINCT row) FILTER (NOT own)
    FROM (SELECT DISTINCT subset FROM told) LEFT JOIN onward USING (subset)
    GROUP BY subset ORDER BY subset
"""
"""By subset, rows whose prompt begins with another row's whole transcript, and those transcripts.

Of that subset, since it is its labels that they tell of; but for the last number.
"""


class Counts(NamedTuple):
    """What goes on from what in one subset.

    Attributes:
        last_turn_from_chosen, last_turn_from_rejected: Rows whose prompt, less its last turn, is
            another row's transcript of this side.
        any_depth_from_chosen, any_depth_from_rejected: Rows whose prompt begins with one.
        replies_chosen, replies_rejected: The different transcripts that they go on from.
        from_other_subsets: Rows whose prompt begins with a transcript of another subset.
    """

    last_turn_from_chosen: int
    last_turn_from_rejected: int
    any_depth_from_chosen: int
    any_depth_from_rejected: int
    replies_chosen: int
    replies_rejected: int
    from_other_subsets: int


class Verdict(NamedTuple):
    """The share of rejected replies among those that people went on from, with its interval."""

    share: float
    low: float
    high: float


def ask(study: Study) -> Answer:
    """Counts the rows that go on from a chosen and from a rejected reply of another row.

    In collection the next turn follows one of the two replies. Which one it was, by the labels,
    tells whether people went on from the better or from the worse. What is counted for that are
    replies, each once however many rows go on from it: rows of one conversation are not
    independent. The share has an exact binomial interval at 95 % (Clopper and Pearson, 1934).
    """
    kept, over_all = (_count(study, which) for which in ("kept", "true"))
    told = {name: verdict for name, counts in over_all.items() if (verdict := judge(counts))}
    if not told:
        raise UnansweredError(
            f"No subset has {FEW} replies that another row goes on from: too few to tell."
        )
    numbers = {
        "kept": {name: counts._asdict() for name, counts in kept.items()},
        "kept_and_refused": {name: counts._asdict() for name, counts in over_all.items()},
        "from_rejected": {name: verdict._asdict() for name, verdict in told.items()},
    }
    sentence = " ".join(_said(name, over_all[name], verdict) for name, verdict in told.items())
    cure = (
        "Do not mix a subset where people went on from rejected replies with one where they went "
        "on from chosen ones without meaning to: chosen means another thing in each."
    )
    return Answer("direction", TITLE, sentence, numbers, cure=cure)


def plot(answer: Answer) -> Plot | None:
    """By subset, the rows that go on from a chosen and from a rejected reply."""
    held = answer.numbers["kept_and_refused"]
    sides = ("chosen", "rejected")
    series = {
        f"from {side}": {name: counts[f"any_depth_from_{side}"] for name, counts in held.items()}
        for side in sides
    }
    return draw_groups(answer.question, series)


def _count(study: Study, which: str) -> dict[str, Counts]:
    found = study.keys.sql(CONTINUING.format(which=which)).fetchall()
    return {subset: Counts(*map(int, counts)) for subset, *counts in found}


def judge(counts: Counts) -> Verdict | None:
    """How many of the replies that people went on from are rejected ones; None for too few."""
    from scipy.stats import binomtest

    rejected, replies = counts.replies_rejected, counts.replies_chosen + counts.replies_rejected
    if replies < FEW:
        return None
    interval = binomtest(rejected, replies).proportion_ci(0.95, "exact")
    return Verdict(rejected / replies, float(interval.low), float(interval.high))


def _said(subset: str, counts: Counts, verdict: Verdict) -> str:
    head = (
        f"In {subset}, {counts.any_depth_from_rejected:,} prompts go on from a rejected reply, "
        f"{counts.any_depth_from_chosen:,} from a chosen"
    )
    if verdict.low > 0.5:
        return (
            f"{head}: people talked on from the reply that is labelled the worse. So it is where "
            "chosen means less harmful, the reverse of helpful data."
        )
    if verdict.high < 0.5:
        return (
            f"{head}: people talked on from the reply that is labelled the better, as in helpful "
            "data."
        )
    return f"{head}: neither way for certain."

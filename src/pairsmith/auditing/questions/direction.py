"""Direction: whether conversations were continued from the chosen or from the rejected reply.

A prompt that begins with another row's whole transcript continues from that row's reply.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from pairsmith.auditing.answer import Answer, Study, UnansweredError
from pairsmith.auditing.claims.preferences import claim_direction
from pairsmith.auditing.report.plots import draw_groups
from pairsmith.reporting.svg import Plot

TITLE = "Direction"

MIN_REPLIES = 10
"""The fewest continued replies of a subset from which a share is estimated."""

CONTINUING = """
    WITH selected AS (
        SELECT row, subset, turns, whole_chosen, whole_rejected FROM rows WHERE {which}
    ),
    labelled AS (
        SELECT subset AS owner, side, key, min(row) AS first, max(row) AS last FROM (
            SELECT subset, row, 'chosen' AS side, whole_chosen AS key FROM selected UNION ALL
            SELECT subset, row, 'rejected', whole_rejected FROM selected
        ) GROUP BY ALL
    ),
    onward AS (
        SELECT selected.subset, row, depth = turns - 1 AS late, side, key, owner = subset AS own
        FROM beginnings JOIN selected USING (row) JOIN labelled USING (key)
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
    FROM (SELECT DISTINCT subset FROM selected) LEFT JOIN onward USING (subset)
    GROUP BY subset ORDER BY subset
"""
"""Counts, by subset, the rows that continue another row's transcript, and those transcripts.

All but the last count are of transcripts of the same subset, because they bear on its labels.
"""


class Counts(NamedTuple):
    """The rows of one subset that continue other rows, and the replies that are continued.

    Attributes:
        last_turn_from_chosen, last_turn_from_rejected: Rows whose prompt, without its last turn, is
            the chosen, or the rejected, transcript of another row.
        any_depth_from_chosen, any_depth_from_rejected: Rows whose prompt begins with one.
        replies_chosen, replies_rejected: The distinct transcripts that those rows continue.
        from_other_subsets: Rows whose prompt begins with a transcript of another subset.
    """

    last_turn_from_chosen: int
    last_turn_from_rejected: int
    any_depth_from_chosen: int
    any_depth_from_rejected: int
    replies_chosen: int
    replies_rejected: int
    from_other_subsets: int


class RejectedShare(NamedTuple):
    """The share of rejected replies among all replies that are continued.

    Attributes:
        share: From 0 to 1.
        low, high: The ends of its 95 % Clopper-Pearson interval.
    """

    share: float
    low: float
    high: float


def ask(study: Study) -> Answer:
    """Counts the rows that continue a chosen, and a rejected, reply of another row.

    During data collection the next turn follows one of the two replies. Its label tells whether
    people continued from the better or from the worse reply. The share is computed over distinct
    replies, however many rows continue each, because rows of one conversation are not independent.

    Raises:
        UnansweredError: No subset has `MIN_REPLIES` replies that other rows continue.
    """
    kept, over_all = (_count(study, which) for which in ("kept", "true"))
    shares = {name: share for name, counts in over_all.items() if (share := estimate(counts))}
    if not shares:
        raise UnansweredError(
            f"No subset has {MIN_REPLIES} replies that another row goes on from: too few to tell."
        )
    numbers = {
        "kept": {name: counts._asdict() for name, counts in kept.items()},
        "kept_and_refused": {name: counts._asdict() for name, counts in over_all.items()},
        "from_rejected": {name: share._asdict() for name, share in shares.items()},
    }
    sentence = " ".join(_summarize(name, over_all[name], share) for name, share in shares.items())
    cure = (
        "Do not mix a subset where people went on from rejected replies with one where they went "
        "on from chosen ones without meaning to: chosen means another thing in each."
    )
    replies = {
        name: counts.replies_chosen + counts.replies_rejected for name, counts in over_all.items()
    }
    rows = Counter[str]()
    for entry in study.data.entries:
        rows[entry.subset] += entry.kept
    claims = claim_direction(shares, replies, rows)
    return Answer("direction", TITLE, sentence, numbers, cure=cure, claims=claims)


def plot(answer: Answer) -> Plot | None:
    """Draws the rows that continue a chosen, and a rejected, reply, by subset."""
    subsets = answer.numbers["kept_and_refused"]
    sides = ("chosen", "rejected")
    series = {
        f"from {side}": {name: counts[f"any_depth_from_{side}"] for name, counts in subsets.items()}
        for side in sides
    }
    return draw_groups(answer.question, series)


def _count(study: Study, which: str) -> dict[str, Counts]:
    """The counts of each subset, over the rows that satisfy an SQL condition."""
    rows = study.index.sql(CONTINUING.format(which=which)).fetchall()
    return {subset: Counts(*map(int, counts)) for subset, *counts in rows}


def estimate(counts: Counts) -> RejectedShare | None:
    """Estimates the share of rejected replies among the continued ones.

    The interval is the exact binomial one (Clopper and Pearson, Biometrika 26, 1934). Of ten
    continued replies eight are rejected:

    >>> share = estimate(Counts(0, 0, 0, 0, replies_chosen=2, replies_rejected=8,
    ...     from_other_subsets=0))
    >>> round(share.low, 4), round(share.high, 4)
    (0.4439, 0.9748)

    Args:
        counts: The counts of one subset.

    Returns:
        The share; None if fewer than `MIN_REPLIES` replies are continued.
    """
    from scipy.stats import binomtest

    rejected, replies = counts.replies_rejected, counts.replies_chosen + counts.replies_rejected
    if replies < MIN_REPLIES:
        return None
    interval = binomtest(rejected, replies).proportion_ci(0.95, "exact")
    return RejectedShare(rejected / replies, float(interval.low), float(interval.high))


def _summarize(subset: str, counts: Counts, share: RejectedShare) -> str:
    head = (
        f"In {subset}, {counts.any_depth_from_rejected:,} prompts go on from a rejected reply, "
        f"{counts.any_depth_from_chosen:,} from a chosen"
    )
    if share.low > 0.5:
        return (
            f"{head}: people talked on from the reply that is labelled the worse. So it is where "
            "chosen means less harmful, the reverse of helpful data."
        )
    if share.high < 0.5:
        return (
            f"{head}: people talked on from the reply that is labelled the better, as in helpful "
            "data."
        )
    return f"{head}: neither way for certain."

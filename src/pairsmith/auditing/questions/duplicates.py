"""Duplicates: equal pairs, pairs that contradict each other, preferences that go in circles."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pairsmith.auditing.answer import Answer, Finding, Study, UnansweredError, as_table
from pairsmith.auditing.report.plots import draw_bars
from pairsmith.auditing.report.svg import Plot
from pairsmith.text.spans import Index, Mask

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TITLE = "Duplicates"

PAIRS = """
    CREATE OR REPLACE TEMP TABLE groups AS
    SELECT count(*) AS size,
        count(DISTINCT subset) > 1 AS across_subsets, count(DISTINCT split) > 1 AS across_splits,
        list(id ORDER BY split = 'train', row) AS ids
    FROM rows WHERE {which} GROUP BY whole_chosen, whole_rejected HAVING count(*) > 1
"""
"""Rows whose prompt and both replies are the same; the one to keep comes first: of test, if any."""

FLIPPED = """
    SELECT list(id ORDER BY split = 'test', row) AS ids FROM rows
    WHERE {which} AND whole_chosen <> whole_rejected
    GROUP BY least(whole_chosen, whole_rejected), greatest(whole_chosen, whole_rejected)
    HAVING count(DISTINCT whole_chosen) > 1 ORDER BY min(row)
"""
"""Rows of one prompt and the same two replies, of which some prefer one and some the other."""

REPEATED = """
    SELECT count(*), coalesce(sum(size), 0), count(*) FILTER (others),
        coalesce(sum(size) FILTER (others), 0)
    FROM (
        SELECT count(*) AS size, min(low) < max(low) OR min(high) < max(high) AS others FROM (
            SELECT prompt, least(chosen, rejected) AS low, greatest(chosen, rejected) AS high
            FROM rows WHERE {which} AND prompt IS NOT NULL
        ) GROUP BY prompt HAVING count(*) > 1
    )
"""
"""Prompts of several rows, and of those, the ones whose two replies are not always the same."""

EDGES = """
    SELECT row, id, whole_chosen AS better, whole_rejected AS worse
    FROM rows WHERE {which} AND whole_chosen <> whole_rejected AND prompt IN (
        SELECT prompt FROM rows WHERE {which} GROUP BY prompt HAVING count(*) > 2
    )
    ORDER BY split = 'test', row
"""
"""Preferences among replies to prompts that have enough of them to go in a circle."""


class Contradictions(NamedTuple):
    """Rows that contradict each other, by ids, train rows first.

    Attributes:
        flipped: Groups of rows with the same two replies, not all the same way round.
        circles: Groups of rows whose preferences go in a circle of three replies or more.
    """

    flipped: list[list[str]]
    circles: list[list[str]]

    @property
    def numbers(self) -> dict[str, int]:
        """How many groups and rows."""
        return {
            "flipped_groups": len(self.flipped),
            "flipped_rows": sum(map(len, self.flipped)),
            "cycles": len(self.circles),
            "rows_in_cycles": sum(map(len, self.circles)),
        }


def ask(study: Study) -> Answer:
    """Looks for equal pairs, flipped pairs, and preferences that go in circles.

    Of equal pairs the first is the one to keep, a test row before a train row, so that what is
    taken out is never of test where train has it too, and nobody trains on test; findings name the
    others first. Replies go in a circle where they are a strongly connected component of the graph
    of preferences (Pearce, 2005) that is more than flipped pairs.
    """
    keys = study.keys
    [(kept,)] = keys.sql("SELECT count(*) FROM rows WHERE kept").fetchall()
    if not kept:
        raise UnansweredError("No row was kept.")
    over_all = {**_count(keys, "true"), **find_contradictions(keys, "true").numbers}
    over_kept, found = _count(keys, "kept"), find_contradictions(keys, "kept")
    numbers = {"kept": {**over_kept, **found.numbers}, "kept_and_refused": over_all}
    findings = [*_repeats(keys), *_doubts(found)]
    sentence = (
        f"{over_kept['extra_rows']:,} of {kept:,} kept rows repeat another pair; "
        f"{len(found.flipped):,} pairs are flipped elsewhere; {len(found.circles):,} prompts have "
        "preferences that go in a circle."
    )
    cure = "Train on one row of each, and on none of those that contradict each other."
    return Answer(
        "duplicates", TITLE, sentence, numbers, as_table(findings), cure if findings else ""
    )


def plot(answer: Answer) -> Plot | None:
    """What there is of each kind among kept rows."""
    return draw_bars(answer.question, answer.numbers["kept"])


def _repeats(keys: DuckDBPyConnection) -> list[Finding]:
    """What the table `groups` holds: each extra row, and the one to keep."""
    return [
        Finding("duplicate", [extra, ids[0]], None, f"the same pair as {ids[0]}")
        for (ids,) in keys.sql("SELECT ids FROM groups ORDER BY ids[1]").fetchall()
        for extra in ids[1:]
    ]


def _doubts(found: Contradictions) -> list[Finding]:
    flipped = [
        Finding("flipped", ids, None, f"{len(ids)} rows prefer opposite replies to one prompt")
        for ids in found.flipped
    ]
    circles = [
        Finding("cycle", ids, None, f"the preferences of {len(ids)} rows go in a circle")
        for ids in found.circles
    ]
    return flipped + circles


def _count(keys: DuckDBPyConnection, which: str) -> dict[str, int]:
    """Makes the table `groups`, and counts what repeats in some rows."""
    keys.execute(PAIRS.format(which=which))
    groups = keys.sql(
        "SELECT count(*) AS groups, coalesce(sum(size - 1), 0) AS extra_rows, "
        "count(*) FILTER (across_subsets) AS groups_across_subsets, "
        "count(*) FILTER (across_splits) AS groups_across_splits FROM groups"
    )
    [pairs], [prompts] = groups.fetchall(), keys.sql(REPEATED.format(which=which)).fetchall()
    names = (
        *("groups", "extra_rows", "groups_across_subsets", "groups_across_splits"),
        *("repeated_prompts", "rows_of_those", "prompts_with_other_replies", "rows_of_these"),
    )
    return dict(zip(names, map(int, (*pairs, *prompts)), strict=True))


def find_contradictions(keys: DuckDBPyConnection, which: str) -> Contradictions:
    """Finds the rows whose labels contradict each other.

    Args:
        keys: The keys.
        which: A condition on `rows`: those that are looked at.
    """
    flipped = keys.sql(FLIPPED.format(which=which)).fetchall()
    found = keys.sql(EDGES.format(which=which)).fetchnumpy()
    labels, turning = find_circles(found["better"], found["worse"])
    circles: dict[int, list[str]] = {}
    for place in np.flatnonzero(turning):
        circles.setdefault(int(labels[place]), []).append(str(found["id"][place]))
    return Contradictions([ids for (ids,) in flipped], list(circles.values()))


def find_circles(better: Index, worse: Index) -> tuple[Index, Mask]:
    """Preferences that go in circles of three replies or more.

    A strongly connected component in which all preferences are flipped pairs, and these make a
    tree, has no such circle; any other has one, since it has as many pairs as replies, or more.

    Args:
        better: m keys of replies.
        worse: m keys; in no place the same as in `better`.

    Returns:
        m numbers, each of a component, and m flags: whether it is such a circle.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    nodes, places = np.unique(np.concatenate([better, worse]), return_inverse=True)
    ends = places.reshape(2, -1)
    graph = coo_array((np.ones(len(better)), tuple(ends)), shape=(len(nodes),) * 2)
    count, labels = connected_components(graph, connection="strong")
    of_first, of_second = labels[ends]
    inside = of_first == of_second
    pairs = np.unique(np.sort(ends[:, inside], axis=0), axis=1)
    size = np.bincount(labels, minlength=count)
    turning = (size > 2) & (np.bincount(labels[pairs[0]], minlength=count) >= size)
    return of_first, inside & turning[of_first]

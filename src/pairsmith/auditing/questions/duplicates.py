"""Duplicates: repeated pairs, contradictory pairs, and cyclic preferences."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pairsmith.auditing.answer import Answer, Finding, Study, UnansweredError, as_table
from pairsmith.auditing.claims.same_rows import claim_duplicates
from pairsmith.auditing.report.plots import draw_bars
from pairsmith.reporting.svg import Plot
from pairsmith.text.spans import Index, Mask

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TITLE = "Duplicates"

PAIRS = """
    CREATE OR REPLACE TEMP TABLE groups AS
    SELECT count(*) AS size,
        count(DISTINCT subset) > 1 AS across_subsets, count(DISTINCT split) > 1 AS across_splits,
        list(id ORDER BY starts_with(split, 'train'), row) AS ids
    FROM rows WHERE {which} GROUP BY whole_chosen, whole_rejected HAVING count(*) > 1
"""
"""Makes the table `groups` of rows with equal prompt and replies; the row to keep comes first.

That is a row of test if there is one. `which` is an SQL condition on rows, here and below.
"""

FLIPPED = """
    SELECT list(id ORDER BY NOT starts_with(split, 'train'), row) AS ids FROM rows
    WHERE {which} AND whole_chosen <> whole_rejected
    GROUP BY least(whole_chosen, whole_rejected), greatest(whole_chosen, whole_rejected)
    HAVING count(DISTINCT whole_chosen) > 1 ORDER BY min(row)
"""
"""Groups of rows with one prompt and the same two replies, but opposite preferences."""

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
"""Counts the prompts of several rows, and those whose rows do not all have the same two replies."""

EDGES = """
    SELECT row, id, whole_chosen AS better, whole_rejected AS worse
    FROM rows WHERE {which} AND whole_chosen <> whole_rejected AND prompt IN (
        SELECT prompt FROM rows WHERE {which} GROUP BY prompt HAVING count(*) > 2
    )
    ORDER BY NOT starts_with(split, 'train'), row
"""
"""The preferences among replies to prompts of three rows or more, which may form a cycle."""


class Contradictions(NamedTuple):
    """Groups of rows that contradict each other, each a list of ids, train rows first.

    Attributes:
        flipped: Groups with the same two replies but opposite preferences.
        circles: Groups whose preferences form a cycle of three replies or more.
    """

    flipped: list[list[str]]
    circles: list[list[str]]

    @property
    def numbers(self) -> dict[str, int]:
        """The numbers of groups and of rows in them."""
        return {
            "flipped_groups": len(self.flipped),
            "flipped_rows": sum(map(len, self.flipped)),
            "cycles": len(self.circles),
            "rows_in_cycles": sum(map(len, self.circles)),
        }


def ask(study: Study) -> Answer:
    """Finds repeated pairs, flipped pairs, and cyclic preferences, by the hashes of the rows.

    Of equal pairs the first is the one to keep, a test row before a train row: removing the others
    leaves test complete and removes its copies from train. Findings name the row to remove first.
    Cycles are the strongly connected components of the graph of preferences (Pearce, 2005) that
    consist of more than flipped pairs.

    Raises:
        UnansweredError: There are no kept rows.
    """
    index = study.index
    [(kept,)] = index.sql("SELECT count(*) FROM rows WHERE kept").fetchall()
    if not kept:
        raise UnansweredError("No row was kept.")
    over_all = {**_count(index, "true"), **find_contradictions(index, "true").numbers}
    over_kept, found = _count(index, "kept"), find_contradictions(index, "kept")
    numbers = {"kept": {**over_kept, **found.numbers}, "kept_and_refused": over_all}
    findings = [*_repeats(index), *_contradictory(found)]
    sentence = (
        f"{over_kept['extra_rows']:,} of {kept:,} kept rows repeat another pair; "
        f"{len(found.flipped):,} pairs are flipped elsewhere; {len(found.circles):,} prompts have "
        "preferences that go in a circle."
    )
    cure = "Train on one row of each, and on none of those that contradict each other."
    return Answer(
        "duplicates",
        TITLE,
        sentence,
        numbers,
        as_table(findings),
        cure if findings else "",
        claims=claim_duplicates(numbers["kept"], kept),
    )


def plot(answer: Answer) -> Plot | None:
    """Draws the counts of repeats and contradictions among kept rows."""
    return draw_bars(answer.question, answer.numbers["kept"])


def _repeats(index: DuckDBPyConnection) -> list[Finding]:
    """A finding for each extra row of the table `groups`, with the row to keep."""
    return [
        Finding("duplicate", [extra, ids[0]], None, f"the same pair as {ids[0]}")
        for (ids,) in index.sql("SELECT ids FROM groups ORDER BY ids[1]").fetchall()
        for extra in ids[1:]
    ]


def _contradictory(found: Contradictions) -> list[Finding]:
    """A finding for each group of rows that contradict each other."""
    flipped = [
        Finding("flipped", ids, None, f"{len(ids)} rows prefer opposite replies to one prompt")
        for ids in found.flipped
    ]
    circles = [
        Finding("cycle", ids, None, f"the preferences of {len(ids)} rows go in a circle")
        for ids in found.circles
    ]
    return flipped + circles


def _count(index: DuckDBPyConnection, which: str) -> dict[str, int]:
    """Makes the table `groups`, and counts repeated pairs and prompts."""
    index.execute(PAIRS.format(which=which))
    groups = index.sql(
        "SELECT count(*) AS groups, coalesce(sum(size - 1), 0) AS extra_rows, "
        "count(*) FILTER (across_subsets) AS groups_across_subsets, "
        "count(*) FILTER (across_splits) AS groups_across_splits FROM groups"
    )
    [pairs], [prompts] = groups.fetchall(), index.sql(REPEATED.format(which=which)).fetchall()
    names = (
        *("groups", "extra_rows", "groups_across_subsets", "groups_across_splits"),
        *("repeated_prompts", "rows_of_those", "prompts_with_other_replies", "rows_of_these"),
    )
    return dict(zip(names, map(int, (*pairs, *prompts)), strict=True))


def find_contradictions(index: DuckDBPyConnection, which: str) -> Contradictions:
    """Finds the rows whose labels contradict each other.

    Args:
        index: The row hashes, from `pairsmith.dataset.index`.
        which: An SQL condition on the table `rows`, such as `kept`.
    """
    flipped = index.sql(FLIPPED.format(which=which)).fetchall()
    edges = index.sql(EDGES.format(which=which)).fetchnumpy()
    labels, cyclic = find_circles(edges["better"], edges["worse"])
    circles: dict[int, list[str]] = {}
    for place in np.flatnonzero(cyclic):
        circles.setdefault(int(labels[place]), []).append(str(edges["id"][place]))
    return Contradictions([ids for (ids,) in flipped], list(circles.values()))


def find_circles(better: Index, worse: Index) -> tuple[Index, Mask]:
    """Finds the preferences that are part of a cycle of three replies or more.

    A strongly connected component has no such cycle if its preferences are all flipped pairs that
    form a tree; any other has one, because it has at least as many pairs as replies.

    Args:
        better: The hashes of the preferred replies of m preferences.
        worse: The hashes of the other m replies, each different from its counterpart.

    Returns:
        For each of m preferences the number of the component of its preferred reply, and whether
        it is part of a cycle.
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
    cyclic = (size > 2) & (np.bincount(labels[pairs[0]], minlength=count) >= size)
    return of_first, inside & cyclic[of_first]

"""Duplicates: equal pairs, pairs that contradict each other, preferences that go in circles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pairsmith.audits.answer import Answer, Finding, Study, UnansweredError, as_table

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TITLE = "Duplicates"

PAIRS = """
    CREATE OR REPLACE TEMP TABLE groups AS
    SELECT prompt, chosen, rejected, count(*) AS size,
        count(DISTINCT subset) > 1 AS across_subsets, count(DISTINCT split) > 1 AS across_splits,
        list(id ORDER BY split = 'train', row) AS ids
    FROM rows WHERE {which} GROUP BY ALL HAVING count(*) > 1
"""
"""Rows whose prompt and both replies are the same; the one to keep comes first: of test, if any."""

FLIPPED = """
    SELECT list(id ORDER BY split = 'test', row) AS ids FROM rows
    WHERE kept AND chosen <> rejected
    GROUP BY prompt, least(chosen, rejected), greatest(chosen, rejected)
    HAVING count(DISTINCT chosen) > 1 ORDER BY min(row)
"""
"""Rows of one prompt and the same two replies, of which some prefer one and some the other."""

REPEATED = """
    SELECT count(*), coalesce(sum(size), 0) FROM (
        SELECT count(*) AS size FROM rows WHERE {which} GROUP BY prompt
        HAVING count(DISTINCT (chosen, rejected)) > 1
    )
"""

EDGES = """
    SELECT row, id, hash(prompt, chosen) AS better, hash(prompt, rejected) AS worse
    FROM rows WHERE kept AND chosen <> rejected AND prompt IN (
        SELECT prompt FROM rows WHERE kept GROUP BY prompt HAVING count(*) > 2
    )
    ORDER BY row
"""
"""Preferences among replies to prompts that have enough of them to go in a circle."""


def ask(study: Study) -> Answer:
    """Looks for equal pairs, flipped pairs, and preferences that go in circles.

    Of equal pairs the first is the one to keep, a test row before a train row; findings name the
    others first. Replies to one prompt go in a circle where they are a strongly connected
    component of more than two in the graph of preferences (Tarjan, 1972).
    """
    keys = study.keys
    kept = _one(keys, "SELECT count(*) FROM rows WHERE kept")
    if not kept:
        raise UnansweredError("No row was kept.")
    keys.execute(PAIRS.format(which="true"))
    over_all = _count(keys)
    keys.execute(PAIRS.format(which="kept"))
    over_kept = _count(keys)
    findings = [
        Finding("duplicate", [extra, ids[0]], None, f"the same pair as {ids[0]}")
        for (ids,) in keys.sql("SELECT ids FROM groups ORDER BY ids[1]").fetchall()
        for extra in ids[1:]
    ]
    flipped = [ids for (ids,) in keys.sql(FLIPPED).fetchall()]
    findings += [
        Finding("flipped", ids, None, f"{len(ids)} rows prefer opposite replies to one prompt")
        for ids in flipped
    ]
    circles = _circles(keys)
    findings += [
        Finding("cycle", ids, None, f"the preferences of {len(ids)} rows go in a circle")
        for ids in circles
    ]
    numbers = {
        "kept": {
            **over_kept,
            "flipped_groups": len(flipped),
            "flipped_rows": sum(map(len, flipped)),
            "cycles": len(circles),
            **_repeated(keys, "kept"),
        },
        "kept_and_refused": {**over_all, **_repeated(keys, "true")},
    }
    extra = over_kept["extra_rows"]
    sentence = (
        f"{extra:,} of {kept:,} kept rows repeat an earlier pair; {len(flipped):,} pairs are "
        f"flipped elsewhere; {len(circles):,} prompts have preferences that go in a circle."
    )
    cure = "Train on one row of each, and on none of those that contradict each other."
    return Answer(
        "duplicates", TITLE, sentence, numbers, as_table(findings), cure if findings else ""
    )


def _count(keys: DuckDBPyConnection) -> dict[str, int]:
    """What the table `groups` holds."""
    names = ("groups", "extra_rows", "groups_across_subsets", "groups_across_splits")
    [row] = keys.sql(
        "SELECT count(*), coalesce(sum(size - 1), 0), count(*) FILTER (across_subsets), "
        "count(*) FILTER (across_splits) FROM groups"
    ).fetchall()
    return {name: int(value) for name, value in zip(names, row, strict=True)}


def _repeated(keys: DuckDBPyConnection, which: str) -> dict[str, int]:
    [row] = keys.sql(REPEATED.format(which=which)).fetchall()
    return {"prompts_with_several_pairs": int(row[0]), "rows_of_those": int(row[1])}


def _circles(keys: DuckDBPyConnection) -> list[list[str]]:
    """The ids of the rows whose preferences go in circles of three replies and more."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    found: dict[str, Any] = keys.sql(EDGES).fetchnumpy()
    nodes, places = np.unique(
        np.concatenate([found["better"], found["worse"]]), return_inverse=True
    )
    better, worse = places[: len(found["better"])], places[len(found["better"]) :]
    graph = coo_array((np.ones(len(better)), (better, worse)), shape=(len(nodes),) * 2)
    count, labels = connected_components(graph, connection="strong")
    large = np.bincount(labels, minlength=count) > 2
    circles: dict[int, list[str]] = {}
    for place in np.flatnonzero((labels[better] == labels[worse]) & large[labels[better]]):
        circles.setdefault(int(labels[better[place]]), []).append(str(found["id"][place]))
    return list(circles.values())


def _one(keys: DuckDBPyConnection, query: str) -> int:
    return int(keys.sql(query).fetchall()[0][0])

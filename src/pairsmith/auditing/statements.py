"""What an audit says of rows: its findings, a statement for each row that one is about.

Of findings that an action can act on, the statements name the rows that it would take out, and no
others: all of equal pairs but the one that stays, and never a row of test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pairsmith._version import __version__
from pairsmith.dataset.annotation import Annotator
from pairsmith.schema.annotations import STATEMENTS, Action
from pairsmith.schema.reasons import Reason

if TYPE_CHECKING:
    from pairsmith.auditing.answer import Answer, Study

NAME = "audit"
"""The name of the annotation."""

REASONS: dict[str, Reason] = {
    "duplicate": Reason.DUPLICATE,
    "near_duplicate": Reason.NEAR_DUPLICATE,
    "same_prompt": Reason.LEAK,
    "goes_on": Reason.LEAK,
    "begins": Reason.LEAK,
    "same_beginning": Reason.LEAK,
    "flipped": Reason.FLIPPED,
}
"""The kinds of findings that an action acts on, and the reason that it gives."""

OF_TRAIN = ("near_leak", "same_opening")
"""Kinds of findings that are about the first row alone, of train; the other one is of test."""

EDGES = """
    SELECT own.row AS own, other.row AS other, score FROM found
    JOIN rows AS own ON own.id = found.rows[1] JOIN rows AS other ON other.id = found.rows[2]
    WHERE kind = $kind ORDER BY own, other
"""
"""Of each row that is nearly another, the numbers of both, and how alike they are."""

NEAR = """
    WITH ends AS (
        SELECT own AS row, other, score, cluster FROM edges
        UNION ALL SELECT other, own, score, cluster FROM edges
    ),
    pairs AS (SELECT DISTINCT ON (row) row, cluster FROM ends),
    copies AS (
        SELECT copy.id, copy.split, pairs.row AS pair, cluster
        FROM pairs JOIN rows AS first USING (row)
        JOIN rows AS copy USING (prompt, chosen, rejected) WHERE copy.kept
    ),
    ranked AS (
        SELECT pair, cluster, bool_or(NOT starts_with(split, 'train')) AS test
        FROM copies GROUP BY ALL
    ),
    staying AS (
        SELECT pair FROM ranked WINDOW own AS (PARTITION BY cluster)
        QUALIFY test OR (NOT bool_or(test) OVER own AND pair = min(pair) OVER own)
    ),
    closest AS (
        SELECT row AS pair, arg_max(other, (other IN (FROM staying), score, -other)) AS other,
            arg_max(score, (other IN (FROM staying), score, -other)) AS score
        FROM ends GROUP BY row
    )
    SELECT copies.id, $label AS label, score, format('{} (Jaccard {:.2f})', rows.id, score) AS other
    FROM copies JOIN closest USING (pair) JOIN rows ON rows.row = closest.other
    WHERE starts_with(copies.split, 'train') AND pair NOT IN (FROM staying)
"""
"""What goes of each cluster: what is neither a pair of test nor, where there is none, the first.

The question compares one row of each pair; here all copies of it are taken into account.
"""


def annotator(questions: Iterable[str], tokenizer: str | None) -> Annotator:
    """The audit as an annotator.

    Args:
        questions: What was asked.
        tokenizer: The name of a tokenizer.
    """
    return Annotator(
        "pairsmith audit",
        __version__,
        recipe={"questions": [*questions], "tokenizer": tokenizer},
        actions=dict.fromkeys(REASONS, Action.DROP.value),
        reasons={label: reason.value for label, reason in REASONS.items()},
    )


def statements_of(study: Study, answer: Answer) -> pa.Table:
    """What an answer says of rows.

    Args:
        study: What the question was put to.
        answer: What it came to.

    Returns:
        Rows of `STATEMENTS`, and the name of the `question`.
    """
    found = [_by_row(answer)]
    for name in ACTIONS_OF.get(answer.question, ()) if not answer.unanswered else ():
        found.append(EXTRA_ROWS[name](study, answer))
    table = pa.concat_tables(found)
    return table.append_column("question", pa.repeat(answer.question, len(table)))


def _by_row(answer: Answer) -> pa.Table:
    """A statement for each row of each finding, but for those that `EXTRA_ROWS` tells better."""
    findings = answer.findings.combine_chunks()
    counts = np.asarray(pc.list_value_length(findings["rows"]), np.int64)
    parents = pa.array(np.repeat(np.arange(len(counts)), counts))
    first = np.arange(len(parents)) == np.repeat(np.cumsum(counts) - counts, counts)
    ids, kinds = pc.list_flatten(findings["rows"]), findings["kind"].take(parents)
    table = pa.table(
        [ids, kinds, findings["score"].take(parents), findings["sentence"].take(parents)],
        schema=STATEMENTS,
    )
    acted_on = pc.is_in(kinds, pa.array([*REASONS]))
    if answer.question in ACTIONS_OF:
        return table.filter(
            pc.and_not(
                pc.or_(pa.array(first), pc.invert(pc.is_in(kinds, pa.array(OF_TRAIN)))), acted_on
            )
        )
    is_test = pc.invert(pc.match_substring_regex(ids, "^[^/]*/train[^/]*/"))
    return table.filter(pc.invert(pc.and_(acted_on, is_test)))


def _dropped(study: Study, said: str, query: str, params: Mapping[str, Any]) -> pa.Table:
    """Statements on the rows of train that a query finds.

    Args:
        study: The dataset and its keys.
        said: What a row is to the other, up to its id.
        query: SQL that gives `id`, `label`, `score` and `other`.
        params: Of the query.
    """
    told = study.index.sql(
        f"""
        SELECT id, label, score, $said || ' ' || other AS detail FROM ({query}) ORDER BY id
        """,  # noqa: S608  (the query is one of this module)
        params={"said": said, **params},
    )
    return pa.table(told.to_arrow_table()).cast(STATEMENTS)


def _duplicates(study: Study, _: Answer | None) -> pa.Table:
    """All but one of the rows with the same prompt and replies; one of test stays, or the first."""
    from pairsmith.auditing.questions.duplicates import PAIRS

    study.index.execute(PAIRS.format(which="kept"))
    query = """
        SELECT id, $label AS label, NULL::DOUBLE AS score, other
        FROM (SELECT ids[1] AS other, unnest(ids[2:]) AS id FROM groups) JOIN rows USING (id)
        WHERE starts_with(split, 'train')
    """
    return _dropped(study, "the same pair as", query, {"label": "duplicate"})


def _leaks(study: Study, _: Answer | None) -> pa.Table:
    """Rows that have the prompt of one of test, go on from it, or are the beginning of it.

    Of those that merely open alike many are no leak: they stay.
    """
    from pairsmith.auditing.questions.leaks import KNOWN

    study.index.execute(KNOWN)
    query = """
        SELECT id, kind AS label, NULL::DOUBLE AS score, said || test_id AS other FROM known
        WHERE kind <> $weak
    """
    return _dropped(study, "this row of train", query, {"weak": "same_opening"})


def _flipped(study: Study, _: Answer | None) -> pa.Table:
    """Rows with the same prompt and replies as another, which prefers the other reply."""
    query = """
        WITH pairs AS (
            SELECT id, split, (starts_with(split, 'train'), row) AS turn,
                whole_chosen < whole_rejected AS side,
                least(whole_chosen, whole_rejected) AS low,
                greatest(whole_chosen, whole_rejected) AS high
            FROM rows WHERE kept AND whole_chosen <> whole_rejected
        )
        SELECT id, $label AS label, NULL::DOUBLE AS score, if(side, contra, pro) AS other
        FROM pairs JOIN (
            SELECT low, high, arg_min(id, turn) FILTER (side) AS pro,
                arg_min(id, turn) FILTER (NOT side) AS contra
            FROM pairs GROUP BY low, high
            HAVING bool_or(side) AND NOT bool_and(side)
        ) USING (low, high)
        WHERE starts_with(split, 'train')
    """
    said = "the replies of this pair are the other way round in"
    return _dropped(study, said, query, {"label": "flipped"})


def _near(study: Study, answer: Answer | None) -> pa.Table:
    """All but one of the rows that are nearly the same, by clusters; rows of test stay.

    What is equal to a row goes with it. Of two that are alike with their replies exchanged, neither
    goes for the sake of the other.
    """
    from pairsmith.auditing.questions import near_duplicates
    from pairsmith.dataset.conversations import components

    keys = study.index
    found = (answer or near_duplicates.ask(study)).findings  # noqa: F841
    alike = keys.sql(EDGES, params={"kind": near_duplicates.DUPLICATE}).to_arrow_table()
    left, right = (alike[name].to_numpy() for name in ("own", "other"))
    labels = components(left, right, int(max(left.max(initial=-1), right.max(initial=-1))) + 1)
    grouped = alike.append_column("cluster", pa.array(labels[left]))  # noqa: F841
    keys.execute("CREATE OR REPLACE TEMP TABLE edges AS SELECT * FROM grouped")
    label = {"label": near_duplicates.DUPLICATE}
    return _dropped(study, "nearly the same pair as", NEAR, label)


EXTRA_ROWS: dict[str, Callable[[Study, Answer | None], pa.Table]] = {
    "duplicates": _duplicates,
    "near": _near,
    "leaks": _leaks,
    "flipped": _flipped,
}
"""For each of `DROPS`, the rows that it takes out; from the answer to its question, if there is."""

ACTIONS_OF = {"duplicates": ("duplicates", "flipped"), "near": ("near",), "leaks": ("leaks",)}
"""The actions that act on what a question finds."""

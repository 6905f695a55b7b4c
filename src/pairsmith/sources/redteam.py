"""The red-team attempts of HH-RLHF: one transcript a row, with scores.

The file spells one field `task_descripton_harmlessness_score`, its documentation
`task_description_harmlessness_score`; both are read, the second is written.
Source: https://github.com/anthropics/hh-rlhf and arXiv 2209.07858.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.schema.rows import DIALOGUE_SCORES
from pairsmith.sources.columnar.parse import parse_rows
from pairsmith.sources.records import Records

SUBSET = "red-team-attempts"
STEM = "red_team_attempts"
SPLIT = "train"

SCORE = "task_description_harmlessness_score"
SCORE_AS_RELEASED = "task_descripton_harmlessness_score"
FIELDS = pa.schema(
    [("transcript", pa.string()), *DIALOGUE_SCORES, (SCORE_AS_RELEASED, pa.float64())]
)


def read_dialogues(records: Records) -> pa.Table:
    """Rows of `transcript`, the scores and `fault`; see `parse_rows` and `unify_score`."""
    return unify_score(parse_rows(records, FIELDS, ("transcript",)).table)


def unify_score(table: pa.Table) -> pa.Table:
    """Unifies the two spellings of one score into the right one.

    A row that has both, with different values, has a fault.
    """
    score, released, fault = (
        table[name].combine_chunks() for name in (SCORE, SCORE_AS_RELEASED, "fault")
    )
    at_odds = pc.fill_null(pc.not_equal(score, released), False)
    if at_odds.true_count:
        said = f"the fields {SCORE} and {SCORE_AS_RELEASED} differ"
        fault = pc.if_else(pc.and_(at_odds, pc.is_null(fault)), said, fault)
    columns = {name: table[name] for name in ("transcript", *DIALOGUE_SCORES.names)}
    return pa.table({**columns, SCORE: pc.coalesce(score, released), "fault": fault})

"""Leaks: conversations of test rows that train rows know."""

from __future__ import annotations

from pairsmith.audits.answer import Answer, Study, UnansweredError
from pairsmith.audits.conversations import note_conversations

TITLE = "Leaks"

KNOWN = """
    CREATE OR REPLACE TEMP TABLE known AS
    WITH train AS (SELECT * FROM rows WHERE kept AND split = 'train'),
    test AS (SELECT * FROM rows WHERE kept AND split = 'test'),
    found AS (
        SELECT train.row, train.id, test.id AS test_id, test.row AS test_row,
            1 AS rank, 'same_prompt' AS kind, 'has the prompt of ' AS said
        FROM train JOIN test USING (prompt)
        UNION ALL
        SELECT train.row, train.id, test.id, test.row, 2, 'goes_on', 'goes on from '
        FROM train JOIN beginnings USING (row) JOIN test ON beginnings.key = test.prompt
        UNION ALL
        SELECT train.row, train.id, test.id, test.row, 3, 'begins', 'is the beginning of '
        FROM test JOIN beginnings USING (row) JOIN train ON beginnings.key = train.prompt
        UNION ALL
        SELECT train.row, train.id, test.id, test.row, 4, 'same_opening', 'opens as does '
        FROM train JOIN (
            SELECT opening, min_by(id, row) AS id, min(row) AS row FROM test GROUP BY opening
        ) AS test USING (opening)
    )
    SELECT row, arg_min(id, (rank, test_row)) AS id, arg_min(test_id, (rank, test_row)) AS test_id,
        arg_min(kind, (rank, test_row)) AS kind, arg_min(said, (rank, test_row)) AS said
    FROM found GROUP BY row
"""
"""Each train row that knows a test row: the closest it knows, and how."""

FINDINGS = """
    SELECT kind, [id, test_id] AS rows, NULL::DOUBLE AS score,
        'the train row ' || said || test_id AS sentence
    FROM known ORDER BY row
"""

CONVERSATIONS = """
    SELECT count(*) FILTER (test), count(*) FILTER (test AND train) FROM (
        SELECT bool_or(split = 'test') AS test, bool_or(split = 'train') AS train
        FROM rows JOIN conversations USING (row) WHERE kept GROUP BY conversation
    )
"""


def ask(study: Study) -> Answer:
    """Looks for test conversations in train.

    A train row has a test row's prompt; goes on from one (its prompt begins with the whole prompt
    of the test row, whatever was replied); is the beginning of one; or merely opens with the same
    question. Each train row is counted once, for the first of these that holds.
    """
    import pyarrow as pa

    from pairsmith.audits.answer import FINDINGS as SCHEMA

    keys = study.keys
    sides = dict(keys.sql("SELECT split, count(*) FROM rows WHERE kept GROUP BY split").fetchall())
    for split in ("train", "test"):
        if not sides.get(split):
            raise UnansweredError(f"No kept row is of the {split} split.")
    keys.execute(KNOWN)
    note_conversations(keys)
    counted = dict(keys.sql("SELECT kind, count(*) FROM known GROUP BY kind").fetchall())
    [(test, leaked)] = keys.sql(CONVERSATIONS).fetchall()
    by_subset = keys.sql(
        "SELECT subset, count(*) FROM known JOIN rows USING (row) WHERE kind <> 'same_opening' "
        "GROUP BY subset ORDER BY subset"
    )
    kinds = ("same_prompt", "goes_on", "begins", "same_opening")
    numbers = {
        "train_rows": {kind: int(counted.get(kind, 0)) for kind in kinds},
        "train_rows_by_subset": {name: int(count) for name, count in by_subset.fetchall()},
        "test_conversations": int(test),
        "test_conversations_in_train": int(leaked),
    }
    findings = pa.table(keys.sql(FINDINGS).to_arrow_table()).cast(SCHEMA)
    rows = sum(int(counted.get(kind, 0)) for kind in kinds[:3])
    sentence = (
        f"{leaked:,} of {test:,} test conversations are in train, in {rows:,} train rows; "
        f"{int(counted.get('same_opening', 0)):,} more train rows open as a test row does."
    )
    cure = "Take these train rows out, or make a new split: pairsmith split."
    return Answer("leaks", TITLE, sentence, numbers, findings, cure if len(findings) else "")

"""Leaks: conversations of test rows that train rows know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pairsmith.auditing.answer import FINDINGS, Answer, Study, UnansweredError
from pairsmith.auditing.report.plots import draw_bars
from pairsmith.auditing.report.svg import Plot
from pairsmith.dataset.conversations import BEGUN, WHOLE, note_conversations

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TITLE = "Leaks"

SURE = ("same_prompt", "goes_on", "begins", "same_beginning")
"""Kinds of leaks, the closest first."""

WEAK = "same_opening"
"""What many rows have in common by chance."""

KNOWN_OF = f"""
    CREATE OR REPLACE TEMP TABLE known AS
    WITH begun AS ({BEGUN}), whole AS ({WHOLE}), kinds AS (
        SELECT * FROM (VALUES
            (1, '{SURE[0]}', 'has the prompt of '),
            (2, '{SURE[1]}', 'goes on from '),
            (3, '{SURE[2]}', 'is the beginning of '),
            (4, '{SURE[3]}', 'begins, replies included, as does '),
            (5, '{WEAK}', 'opens as does ')
        ) AS kinds(rank, kind, said)
    ),
    held AS (  -- what test rows have, and train rows may
        SELECT 1 AS rank, row, prompt AS key FROM rows UNION ALL
        SELECT 2, row, key FROM whole UNION ALL
        SELECT 3, row, key FROM beginnings UNION ALL
        SELECT 4, row, key FROM begun UNION ALL
        SELECT 5, row, opening FROM rows
    ),
    sought AS (
        SELECT 1 AS rank, row, prompt AS key FROM rows UNION ALL
        SELECT 2, row, key FROM beginnings UNION ALL
        SELECT 3, row, key FROM whole UNION ALL
        SELECT 4, row, key FROM begun UNION ALL
        SELECT 5, row, opening FROM rows
    ),
    test AS (
        SELECT rank, key, min(row) AS test_row FROM held JOIN rows USING (row)
        WHERE split = 'test' AND {{which}} GROUP BY ALL
    ),
    found AS (
        SELECT row, min((rank, test_row)) AS closest
        FROM sought JOIN rows USING (row) JOIN test USING (rank, key)
        WHERE split = 'train' AND {{which}} GROUP BY row
    )
    SELECT found.row, train.id, test.id AS test_id, kind, said FROM found
    JOIN kinds ON kinds.rank = closest[1]
    JOIN rows AS train ON train.row = found.row
    JOIN rows AS test ON test.row = closest[2]
"""  # noqa: S608  (constants)
"""Each train row that knows a test row: the closest it knows, the first of these, and how."""

KNOWN = KNOWN_OF.format(which="kept")
"""The same of kept rows."""

FOUND = """
    SELECT kind, [id, test_id] AS rows, NULL::DOUBLE AS score,
        'the train row ' || said || test_id AS sentence
    FROM known ORDER BY row
"""

CONVERSATIONS = """
    SELECT count(*) FILTER (test), count(*) FILTER (test AND train) FROM (
        SELECT bool_or(split = 'test') AS test, bool_or(split = 'train') AS train
        FROM rows JOIN conversations USING (row) GROUP BY conversation
    )
"""

BY_SUBSET = f"""
    SELECT subset, count(*) FROM known JOIN rows USING (row) WHERE kind <> '{WEAK}'
    GROUP BY subset ORDER BY subset
"""  # noqa: S608  (constants)


def ask(study: Study) -> Answer:
    """Looks for test conversations in train.

    A train row has a test row's prompt; goes on from one (its prompt begins with a whole transcript
    of the test row, chosen or rejected); is the beginning of one (the reverse); begins with the
    same turns, a reply among them; or merely opens with the same question. Each train row is
    counted once, for the first of these that holds.
    """
    import pyarrow as pa

    keys = study.keys
    sides = dict(keys.sql("SELECT split, count(*) FROM rows WHERE kept GROUP BY split").fetchall())
    for split in ("train", "test"):
        if not sides.get(split):
            raise UnansweredError(f"No kept row is of the {split} split.")
    over_all = _count(keys, "true")
    numbers = _count(keys, "kept")
    findings = pa.table(keys.sql(FOUND).to_arrow_table()).cast(FINDINGS)
    rows = numbers["train_rows"]
    sentence = (
        f"{numbers['test_conversations_in_train']:,} of {numbers['test_conversations']:,} test "
        f"conversations are in train, in {sum(rows[kind] for kind in SURE):,} train rows; "
        f"{rows[WEAK]:,} more train rows open as a test row does."
    )
    cure = "Take these train rows out, or make a new split: pairsmith split."
    numbers["kept_and_refused"] = over_all
    return Answer("leaks", TITLE, sentence, numbers, findings, cure if len(findings) else "")


def plot(answer: Answer) -> Plot | None:
    """The train rows that know test rows, by how."""
    return draw_bars(answer.question, answer.numbers["train_rows"])


def _count(keys: DuckDBPyConnection, which: str) -> dict[str, Any]:
    """Makes the table `known` of some rows, and counts what it holds."""
    keys.execute(KNOWN_OF.format(which=which))
    note_conversations(keys, which)
    counted = dict(keys.sql("SELECT kind, count(*) FROM known GROUP BY kind").fetchall())
    [(test, leaked)] = keys.sql(CONVERSATIONS).fetchall()
    return {
        "train_rows": {kind: int(counted.get(kind, 0)) for kind in (*SURE, WEAK)},
        "train_rows_by_subset": dict(keys.sql(BY_SUBSET).fetchall()),
        "test_conversations": int(test),
        "test_conversations_in_train": int(leaked),
    }

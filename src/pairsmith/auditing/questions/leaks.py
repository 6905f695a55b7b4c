"""Leaks: train rows that share a conversation, or the beginning of one, with test rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pairsmith.auditing.answer import FINDINGS, Answer, Study, UnansweredError
from pairsmith.auditing.claims.same_rows import claim_leaks
from pairsmith.auditing.report.plots import draw_bars
from pairsmith.dataset.conversations import BEGUN, WHOLE, note_conversations
from pairsmith.reporting.svg import Plot
from pairsmith.schema.splits import is_held_out

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TITLE = "Leaks"

LEAK_KINDS = ("same_prompt", "goes_on", "begins", "same_beginning")
"""The kinds of leaks, the closest first."""

WEAK_KIND = "same_opening"
"""The same first question, which many rows have by chance: counted apart, and no leak by itself."""

KNOWN_OF = f"""
    CREATE OR REPLACE TEMP TABLE known AS
    WITH begun AS ({BEGUN}), whole AS ({WHOLE}), kinds AS (
        SELECT * FROM (VALUES
            (1, '{LEAK_KINDS[0]}', 'has the prompt of '),
            (2, '{LEAK_KINDS[1]}', 'goes on from '),
            (3, '{LEAK_KINDS[2]}', 'is the beginning of '),
            (4, '{LEAK_KINDS[3]}', 'begins, replies included, as does '),
            (5, '{WEAK_KIND}', 'opens as does ')
        ) AS kinds(rank, kind, said)
    ),
    of_test AS (  -- hashes of test rows that train rows may share
        SELECT 1 AS rank, row, prompt AS key FROM rows UNION ALL
        SELECT 2, row, key FROM whole UNION ALL
        SELECT 3, row, key FROM beginnings UNION ALL
        SELECT 4, row, key FROM begun UNION ALL
        SELECT 5, row, opening FROM rows
    ),
    of_train AS (
        SELECT 1 AS rank, row, prompt AS key FROM rows UNION ALL
        SELECT 2, row, key FROM beginnings UNION ALL
        SELECT 3, row, key FROM whole UNION ALL
        SELECT 4, row, key FROM begun UNION ALL
        SELECT 5, row, opening FROM rows
    ),
    test AS (
        SELECT rank, key, min(row) AS test_row FROM of_test JOIN rows USING (row)
        WHERE NOT starts_with(split, 'train') AND {{which}} GROUP BY ALL
    ),
    found AS (
        SELECT row, min((rank, test_row)) AS closest
        FROM of_train JOIN rows USING (row) JOIN test USING (rank, key)
        WHERE starts_with(split, 'train') AND {{which}} GROUP BY row
    )
    SELECT found.row, train.id, test.id AS test_id, kind, said FROM found
    JOIN kinds ON kinds.rank = closest[1]
    JOIN rows AS train ON train.row = found.row
    JOIN rows AS test ON test.row = closest[2]
"""  # noqa: S608  (constants)
"""Makes the table `known`: for each leaking train row its closest test row, and the kind of leak.

Of several equally close test rows the first is taken. `which` is an SQL condition on rows.
"""

KNOWN = KNOWN_OF.format(which="kept")
"""`KNOWN_OF` for the kept rows."""

FOUND = """
    SELECT kind, [id, test_id] AS rows, NULL::DOUBLE AS score,
        'the train row ' || said || test_id AS sentence
    FROM known ORDER BY row
"""

CONVERSATIONS = """
    SELECT count(*) FILTER (test), count(*) FILTER (test AND train) FROM (
        SELECT bool_or(NOT starts_with(split, 'train')) AS test,
            bool_or(starts_with(split, 'train')) AS train
        FROM rows JOIN conversations USING (row) GROUP BY conversation
    )
"""

BY_SUBSET = f"""
    SELECT subset, count(*) FROM known JOIN rows USING (row) WHERE kind <> '{WEAK_KIND}'
    GROUP BY subset ORDER BY subset
"""  # noqa: S608  (constants)


def ask(study: Study) -> Answer:
    """Searches the train split for conversations of the test split, by their hashes.

    Of test are the rows of every split that is held out, validation among them.

    Each train row is counted once, for the first kind that applies: it has the prompt of a test row
    (`same_prompt`); its prompt begins with a whole transcript of the test row, chosen or rejected
    (`goes_on`); the reverse (`begins`); both prompts begin with the same turns, a reply among them
    (`same_beginning`); or they merely open with the same question (`same_opening`).

    Raises:
        UnansweredError: No kept row is of the train split, or none of the test split.
    """
    import pyarrow as pa

    index = study.index
    kept = index.sql("SELECT DISTINCT split FROM rows WHERE kept").fetchall()
    for split, held_out in (("train", False), ("test", True)):
        if held_out not in {is_held_out(name) for (name,) in kept}:
            raise UnansweredError(
                f"No kept row is of the {split} split.", "pairsmith split SOURCE NEW --test 5%"
            )
    over_all = _count(index, "true")
    numbers = _count(index, "kept")
    findings = pa.table(index.sql(FOUND).to_arrow_table()).cast(FINDINGS)
    rows = numbers["train_rows"]
    sentence = (
        f"{numbers['test_conversations_in_train']:,} of {numbers['test_conversations']:,} test "
        f"conversations are in train, in {sum(rows[kind] for kind in LEAK_KINDS):,} train rows; "
        f"{rows[WEAK_KIND]:,} more train rows open as a test row does."
    )
    cure = "Take these train rows out, or make a new split: pairsmith split."
    claims = claim_leaks(numbers, LEAK_KINDS)
    numbers["kept_and_refused"] = over_all
    cure = cure if len(findings) else ""
    return Answer("leaks", TITLE, sentence, numbers, findings, cure, claims=claims)


def plot(answer: Answer) -> Plot | None:
    """Draws the leaking train rows by kind of leak."""
    return draw_bars(answer.question, answer.numbers["train_rows"])


def _count(index: DuckDBPyConnection, which: str) -> dict[str, Any]:
    """Makes the table `known` for the rows that satisfy an SQL condition, and counts its rows."""
    index.execute(KNOWN_OF.format(which=which))
    note_conversations(index, which)
    counted = dict(index.sql("SELECT kind, count(*) FROM known GROUP BY kind").fetchall())
    [(test, leaked)] = index.sql(CONVERSATIONS).fetchall()
    return {
        "train_rows": {kind: int(counted.get(kind, 0)) for kind in (*LEAK_KINDS, WEAK_KIND)},
        "train_rows_by_subset": dict(index.sql(BY_SUBSET).fetchall()),
        "test_conversations": int(test),
        "test_conversations_in_train": int(leaked),
    }

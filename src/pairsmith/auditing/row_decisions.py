"""Acting on what an audit finds: which rows of a build to refuse, exchange or mark, and why.

A recipe says what is wanted; `find_decisions` looks at all rows of the source, built as messages,
and gives the table that the build then follows. Rows of test are left as they are: what is measured
on them stays comparable.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from pairsmith.errors import OutputError, RecipeError
from pairsmith.schema.annotations import STATEMENTS
from pairsmith.schema.reasons import DROPS, Note
from pairsmith.schema.recipe import Recipe

if TYPE_CHECKING:
    from pairsmith.auditing.answer import Study

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
    ranked AS (SELECT pair, cluster, bool_or(split <> 'train') AS test FROM copies GROUP BY ALL),
    staying AS (
        SELECT pair FROM ranked WINDOW own AS (PARTITION BY cluster)
        QUALIFY test OR (NOT bool_or(test) OVER own AND pair = min(pair) OVER own)
    ),
    closest AS (
        SELECT row AS pair, arg_max(other, (other IN (FROM staying), score, -other)) AS other,
            arg_max(score, (other IN (FROM staying), score, -other)) AS score
        FROM ends GROUP BY row
    )
    SELECT copies.id, format('{} (Jaccard {:.2f})', rows.id, score) AS other
    FROM copies JOIN closest USING (pair) JOIN rows ON rows.row = closest.other
    WHERE copies.split = 'train' AND pair NOT IN (FROM staying)
"""
"""What goes of each cluster: what is neither a pair of test nor, where there is none, the first.

The question compares one row of each pair; here all copies of it are taken into account.
"""

DIGITS = 4
"""Of a probability in the table: behind these, machines differ."""


def find_decisions(out: Path, recipe: Recipe) -> pa.Table:
    """Decides on the rows of a build as messages.

    Args:
        out: Its folder.
        recipe: Tells what is to become of which rows.

    Returns:
        Rows of `STATEMENTS`, no id twice.

    Raises:
        RecipeError: The rows do not tell: there are none of train, or none of test to be leaked,
            or too few to judge labels.
    """
    from pairsmith.auditing.answer import Study, UnansweredError
    from pairsmith.dataset.index import open_keys
    from pairsmith.dataset.reader import Dataset

    try:
        data = Dataset(out)
    except OutputError as error:
        raise RecipeError("There are no pairs to act on.", error.hint) from None
    with open_keys(data) as keys:
        study = Study(data, keys)
        _check_splits(study, recipe)
        try:
            return decide(study, recipe)
        except UnansweredError as error:
            raise RecipeError(str(error), "Leave out what asks for it.") from None


def _check_splits(study: Study, recipe: Recipe) -> None:
    counts = study.keys.sql("SELECT split, count(*) FROM rows WHERE kept GROUP BY split")
    kept = dict(counts.fetchall())
    if not kept.get("train"):
        raise RecipeError(
            "There are no rows of train to act on, and those of test are left as they are.",
            "For a single file, --split train says that it is of train.",
        )
    if "leaks" in recipe.drop and not kept.get("test"):
        raise RecipeError(
            "There are no rows of test that could have leaked.", "Leave leaks out of --drop."
        )


def decide(study: Study, recipe: Recipe) -> pa.Table:
    """What becomes of which rows, by the first action that applies.

    Args:
        study: The dataset and its keys.
        recipe: As `find_decisions`.

    Returns:
        Rows of `STATEMENTS`, no id twice.

    Raises:
        UnansweredError: The rows are too few to judge labels, or the judge knows nothing.
    """
    found = [FINDERS[name](study) for name in DROPS if name in recipe.drop]
    if recipe.weighs:
        found.append(_doubted(study, recipe))
    ranked = [
        table.append_column("rank", pa.array([rank] * len(table), pa.int8()))
        for rank, table in enumerate(found)
    ]
    every = pa.concat_tables(ranked)  # noqa: F841
    first = study.keys.sql("""
        SELECT id, label, score, detail FROM every
        QUALIFY row_number() OVER (PARTITION BY id ORDER BY rank) = 1
        ORDER BY id
    """)
    return pa.table(first.to_arrow_table()).cast(STATEMENTS)


def _dropped(study: Study, name: str, said: str, query: str) -> pa.Table:
    """Refuses the rows of train that a query finds.

    Args:
        study: The dataset and its keys.
        name: Which of `DROPS`.
        said: What a row is to the other, up to its id.
        query: SQL that gives `id` and `other`.
    """
    told = study.keys.sql(
        f"""
        SELECT id, $label AS label, NULL::DOUBLE AS score, $said || ' ' || other AS detail
        FROM ({query}) ORDER BY id
        """,  # noqa: S608  (the query is one of this module)
        params={"label": DROPS[name].value, "said": said},
    )
    return pa.table(told.to_arrow_table()).cast(STATEMENTS)


def _duplicates(study: Study) -> pa.Table:
    """All but one of the rows with the same prompt and replies; one of test stays, or the first."""
    from pairsmith.auditing.questions.duplicates import PAIRS

    study.keys.execute(PAIRS.format(which="kept"))
    return _dropped(
        study,
        "duplicates",
        "the same pair as",
        """
        SELECT id, other
        FROM (SELECT ids[1] AS other, unnest(ids[2:]) AS id FROM groups) JOIN rows USING (id)
        WHERE split = 'train'
        """,
    )


def _leaks(study: Study) -> pa.Table:
    """Rows that have the prompt of one of test, go on from it, or are the beginning of it.

    Of those that merely open alike many are no leak: they stay.
    """
    from pairsmith.auditing.questions.leaks import KNOWN

    study.keys.execute(KNOWN)
    return _dropped(
        study,
        "leaks",
        "this row of train",
        "SELECT id, said || test_id AS other FROM known WHERE kind <> 'same_opening'",
    )


def _flipped(study: Study) -> pa.Table:
    """Rows with the same prompt and replies as another, which prefers the other reply."""
    return _dropped(
        study,
        "flipped",
        "the replies of this pair are the other way round in",
        """
        WITH pairs AS (
            SELECT id, split, (split = 'train', row) AS turn, whole_chosen < whole_rejected AS side,
                least(whole_chosen, whole_rejected) AS low,
                greatest(whole_chosen, whole_rejected) AS high
            FROM rows WHERE kept AND whole_chosen <> whole_rejected
        )
        SELECT id, if(side, contra, pro) AS other FROM pairs JOIN (
            SELECT low, high, arg_min(id, turn) FILTER (side) AS pro,
                arg_min(id, turn) FILTER (NOT side) AS contra
            FROM pairs GROUP BY low, high
            HAVING bool_or(side) AND NOT bool_and(side)
        ) USING (low, high)
        WHERE split = 'train'
        """,
    )


def _near(study: Study) -> pa.Table:
    """All but one of the rows that are nearly the same, by clusters; rows of test stay.

    What is equal to a row goes with it. Of two that are alike with their replies exchanged, neither
    goes for the sake of the other.
    """
    from pairsmith.auditing.questions import near_duplicates
    from pairsmith.dataset.conversations import components

    keys = study.keys
    found = near_duplicates.ask(study).findings  # noqa: F841
    alike = keys.sql(EDGES, params={"kind": near_duplicates.DUPLICATE}).to_arrow_table()
    left, right = (alike[name].to_numpy() for name in ("own", "other"))
    labels = components(left, right, int(max(left.max(initial=-1), right.max(initial=-1))) + 1)
    grouped = alike.append_column("cluster", pa.array(labels[left]))  # noqa: F841
    keys.execute("CREATE OR REPLACE TEMP TABLE edges AS SELECT * FROM grouped")
    return _dropped(study, "near", "nearly the same pair as", NEAR)


FINDERS: dict[str, Callable[[Study], pa.Table]] = {
    "duplicates": _duplicates,
    "near": _near,
    "leaks": _leaks,
    "flipped": _flipped,
}


def _doubted(study: Study, recipe: Recipe) -> pa.Table:
    """Rows whose label the model of `auditing.questions.labels` doubts by more than was said.

    Raises:
        UnansweredError: There are too few rows, or the judge is no better than chance.
    """
    import numpy as np

    from pairsmith.auditing.answer import UnansweredError
    from pairsmith.auditing.questions.labels import margins
    from pairsmith.auditing.stats.intervals import wilson

    judged = margins(study)
    right = wilson(int((judged.margins > 0).sum()), int((judged.margins != 0).sum()))
    if right.low <= 0.5:
        raise UnansweredError(
            f"The judge of labels agrees with {right} of those that it has not seen, which is no "
            "better than chance: what it doubts means nothing."
        )
    doubt, note = (
        (recipe.flip, Note.LABEL_FLIPPED) if recipe.flip else (recipe.smooth, Note.LABEL_SMOOTHED)
    )
    log_odds = np.round(judged.margins, 2 * DIGITS)
    some = log_odds < -float(doubt or 0)
    doubted = pa.table(  # noqa: F841
        {
            "row": judged.rows[some],
            "confidence": np.round(1 / (1 + np.exp(-log_odds[some])), DIGITS),
        }
    )
    told = study.keys.sql(
        """
        SELECT id, $note AS label, confidence AS score, NULL::VARCHAR AS detail
        FROM rows JOIN doubted USING (row) WHERE split = 'train' ORDER BY id
        """,
        params={"note": note.value},
    )
    return pa.table(told.to_arrow_table()).cast(STATEMENTS)

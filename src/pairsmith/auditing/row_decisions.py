"""Acting on what an audit finds: which rows of a build to refuse, exchange or mark, and why.

A recipe says what is wanted; `find_decisions` looks at all rows of the source, built as messages,
and gives the table that the build then follows. Rows of test are left as they are: what is measured
on them stays comparable.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pairsmith.auditing.doubts import check_judge, doubted_rows
from pairsmith.auditing.statements import EXTRA_ROWS, REASONS
from pairsmith.errors import OutputError, RecipeError
from pairsmith.schema.annotations import STATEMENTS
from pairsmith.schema.reasons import DROPS
from pairsmith.schema.recipe import Recipe
from pairsmith.schema.splits import is_held_out

if TYPE_CHECKING:
    from pairsmith.auditing.answer import Study


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
    counts = study.index.sql("SELECT split, count(*) FROM rows WHERE kept GROUP BY split")
    kept = {is_held_out(split) for split, _ in counts.fetchall()}
    if False not in kept:
        raise RecipeError(
            "There are no rows of train to act on, and those of other splits are left as they are.",
            "For a single file, --split train says that it is of train.",
        )
    if "leaks" in recipe.drop and True not in kept:
        raise RecipeError(
            "There are no rows of test, or of another split held out, that could have leaked.",
            "Leave leaks out of --drop.",
        )


def decide(study: Study, recipe: Recipe) -> pa.Table:
    """Decides on rows, by the first action that applies.

    Args:
        study: The dataset and its keys.
        recipe: As `find_decisions`.

    Returns:
        Rows of `STATEMENTS`, no id twice.

    Raises:
        UnansweredError: The rows are too few to judge labels, or the judge knows nothing.
    """
    dropped = [EXTRA_ROWS[name](study, None) for name in DROPS if name in recipe.drop]
    found = [_with_reasons(table) for table in dropped]
    if recipe.judges and recipe.judge is None:
        found.append(_doubted(study, recipe))
    ranked = [
        table.append_column("rank", pa.array([rank] * len(table), pa.int8()))
        for rank, table in enumerate(found)
    ]
    every = pa.concat_tables(ranked)  # noqa: F841
    first = study.index.sql("""
        SELECT id, label, score, detail FROM every
        QUALIFY row_number() OVER (PARTITION BY id ORDER BY rank) = 1
        ORDER BY id
    """)
    return pa.table(first.to_arrow_table()).cast(STATEMENTS)


def _with_reasons(statements: pa.Table) -> pa.Table:
    """Statements of rows that an action drops, the reason for the label."""
    places = pc.index_in(statements["label"], pa.array([*REASONS]))
    reasons = pa.array([*REASONS.values()]).take(places.combine_chunks())
    return statements.set_column(1, "label", reasons)


def _doubted(study: Study, recipe: Recipe) -> pa.Table:
    """Rows whose label the model of `auditing.questions.labels` doubts by more than was said.

    Raises:
        UnansweredError: There are too few rows, or the judge is no better than chance.
    """
    from pairsmith.auditing.questions.labels import margins

    judged = margins(study)
    check_judge(judged.margins, "The judge of labels, which has not seen them,")
    train = study.index.sql(
        "SELECT row, id FROM rows WHERE kept AND starts_with(split, 'train') ORDER BY id"
    ).to_arrow_table()
    places = np.searchsorted(judged.rows, train["row"].to_numpy())
    ids = pa.concat_arrays(train["id"].cast(pa.string()).chunks or [pa.array([], pa.string())])
    return doubted_rows(ids, judged.margins[places], recipe, "a weak model")

"""Cross-validation folds of the kept rows, grouped by conversation.

All rows that open with the same user turn are in one fold, so that no model is evaluated on a
conversation that it was trained on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FOLDS = 5
"""The number of folds, unless there are fewer conversations."""

FOLD = "dense_rank() OVER (ORDER BY opening) % {folds}"
"""A kept row's fold, from 0, as an SQL expression over `pairsmith.dataset.index.TABLES`.

Openings are hashes, so that their order, and with it the fold, is as good as random.
"""

ASSIGNED = "SELECT {fold} AS fold FROM rows WHERE kept ORDER BY row"


def count_conversations(index: DuckDBPyConnection) -> int:
    """Counts the conversations of the kept rows: the distinct opening turns of the user.

    Args:
        index: The row hashes, from `pairsmith.dataset.index`.
    """
    [(count,)] = index.sql("SELECT count(DISTINCT opening) FROM rows WHERE kept").fetchall()
    return int(count)


def assign_folds(index: DuckDBPyConnection, folds: int = FOLDS) -> NDArray[np.int8]:
    """Assigns each kept row to a fold, by conversation.

    Args:
        index: The row hashes, from `pairsmith.dataset.index`.
        folds: The number of folds, from 1 to 127.

    Returns:
        A fold from 0 to `folds` - 1 per kept row, in the order of row numbers. No fold is empty if
        there are at least as many conversations as folds.
    """
    assigned = index.sql(ASSIGNED.format(fold=FOLD.format(folds=folds)))
    return np.asarray(assigned.fetchnumpy()["fold"], np.int8)

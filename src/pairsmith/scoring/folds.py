"""Folds of the kept rows: a conversation, and all that begin with the same turn, in one fold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FOLDS = 5

FOLD = "dense_rank() OVER (ORDER BY opening) % {folds}"
"""A row's fold in SQL, among the kept ones; openings are hashes, so that their order is random."""


ASSIGNED = "SELECT {fold} AS fold FROM rows WHERE kept ORDER BY row"


def count_conversations(keys: DuckDBPyConnection) -> int:
    """The conversations of the kept rows, by their opening turn."""
    [(found,)] = keys.sql("SELECT count(DISTINCT opening) FROM rows WHERE kept").fetchall()
    return int(found)


def assign_folds(keys: DuckDBPyConnection, folds: int = FOLDS) -> NDArray[np.int8]:
    """The fold of each kept row, by row number, shape (kept rows,).

    With at least as many conversations as folds none is empty.

    Args:
        keys: The keys.
        folds: How many folds.
    """
    found = keys.sql(ASSIGNED.format(fold=FOLD.format(folds=folds)))
    return np.asarray(found.fetchnumpy()["fold"], np.int8)

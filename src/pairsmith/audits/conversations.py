"""Conversations: rows of one prompt, and rows that go on from one another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pairsmith.kernel.spans import Index

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LINKS = """
    SELECT row, prompt AS key FROM rows
    UNION ALL
    SELECT row, key FROM beginnings WHERE key IN (SELECT prompt FROM rows)
"""
"""Each row with its prompt, and with every beginning of it that is a prompt of its own."""


def components(left: Index, right: Index, count: int) -> Index:
    """Which of `count` things belong together, given pairs of them: a number for each.

    Args:
        left: m things.
        right: m things, each linked with the one in its place.
        count: How many things there are, from 0.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = coo_array((np.ones(len(left), np.int8), (left, right)), shape=(count, count))
    labels: Index = connected_components(links, directed=False)[1].astype(np.int64)
    return labels


def note_conversations(keys: DuckDBPyConnection) -> None:
    """Makes a table `conversations`: for each row (`row`) the number of its `conversation`.

    Rows belong to one where their prompts are the same, or where one's prompt begins with the
    other's; so does what is linked by others.
    """
    made = keys.sql("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'conversations'")
    if made.fetchall() != [(0,)]:
        return
    found = keys.sql(LINKS).fetchnumpy()
    prompts, places = np.unique(np.asarray(found["key"], np.uint64), return_inverse=True)
    rows = np.asarray(found["row"], np.int64)
    count = int(rows.max(initial=-1)) + 1
    labels = components(rows, count + places.astype(np.int64), count + len(prompts))[:count]
    _insert(keys, labels)


def _insert(keys: DuckDBPyConnection, labels: NDArray[np.int64]) -> None:
    import pyarrow as pa

    held = pa.table({"row": np.arange(len(labels)), "conversation": labels})  # noqa: F841
    keys.execute("CREATE TABLE conversations AS SELECT * FROM held")
